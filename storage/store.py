"""The universe's database as its one writer sees it: created or opened, initialised, committed to."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import apsw
import attrs

from storage.access import WriteAccess
from storage.comparisons import Backlog, keep_comparison
from storage.connection import (
    WRITER_BUSY_MS,
    Location,
)
from storage.derived import Derived, fault_in, forget, keep_derived
from storage.draws import after_watermark, keep_draws
from storage.evidence import keep_drawn_days, mend_evidence
from storage.interface import (
    Committed,
    Forgotten,
    GameProgress,
    PendingBlocks,
    PendingComparison,
    PendingHistories,
    StoredResults,
)
from storage.proof_log import logged_blocks
from storage.raw import Archived, archive_segments
from storage.registry import (
    Milestone,
    game_ids,
    game_key,
    game_progress,
    initialise_simulation,
    register_game,
    require_clock,
    require_game_key,
    set_milestone,
    stored_clock,
    stored_game,
    stored_milestone,
    stored_watermark,
)
from storage.results import classify_results, keep_conflicts, keep_results, missing_dates, results_between
from storage.schema import Mode
from universe.calendar import LogicalClock
from universe.game import Game
from universe.merkle import BLOCK_LEAVES
from universe.results.gaps import Gaps
from universe.results.gaps import missing_dates as gaps_between
from universe.results.result import RealResult
from universe.units import ComparisonUnit, DrawUnit, HistoriesUnit, IndexUnit, ProofUnit, ResultsUnit, Unit

if TYPE_CHECKING:  # the battery of tests: imported when histories are first measured
    from storage.fairness import Unmeasured


@attrs.define
class SqliteStore(WriteAccess):
    """What may be written, by name. ``keep_raw`` False leaves raw segments out; no answer needs them."""

    keep_raw: bool = True
    _backlogs: dict[tuple[int, int], Backlog] = attrs.field(factory=dict)
    _unmeasured: "dict[tuple[int, int], Unmeasured]" = attrs.field(factory=dict)
    _sound: set[tuple[int, int, Derived]] = attrs.field(factory=set)

    @classmethod
    def open(
        cls,
        location: Location,
        mode: Mode,
        *,
        create: bool = False,
        busy_ms: int = WRITER_BUSY_MS,
        beside: bool = False,
        keep_raw: bool = True,
    ) -> Self:
        """Open a universe as WriteAccess does."""
        store = super().open(location, mode, create=create, busy_ms=busy_ms, beside=beside)
        store.keep_raw = keep_raw
        return store

    # What an operator's commands do.

    def register(self, *games: Game) -> None:
        """Fix games' definitions, all or none; DefinitionError with the differences if one is fixed otherwise."""
        with self.writing() as db:
            for game in games:
                register_game(db, game)

    def initialise(self, clock: LogicalClock, milestone: Milestone) -> None:
        """Phase 1 for one game: fix epoch and pace, once; the milestone counts only the first time."""
        with self.writing() as db:
            key = register_game(db, clock.game)
            initialise_simulation(db, key, clock, milestone)

    def clock(self, game_id: str) -> LogicalClock | None:
        """Return the game's logical time, None before phase 1."""
        with self.reading() as db:
            key = game_key(db, game_id)
            return None if key is None else stored_clock(db, key)

    def milestone(self, game_id: str) -> Milestone:
        """Return where the game halts."""
        with self.reading() as db:
            return stored_milestone(db, require_game_key(db, game_id))

    def change_milestone(self, game_id: str, **changes: Any) -> Milestone:
        """Replace some fields of the milestone and return it."""
        with self.writing() as db:
            key = require_game_key(db, game_id)
            milestone = attrs.evolve(stored_milestone(db, key), **changes)
            set_milestone(db, key, milestone)
        return milestone

    def classify(self, game_id: str, results: Sequence[RealResult]) -> StoredResults:
        """Return what keeping these results would do, without doing it."""
        with self.reading() as db:
            return classify_results(db, game_id, results)

    def refuse(self, outcome: StoredResults, source: str) -> None:
        """Remember the conflicts of results that are not kept."""
        if outcome.conflicts:
            with self.writing() as db:
                keep_conflicts(db, require_game_key(db, outcome.game_id), outcome.conflicts, source)

    def ingest(self, game: Game, unit: ResultsUnit) -> StoredResults:
        """Fix the game's definition if this is its first data, and keep the results, in one transaction."""
        with self.writing() as db:
            mend_evidence(db, register_game(db, game))
            return keep_results(db, unit)

    def gaps(self, game_id: str) -> Gaps:
        """Return the draw dates without a result between the first and the last stored one."""
        with self.reading() as db:
            key = game_key(db, game_id)
            if key is None:
                return Gaps(count=0, dates=())
            stored = [result.draw_date for result in results_between(db, key, date.min, date.max)]
            return gaps_between(stored_game(db, key), stored)

    def archive(self, folder: Path) -> list[Archived]:
        """Move every raw segment into files of this folder; what they hold is gone from here only once it is there."""
        moved = []
        with self.writing() as db:
            for game_id in game_ids(db):
                key = require_game_key(db, game_id)
                archived = archive_segments(db, key, stored_game(db, key), folder)
                if archived is not None:
                    db.execute("DELETE FROM raw_segment WHERE game_key = ?", (key,))
                    moved.append(archived)
        if moved:
            with self.reading() as db:
                db.execute("VACUUM")
        return moved

    # What the actors need (storage.interface.Store).

    def commit(self, units: Sequence[Unit]) -> Committed:
        """Keep all units in one transaction: results, then draws, then comparisons, each kind in order.

        GapError, and nothing kept, if draws do not follow the watermark; what lies at or below it is skipped.
        """
        self.require_room()
        with self.writing() as db:
            forgotten = [one for key in _keys_of_steps(db, units) for one in mend_evidence(db, key)]
            results = tuple(keep_results(db, unit) for unit in units if isinstance(unit, ResultsUnit))
            ahead = {unit.game_id: unit for unit in units if isinstance(unit, IndexUnit)}
            compared, draws = 0, {}
            for game_id, fresh in _new_draws(db, units):
                key = require_game_key(db, game_id)
                compared += keep_draws(db, key, fresh, ahead.get(game_id), keep_raw=self.keep_raw)
                draws[game_id] = (fresh[0].batch.first, fresh[-1].batch.last)
            compared += sum(_keep_compared(db, unit) for unit in units if isinstance(unit, ComparisonUnit))
            forgotten += filter(
                None, [keep_derived(db, unit) for unit in units if isinstance(unit, ProofUnit | HistoriesUnit)]
            )
            alarms = keep_drawn_days(db, draws)
        return Committed(
            draws=draws, results=results, compared_draws=compared, alarms=alarms, forgotten=tuple(forgotten)
        )

    def progress(self, game_id: str) -> GameProgress:
        """Return where a game stands; the game's simulation must be initialised."""
        with self.reading() as db:
            key = require_game_key(db, game_id)
            return game_progress(db, key, self.mode, require_clock(db, key))

    def pending_comparisons(self, game_id: str, draws_max: int) -> tuple[PendingComparison, ...]:
        """Return the next draws to compare with late results, one piece a date, at most ``draws_max`` in all."""
        with self.reading() as db:
            key = require_game_key(db, game_id)
            return self._backlogs.setdefault((self.renewals, key), Backlog()).pending(db, key, draws_max)

    def pending_blocks(self, game_id: str, draws_max: int) -> tuple[PendingBlocks, ...]:
        """Return the next blocks that the log of draws lacks, of at most ``draws_max`` draws; at most one piece."""
        with self.reading() as db:
            key = require_game_key(db, game_id)
            clock, logged = stored_clock(db, key), logged_blocks(db, key)
            blocks = min(stored_watermark(db, key) // BLOCK_LEAVES - logged, max(1, draws_max // BLOCK_LEAVES))
            if clock is None or blocks <= 0:
                return ()
            return (PendingBlocks(clock=clock, first=logged, blocks=blocks),)

    def pending_histories(self, game_id: str, draws_max: int) -> tuple[PendingHistories, ...]:
        """Return the next histories to measure, of about ``draws_max`` draws; at most one piece."""
        with self.reading() as db:
            from storage.fairness import Unmeasured

            key = require_game_key(db, game_id)
            return self._unmeasured.setdefault((self.renewals, key), Unmeasured()).pending(db, key, draws_max)

    def forget_histories(self, game_id: str) -> None:
        """Have all histories measured anew, in the frame that the real results ask for now."""
        with self.writing() as db:
            from storage.fairness import forget_histories

            forget_histories(db, require_game_key(db, game_id))
        self._unmeasured.clear()

    def forget_damaged(self, game_id: str, table: Derived) -> Forgotten | None:
        """Forget a game's rows of a table that trails, if they cannot have been written so. Looks once a life."""
        with self.reading() as db:
            key = require_game_key(db, game_id)
            asked = self.renewals, key, table
            fault = None if asked in self._sound else fault_in(db, key, table)
        if fault is None:
            self._sound.add(asked)
            return None
        with self.writing() as db:
            forget(db, key, table)
        return Forgotten(game_id=game_id, table=table, fault=fault)

    def missing_results(self, game_id: str, first: date, last: date) -> tuple[date, ...]:
        """Return the draw dates from ``first`` to ``last`` that have no stored result, ascending."""
        with self.reading() as db:
            return missing_dates(db, require_game_key(db, game_id), first, last)

    def game(self, game_id: str) -> Game:
        """Return the definition in force."""
        with self.reading() as db:
            return stored_game(db, require_game_key(db, game_id))

    def changes(self) -> int:
        """Return a number that changes whenever another connection has committed."""
        with self.reading() as db:
            version: int = db.pragma("data_version")
            return version


def _keep_compared(db: apsw.Connection, unit: ComparisonUnit) -> int:
    """Keep a comparison; returns how many draws it compared."""
    key = require_game_key(db, unit.game_id)
    return keep_comparison(db, key, require_clock(db, key), unit)


def _keys_of_steps(db: apsw.Connection, units: Sequence[Unit]) -> list[int]:
    """Return the games to whose evidence these units may add."""
    drawn = {unit.batch.game_id for unit in units if isinstance(unit, DrawUnit)}
    told = {unit.game_id for unit in units if isinstance(unit, ResultsUnit)}
    return [require_game_key(db, game_id) for game_id in sorted(drawn | told)]


def _new_draws(db: apsw.Connection, units: Sequence[Unit]) -> Iterator[tuple[str, list[DrawUnit]]]:
    """Yield each game with what of its units lies above its watermark, if anything does."""
    by_game: dict[str, list[DrawUnit]] = {}
    for unit in units:
        if isinstance(unit, DrawUnit):
            by_game.setdefault(unit.batch.game_id, []).append(unit)
    for game_id, offered in by_game.items():
        watermark, fresh = stored_watermark(db, require_game_key(db, game_id)), []
        for one in offered:
            new = after_watermark(one, watermark)
            if new is not None:
                fresh.append(new)
                watermark = new.batch.last
        if fresh:
            yield game_id, fresh
