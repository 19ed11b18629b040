"""The benchmark: it works, and says what it says it says. What it finds is for a quiet machine, not for a test."""

import json
import os
from pathlib import Path
from typing import Any

import attrs
import pytest

from ops import bench
from ops.bench import GAMES, QUICK, Scale, print_benchmark, run_benchmark
from ops.bench_draws import bench_clock, make_results, reference_rows
from ops.bench_process import BenchmarkError, run_program, usage
from tests.oracle import oracle_draws
from tools.server import QUESTIONS
from universe.catalogue import shipped_games

TINY = Scale(draws=500, reference_draws=50, pipelines=1, tools_draws=2_500, tools_calls=2, processes=1)


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run in a tiny setting."""
    return run_benchmark(TINY, tmp_path_factory.mktemp("bench"))


def test_the_document_is_json_of_a_known_shape(document: dict[str, Any]) -> None:
    assert json.loads(json.dumps(document)) == document
    assert list(document) == [
        "machine",
        "scale",
        "pipeline",
        "stages",
        "start_up",
        "tools",
        "dry_run",
        "production_pace",
    ]
    assert document["machine"]["cpus"] == os.cpu_count()
    assert {"python", "numpy", "sqlite", "load_average"} <= document["machine"].keys()
    assert document["scale"]["draws"] == 500
    assert tuple(document["pipeline"]) == tuple(document["stages"]) == GAMES
    assert set(document["tools"]) == {question.name for question in QUESTIONS}
    assert document["production_pace"] is None


def test_every_figure_is_positive(document: dict[str, Any]) -> None:
    figures = [
        *(one for game in document["pipeline"].values() for name, one in game.items() if name != "ratio"),
        *(one for game in document["stages"].values() for one in game.values()),
        *(one for tool in document["tools"].values() for one in tool.values()),
        document["start_up"]["first_answer_seconds"],
        document["start_up"]["import_seconds"],
        document["dry_run"]["seconds"],
    ]
    assert all(figure > 0 for figure in figures)
    assert document["dry_run"]["draws"] == 10_000


def test_the_tables_hold_every_figure(document: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    print_benchmark(document)
    out = capsys.readouterr().out
    for name in (*GAMES, *document["tools"], "draws_per_second", "commit_ns", "p99_ms", "first_answer_seconds"):
        assert name in out
    assert "production_pace" not in out


@pytest.mark.parametrize("game_id", GAMES)
def test_the_reference_makes_the_same_draws(game_id: str) -> None:
    """Otherwise the ratio would compare two different things."""
    game = shipped_games()[game_id]
    expected = oracle_draws(game, game.since, 1_000, 1_003, 998)
    rows = list(reference_rows(bench_clock(game), 998, 1_003))
    assert [(number, day, main, bonus) for number, day, _, main, bonus in rows] == [
        (draw.number, str(draw.draw_date), " ".join(map(str, draw.main)), " ".join(map(str, draw.bonus)))
        for draw in expected
    ]


def test_every_date_of_the_draws_has_a_result() -> None:
    """So that comparing is part of what is measured."""
    clock = bench_clock(shipped_games()["GAME_001"])
    days = {result.draw_date for result in make_results(clock, 5_000).results}
    assert days == {clock.draw_date(number) for number in range(1, 5_001)}


def test_a_process_tells_what_it_uses() -> None:
    if not Path("/proc/self/io").exists():
        pytest.skip("needs /proc")
    seen = usage(os.getpid())
    assert seen.cpu_seconds > 0
    assert seen.rss_max_bytes > 10_000_000
    with pytest.raises(BenchmarkError, match="measured on Linux alone"):
        usage(2**30)


def test_a_program_that_fails_ends_the_benchmark(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"universe status ended with 2: .*no universe here"):
        run_program("status", data_dir=tmp_path)


@pytest.mark.parametrize(
    ("words", "scale"),
    [
        ([], Scale()),
        (["--quick"], QUICK),
        (["--quick", "--draws", "7", "--pace-seconds", "2"], attrs.evolve(QUICK, draws=7, pace_seconds=2.0)),
    ],
)
def test_options_choose_the_scale(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], scale: Scale
) -> None:
    asked: list[Scale] = []

    def note(asked_for: Scale, _: Path) -> dict[str, Any]:
        asked.append(asked_for)
        return {}

    monkeypatch.setattr(bench, "run_benchmark", note)
    assert bench.main([*words, "--json"]) == 0
    assert capsys.readouterr().out == "{}\n"
    assert asked == [scale]


@pytest.mark.parametrize("words", [["--draws", "0"], ["--draws", "1000001"], ["--pace-seconds", "-1"], ["--nonsense"]])
def test_a_wrong_call_is_one_line(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert bench.main(words) == 2
    assert capsys.readouterr().err.startswith("universe: ")
