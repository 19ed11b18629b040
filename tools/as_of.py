"""Looking back: a game as it was when the synthetic stream had come to the end of a draw date or a logical day."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import attrs
from pydantic import Field

from tools.arguments import IsoDate
from universe.calendar import LogicalClock, require_draw_date
from universe.errors import UniverseError

if TYPE_CHECKING:  # this module imports numpy, and the first answer must not wait for it
    from storage.views import GameView

DAY_MAX = 10**18

AsOfArgument = Annotated[
    IsoDate | Annotated[int, Field(ge=0, le=DAY_MAX)] | None,
    Field(
        description="Answer as of the end of this draw date (YYYY-MM-DD) or logical day (0, 1, …); null: as of now.",
        examples=["2026-11-21", 0],
    ),
]


class AsOfError(UniverseError):
    """A moment that the synthetic stream has not come to."""


@attrs.frozen(kw_only=True)
class AsOf:
    """The moment that figures are of."""

    draw_number: Annotated[int, Field(ge=1, description="The last draw counted.")]
    draw_date: Annotated[date, Field(description="Its draw date; real results are counted up to it.")]


def view_as_of(view: "GameView", moment: date | int | None) -> "tuple[GameView, AsOf | None]":
    """Return the game as it was then, and that moment; AsOfError or DrawError if it has not come to it."""
    if moment is None:
        return view, None
    if view.clock is None or view.draw_date is None:
        raise AsOfError(f"{view.game.game_id}: as_of {moment}: it has no draw yet")
    if isinstance(moment, date):
        last = _last_of_date(view, view.clock, view.draw_date, moment)
    else:
        last = _last_of_day(view, view.clock, moment)
    then = attrs.evolve(view, watermark=last, draw_date=view.clock.draw_date(last))
    return then, AsOf(draw_number=last, draw_date=view.clock.draw_date(last))


def _last_of_date(view: "GameView", clock: LogicalClock, last: date, moment: date) -> int:
    require_draw_date(view.game, moment)
    first = clock.draw_date(1)
    if not first <= moment <= last:
        raise AsOfError(f"{view.game.game_id}: as_of {moment} is not in {first}..{last}, the dates drawn")
    return min(view.watermark, clock.last_draw_until(moment))


def _last_of_day(view: "GameView", clock: LogicalClock, day: int) -> int:
    whole = view.watermark // clock.draws_per_day
    if day >= whole:
        held = f"the logical days that are over are 0..{whole - 1}" if whole else "no logical day is over yet"
        raise AsOfError(f"{view.game.game_id}: as_of logical day {day}: {held}")
    return (day + 1) * clock.draws_per_day
