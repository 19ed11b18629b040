"""Which draw dates of a game there is anything to say about: those with synthetic draws or a real result."""

from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING

from tools.source import Snapshot
from universe.calendar import DATE_MAX, ONE_DAY, last_draw_date

if TYPE_CHECKING:  # this module imports numpy, and the first answer must not wait for it
    from storage.views import GameView


def newest_dates(snapshot: Snapshot, view: "GameView", before: date | None, count: int) -> list[date]:
    """Return up to ``count`` such dates, newest first, strictly before ``before`` if given."""
    synthetic = islice(_synthetic(view, before or DATE_MAX), count)
    real = (stored.result.draw_date for stored in snapshot.results(view, None, None, count, before))
    return sorted({*synthetic, *real}, reverse=True)[:count]


def _synthetic(view: "GameView", before: date) -> Iterator[date]:
    if view.clock is None or view.draw_date is None:
        return
    first = view.clock.draw_date(1)
    day = last_draw_date(view.game, min(view.draw_date, before - ONE_DAY))
    while day is not None and day >= first:
        yield day
        day = last_draw_date(view.game, day - ONE_DAY)
