"""What a game is: its pools, its calendar, and how many outcomes it has. Nothing here knows how a draw is made."""

from datetime import date
from functools import cached_property
from itertools import pairwise
from math import comb
from typing import Literal

import attrs
from attrs import validators

GAME_ID_PATTERN = r"[A-Za-z0-9_.-]{1,32}"
POOL_SIZE_MAX = 255  # a number fits one byte
PICKED_MAX = 20
OUTCOMES_MAX = 2**63 - 1  # a rank fits a signed 64-bit integer, as SQLite keeps it
WORD_OUTCOMES_MAX = 2**32  # up to here a rank fits 32 bits: arrays and files are half as large, kernels and numpy serve

Weekday = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
WEEKDAYS: tuple[Weekday, ...] = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@attrs.frozen(kw_only=True)
class Pool:
    """``picked`` distinct numbers out of 1 to ``size``."""

    picked: int = attrs.field(validator=[validators.ge(1), validators.le(PICKED_MAX)])
    size: int = attrs.field(validator=validators.le(POOL_SIZE_MAX))

    @size.validator
    def _holds_the_pick(self, _: object, size: int) -> None:
        if size < self.picked:
            raise ValueError(f"cannot pick {self.picked} numbers out of {size}")

    @property
    def outcomes(self) -> int:
        """The number of ways to pick, order aside."""
        return comb(self.size, self.picked)


@attrs.frozen(kw_only=True)
class RestOfDrum:
    """``picked`` distinct numbers out of those that the main draw left in its drum."""

    picked: int = attrs.field(validator=[validators.ge(1), validators.le(PICKED_MAX)])


@attrs.frozen(kw_only=True)
class Period:
    """From ``start`` on, until the next period starts, draws are held on these weekdays."""

    start: date
    days: tuple[Weekday, ...] = attrs.field(validator=validators.min_len(1))

    @days.validator
    def _are_distinct(self, _: object, days: tuple[Weekday, ...]) -> None:
        if len(set(days)) < len(days):
            raise ValueError(f"a weekday is named twice in {' '.join(days)}")

    @cached_property
    def weekdays(self) -> frozenset[int]:
        """The days as ``date.weekday()`` counts them, Monday 0."""
        return frozenset(WEEKDAYS.index(day) for day in self.days)


@attrs.frozen(kw_only=True)
class MovedDraw:
    """One draw that was held on another date than its schedule says."""

    scheduled: date
    held: date


@attrs.frozen(kw_only=True)
class Game:
    """One game under its current matrix. ``since`` is the first date of that matrix and of the schedule."""

    game_id: str = attrs.field(validator=validators.matches_re(GAME_ID_PATTERN))
    since: date
    main: Pool
    bonus: Pool | RestOfDrum | None = attrs.field(default=None)
    schedule: tuple[Period, ...] = attrs.field(validator=validators.min_len(1))
    moved: tuple[MovedDraw, ...] = attrs.field(default=())

    @bonus.validator
    def _fits_the_drum(self, _: object, bonus: Pool | RestOfDrum | None) -> None:
        if isinstance(bonus, RestOfDrum) and self.main.picked + 2 * bonus.picked > self.main.size:
            raise ValueError(
                f"a ticket cannot name {bonus.picked} bonus numbers beside {self.main.picked} of {self.main.size}"
            )
        if self.outcomes > OUTCOMES_MAX:
            raise ValueError(f"{self.outcomes} outcomes are more than {OUTCOMES_MAX}")

    @schedule.validator
    def _is_effective_dated(self, _: object, schedule: tuple[Period, ...]) -> None:
        starts = [period.start for period in schedule]
        if starts[0] != self.since:
            raise ValueError(f"the first period starts {starts[0]}, the game {self.since}: they must be the same date")
        for earlier, later in pairwise(starts):
            if later <= earlier:
                raise ValueError(f"period {later} does not start after period {earlier}")

    @moved.validator
    def _moves_scheduled_draws(self, _: object, moved: tuple[MovedDraw, ...]) -> None:
        held = [move.held for move in moved]
        gone = [move.scheduled for move in moved]
        if len(set(held)) < len(held) or len(set(gone)) < len(gone):
            raise ValueError("two moved draws share a date")
        for move in moved:
            if min(move.held, move.scheduled) < self.since:
                raise ValueError(f"moved draw {move.scheduled} lies before the game's since {self.since}")
            if move.scheduled.weekday() not in self.weekdays_on(move.scheduled):
                raise ValueError(f"no draw is scheduled on {move.scheduled}, so none can be moved from it")
            if move.held.weekday() in self.weekdays_on(move.held) and move.held not in gone:
                raise ValueError(f"a draw is already scheduled on {move.held}, so none can be moved to it")

    @property
    def bonus_picked(self) -> int:
        """How many bonus numbers a draw has; 0 without a bonus."""
        return self.bonus.picked if self.bonus else 0

    @property
    def bonus_size(self) -> int:
        """Bonus numbers run from 1 to this; 0 without a bonus. Of the rest of the drum: the whole main drum."""
        match self.bonus:
            case None:
                return 0
            case RestOfDrum():
                return self.main.size
            case Pool(size=size):
                return size

    @property
    def bonus_from_rest(self) -> bool:
        """Whether the bonus comes out of the main drum after the main numbers."""
        return isinstance(self.bonus, RestOfDrum)

    @property
    def picks(self) -> int:
        """Main and bonus numbers together: the highest match level."""
        return self.main.picked + self.bonus_picked

    @cached_property
    def bonus_outcomes(self) -> int:
        """The ways to draw the bonus, given the main numbers; 1 without a bonus."""
        left = self.main.size - self.main.picked if self.bonus_from_rest else self.bonus_size
        return comb(left, self.bonus_picked)

    @cached_property
    def outcomes(self) -> int:
        """The number of different draws; a rank lies in ``range(outcomes)``."""
        return self.main.outcomes * self.bonus_outcomes

    def weekdays_on(self, day: date) -> frozenset[int]:
        """Return the weekdays of the period in force on ``day``; empty before ``since``."""
        for period in reversed(self.schedule):
            if period.start <= day:
                return period.weekdays
        return frozenset()

    @cached_property
    def moved_to(self) -> dict[date, date]:
        """Held dates of moved draws, each with the date it was scheduled for."""
        return {move.held: move.scheduled for move in self.moved}

    @cached_property
    def moved_from(self) -> dict[date, date]:
        """Scheduled dates of moved draws, each with the date it was held on."""
        return {move.scheduled: move.held for move in self.moved}
