"""What the actors need of a store. The real one is SQLite, the fake lives in memory; one checker runs on both."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal, Protocol

import attrs

from universe.calendar import LogicalClock
from universe.game import Game
from universe.merkle import BLOCK_LEAVES
from universe.results.result import RealResult
from universe.units import Unit

if TYPE_CHECKING:  # the battery of tests: only who measures needs it
    from storage.derived import Derived
    from universe.fairness.tallies import Frame

HaltReason = Literal["limit", "max_draws", "until"]


class GapError(AssertionError):
    """A unit does not start right after the watermark: a mistake of ours, treated as a crash."""


@attrs.frozen(kw_only=True)
class GameProgress:
    """How far one game's simulation is and how far it may go, as committed.

    ``last_allowed`` is the number of the last draw that the milestone permits, and in test mode the schema. A test
    run's limit is not in it, for it bounds runs alone; ``halt_reason`` says what is reached, that limit included.
    """

    clock: LogicalClock
    watermark: int
    last_allowed: int
    halt_reason: HaltReason | None


@attrs.frozen(kw_only=True)
class PendingComparison:
    """Draws ``first`` to ``last``, committed, of a date whose real result is known but not yet compared with them."""

    clock: LogicalClock
    result: RealResult
    first: int
    last: int

    @property
    def draws(self) -> int:
        """How many draws it takes."""
        return self.last - self.first + 1


@attrs.frozen(kw_only=True)
class Conflict:
    """A value offered for a date that has another value stored. The stored one stays."""

    draw_date: date
    stored: RealResult
    offered: RealResult


@attrs.frozen(kw_only=True)
class Alarm:
    """The evidence against fair draws of one stream and drum has passed its line (``universe.evidence``)."""

    game_id: str
    stream: Literal["synthetic", "real"]
    drum: Literal["main", "bonus"]
    draws: int
    log10_e: float


@attrs.frozen(kw_only=True)
class StoredResults:
    """What became of a ResultsUnit."""

    game_id: str
    inserted: tuple[RealResult, ...]
    already_present: int
    conflicts: tuple[Conflict, ...]
    alarms: tuple[Alarm, ...] = ()  # that the inserted results raise


@attrs.frozen(kw_only=True)
class PendingBlocks:
    """Whole blocks of the log of draws, committed as draws, that the log lacks: from block ``first`` (0, 1, …) on."""

    clock: LogicalClock
    first: int
    blocks: int

    @property
    def draws(self) -> int:
        """How many draws it takes."""
        return self.blocks * BLOCK_LEAVES


@attrs.frozen(kw_only=True, eq=False)
class PendingHistories:
    """Synthetic histories, as long as ``frame`` says, that are drawn but not measured: from ``first`` (0, 1, …) on."""

    clock: LogicalClock
    frame: "Frame"
    first: int
    histories: int

    @property
    def draws(self) -> int:
        """How many draws it takes."""
        draws: int = self.frame.draws
        return self.histories * draws


@attrs.frozen(kw_only=True)
class Forgotten:
    """Rows of a game that were damaged and follow from others: all of them in this table are made anew."""

    game_id: str
    table: str
    fault: str  # what was wrong, and where


@attrs.frozen(kw_only=True)
class Committed:
    """What one transaction changed. Replayed draws at or below the watermark are skipped and not counted."""

    draws: dict[str, tuple[int, int]]  # game id -> first and last draw number committed
    results: tuple[StoredResults, ...]
    compared_draws: int
    alarms: tuple[Alarm, ...] = ()  # that the draws raise
    forgotten: tuple[Forgotten, ...] = ()


class Store(Protocol):
    """The one writer's view. Every method is synchronous and may take milliseconds to seconds: call it off the loop."""

    def commit(self, units: Sequence[Unit]) -> Committed:
        """Keep all units in one transaction, in order; GapError (and nothing kept) if draws do not follow."""
        ...

    def checkpoint(self) -> None:
        """Tidy up after commits, if it is time: nothing changes that anyone could read."""
        ...

    def log_is_long(self) -> bool:
        """Whether the next commit had better wait until ``checkpoint`` is through. Quick."""
        ...

    def progress(self, game_id: str) -> GameProgress:
        """Return where a game stands; the game's simulation must be initialised."""
        ...

    def pending_comparisons(self, game_id: str, draws_max: int) -> tuple[PendingComparison, ...]:
        """Return the next draws to compare with late results, one piece a date, at most ``draws_max`` in all."""
        ...

    def pending_blocks(self, game_id: str, draws_max: int) -> tuple[PendingBlocks, ...]:
        """Return the next blocks that the log of draws lacks, of at most ``draws_max`` draws; at most one piece."""
        ...

    def pending_histories(self, game_id: str, draws_max: int) -> tuple[PendingHistories, ...]:
        """Return the next histories to measure, of about ``draws_max`` draws; at most one piece."""
        ...

    def forget_damaged(self, game_id: str, table: "Derived") -> Forgotten | None:
        """Forget what trails behind a game's draws if it cannot have been written so; None, at little cost, else."""
        ...

    def missing_results(self, game_id: str, first: date, last: date) -> tuple[date, ...]:
        """Return the draw dates from ``first`` to ``last`` that have no stored result, ascending."""
        ...

    def game(self, game_id: str) -> Game:
        """Return the definition in force."""
        ...

    def changes(self) -> int:
        """Return a number that changes whenever another connection has committed."""
        ...
