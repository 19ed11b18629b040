"""get_frequency_stats of a moment that is past: what a universe that had stopped then says now."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from typing import Any

import pytest

from storage.reader import Reader
from storage.store import SqliteStore
from tests.storage.universes import draw_to, keep, new_store
from tests.tools.fakes import EPOCH, TINY, call, refusal, text_of
from tests.tools.measured import Universe, document
from tests.tools.test_store import StoreSource
from universe.calendar import LogicalClock
from universe.game import Game
from universe.results.result import RealResult

PACE = 100  # days 0 to 2 lie on Wednesday 3 January, 3 to 5 on Saturday, 6 to 9 on Wednesday, 10 and on on Saturday
LAST = 1_150  # Saturday's are not all there, and day 11 is not over
CLOCK = LogicalClock(game=TINY, epoch=EPOCH, draws_per_day=PACE)
RESULTS = [
    RealResult(draw_date=date(2024, 1, day), main_numbers=numbers)
    for day, numbers in ((3, (1, 2)), (6, (2, 6)), (10, (3, 4)), (13, (2, 5)))
]
MOMENTS: tuple[tuple[str | int, int], ...] = (  # and the last draw of each
    ("2024-01-03", 300),
    ("2024-01-06", 600),
    ("2024-01-10", 1_000),
    ("2024-01-13", LAST),
    (0, 100),
    (4, 500),
    (10, 1_100),
)
WINDOWS = (
    "all_time",
    "last_draw_date",
    "last_7_days",
    "last_30_days",
    "2024-01-06..2024-01-13",
    "2024-01-05..2024-01-08",
)


@contextmanager
def universe_to(last: int, results: list[RealResult]) -> Iterator[Universe]:
    store: SqliteStore
    with new_store(None, TINY, PACE, epoch=EPOCH) as store:
        keep(store, TINY, results)
        draw_to(store, TINY, last, batch=130)
        with closing(Reader.open(store.location, "test", [TINY])) as reader:
            yield store, StoreSource(store=reader)


@pytest.fixture(scope="module")
def now() -> Iterator[Universe]:
    with universe_to(LAST, RESULTS) as made:
        yield made


@pytest.mark.parametrize(("moment", "last"), MOMENTS)
def test_a_past_moment_gives_what_a_universe_stopped_then_gives(now: Universe, moment: Any, last: int) -> None:
    day = CLOCK.draw_date(last)
    with universe_to(last, [result for result in RESULTS if result.draw_date <= day]) as stopped:
        for window in WINDOWS:
            seen = document(now, "get_frequency_stats", as_of=moment, window=window)
            expected = document(stopped, "get_frequency_stats", window=window)
            assert seen.pop("as_of") == {"draw_number": last, "draw_date": str(day)}
            assert expected.pop("as_of") is None
            snapshots = seen.pop("snapshot"), expected.pop("snapshot")
            assert [one["draw_number"] for one in snapshots] == [LAST, last]
            assert seen == expected


def test_counts_of_a_moment_are_those_of_its_draws(now: Universe) -> None:
    """Without the window's help: all figures of a day are of its draws alone."""
    first = document(now, "get_frequency_stats", as_of=0)
    assert (first["total_draws"], first["real"]["total_draws"]) == (PACE, 1)
    assert sum(row["count"] for row in first["main"]) == PACE * TINY.main.picked
    assert first["main"][0]["expected"] == PACE * 2 / 6
    assert document(now, "get_frequency_stats", as_of=None)["total_draws"] == LAST


async def test_the_text_names_the_moment_also_where_nothing_is_counted(now: Universe) -> None:
    for window in ("all_time", "2030-01-01..2030-02-01"):
        told = text_of(await call(now[1], "get_frequency_stats", as_of="2024-01-06", window=window))
        assert "As of draw 600 (2024-01-06)." in told


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        ("2024-01-05", "TINY has no draw on 2024-01-05 (Fri): its neighbours are 2024-01-03 and 2024-01-06"),
        ("2024-01-17", "as_of 2024-01-17 is not in 2024-01-03..2024-01-13, the dates drawn"),
        ("2023-12-30", "2023-12-30"),
        (11, "as_of logical day 11: the logical days that are over are 0..10"),
        (10**18, "the logical days that are over are 0..10"),
        (10**18 + 1, "as_of must be a date"),
        (10**4_000, "as_of must be a date"),
        (-1, "as_of must be a date YYYY-MM-DD from"),
        (True, "as_of must be a date"),
        (1.0, "as_of must be a date"),
        ("0", "as_of must be a date"),
        ("2024-1-3", "as_of must be a date"),
        ("yesterday", "as_of must be a date"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_another_moment_is_refused_in_one_line(now: Universe, moment: Any, told: str) -> None:
    line = await refusal(now[1], "get_frequency_stats", as_of=moment)
    assert told in line
    assert len(line) < 300


async def test_before_the_first_day_is_over_and_before_any_draw() -> None:
    with universe_to(PACE - 1, []) as (store, source):
        assert "no logical day is over yet" in await refusal(source, "get_frequency_stats", as_of=0)
        draw_to(store, TINY, PACE)
        assert document((store, source), "get_frequency_stats", as_of=0)["total_draws"] == PACE
    other = Game(game_id="OTHER", since=EPOCH, main=TINY.main, schedule=TINY.schedule)
    with universe_to(0, []) as (store, source):
        store.register(other)
        keep(store, other, RESULTS[:1])
        for game_id in ("TINY", "OTHER"):
            for moment in (0, "2024-01-03"):
                line = await refusal(source, "get_frequency_stats", game_id=game_id, as_of=moment)
                assert f"{game_id}: as_of {moment}: it has no draw yet" in line
