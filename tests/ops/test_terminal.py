"""What a person is shown: tables that line up, bars that survive any total; and what a program gets instead."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from io import StringIO

import pytest

from ops.bars import rich_bars, time_left_text
from ops.terminal import PAGE_ROWS, NoBars, print_json, print_stream, print_table, progress_bars
from tests.ops.test_logs import Terminal


def starts(line: str) -> list[int]:
    """Where the columns of a line begin: after two blanks or more."""
    return [0, *(found.end() for found in re.finditer(r" {2,}", line))]


def test_columns_are_as_wide_as_they_need_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["game", "draw"], [("GAME_001", 5), ("X", "1,000,000")])
    assert capsys.readouterr().out == "game      draw\nGAME_001  5\nX         1,000,000\n"


def test_a_table_without_rows_is_its_headings(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["game", "draw"], [])
    assert capsys.readouterr().out == "game  draw\n"


def test_blank_headings_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["", ""], [("a", "b")])
    assert capsys.readouterr().out == "a  b\n"


def test_a_stream_has_its_headings_once_and_all_rows(capsys: pytest.CaptureFixture[str]) -> None:
    print_stream(["number", "double"], ((n, 2 * n) for n in range(2 * PAGE_ROWS + 5)))
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["number", "double"]
    assert [line.split() for line in rows] == [[str(n), str(2 * n)] for n in range(2 * PAGE_ROWS + 5)]


def test_the_columns_of_a_stream_stay_where_they_began(capsys: pytest.CaptureFixture[str]) -> None:
    print_stream(["draw_number", "main"], ((n, "1 2 3") for n in range(1, PAGE_ROWS + 3)))
    lines = capsys.readouterr().out.splitlines()
    assert starts(lines[1]) == starts(lines[-1])


def test_an_empty_stream_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_stream(["a"], iter(()))
    assert not capsys.readouterr().out


def test_a_stream_is_printed_as_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    """Millions of draws must not be gathered first."""
    seen: list[int] = []

    def rows() -> Iterator[tuple[int]]:
        for n in range(3 * PAGE_ROWS):
            if n == 2 * PAGE_ROWS:
                seen.append(len(capsys.readouterr().out.splitlines()))
            yield (n,)

    print_stream(["n"], rows())
    assert seen == [2 * PAGE_ROWS + 1]


def test_a_document_is_one_line_as_written(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"text": "ü\n", "number": 2**60})
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out) == {"text": "ü\n", "number": 2**60}
    assert "ü" in out


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Terminal]:
    """Put a terminal in the place of stderr; pytest would undo that before the test."""

    def put() -> Terminal:
        stream = Terminal()
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("COLUMNS", "120")
        return stream

    return put


@pytest.mark.parametrize(
    ("begun", "total", "shown"),
    [
        (0, 1_000, "500 of 1,000 draws"),
        (400, 1_000, "500 of 1,000 draws"),
        (0, 0, "500 draws"),
        (0, 100, "500 of 100 draws"),
        (0, 2**62, f"500 of {2**62:,} draws"),
    ],
)
def test_a_bar_survives_any_total(terminal: Callable[[], Terminal], begun: int, total: int, shown: str) -> None:
    """0 where nothing is to be done, beyond it where a milestone moved, 2**62 where there is none."""
    stderr = terminal()
    with rich_bars() as bars:
        bars.start("GAME_001", begun, total)
        for done in (begun, 450, 500):
            bars.show("GAME_001", done)
        assert list(bars.started) == ["GAME_001"]
    assert shown in stderr.getvalue()


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "-"),
        (0, "0:00:00 left"),
        (61, "0:01:01 left"),
        (86_399, "23:59:59 left"),
        (86_400, "1 day left"),
        (15_377_551, "178 days left"),
        (36_500 * 86_400, "36,500 days left"),
        (2**62, "-"),
    ],
)
def test_the_time_left_is_told_as_a_person_says_it(seconds: float | None, shown: str) -> None:
    assert time_left_text(seconds) == shown


def test_a_production_bar_counts_days(terminal: Callable[[], Terminal]) -> None:
    stderr, now = terminal(), 0.0
    with rich_bars(clock=lambda: now) as bars:
        bars.start("GAME_001", 0, 40_000_000)
        for _ in range(4):
            now += 5
            bars.show("GAME_001", int(now * 2.633))
    assert re.search(r" 17\d days left", stderr.getvalue())


def test_each_game_has_a_bar(terminal: Callable[[], Terminal]) -> None:
    stderr = terminal()
    with rich_bars() as bars:
        for game_id in ("GAME_001", "GAME_002"):
            bars.start(game_id, 0, 10)
            bars.show(game_id, 7)
    text = stderr.getvalue()
    assert "GAME_001" in text
    assert "GAME_002" in text


def test_bars_are_for_a_terminal_and_who_wants_them(
    terminal: Callable[[], Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal()
    with progress_bars(wanted=True) as bars:
        assert not isinstance(bars, NoBars)
    with progress_bars(wanted=False) as bars:
        assert isinstance(bars, NoBars)
    monkeypatch.setattr(sys, "stderr", StringIO())
    with progress_bars(wanted=True) as bars:
        assert isinstance(bars, NoBars)


def test_no_bars_keep_count_of_who_would_have_one() -> None:
    bars = NoBars()
    bars.start("GAME_001", 0, 10)
    bars.show("GAME_001", 5)
    assert list(bars.started) == ["GAME_001"]
