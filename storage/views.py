"""What readers get: frozen pieces of one snapshot, in the domain's own terms; tuples where there are many."""

from datetime import date, datetime
from typing import Literal, NamedTuple

import attrs

from storage.interface import HaltReason
from universe.calendar import LogicalClock
from universe.counting import Totals
from universe.game import Game
from universe.matching import Histogram
from universe.results.result import RealResult

Phase = Literal["bootstrap", "initialized", "running", "halted"]


@attrs.frozen(kw_only=True)
class UniverseView:
    """The identity of a universe, fixed when it was created."""

    universe_id: str
    version: str
    created_at: datetime
    mode: Literal["prod", "test"]


@attrs.frozen(kw_only=True)
class GameView:
    """One game as of the snapshot; the defaults are those of a game without data.

    ``clock`` is None until its simulation is initialised.
    """

    game: Game
    clock: LogicalClock | None = None
    watermark: int = 0
    draw_date: date | None = None
    committed_at: datetime | None = None
    phase: Phase = "bootstrap"
    halt_reason: HaltReason | None = None
    max_draws: int | None = None
    until: date | None = None
    draws_last_hour: int = 0
    results_count: int = 0
    results_first: date | None = None
    results_last: date | None = None
    conflicts: int = 0


class DrawView(NamedTuple):
    """One synthetic draw; the seed follows from its number and date."""

    draw_number: int
    draw_date: date
    rank: int


@attrs.frozen(kw_only=True)
class NumberCounts:
    """How often each number came up in ``draws`` draws: main numbers 1..N, then bonus numbers."""

    draws: int
    totals: Totals = attrs.field(eq=False)


@attrs.frozen(kw_only=True)
class StoredResult:
    """A real result and where it came from."""

    result: RealResult
    source: str


class EventView(NamedTuple):
    """One close match: the synthetic draw beside the real one of its date."""

    draw_number: int
    main_matches: int
    bonus_matches: int
    rank: int
    real: RealResult


@attrs.frozen(kw_only=True)
class MatchTotals:
    """Draws on each match level, in the order of ``matching.levels``, over all compared draws."""

    compared_draws: int
    levels: Histogram = attrs.field(eq=False)


@attrs.frozen(kw_only=True)
class DateView:
    """The synthetic draws of one draw date that exist so far; 0 draws before it is reached."""

    draw_date: date
    first: int
    last: int
    draws: int
