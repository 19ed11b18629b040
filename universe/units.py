"""The messages between the actors: what a simulator draws, and what one transaction has to keep."""

from datetime import date
from typing import TYPE_CHECKING

import attrs
import numpy as np
import numpy.typing as npt

from universe.calendar import LogicalClock
from universe.counting import Delta
from universe.matching import Histogram
from universe.ranking import Ranks
from universe.results.result import RealResult
from universe.subsets import Increments

if TYPE_CHECKING:  # the battery of tests: only who measures needs it
    from universe.fairness.battery import Measurements
    from universe.fairness.tallies import Frame


@attrs.frozen(kw_only=True, eq=False)
class DrawBatch:
    """Consecutive draws of one game, from number ``first``, as a simulator made them."""

    clock: LogicalClock
    first: int
    ranks: Ranks

    @property
    def game_id(self) -> str:
        """The game these draws belong to."""
        return self.clock.game.game_id

    @property
    def last(self) -> int:
        """The number of the last draw."""
        return self.first + len(self.ranks) - 1


@attrs.frozen(kw_only=True, eq=False)
class DrawUnit:
    """A batch with what it adds to the counters: all of it is kept, or nothing."""

    batch: DrawBatch
    delta: Delta


@attrs.frozen(kw_only=True)
class ResultsUnit:
    """Real results of one game, to be kept for ever unless they are there already or contradict what is."""

    game_id: str
    results: tuple[RealResult, ...]
    source: str


@attrs.frozen(kw_only=True, eq=False)
class MatchEvent:
    """One synthetic draw that came close to the real result of its date."""

    draw_number: int
    main_matches: int
    bonus_matches: int
    rank: int


@attrs.frozen(kw_only=True, eq=False)
class ComparisonUnit:
    """Draws ``first`` to ``last`` of one date, regenerated and compared with a result that came after them."""

    game_id: str
    draw_date: date
    first: int
    last: int
    levels: Histogram
    events: tuple[MatchEvent, ...]


@attrs.frozen(kw_only=True, eq=False)
class IndexUnit:
    """What draws ``first`` to ``last`` add to the indexes of their game, counted ahead of the commit that brings them.

    It keeps nothing by itself: a commit that keeps exactly these draws need not count them, any other ignores it.
    """

    game_id: str
    first: int
    last: int
    increments: Increments


@attrs.frozen(kw_only=True, eq=False)
class ProofUnit:
    """Roots of consecutive whole blocks of the log of draws, from block ``first`` (0, 1, …) on: 32 bytes a row."""

    game_id: str
    first: int
    roots: npt.NDArray[np.uint8]


@attrs.frozen(kw_only=True, eq=False)
class HistoriesUnit:
    """What was measured of consecutive synthetic histories, from history ``first`` (0, 1, …) on."""

    game_id: str
    frame: "Frame"
    first: int
    measurements: "Measurements"


Unit = DrawUnit | ResultsUnit | ComparisonUnit | IndexUnit | ProofUnit | HistoriesUnit
