"""What some draws of one game add to its counters: deltas, a commutative monoid under ``+``.

A delta does not know the order in which its draws came, nor in how many batches; ``Delta.nothing`` is neutral. So any
grouping of the same draws gives the same counters.
"""

from collections.abc import Mapping

import attrs
import numpy as np
import numpy.typing as npt

from universe.calendar import LogicalClock
from universe.game import Game
from universe.ranking import Numbers, Ranks, unrank_all

Totals = npt.NDArray[np.int64]  # how often each main number 1..N came up, then each bonus number


@attrs.frozen(eq=False)
class Delta:
    """Draws per logical day and totals per logical day, added up over any set of draws of one game."""

    draws: Mapping[int, int] = attrs.field(factory=dict)
    totals: Mapping[int, Totals] = attrs.field(factory=dict)

    def __add__(self, other: "Delta") -> "Delta":
        draws, totals = dict(self.draws), dict(self.totals)
        for day, count in other.draws.items():
            draws[day] = draws.get(day, 0) + count
            totals[day] = totals[day] + other.totals[day] if day in totals else other.totals[day]
        return Delta(draws, totals)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Delta):
            return NotImplemented
        return self.draws == other.draws and all(
            np.array_equal(total, other.totals[day]) for day, total in self.totals.items()
        )

    __hash__ = None  # type: ignore[assignment]  # arrays cannot be hashed


def totals_width(game: Game) -> int:
    """Return the length of a totals vector."""
    return game.main.size + game.bonus_size


def count_numbers(game: Game, main: Numbers, bonus: Numbers) -> Totals:
    """Count how often each main and each bonus number came up in these draws."""
    main_counts = np.bincount(main.ravel(), minlength=game.main.size + 1)[1:]
    bonus_counts = np.bincount(bonus.ravel(), minlength=game.bonus_size + 1)[1:]
    return np.concatenate([main_counts, bonus_counts])


def count_draws(clock: LogicalClock, first: int, ranks: Ranks) -> Delta:
    """Return what draws ``first``, ``first`` + 1, … with these ranks add."""
    main, bonus = unrank_all(clock.game, ranks)
    draws, totals = {}, {}
    for day, start, end in clock.days_of_draws(first, first + len(ranks) - 1):
        piece = slice(start - first, end - first + 1)
        draws[day] = end - start + 1
        totals[day] = count_numbers(clock.game, main[piece], bonus[piece])
    return Delta(draws, totals)
