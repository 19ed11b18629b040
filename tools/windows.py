"""Windows: which draw dates a question looks at, ends inclusive."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

import attrs
from pydantic import Field

from tools.arguments import day_of
from universe.errors import UniverseError

if TYPE_CHECKING:  # these modules import numpy, and the first answer must not wait for it
    from storage.views import GameView, NumberCounts
    from tools.source import Snapshot

ALL_TIME, LAST_DRAW_DATE = "all_time", "last_draw_date"
DAYS = {LAST_DRAW_DATE: 1, "last_7_days": 7, "last_30_days": 30}
_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

WINDOW_PATTERN = rf"^({ALL_TIME}|{'|'.join(DAYS)}|{_DATE}\.\.{_DATE})$"

WindowName = Annotated[
    str,
    Field(
        pattern=WINDOW_PATTERN,
        examples=[ALL_TIME, *DAYS, "2026-01-01..2026-03-31"],
        description="Which draw dates: all_time, last_draw_date, last_7_days or last_30_days (calendar days up to the"
        " current draw date), or FROM..TO, two dates YYYY-MM-DD, both included.",
    ),
]


class WindowError(UniverseError):
    """A window that names no range of dates."""


@attrs.frozen(kw_only=True)
class Window:
    """A range of draw dates, ends included."""

    name: Annotated[str, Field(description="The window as it was asked for.")]
    from_: Annotated[date | None, Field(description="First date; null before the first draw.")]
    to: Annotated[date | None, Field(description="Last date; null before the first draw.")]


def window_of(view: "GameView", name: str) -> Window:
    """Return the dates of a named window as of a snapshot; WindowError if FROM..TO are no two dates in order."""
    if ".." in name:
        first, last = _range_of(name)
        return Window(name=name, from_=first, to=last)
    if view.clock is None or view.draw_date is None:
        return Window(name=name, from_=None, to=None)
    if name == ALL_TIME:
        return Window(name=name, from_=view.clock.draw_date(1), to=view.draw_date)
    return Window(name=name, from_=view.draw_date - timedelta(days=DAYS[name] - 1), to=view.draw_date)


def require_range(name: str) -> None:
    """Raise WindowError if a name is of the form FROM..TO but no two dates in order."""
    if ".." in name:
        _range_of(name)


def _range_of(name: str) -> tuple[date, date]:
    first, last = (_end_of(name, text) for text in name.split("..", maxsplit=1))
    if first > last:
        raise WindowError(f"window {name}: FROM..TO must be two dates YYYY-MM-DD, the earlier one first")
    return first, last


def _end_of(name: str, text: str) -> date:
    try:
        return day_of(text)
    except ValueError as fault:
        raise WindowError(f"window {name}: {text} {fault}") from fault


def synthetic_counts(snapshot: "Snapshot", view: "GameView", window: Window) -> "NumberCounts":
    """Return the counts of the synthetic draws in a window."""
    if window.to is None:
        return _nothing(view)
    return snapshot.number_counts(view, None if window.name == ALL_TIME else window.from_, window.to)


def real_counts(
    snapshot: "Snapshot", view: "GameView", window: Window, until: date | None = None
) -> "NumberCounts | None":
    """Return the counts of the real results of the same dates, up to ``until`` if given; None if none is stored.

    For all_time those of all dates.
    """
    if window.name != ALL_TIME and window.to is None:
        return _nothing(view) if view.results_count else None
    return snapshot.real_counts(view, *_real_bounds(window, until))


def real_dates(
    snapshot: "Snapshot", view: "GameView", window: Window, until: date | None = None
) -> tuple[date | None, date | None]:
    """Return the first and the last date of the real results that ``real_counts`` counts; None without any."""
    if window.name == ALL_TIME and until is None:
        return view.results_first, view.results_last
    if window.name != ALL_TIME and window.to is None:
        return None, None
    return snapshot.result_span(view, *_real_bounds(window, until)) or (None, None)


def _real_bounds(window: Window, until: date | None) -> tuple[date | None, date | None]:
    first, last = (None, None) if window.name == ALL_TIME else (window.from_, window.to)
    return first, min((end for end in (last, until) if end is not None), default=None)


def first_draw_date(view: "GameView") -> date | None:
    """Return the date of draw 1, made or to come; None while nothing decides it."""
    return view.clock.draw_date(1) if view.clock else None


def _nothing(view: "GameView") -> "NumberCounts":
    import numpy as np

    from storage.views import NumberCounts
    from universe.counting import totals_width

    return NumberCounts(draws=0, totals=np.zeros(totals_width(view.game), dtype=np.int64))
