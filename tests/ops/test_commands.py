"""The commands on a small universe, in this process: what they print for a person and which questions they refuse.

Their documents and the numbers in them are held against a recount in tests/acceptance.
"""

import csv
import io
import json
import os
import re
from datetime import date
from pathlib import Path

import pytest

from ops import keep, simulate
from storage import registry
from storage.connection import Location, open_writer
from storage.lock import LeaderLock
from tests.ops.calling import Call
from tests.oracle import oracle_draws
from universe.catalogue import shipped_games
from universe.definition import game_from_toml

TEST = ("--mode", "test")
GAMES = shipped_games()
DRAWS = oracle_draws(GAMES["GAME_001"], GAMES["GAME_001"].since, 1_000, 1_005)


@pytest.fixture
def universe(call: Call) -> Call:
    """A test universe with 1,005 draws of GAME_001."""
    assert call(*TEST, "simulate", "--draws", 1_005, "--json").document["draw_number"] == 1_005
    return call


# status


def test_whoever_only_looks_is_a_reader(universe: Call) -> None:
    assert universe("status", *TEST, "--json").document["universe"]["role"] == "reader"


def test_a_game_is_simulated_while_some_process_leads_and_it_may_go_on(universe: Call, data: Path) -> None:
    def seen() -> tuple[str, str | None, bool]:
        (game,) = universe("status", *TEST, "--json").document["games"]
        return game["phase"], game["halt_reason"], game["simulating"]

    assert seen() == ("running", None, False)
    with LeaderLock(data / "test").require("the test"):
        assert seen() == ("running", None, True)
    universe("run", *TEST, "--limit", 1, "--json", "--transport", "none")
    with LeaderLock(data / "test").require("the test"):
        assert seen() == ("halted", "limit", False)


def test_status_for_a_person(universe: Call) -> None:
    shown = universe("status", *TEST)
    assert shown.code == 0
    first, headings, line = shown.out.splitlines()
    assert re.fullmatch(r"universe [0-9a-f]{32} \(test\), created \S+Z", first)
    assert headings.split()[:3] == ["game", "phase", "draw"]
    assert line.split()[:4] == ["GAME_001", "running", "1,005", str(DRAWS[-1].draw_date)]


@pytest.mark.parametrize("name", ["status", "draws", "verify", "archive", "extend"])
def test_without_a_universe_there_is_nothing_to_look_at(call: Call, data: Path, name: str) -> None:
    options = ["--max-draws", 5] if name == "extend" else []
    assert str(data / "test" / "universe.db") in call(name, *TEST, *options).refusal
    assert not data.exists()


def test_a_universe_of_the_other_mode_is_refused(universe: Call, data: Path) -> None:
    (data / "test").rename(data / "prod")
    for name in ("status", "verify"):
        assert "test" in universe(name).refusal


# draws, draw


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (["--to", 3], range(1, 4)),
        (["--from", 999, "--to", 1_002], range(999, 1_003)),
        (["--from", 1_004], range(1_004, 1_006)),
        (["--from", 1_004, "--to", 5_000], range(1_004, 1_006)),
        (["--from", 1_006], range(0)),
        (["--from", 10**17, "--to", 10**17 + 5], range(0)),
    ],
)
def test_draws_in_three_shapes(universe: Call, options: list[object], numbers: range) -> None:
    expected = [
        [str(draw.number), str(draw.draw_date), " ".join(map(str, draw.main)), " ".join(map(str, draw.bonus))]
        for draw in DRAWS
        if draw.number in numbers
    ]
    where = ("draws", *TEST, "--game", "GAME_001", *options)
    lines = universe(*where, "--format", "jsonl").out.splitlines()
    documents = [json.loads(line) for line in lines]
    assert [
        [str(one["draw_number"]), one["draw_date"]]
        + [" ".join(map(str, one[key])) for key in ("main_numbers", "bonus_numbers")]
        for one in documents
    ] == expected
    rows = list(csv.DictReader(io.StringIO(universe(*where, "--format", "csv").out)))
    assert [[row["draw_number"], row["draw_date"], row["main"], row["bonus"]] for row in rows] == expected
    assert [row["seed"] for row in rows] == [one["seed"] for one in documents]
    table = universe(*where, "--format", "table").out.splitlines()[1:]
    assert [line.split() for line in table] == [
        ["GAME_001", number, day, one["seed"], *main.split(), *bonus.split()]
        for (number, day, main, bonus), one in zip(expected, documents, strict=True)
    ]


def test_a_table_without_bounds_shows_the_newest_draws(universe: Call) -> None:
    shown = universe("draws", *TEST)
    assert [int(line.split()[1]) for line in shown.out.splitlines()[1:]] == list(range(986, 1_006))
    assert shown.err == (
        "universe: these are the newest of 1,005 draws; --from A --to B shows others, --format csv or jsonl all\n"
    )
    for shape in ("csv", "jsonl"):
        whole = universe("draws", *TEST, "--format", shape)
        assert (len(whole.out.splitlines()), whole.err) == (1_005 + (shape == "csv"), "")


def test_a_short_universe_is_shown_whole(call: Call) -> None:
    call("simulate", *TEST, "--until", "1999-01-01")
    none = call("draws", *TEST)
    assert (none.code, none.out, none.err) == (0, "", "universe: GAME_001 has no draw yet\n")
    call("simulate", *TEST, "--draws", 20)
    shown = call("draws", *TEST)
    assert (len(shown.out.splitlines()), shown.err) == (21, "")


@pytest.mark.parametrize("shape", ["table", "csv", "jsonl"])
@pytest.mark.parametrize(
    ("options", "past"), [(["--from", 1_006], True), (["--to", 1_006], True), (["--from", 1_005, "--to", 1_005], False)]
)
def test_past_the_end_the_last_draw_is_named(universe: Call, shape: str, options: list[object], past: bool) -> None:
    shown = universe("draws", *TEST, *options, "--format", shape)
    assert shown.code == 0
    assert shown.err == ("universe: the last draw of GAME_001 so far is 1,005\n" if past else "")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--from", 5, "--to", 4], "--to 4 lies before --from 5"),
        (["--from", 0], "0 is not in the range"),
        (["--game", "GAME_002"], "GAME_002 has no data in this universe; games here: GAME_001"),
        (["--game", "NONE"], "unknown game NONE: known are GAME_001"),
        (["--format", "xml"], "'xml' is not one of 'jsonl', 'csv', 'table'"),
    ],
)
def test_draws_refuses(universe: Call, options: list[object], words: str) -> None:
    assert words in universe("draws", *TEST, *options).refusal


def test_a_draw_is_explained_step_by_step(call: Call) -> None:
    shown = call("draw", "GAME_001", "2026-11-21", 1)
    assert shown.code == 0
    steps = dict(re.findall(r"^(\w+)\s+(.+)$", shown.out, re.MULTILINE))
    assert steps["message"] == "GAME_001|2026-11-21|1"
    assert steps["seed"].startswith("186317243c0eefd432cf68c789e645f3")
    assert steps["sha256"].startswith("186317243c0eefd432cf68c789e645f3")
    assert steps["numbers"] == "4 6 8 12 20 + 15"
    assert "The same by shell:" in shown.out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["GAME_001", "2026-11-20", 1], "its neighbours are 2026-11-18 and 2026-11-21"),
        (["GAME_001", "1990-01-03", 1], "the first draw is on 2000-06-07"),
        (["GAME_001", "9999-12-31", 1], "dates end with 9998-12-31"),
        (["GAME_001", "2026-11-21", 0], "0 is not in the range"),
        (["GAME_001", "2026-11-21", 10**18 + 1], "is not in the range"),
        (["GAME_001", "21.11.2026", 1], "'21.11.2026' is not a date such as 2026-11-21"),
        (["none.toml", "2026-11-21", 1], "none.toml: No such file or directory"),
    ],
)
def test_a_draw_that_there_is_not(call: Call, words: list[object], line: str) -> None:
    assert line in call("draw", *words).refusal


# simulate, extend


def test_simulate_for_a_person(call: Call) -> None:
    shown = call("simulate", *TEST, "--game", "GAME_001", "--game", "GAME_004", "--draws", 2_000)
    assert shown.code == 0
    for line, game_id in zip(shown.out.splitlines(), ("GAME_001", "GAME_004"), strict=True):
        assert re.fullmatch(
            rf"{game_id}: 2,000 draws in [\d.]+ s \([\d,]+ a second\), now at draw 2,000, running", line
        )


def test_simulate_says_why_it_made_less_than_asked(call: Call) -> None:
    def told(*words: object) -> str:
        line = call("simulate", *TEST, *words).out.removesuffix("\n")
        return line.partition(", now at ")[2]

    assert told("--draws", 1_500, "--max-draws", 1_500) == "draw 1,500, halted", "it got there"
    full = "draw 1,500, halted: its milestone is 1,500 draws; `universe extend` moves it"
    assert told("--draws", 1) == full
    assert told("--until", "2020-01-01") == full
    assert told("--until", "2000-06-07") == "draw 1,500, halted: it had come as far before"
    call("extend", *TEST, "--max-draws", 9_000, "--milestone-date", "2000-06-10")
    assert told("--draws", 9_000) == "draw 4,000, halted: its milestone is 2000-06-10; `universe extend` moves it"
    first = told("--game", "GAME_002", "--until", "1999-01-01")
    assert first == "draw 0, initialized: it had come as far before"


def test_simulate_says_that_a_test_universe_is_full(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "TEST_DRAWS_MAX", 1_500)
    monkeypatch.setattr(registry, "TEST_DRAWS_MAX", 1_500)
    shown = call("simulate", *TEST, "--draws", 2_000).out
    assert shown.endswith("at draw 1,500, halted: a test universe holds at most 1,500 draws a game\n")


@pytest.mark.parametrize("options", [[], ["--draws", 5, "--until", "2030-01-01"]])
def test_simulate_takes_one_bound(call: Call, data: Path, options: list[object]) -> None:
    assert call("simulate", *TEST, *options).refusal == "simulate takes either --draws N or --until DATE"
    assert not data.exists()


def test_until_a_date_before_the_first_draw_makes_none(call: Call) -> None:
    document = call("simulate", *TEST, "--until", "1999-01-01", "--json").document
    assert (document["draws_generated"], document["phase"]) == (0, "initialized")


def test_extend_moves_a_milestone_forward_and_keeps_the_other(call: Call) -> None:
    bounds = ("--max-draws", 1_500, "--milestone-date", "2000-06-10")
    assert call("simulate", *TEST, "--draws", 9_999, *bounds, "--json").document["draw_number"] == 1_500
    extended = call("extend", *TEST, "--max-draws", 9_000, "--json").document
    assert extended == {
        "game_id": "GAME_001",
        "draw_number": 1_500,
        "milestone": {"max_draws": 9_000, "until": "2000-06-10"},
    }
    gone_on = call("simulate", *TEST, "--draws", 9_999, "--json").document
    assert (gone_on["draw_number"], gone_on["phase"]) == (4_000, "halted")  # logical days 0 to 3 are drawn by that date
    shown = call("extend", *TEST, "--milestone-date", "2000-06-14")
    assert shown.out == "GAME_001: goes on from draw 4,000 to 9,000 or the end of 2000-06-14\n"
    assert call("simulate", *TEST, "--draws", 9_999, "--json").document["draw_number"] == 8_000


def test_extend_says_what_a_test_universe_holds(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep, "TEST_DRAWS_MAX", 1_500)
    monkeypatch.setattr(registry, "TEST_DRAWS_MAX", 1_500)
    call("simulate", *TEST, "--draws", 1_005, "--max-draws", 1_100)
    assert call("extend", *TEST, "--max-draws", 1_200).out == "GAME_001: goes on from draw 1,005 to 1,200\n"
    assert call("extend", *TEST, "--max-draws", 1_500).out == "GAME_001: goes on from draw 1,005 to 1,500\n"
    full = "a test universe holds at most 1,500 draws a game, its milestone is"
    shown = call("extend", *TEST, "--max-draws", 5_000)
    assert (shown.code, shown.out) == (0, f"GAME_001: goes on from draw 1,005 to 1,500: {full} 5,000\n")
    assert call("simulate", *TEST, "--draws", 5_000, "--json").document["draw_number"] == 1_500
    assert call("extend", *TEST, "--max-draws", 6_000).out == f"GAME_001: stays at draw 1,500: {full} 6,000\n"
    call("simulate", "--draws", 5, "--max-draws", 10)
    assert call("extend", "--max-draws", 5_000).out == "GAME_001: goes on from draw 5 to 5,000\n"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "extend takes --max-draws N, --milestone-date DATE, or both"),
        (["--max-draws", 1_005], "--max-draws 1005: GAME_001 needs more than 40,000,000 to go on"),
        (["--max-draws", 40_000_000], "needs more than 40,000,000 to go on"),
        (["--milestone-date", "2000-06-07"], "--milestone-date 2000-06-07: GAME_001 is past it, at draw 1,005"),
        (["--game", "GAME_002", "--max-draws", 5], "GAME_002: not initialised in"),
    ],
)
def test_extend_never_steps_back(universe: Call, options: list[object], words: str) -> None:
    assert words in universe("extend", *TEST, *options).refusal


def test_a_date_milestone_cannot_be_moved_back(call: Call) -> None:
    call("simulate", *TEST, "--draws", 5, "--milestone-date", "2010-01-01")
    for day in ("2010-01-01", "2009-12-31"):
        line = call("extend", *TEST, "--milestone-date", day).refusal
        assert line == f"--milestone-date {day}: GAME_001 needs a date after 2010-01-01 to go on"


def test_extend_takes_a_definition_file_as_it_says(universe: Call, tmp_path: Path) -> None:
    file = tmp_path / "game.toml"
    file.write_text(universe("games", "show", "GAME_001").out, encoding="utf-8")
    assert universe("extend", *TEST, "--game", file, "--max-draws", 50_000_000).code == 0


# verify, archive, reset


def test_verify_for_a_person(universe: Call) -> None:
    for options in ([], ["--full"]):
        shown = universe("verify", *TEST, *options)
        assert (shown.code, shown.out) == (0, "ok: 1,005 draws checked\n")


def test_verify_names_what_differs_and_ends_with_1(universe: Call, data: Path) -> None:
    db = open_writer(Location(data / "test" / "universe.db"))
    db.execute("UPDATE progress SET watermark = watermark - 1")
    db.close()
    shown = universe("verify", *TEST, "--full")
    assert shown.code == 1
    assert shown.out.startswith("DIFFERENCE: GAME_001, ")
    assert universe("verify", *TEST, "--full", "--json").code == 1


def test_verify_of_a_damaged_file_says_what_to_do(universe: Call, data: Path) -> None:
    database = data / "test" / "universe.db"
    os.truncate(database, database.stat().st_size // 2)
    shown = universe("verify", *TEST)
    assert shown.code == 1
    assert re.fullmatch(rf"damaged: .*{database.name}.*; `universe restore` brings back a backup\n", shown.out)
    assert json.loads(universe("verify", *TEST, "--json").out)["first_difference"]["table"] == "file"


def test_archive_says_where_draws_are_and_then_that_there_are_none(call: Call, data: Path) -> None:
    call("simulate", *TEST, "--draws", 60_000)  # more than the tail holds
    moved = call("archive", *TEST)
    assert re.match(r"GAME_001: draws 1 to [\d,]+ are in .+", moved.out)
    assert any((data / "test" / "archive").iterdir())
    assert call("archive", *TEST).out == "nothing to archive: no raw segment is in the database\n"
    assert "raw draws are archived or were not kept" in call("verify", *TEST).out


def test_reset_asks_a_terminal_and_needs_yes_elsewhere(universe: Call, data: Path) -> None:
    assert universe("reset", *TEST).refusal == "reset off a terminal needs --yes"
    assert universe("reset", "--yes").refusal == "reset is for --mode test; production data is never reset"
    assert (data / "test" / "universe.db").exists()
    shown = universe("reset", *TEST, "--yes")
    assert re.fullmatch(rf"removed \d files of {data / 'test'}\n", shown.out)
    assert [file.name for file in (data / "test").iterdir()] == ["lock"]
    assert universe("reset", *TEST, "--yes").out == "there was no test data\n"


class Answering(io.StringIO):
    """A person at a terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.mark.parametrize(("answer", "kept"), [("y\n", False), ("n\n", True), ("\n", True), ("", True)])
def test_reset_does_what_a_person_answers(
    universe: Call, data: Path, monkeypatch: pytest.MonkeyPatch, answer: str, kept: bool
) -> None:
    monkeypatch.setattr("sys.stdin", Answering(answer))
    shown = universe("reset", *TEST)
    assert f"Remove all test data in {data / 'test'}?" in shown.err
    assert (data / "test" / "universe.db").exists() is kept


def test_reset_refuses_what_is_no_test_universe(call: Call, data: Path) -> None:
    (data / "test").mkdir(parents=True)
    (data / "test" / "universe.db").write_text("a letter to a friend, long enough to be no database", encoding="utf-8")
    assert "universe.db" in call("reset", *TEST, "--yes").refusal
    assert (data / "test" / "universe.db").exists()


# games


def test_games_for_a_person(call: Call) -> None:
    lines = [line.split("  ") for line in call("games", "list").out.splitlines()[1:]]
    assert [line[0] for line in lines] == sorted(GAMES)
    text = call("games", "list").out
    for pools in ("5/47 + 1/27", "5/35 ", "5/50 + 2/12", "6/49 + 1 of the rest"):
        assert pools in text


def test_games_of_a_user_and_of_the_universe_are_listed(call: Call, data: Path, tmp_path: Path) -> None:
    text = call("games", "show", "GAME_007").out
    (data / "games").mkdir(parents=True)
    (data / "games" / "own.toml").write_text(text.replace("GAME_007", "OWN"), encoding="utf-8")
    elsewhere = tmp_path / "mine.toml"
    elsewhere.write_text(text.replace("GAME_007", "HELD"), encoding="utf-8")
    call("simulate", *TEST, "--game", elsewhere, "--draws", 1)
    listed = [game["game_id"] for game in call("games", "list", *TEST, "--json").document]
    assert listed == sorted([*GAMES, "OWN", "HELD"])
    assert "HELD" not in call("games", "list").out  # the universe of the other mode does not hold it


@pytest.mark.parametrize("game_id", sorted(GAMES))
def test_a_shown_game_is_valid(call: Call, tmp_path: Path, game_id: str) -> None:
    file = tmp_path / "game.toml"
    file.write_text(call("games", "show", game_id).out, encoding="utf-8")
    assert game_from_toml(file) == GAMES[game_id]
    assert call("games", "validate", file).out.startswith(f"{file}: {game_id}, ")
    shown = call("games", "validate", file, "--json").document
    assert shown["valid"]
    assert shown["outcomes"] == GAMES[game_id].outcomes


def test_an_invalid_game_is_bad_input(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "game.toml"
    file.write_text('id = "X"\nsince = 2020-01-01\n', encoding="utf-8")
    assert call("games", "validate", file).refusal == f"{file}: game.main: missing; game.schedule: missing"
    assert call("games", "show", "NONE").refusal.startswith("unknown game NONE: known are GAME_001, ")


# ingest

GOOD = "draw_date,main,bonus\n2000-06-07,1 2 3 4 5,6\n2000-06-14,1 2 3 4 6,7\n"


def ingested(call: Call, tmp_path: Path, text: str, *options: object) -> tuple[int, str]:
    file = tmp_path / "results.csv"
    file.write_text(text, encoding="utf-8")
    called = call("ingest", *TEST, "--results", file, *options)
    return called.code, called.out


def test_ingest_for_a_person(call: Call, tmp_path: Path) -> None:
    code, out = ingested(call, tmp_path, GOOD)
    assert code == 0
    assert out.splitlines() == [
        "GAME_001: 2 rows (csv), 2 inserted, 0 already present, 0 before the game's since",
        "  1 scheduled dates without a result, from 2000-06-10",
    ]


def test_what_is_wrong_with_a_file_is_shown_and_what_can_be_done(call: Call, tmp_path: Path) -> None:
    ingested(call, tmp_path, GOOD)
    code, out = ingested(call, tmp_path, "draw_date,main,bonus\n2000-06-07,1 2 3 4 9,6\n2000-06-08,1 2 3 4 5,6\n")
    assert code == 1
    assert "refused, nothing stored" in out
    assert re.search(r"^  line 3: .*2000-06-08", out, re.MULTILINE)
    assert "  2000-06-07: stored 1 2 3 4 5 6, offered 1 2 3 4 9 6\n" in out
    assert "--keep-valid" in out


def test_a_long_list_of_faults_is_cut_for_a_person(call: Call, tmp_path: Path) -> None:
    rows = [f"2000-06-07,1 2 3 4 {n},6" for n in range(100, 125)]
    code, out = ingested(call, tmp_path, "\n".join(["draw_date,main,bonus", *rows]) + "\n")
    assert code == 1
    assert out.count("  line ") == 20
    assert "  and 5 more; --json lists all\n" in out


def test_a_refused_file_makes_no_universe(call: Call, data: Path, tmp_path: Path) -> None:
    assert ingested(call, tmp_path, GOOD + "2000-06-08,1 2 3 4 5,6\n", "--json")[0] == 1
    assert not data.exists()


BEFORE = "draw_date,main,bonus\n1999-06-05,1 2 3 4 5,6\n"


def test_a_file_of_which_nothing_is_kept_brings_no_game(call: Call, data: Path, tmp_path: Path) -> None:
    code, out = ingested(call, tmp_path, BEFORE)
    assert (code, out) == (
        0,
        "GAME_001: 1 rows (csv), nothing stored, 0 already present, 1 before the game's since\n",
    )
    assert not data.exists()
    ingested(call, tmp_path, GOOD)
    for text, options, ends in (
        (BEFORE, (), 0),
        ("draw_date,main,bonus\n", (), 0),
        (BEFORE + "2020-01-01,1,2\n", (), 1),
        (BEFORE + "2020-01-01,1,2\n", ("--keep-valid",), 0),
    ):
        code, out = ingested(call, tmp_path, text, "--game", "GAME_002", *options)
        assert code == ends
        assert "nothing stored" in out
        assert [game["game_id"] for game in call("status", *TEST, "--json").document["games"]] == ["GAME_001"]


def test_a_changed_definition_is_noticed_whatever_the_file_holds(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "game.toml"
    text = call("games", "show", "GAME_001").out
    ingested(call, tmp_path, GOOD)
    file.write_text(text.replace("size = 47", "size = 48"), encoding="utf-8")
    (tmp_path / "results.csv").write_text(BEFORE, encoding="utf-8")
    said = call("ingest", *TEST, "--game", file, "--results", tmp_path / "results.csv").refusal
    assert said.startswith("GAME_001: its definition is fixed in this universe: ")


def test_results_come_before_any_simulation(call: Call, tmp_path: Path) -> None:
    """Phase 0: the game has results and a definition, and neither epoch nor pace."""
    ingested(call, tmp_path, GOOD)
    (game,) = call("status", *TEST, "--json").document["games"]
    assert (game["phase"], game["draws_per_logical_day"]) == ("bootstrap", None)
    assert game["real_results"] == {"count": 2, "first": "2000-06-07", "last": "2000-06-14", "conflicts": 0}
    assert "not initialised" in call("extend", *TEST, "--max-draws", 5).refusal
    assert date.fromisoformat(game["real_results"]["first"]) == GAMES["GAME_001"].since
