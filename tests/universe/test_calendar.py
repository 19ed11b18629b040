"""Draw dates and logical time: the calendar against brute force, and logical time as arithmetic that can be undone."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import scheduled
from universe.calendar import (
    DATE_MAX,
    LogicalClock,
    draw_dates,
    first_draw_date,
    is_draw_date,
    last_draw_date,
    require_draw_date,
)
from universe.catalogue import shipped_games
from universe.errors import DrawError
from universe.game import WEEKDAYS, Game, MovedDraw, Period, Pool

SINCE = date(2020, 1, 1)  # a Wednesday
HORIZON_DAYS = 120
DAY = timedelta(days=1)
WEEKLY = Game(game_id="W", since=SINCE, main=Pool(picked=2, size=6), schedule=(Period(start=SINCE, days=("Wed",)),))

days_ahead = st.integers(0, HORIZON_DAYS).map(lambda days: SINCE + days * DAY)
days_around = st.integers(-10, HORIZON_DAYS).map(lambda days: SINCE + days * DAY)


@st.composite
def calendars(draw: st.DrawFn) -> Game:
    """A game whose weekdays change at effective dates and whose draws were moved now and then."""
    weekdays = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=7, unique=True).map(tuple)
    starts = sorted(draw(st.sets(st.integers(1, HORIZON_DAYS), max_size=3)))
    periods = [Period(start=SINCE + days * DAY, days=draw(weekdays)) for days in (0, *starts)]
    game = attrs.evolve(WEEKLY, schedule=tuple(periods))
    all_days = [SINCE + days * DAY for days in range(HORIZON_DAYS)]
    on = [day for day in all_days if is_draw_date(game, day)]
    off = [day for day in all_days if not is_draw_date(game, day)]
    if not on or not off:
        return game
    gone = draw(st.lists(st.sampled_from(on), max_size=min(3, len(off)), unique=True))
    held = draw(st.lists(st.sampled_from(off), min_size=len(gone), max_size=len(gone), unique=True))
    moved = [MovedDraw(scheduled=scheduled_, held=held_) for scheduled_, held_ in zip(gone, held, strict=True)]
    return attrs.evolve(game, moved=tuple(moved))


@st.composite
def clocks(draw: st.DrawFn) -> LogicalClock:
    """Logical time that begins on or after the game does, on a draw date or not."""
    return LogicalClock(game=draw(calendars()), epoch=draw(days_ahead), draws_per_day=draw(st.integers(1, 50)))


draw_numbers = st.integers(1, 2_000)


@given(calendars(), days_around)
def test_a_draw_date_is_a_weekday_in_force_or_a_date_moved_to(game: Game, day: date) -> None:
    assert is_draw_date(game, day) == scheduled(game, day)


@given(calendars(), days_around)
def test_neighbours_are_the_nearest_draw_dates(game: Game, day: date) -> None:
    after = first_draw_date(game, day)
    assert is_draw_date(game, after)
    assert after >= max(day, SINCE)
    assert not any(is_draw_date(game, max(day, SINCE) + n * DAY) for n in range((after - max(day, SINCE)).days))
    before = last_draw_date(game, day)
    if before is None:
        assert not any(is_draw_date(game, SINCE + n * DAY) for n in range((day - SINCE).days + 1))
    else:
        assert is_draw_date(game, before)
        assert not any(is_draw_date(game, day - n * DAY) for n in range((day - before).days))


@given(calendars(), days_around, days_around)
def test_a_range_of_draw_dates_is_every_draw_date_in_it(game: Game, first: date, last: date) -> None:
    days = [first + n * DAY for n in range((last - first).days + 1)]
    assert list(draw_dates(game, first, last)) == [day for day in days if is_draw_date(game, day)]


def test_a_schedule_holds_from_its_effective_date_on() -> None:
    """GAME_002 gained Mondays on 2021-08-23, which is a Monday; the Monday before has no draw."""
    game = shipped_games()["GAME_002"]
    assert not is_draw_date(game, date(2021, 8, 16))
    assert is_draw_date(game, date(2021, 8, 23))


def test_a_moved_draw_is_held_on_its_new_date_alone() -> None:
    game = attrs.evolve(WEEKLY, moved=(MovedDraw(scheduled=date(2020, 1, 8), held=date(2020, 1, 9)),))
    assert list(draw_dates(game, SINCE, date(2020, 1, 15))) == [SINCE, date(2020, 1, 9), date(2020, 1, 15)]


def test_a_draw_may_move_to_a_date_that_another_one_left() -> None:
    moved = (
        MovedDraw(scheduled=date(2020, 1, 8), held=date(2020, 1, 15)),
        MovedDraw(scheduled=date(2020, 1, 15), held=date(2020, 1, 16)),
    )
    game = attrs.evolve(WEEKLY, moved=moved)
    assert list(draw_dates(game, SINCE, date(2020, 1, 20))) == [SINCE, date(2020, 1, 15), date(2020, 1, 16)]


@given(calendars(), days_around)
def test_a_date_without_a_draw_is_refused_with_its_neighbours(game: Game, day: date) -> None:
    if is_draw_date(game, day):
        require_draw_date(game, day)
        return
    before, after = last_draw_date(game, day), first_draw_date(game, day)
    with pytest.raises(DrawError) as caught:
        require_draw_date(game, day)
    message = str(caught.value)
    assert f"{game.game_id} has no draw on {day} ({day:%a})" in message
    assert message.endswith(
        f"the first draw is on {after}" if before is None else f"its neighbours are {before} and {after}"
    )


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2020, 1, 9), "no draw on 2020-01-09 (Thu): its neighbours are 2020-01-08 and 2020-01-15"),
        (date(1999, 1, 6), "no draw on 1999-01-06 (Wed): the first draw is on 2020-01-01"),
        (date.min, "the first draw is on 2020-01-01"),
        (date.max, "dates end with 9998-12-31"),
    ],
)
def test_the_words_of_a_refused_date(day: date, words: str) -> None:
    with pytest.raises(DrawError) as caught:
        require_draw_date(WEEKLY, day)
    assert words in str(caught.value)


def test_draw_dates_go_on_to_the_end_of_the_calendar() -> None:
    last = last_draw_date(WEEKLY, DATE_MAX)
    assert last is not None
    require_draw_date(WEEKLY, last)
    assert first_draw_date(WEEKLY, DATE_MAX) > DATE_MAX


@given(clocks(), draw_numbers)
def test_a_draw_falls_on_the_first_draw_date_on_or_after_its_logical_date(clock: LogicalClock, number: int) -> None:
    day = clock.logical_day(number)
    assert day * clock.draws_per_day < number <= (day + 1) * clock.draws_per_day
    assert clock.draw_date(number) == first_draw_date(clock.game, clock.epoch + day * DAY)


@given(clocks(), draw_numbers)
def test_draw_dates_never_fall(clock: LogicalClock, number: int) -> None:
    assert clock.draw_date(number) <= clock.draw_date(number + 1)


@given(clocks(), draw_numbers)
def test_the_last_draw_until_a_date_undoes_the_draw_date(clock: LogicalClock, number: int) -> None:
    """It is the greatest draw number whose date is not after the one asked for."""
    day = clock.draw_date(number)
    last = clock.last_draw_until(day)
    assert last >= number
    assert clock.draw_date(last) == day
    assert clock.draw_date(last + 1) > day


@given(clocks(), days_around)
def test_the_last_draw_until_any_date_has_no_later_date(clock: LogicalClock, day: date) -> None:
    last = clock.last_draw_until(day)
    assert last == 0 or clock.draw_date(last) <= day
    assert clock.draw_date(last + 1) > day


@given(clocks(), days_ahead)
def test_a_date_has_exactly_the_draws_that_carry_it(clock: LogicalClock, day: date) -> None:
    day = first_draw_date(clock.game, day)
    upper = ((day - clock.epoch).days + 10) * clock.draws_per_day
    by_hand = [number for number in range(1, max(0, upper) + 1) if clock.draw_date(number) == day]
    assert list(clock.draws_of_date(day)) == by_hand


@given(clocks(), days_ahead)
def test_the_draws_of_all_dates_are_all_draws_in_order(clock: LogicalClock, last: date) -> None:
    dates = draw_dates(clock.game, SINCE, last)
    numbers = [number for day in dates for number in clock.draws_of_date(day)]
    assert numbers == list(range(1, clock.last_draw_until(last) + 1))


@given(clocks(), draw_numbers, st.integers(0, 500))
def test_days_cut_draws_without_gap_or_overlap(clock: LogicalClock, first: int, more: int) -> None:
    pieces = list(clock.days_of_draws(first, first + more))
    assert [n for _, start, end in pieces for n in range(start, end + 1)] == list(range(first, first + more + 1))
    assert [day for day, _, _ in pieces] == list(range(pieces[0][0], pieces[0][0] + len(pieces)))
    for day, start, end in pieces:
        assert clock.logical_day(start) == clock.logical_day(end) == day


def test_no_draws_are_cut_into_no_days() -> None:
    clock = LogicalClock(game=WEEKLY, epoch=SINCE, draws_per_day=10)
    assert list(clock.days_of_draws(5, 4)) == []


def call_draw_date(clock: LogicalClock) -> Any:
    return clock.draw_date(2_000_000)


def call_logical_date(clock: LogicalClock) -> Any:
    return clock.logical_date(10**9)


@pytest.mark.parametrize("ask", [call_draw_date, call_logical_date])
def test_logical_time_ends_with_the_calendar(ask: Callable[[LogicalClock], Any]) -> None:
    """A person asks such a question by a typing mistake: it is refused, not an overflow."""
    clock = LogicalClock(game=WEEKLY, epoch=date(9990, 1, 1), draws_per_day=1)
    with pytest.raises(DrawError, match=r"W: logical day \d+ lies after 9998-12-31"):
        ask(clock)
