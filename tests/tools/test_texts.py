"""What the answers say in words where there is little to count, nothing to compare, or something to explain."""

import shutil
from datetime import date
from typing import Any

import attrs
import pytest
import trio

from storage.views import GameView
from tests.tools.fakes import (
    COMMITTED_AT,
    EPOCH,
    GAMES,
    TODAY,
    FakeGame,
    FakeSource,
    answer,
    call,
    fake_games,
    text_of,
)
from tools.questions.status import STATUS, StatusAnswer, draw_days, universe_status
from tools.words import counted
from universe.game import Period
from universe.vitals import GameVitals, Parked

SHELL = ("bash", "bc", "awk", "sha256sum")


@pytest.fixture(scope="module")
def source() -> FakeSource:
    return FakeSource(games=fake_games())


async def told(source: FakeSource, name: str, **arguments: Any) -> str:
    result = await call(source, name, **arguments)
    assert not result.is_error, text_of(result)
    return text_of(result)


# Windows and dates.


async def test_real_draws_are_told_with_their_own_dates(source: FakeSource) -> None:
    text = await told(source, "get_frequency_stats")
    assert "Window all_time: 2024-01-03 to 2024-01-24." in text
    assert "4 real draws, of 2000-06-07 to 2024-01-24." in text
    text = await told(source, "get_frequency_stats", window="2024-01-04..2024-01-10")
    assert "all draws lie on 2024-01-03..2024-01-24." in text
    assert "1 real draw, of 2024-01-06." in text


@pytest.mark.parametrize(
    ("window", "first", "last"),
    [
        ("1990-01-01..2024-01-05", "2000-06-07", "2024-01-03"),
        ("2000-06-07..2000-06-07", "2000-06-07", "2000-06-07"),
        ("2000-06-08..2024-01-03", "2024-01-03", "2024-01-03"),
        ("2000-06-08..2030-01-01", "2024-01-03", "2024-01-24"),
        ("2024-01-04..2024-01-23", "2024-01-06", "2024-01-06"),
        ("2000-06-08..2024-01-02", None, None),
    ],
)
async def test_the_dates_of_real_draws_are_those_that_were_counted(
    source: FakeSource, window: str, first: str | None, last: str | None
) -> None:
    real = (await answer(source, "get_frequency_stats", window=window))["real"]
    assert (real["first"], real["last"]) == (first, last)
    assert (real["total_draws"] == 0) is (first is None)


async def test_an_empty_window_is_one_sentence(source: FakeSource) -> None:
    text = await told(source, "get_frequency_stats", window="2026-01-01..2026-03-31")
    assert text.splitlines()[1:] == [
        "No synthetic draws in 2026-01-01..2026-03-31; draws lie on 2024-01-03..2024-01-24.",
        "No real draws in window 2026-01-01..2026-03-31.",
    ]
    stats = await answer(source, "get_frequency_stats", window="2026-01-01..2026-03-31")
    assert (len(stats["main"]), len(stats["bonus"]), len(stats["real"]["main"])) == (47, 27, 47)


@pytest.mark.parametrize("game_id", ["GAME_002", "GAME_007"])
@pytest.mark.parametrize("name", ["get_frequency_stats", "get_match_events", "get_real_results", "get_latest_draws"])
async def test_before_the_first_draw_nothing_is_undefined(source: FakeSource, name: str, game_id: str) -> None:
    text = await told(source, name, game_id=game_id)
    assert "None" not in text
    assert ":0(" not in text or game_id == "GAME_002"  # which has a real result to count
    if name == "get_frequency_stats":
        assert "Window all_time: no synthetic draw has been made yet, so nothing is counted." in text


@pytest.mark.parametrize(
    ("game_id", "day", "line"),
    [
        ("GAME_001", "2000-06-07", "2000-06-07 lies before this universe's first draw date, 2024-01-03: it gets no"),
        ("GAME_001", "2030-01-02", "2030-01-02: no synthetic draw yet; draws so far lie on 2024-01-03..2024-01-24."),
        ("GAME_002", "2020-01-01", "2020-01-01: no synthetic draw yet; the simulation of this game has not begun."),
        ("GAME_007", "2020-01-01", "2020-01-01 lies before this universe's first draw date, 2024-01-03"),
        ("GAME_007", "2024-01-03", "2024-01-03: no synthetic draw yet; 2024-01-03 is to be the first draw date."),
        ("GAME_001", "2024-01-06", "2024-01-06: 300 synthetic draws, draw numbers 301 to 600; "),
    ],
)
async def test_a_date_without_draws_says_whether_they_will_come(
    source: FakeSource, game_id: str, day: str, line: str
) -> None:
    text = await told(source, "get_draw_date_summary", draw_date=day, game_id=game_id)
    assert text.splitlines()[1].startswith(line)


async def test_where_nothing_was_compared_the_reason_is_given(source: FakeSource) -> None:
    early = FakeGame(game=GAMES["GAME_001"], made=10)
    early.publish(date(2000, 6, 7), (1, 2, 3, 4, 5), (6,))
    early.publish(date(2000, 6, 10), (1, 2, 3, 4, 5), (6,))
    text = await told(FakeSource(games=[early]), "get_match_events")
    compared = "Real results are compared with the synthetic draws of their own date"
    assert text.splitlines()[1:] == [
        "0 match events from level 4 up.",
        "End of the list (next_cursor null).",
        f"{compared}: the stored results are of 2000-06-07..2000-06-10, the draws of 2024-01-03..2024-01-03.",
        "No draw was compared, so every match level counts 0.",
    ]
    assert "no real results are stored" in await told(source, "get_match_events", game_id="GAME_005")
    assert "no draw has been made yet" in await told(source, "get_match_events", game_id="GAME_002")


async def test_real_results_beyond_those_stored_name_the_range(source: FakeSource) -> None:
    text = await told(source, "get_real_results", **{"from": "2025-01-01"})
    assert "0 real results, newest first; stored are those of 2000-06-07..2024-01-24." in text
    assert "none are stored for this game." in await told(source, "get_real_results", game_id="GAME_005")


# Tickets.


@pytest.mark.parametrize(("game_id", "window"), [("GAME_001", "2026-01-01..2026-03-31"), ("GAME_007", "all_time")])
async def test_weights_of_no_draws_are_equal_and_the_answer_says_so(
    source: FakeSource, game_id: str, window: str
) -> None:
    asked = {"mode": "frequency_weighted", "window": window, "top_n": 9, "seed": 1, "count": 50, "game_id": game_id}
    made = await answer(source, "generate_numbers", **asked)
    even = await answer(source, "generate_numbers", mode="random", seed=1, count=50, game_id=game_id)
    assert made["tickets"] == even["tickets"]
    assert made["top_n"] is None
    note = f"window {window} holds no synthetic draws, so nothing could be weighted: every number had the same chance"
    assert made["note"] == note
    text = await told(source, "generate_numbers", **asked)
    assert f"Note: {note}." in text
    assert "None" not in text


@pytest.mark.parametrize(
    ("arguments", "note"),
    [
        ({}, None),
        ({"window": "all_time", "top_n": None, "exponent": 1.0}, None),
        ({"top_n": 9}, "top_n had no effect: in mode random nothing is weighed"),
        ({"window": "last_7_days", "top_n": 9, "exponent": 2}, "window, top_n, exponent had no effect"),
        ({"mode": "frequency_weighted", "window": "last_7_days", "top_n": 9, "exponent": 2}, None),
    ],
)
async def test_arguments_without_effect_are_named(
    source: FakeSource, arguments: dict[str, Any], note: str | None
) -> None:
    asked = {"mode": "random", **arguments}
    made, text = await answer(source, "generate_numbers", **asked), await told(source, "generate_numbers", **asked)
    assert (made["note"] or "").startswith(note or "")
    assert (made["note"] is None) is (note is None) is ("Note:" not in text)


# One draw by hand.


@pytest.mark.skipif(not all(map(shutil.which, SHELL)), reason=f"needs {', '.join(SHELL)}")
@pytest.mark.parametrize("game_id", ["GAME_001", "GAME_005", "GAME_006", "TINY", "TINY_REST", "HUGE"])
async def test_the_shell_lines_of_an_answer_repeat_it(source: FakeSource, game_id: str) -> None:
    shown = await answer(source, "verify_draw", draw_number=77, game_id=game_id)
    assert shown["shell"] in await told(source, "verify_draw", draw_number=77, game_id=game_id)
    done = await trio.run_process(["bash", "-euc", shown["shell"]], capture_stdout=True)
    numbers = [*shown["main_numbers"], *shown["bonus_numbers"]]
    printed = [int(word) for word in done.stdout.decode().split() if word != "+"]
    assert printed == ([int(shown["rank"])] if game_id == "HUGE" else numbers)


# Status.


def status_text(**changes: Any) -> str:
    """How a game stands, in words; ``changes`` are of what the store shows of it."""
    return STATUS.tell(status_of(GameVitals(simulating=True), **changes))


def status_of(vitals: GameVitals, today: date = TODAY, **changes: Any) -> StatusAnswer:
    fake = FakeGame(game=GAMES["GAME_001"], made=250)

    class Changed:
        universe = FakeSource(games=[]).snapshot().__enter__().universe

        def games(self) -> list[GameView]:
            return [attrs.evolve(fake.view(), **changes)]

    class At(FakeSource):
        def today(self) -> date:
            return today

    snapshot: Any = Changed()
    return universe_status(snapshot, At(games=[], vitals_by_id={"GAME_001": vitals}))


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "GAME_001 (5 of 47 + 1 of 27; drawn Wed, Sat): running, at draw 250 (2024-01-03);"),
        ({"phase": "halted", "halt_reason": "max_draws", "max_draws": 250}, "its milestone of 250 draws is reached"),
        ({"phase": "halted", "halt_reason": "until", "until": EPOCH}, "the draws until 2024-01-01, is reached"),
        (
            {"phase": "halted", "halt_reason": "limit"},
            "halted (limit) at draw 250 (2024-01-03): the limit that its run",
        ),
        (
            {"phase": "halted", "halt_reason": "limit", "watermark": 1_000_000},
            "halted (limit) at draw 1000000 (2024-01-03): the most that a test universe holds;",
        ),
        ({"max_draws": None}, "no milestone: it goes on without end"),
        ({"until": date(2025, 1, 1)}, "milestone 40000000 draws or draw date 2025-01-01,"),
        ({"draws_last_hour": 0}, "idle in the last hour"),
        ({"results_count": 0}, "no real results stored"),
    ],
)
def test_status_explains_where_a_game_stands(changes: dict[str, Any], line: str) -> None:
    text = status_text(**changes)
    assert line in text
    assert "None" not in text


def test_before_the_first_draw_status_leaves_out_what_is_not() -> None:
    fresh = {"watermark": 0, "draw_date": None, "committed_at": None, "draws_last_hour": 0, "max_draws": None}
    line = status_text(clock=None, phase="bootstrap", **fresh).splitlines()[1]
    assert line == (
        "GAME_001 (5 of 47 + 1 of 27; drawn Wed, Sat): bootstrap, real results are stored and no simulation has begun;"
        " simulating in this process; no real results stored."
    )
    line = status_text(phase="initialized", **fresh).splitlines()[1]
    for doubtful in ("not fixed", "no date", "yet", "None"):
        assert doubtful not in line


@pytest.mark.parametrize(
    ("today", "line"),
    [
        (date(2024, 1, 3), "logical time is level with the world's date"),
        (date(2023, 12, 30), "4 logical days ahead of the world's date"),
        (date(2024, 1, 4), "1 logical day behind the world's date"),
    ],
)
def test_a_negative_lag_is_ahead(today: date, line: str) -> None:
    assert line in STATUS.tell(status_of(GameVitals(), today))


def test_what_waits_and_what_crashed_is_told() -> None:
    parked = Parked(actor="GAME_001.ingestor", reason="feed unreadable", since=COMMITTED_AT)
    text = STATUS.tell(status_of(GameVitals(parked=parked, restarts=2)))
    assert "GAME_001.ingestor waits since 2024-03-01T12:30:15Z and tries again: feed unreadable; 2 restarts" in text
    assert "not simulating in this process" in text
    assert "restarts" not in status_text()


def test_kernels_are_no_reason_to_worry() -> None:
    assert "Compiled kernels, which only make bulk work faster: " in status_text()


def test_draw_days_are_those_of_the_period_in_force() -> None:
    start = date(2024, 2, 1)
    game = attrs.evolve(
        GAMES["GAME_001"],
        since=EPOCH,
        schedule=(Period(start=EPOCH, days=("Sat", "Wed")), Period(start=start, days=("Sat", "Mon"))),
    )
    assert draw_days(game, date(2000, 1, 1)) == draw_days(game, date(2024, 1, 31)) == ("Wed", "Sat")
    assert draw_days(game, start) == ("Mon", "Sat")


def test_one_of_a_thing_is_told_without_an_s() -> None:
    assert [counted(count, "draws") for count in (0, 1, 2)] == ["0 draws", "1 draw", "2 draws"]
