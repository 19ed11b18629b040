"""``universe backtest``: over real and synthetic draws, for a person and for a program, and what it refuses."""

import signal
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from ops.backtest import shown_e
from tests.ops.calling import Call
from universe.backtest.document import backtest_document
from universe.backtest.strategies import Strategy
from universe.backtest.walk import backtest
from universe.calendar import LogicalClock
from universe.catalogue import shipped_games
from universe.fairness.history import history_of, history_of_draws
from universe.results.result import RealResult

TEST = ("--mode", "test")
GAME = shipped_games()["GAME_004"]
RESULTS = 60


@pytest.fixture
def universe(call: Call, tmp_path: Path) -> Call:
    """A test universe with 3,000 draws of GAME_004 and sixty results, which are draws too."""
    clock = LogicalClock(game=GAME, epoch=GAME.since, draws_per_day=1)
    made = history_of_draws(clock, 1, RESULTS + 40)
    rows = dict(zip(made.dates.astype(str).tolist(), made.main.tolist(), strict=True))
    lines = [f"{day},{' '.join(map(str, main))}," for day, main in list(rows.items())[:RESULTS]]
    (tmp_path / "results.csv").write_text("\n".join(["draw_date,main,bonus", *lines]), encoding="utf-8")
    assert call("simulate", *TEST, "--game", "GAME_004", "--draws", 3_000).code == 0
    assert call("ingest", *TEST, "--game", "GAME_004", "--results", tmp_path / "results.csv").code == 0
    return call


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(
        "import dataclasses\n"
        "print('loading')\n"
        "def choose(past):\n"
        "    print('choosing')\n"
        "    return [past.main[-1] if len(past) else (1, 2, 3, 4, 5)]\n"
        "def wrong(past):\n"
        "    return [[1, 2, 3, 4, 99]]\n"
        "VALUE = 5\n",
        encoding="utf-8",
    )
    return path


def test_a_program_gets_the_document(universe: Call, tmp_path: Path) -> None:
    options = ("--strategy", "cold", "--top", 7, "--window", 20, "--tickets", 3, "--matches", 2, "--seed", 5)
    document = universe("backtest", *TEST, *options, "--json").document
    lines = (tmp_path / "results.csv").read_text(encoding="utf-8").splitlines()[1:]
    split = [line.split(",") for line in lines]
    results = [
        RealResult(draw_date=date.fromisoformat(day), main_numbers=tuple(map(int, main.split())))
        for day, main, _ in split
    ]
    wanted = backtest(history_of(GAME, results), Strategy(name="cold", top=7, window=20), 3, 2, seed=5)
    assert document == {"source": "real"} | backtest_document(wanted)


def test_synthetic_draws_are_made_again(universe: Call) -> None:
    found = universe("backtest", *TEST, "--source", "synthetic", "--draws", 2_500, "--json").document
    clock = LogicalClock(game=GAME, epoch=GAME.since, draws_per_day=1_000)
    wanted = backtest(history_of_draws(clock, 1, 2_500), Strategy(name="hot"))
    assert found == {"source": "synthetic"} | backtest_document(wanted)
    assert universe("backtest", *TEST, "--source", "synthetic", "--json").document["draws"] == 3_000


def test_a_person_is_told_what_it_means(universe: Call) -> None:
    shown = universe("backtest", *TEST, "--source", "synthetic")
    assert shown.code == 0
    lines = shown.out.splitlines()
    assert lines[0].startswith("GAME_004: hot 10, 1 a draw, in 3,000 synthetic draws from 2018-09-24 to ")
    assert [line.split()[0] for line in lines[2:8]] == ["0", "1", "2", "3", "4", "5"]
    assert lines[8].startswith("exactly 3 matches: efficiency ")
    assert lines[9].startswith("evidence of an edge: e = ")
    assert lines[10].startswith("evidence against 2.11 times as many: e = ")
    assert lines[11].startswith("No evidence that this wins more often.")
    assert lines[12].startswith("The claim of 2.11 is ")


def test_a_function_of_the_user_plays(universe: Call, mine: Path) -> None:
    """What it prints goes to stderr: stdout is one document."""
    called = universe("backtest", *TEST, "--strategy", f"{mine}:choose", "--json")
    assert called.document["strategy"] == f"{mine}:choose"
    assert called.document["draws"] == RESULTS
    assert called.err.count("choosing") == RESULTS


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        (("--strategy", "lucky"), "'lucky' is none of random, hot, cold, overdue, weighted, patterns, nor FILE.py"),
        (("--strategy", "nowhere.py:choose"), "nowhere.py: there is no such file"),
        (("--strategy", f"{'x' * 5_000}.py:choose"), f"strategy '{'x' * 60}…': File name too long"),
        (("--strategy", "x" * 5_000), f"strategy '{'x' * 60}…' is none of random, hot"),
        (("--top", 3), "GAME_004: top 3 is not in 5..35"),
        (("--top", 10**23), f"GAME_004: top {10**23} is not in 5..35"),
        (("--window", 10**23), f"window {10**23} is not in 1..1,000,000,000"),
        (("--window", -1), "window -1 is not in 1..1,000,000,000"),
        (("--tickets", 0), "tickets 0 is not in 1..100"),
        (("--matches", 6), "matches 6 is not one of 0, 1, 2, 3, 4, 5"),
        (("--tickets", 10**23), f"tickets {10**23} is not in 1..100"),
        (("--seed", 10**23), "'--seed'"),
        (("--claim", "nan"), "claim nan is not between 1 and 74.6"),
        (("--claim", "inf"), "claim inf is not between 1 and 74.6"),
        (("--claim", -1), "claim -1.0 is not between 1 and 74.6"),
        (("--draws", 5), "real results are taken whole"),
        (("--source", "synthetic", "--draws", 3_001), "GAME_004 has 3,000 draws so far"),
        (("--game", "GAME_001"), "GAME_001 has no real results, `universe ingest` adds them; GAME_004 has some"),
        (("--game", "GAME_001", "--source", "synthetic"), "GAME_001 has no draws, `universe simulate` adds them"),
    ],
)
def test_what_cannot_be_played_is_refused_in_a_line(universe: Call, options: tuple[object, ...], wrong: str) -> None:
    assert wrong in universe("backtest", *TEST, *options).refusal


def test_a_file_that_is_no_strategy_is_refused(universe: Call, mine: Path) -> None:
    def refused(strategy: str, *options: object) -> str:
        called = universe("backtest", *TEST, "--strategy", strategy, *options)
        assert (called.code, called.out) == (2, "")
        return called.err.splitlines()[-1]

    assert "before draw 1: GAME_004: main number 99 is not in 1..35" in refused(f"{mine}:wrong")
    assert f"{mine}: has no function 'VALUE'" in refused(f"{mine}:VALUE")
    assert f"{mine}: has no function 'nothing'" in refused(f"{mine}:nothing")
    assert "a function has its own" in refused(f"{mine}:choose", "--top", 5)
    for text, wrong in (
        ("def", "SyntaxError"),
        ("import nowhere_at_all", "ModuleNotFoundError"),
        ("exit(3)", "SystemExit"),
    ):
        mine.write_text(text, encoding="utf-8")
        assert f"{mine}: {wrong}" in refused(f"{mine}:choose")


def test_a_universe_without_what_is_asked_for_says_so_in_a_sentence(call: Call) -> None:
    assert call("simulate", *TEST, "--game", "GAME_004", "--draws", 10).code == 0
    nobody = call("backtest", *TEST).refusal
    assert nobody.endswith("universe.db: no game has real results yet, `universe ingest` adds them")
    named = call("backtest", *TEST, "--game", "GAME_004").refusal
    assert named.endswith("universe.db: GAME_004 has no real results, `universe ingest` adds them")


@pytest.mark.parametrize("where", ["def choose(past):\n    ", ""])
def test_an_interrupt_that_nobody_sent_is_a_failure_like_any_other(universe: Call, mine: Path, where: str) -> None:
    mine.write_text(f"{where}raise KeyboardInterrupt\n", encoding="utf-8")
    told = universe("backtest", *TEST, "--strategy", f"{mine}:choose").refusal
    assert told == (f"{mine}:choose, before draw 1: KeyboardInterrupt" if where else f"{mine}: KeyboardInterrupt")


@pytest.mark.parametrize("where", ["def choose(past):\n    ", ""])
def test_a_signal_interrupts_a_function_as_it_does_everything(universe: Call, mine: Path, where: str) -> None:
    """Nothing was to be written, so it is no failure."""
    before = signal.getsignal(signal.SIGINT)
    mine.write_text(f"import os, signal\n{where}os.kill(os.getpid(), signal.SIGINT)\n", encoding="utf-8")
    called = universe("backtest", *TEST, "--strategy", f"{mine}:choose")
    assert (called.code, called.out) == (0, "")
    assert "universe:" not in called.err
    assert signal.getsignal(signal.SIGINT) is before


def test_without_a_universe_there_is_nothing_to_play_in(call: Call, data: Path) -> None:
    assert str(data / "test" / "universe.db") in call("backtest", *TEST).refusal


@pytest.mark.parametrize(
    ("e_value", "shown"), [(0.187, "0.187"), (620.4, "620"), (1_549.0, "1,549"), (2.6e6, "2.6e+06"), (1e-9, "1.0e-09")]
)
def test_an_e_value_for_a_person(e_value: float, shown: str) -> None:
    assert shown_e(float(np.log(e_value))) == shown


def test_an_e_value_may_be_beyond_floating_point() -> None:
    assert shown_e(1_000.0) == "2.0e+434"
