"""Hostile input to the command line: each time one plain line and exit code 2, no traceback."""

import subprocess
from pathlib import Path

import apsw
import pytest

from tests.acceptance.program import COMMAND, ROOT, cold, done, environment, one_line_refusal, refused, said, universe

TEST = ("--mode", "test")
HUGE = "9" * 23


@pytest.mark.parametrize(
    "arguments",
    [
        ("simulate", *TEST, "--draws", "5", "--max-draws", HUGE),
        ("simulate", *TEST, "--draws", "-5"),
        ("simulate", *TEST, "--draws", "5", "--game", ""),
        ("simulate", *TEST, "--draws", "5", "--game", "GAME_001\n"),
        ("draw", "GAME_001", "2026-11-21", HUGE),
        ("draw", "GAME_001", "2026-11-21", "-1"),
        ("draw", "GAME_\N{SNOWMAN}", "2026-11-21", "1"),
        ("nonsense",),
        ("draws", "--from", "1"),
    ],
    ids=lambda arguments: " ".join(arguments)[:60].encode("unicode_escape").decode(),
)
def test_a_hostile_argument(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    command, *rest = arguments
    where = () if command == "nonsense" else ("--data-dir", tmp_path)
    refused(command, *where, *rest)


def test_an_epoch_at_the_end_of_the_calendar(tmp_path: Path) -> None:
    """Refused or simulated, but not tried for ever; and the universe is not spoilt."""
    where = ("simulate", *TEST, "--data-dir", tmp_path, "--draws", 5)
    try:
        ended = cold(*where, "--epoch", "9999-12-30", seconds=10)
    except subprocess.TimeoutExpired:
        pytest.fail("it neither ends nor draws")
    one_line_refusal(ended)
    assert done(*where)["draw_number"] == 5


def test_a_milestone_no_database_holds(tmp_path: Path) -> None:
    done("simulate", *TEST, "--data-dir", tmp_path, "--draws", 5)
    refused("extend", *TEST, "--data-dir", tmp_path, "--game", "GAME_001", "--max-draws", HUGE)


CONFIGS = {
    "x = 1": "x",
    "universe = 3": "universe",
    "[universe]\nfoo = 1": "foo",
    "[universe]\nlogical_day_seconds = 'a'": "logical_day_seconds",
    "[universe]\nlogical_day_seconds = 0": "logical_day_seconds",
    "[universe]\nlogical_day_seconds = inf": "logical_day_seconds",
    "[universe]\nraw_draws = 'maybe'": "maybe",
    "[game.GAME_001]\nsource = 5": "source",
    "[game.GAME_001]\nformat = 'nope'": "nope",
    "[game.GAME_001]\ntimezone = 'Mars/X'": "Mars",
    "[game.GAME_001]\nresults_after = '25:99'": "results_after",
    "[game]\nGAME_001 = 1": "GAME_001.*(table|keys|section)",
    "[game.GAME_001": "line|document",
}


@pytest.mark.parametrize("text", CONFIGS)
def test_a_wrong_config_is_refused(tmp_path: Path, text: str) -> None:
    config = tmp_path / "config.toml"
    config.write_text(text, encoding="utf-8")
    line = refused("run", *TEST, "--dry-run", "--limit", 5, "--config", config)
    said(CONFIGS[text], line)


def test_a_file_where_the_directory_should_be(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("x", encoding="utf-8")
    for command in (("run", "--transport", "none"), ("simulate", "--draws", 5), ("status",)):
        refused(*command, "--data-dir", place)


def test_a_database_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    database = tmp_path / "test" / "universe.db"
    database.write_bytes(bytes(range(256)) * 100)
    for command in (("run", "--transport", "none"), ("simulate", "--draws", 5), ("status",), ("verify",)):
        refused(*command, *TEST, "--data-dir", tmp_path)
    database.unlink()
    database.mkdir()
    for command in (("simulate", "--draws", 5), ("status",)):
        ended = universe(*command, *TEST, "--data-dir", tmp_path)
        assert (ended.code in {2, 3}, ended.out) == (True, "")


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    """``| head`` is no error worth a traceback."""
    done("simulate", *TEST, "--data-dir", tmp_path, "--draws", 100_000)
    words = ["draws", *TEST, "--data-dir", str(tmp_path), "--from", "1", "--to", "100000", "--format", "jsonl"]
    with subprocess.Popen(
        [*COMMAND, *words], cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        said_ = process.stderr.read().decode()
        process.wait(30)
    assert "Traceback" not in said_
    assert "Exception" not in said_


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_closed_standard_stream(tmp_path: Path, closed: str) -> None:
    """As some service managers start a process: what was asked is done."""
    line = " ".join([*COMMAND, "simulate", *TEST, "--data-dir", str(tmp_path), "--draws", "50", closed])
    ended = subprocess.run(
        ["sh", "-c", line], cwd=ROOT, env=environment(), capture_output=True, timeout=60, check=False
    )
    assert b"Traceback" not in ended.stderr
    assert ended.returncode == 0
    assert done("status", *TEST, "--data-dir", tmp_path)["games"][0]["draw_number"] == 50


def test_help_shows_examples_one_a_line() -> None:
    for command in ((), ("run",), ("ingest",), ("simulate",), ("draws",), ("extend",)):
        text = universe(*command, "--help").out
        assert "\\b" not in text
        assert text.count("\n  universe ") + text.count("\n    universe ") >= 1, text


def test_a_universe_whose_making_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    """A file without a schema is all that a kill before the first transaction leaves: no universe, and no obstacle."""
    place = tmp_path / "test"
    place.mkdir()
    for make in (lambda path: path.touch(), _with_header_only):
        make(place / "universe.db")
        said("no universe here", refused("status", *TEST, "--data-dir", tmp_path))
        assert done("simulate", *TEST, "--data-dir", tmp_path, "--draws", 5)["draw_number"] == 5
        assert done("verify", *TEST, "--data-dir", tmp_path)["ok"] is True
        done("reset", *TEST, "--data-dir", tmp_path, "--yes")


def _with_header_only(path: Path) -> None:
    db = apsw.Connection(str(path))
    db.pragma("page_size", 8192)
    db.pragma("journal_mode", "wal")
    db.close()
