"""What some draws of one game add to its counters: deltas, a commutative monoid under ``+``.

A delta does not know the order in which its draws came, nor in how many batches; ``Delta.nothing`` is neutral. So any
grouping of the same draws gives the same counters.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import attrs
import numpy as np
import numpy.typing as npt

from universe.calendar import LogicalClock
from universe.compiled import kernels_for
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
    spans = list(clock.days_of_draws(first, first + len(ranks) - 1))
    days = [day for day, _, _ in spans]
    bounds = [start - first for _, start, _ in spans] + [len(ranks)]
    kernels = kernels_for(clock.game)
    count_spans = _count_spans if kernels is None else kernels.count_spans
    totals = count_spans(clock.game, ranks, bounds)
    return Delta(dict(zip(days, np.diff(bounds).tolist(), strict=True)), dict(zip(days, totals, strict=True)))


def _count_spans(game: Game, ranks: Ranks, bounds: Sequence[int]) -> npt.NDArray[np.int64]:
    """Return a row of totals for each span of draws between neighbouring bounds."""
    main, bonus = unrank_all(game, ranks)
    spans = [slice(*ends) for ends in pairwise(bounds)]
    return np.array([count_numbers(game, main[span], bonus[span]) for span in spans]).reshape(-1, totals_width(game))
