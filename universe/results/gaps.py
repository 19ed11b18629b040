"""Scheduled dates for which no result is there."""

from collections.abc import Sequence
from datetime import date

import attrs

from universe.calendar import draw_dates
from universe.game import Game

GAP_DATES_MAX = 100


@attrs.frozen(kw_only=True)
class Gaps:
    """How many dates are missing, and the first of them."""

    count: int
    dates: tuple[date, ...]


def missing_dates(game: Game, stored: Sequence[date]) -> Gaps:
    """Return the draw dates without a result between the first and the last of ``stored``, which is ascending."""
    if not stored:
        return Gaps(count=0, dates=())
    there = set(stored)
    missing = [day for day in draw_dates(game, stored[0], stored[-1]) if day not in there]
    return Gaps(count=len(missing), dates=tuple(missing[:GAP_DATES_MAX]))
