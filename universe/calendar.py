"""Draw dates of a game, and logical time. Both are pure functions: of the schedule, and of a draw number."""

from collections.abc import Iterator
from datetime import date, timedelta

import attrs

from universe.errors import DrawError
from universe.game import Game

ONE_DAY = timedelta(days=1)
DATE_MIN = date(1900, 1, 1)  # room for windows and neighbours before the first date of a game
DATE_MAX = date(9998, 12, 31)  # room for the search of the next draw date


def is_draw_date(game: Game, day: date) -> bool:
    """Whether a draw is held on ``day``: on a weekday of the schedule then in force, or moved there."""
    if day in game.moved_to:
        return True
    return day.weekday() in game.weekdays_on(day) and day not in game.moved_from


def first_draw_date(game: Game, day: date) -> date:
    """Return the first draw date on or after ``day``. A period has a weekday, so the search is short."""
    day = max(day, game.since)
    while not is_draw_date(game, day):
        day += ONE_DAY
    return day


def last_draw_date(game: Game, day: date) -> date | None:
    """Return the last draw date on or before ``day``, None if there is none since the game began."""
    while day >= game.since:
        if is_draw_date(game, day):
            return day
        day -= ONE_DAY
    return None


def draw_dates(game: Game, first: date, last: date) -> Iterator[date]:
    """Every draw date from ``first`` to ``last``, ascending, ends included."""
    day = first_draw_date(game, first)
    while day <= last:
        yield day
        day = first_draw_date(game, day + ONE_DAY)


def require_draw_date(game: Game, day: date) -> None:
    """Raise DrawError that names the neighbours if no draw is held on ``day``."""
    if day > DATE_MAX:
        raise DrawError(f"{day}: dates end with {DATE_MAX}")
    if not is_draw_date(game, day):
        before, after = last_draw_date(game, day), first_draw_date(game, day)
        neighbours = f"the first draw is on {after}" if before is None else f"its neighbours are {before} and {after}"
        raise DrawError(f"{game.game_id} has no draw on {day} ({day:%a}): {neighbours}")


@attrs.frozen(kw_only=True)
class LogicalClock:
    """Logical time of one game: which day and which draw date a draw number falls on.

    Draw numbers count from 1, logical days from 0. ``epoch`` is the date of logical day 0.
    """

    game: Game
    epoch: date
    draws_per_day: int

    def logical_day(self, draw_number: int) -> int:
        """Return (n - 1) // draws_per_day."""
        return (draw_number - 1) // self.draws_per_day

    def logical_date(self, day: int) -> date:
        """Return the epoch plus ``day`` days; DrawError past the end of the calendar."""
        if day > (DATE_MAX - self.epoch).days:
            raise DrawError(f"{self.game.game_id}: logical day {day} lies after {DATE_MAX}")
        return self.epoch + timedelta(days=day)

    def date_of_day(self, day: int) -> date:
        """Return the draw date of logical day ``day``: the first on or after its logical date."""
        return first_draw_date(self.game, self.logical_date(day))

    def draw_date(self, draw_number: int) -> date:
        """Return the draw date of draw ``draw_number``."""
        return self.date_of_day(self.logical_day(draw_number))

    def last_draw_until(self, last: date) -> int:
        """Return the last draw number with a draw date on or before ``last``; 0 if there is none."""
        final = last_draw_date(self.game, last)
        if final is None or final < self.epoch:
            return 0
        return ((final - self.epoch).days + 1) * self.draws_per_day

    def days_of_date(self, draw_date: date) -> range:
        """Return the logical days whose draws carry this draw date; empty before the epoch."""
        previous = last_draw_date(self.game, draw_date - ONE_DAY)
        first = 0 if previous is None else max(0, (previous - self.epoch).days + 1)
        return range(first, max(first, (draw_date - self.epoch).days + 1))

    def draws_of_date(self, draw_date: date) -> range:
        """Return the draw numbers that carry this draw date, whether drawn yet or not; empty before the epoch."""
        days = self.days_of_date(draw_date)
        return range(days.start * self.draws_per_day + 1, days.stop * self.draws_per_day + 1)

    def days_of_draws(self, first: int, last: int) -> Iterator[tuple[int, int, int]]:
        """Cut draws ``first`` to ``last`` at the days' ends: (logical day, first draw, last draw) of each piece."""
        while first <= last:
            day = self.logical_day(first)
            end = min(last, (day + 1) * self.draws_per_day)
            yield day, first, end
            first = end + 1
