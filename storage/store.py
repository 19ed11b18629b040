"""The universe's database as its one writer sees it: created or opened, initialised, committed to."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from threading import Lock, RLock
from typing import Any, Self

import apsw
import attrs

from storage.comparisons import Backlog, keep_comparison
from storage.connection import (
    CHECKPOINT_PAGES,
    LOG_PAGES_MAX,
    PAGE_BYTES,
    WRITER_BUSY_MS,
    Location,
    open_writer,
    transaction,
    translated,
)
from storage.draws import after_watermark, keep_draws
from storage.errors import StoreFull
from storage.interface import Committed, GameProgress, PendingComparison, StoredResults
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
from storage.schema import Mode, prepare_schema, require_schema
from universe.calendar import LogicalClock
from universe.game import Game
from universe.results.gaps import Gaps
from universe.results.gaps import missing_dates as gaps_between
from universe.results.result import RealResult
from universe.units import ComparisonUnit, DrawUnit, IndexUnit, ResultsUnit, Unit

FREE_BYTES_MIN = 2**20  # kept free beside the room that the log needs to be moved into the database
_SUSPECT = (apsw.IOError, apsw.ReadOnlyError, apsw.CantOpenError, apsw.CorruptError, apsw.NotADBError)


@attrs.define
class SqliteStore:
    """A writing connection. ``keep_raw`` False leaves raw segments out; no answer needs them.

    After an error of the device nothing is known of what its connection has in memory: the next call opens another.
    """

    location: Location
    mode: Mode
    keep_raw: bool
    _db: apsw.Connection
    _busy_ms: int = WRITER_BUSY_MS
    _suspect: bool = False
    _file: tuple[int, int] | None = attrs.field(init=False)
    _log_pages: int = 0
    _backlogs: dict[int, Backlog] = attrs.field(factory=dict)
    _turn: RLock = attrs.field(factory=RLock)  # actors call from several threads, a connection serves one at a time
    _checkpointer: apsw.Connection | None = None
    _emptying: Lock = attrs.field(factory=Lock)

    @_file.default
    def _as_opened(self) -> tuple[int, int] | None:
        return self.location.file_identity()

    @classmethod
    def open(
        cls,
        location: Location,
        mode: Mode,
        *,
        create: bool = False,
        keep_raw: bool = True,
        busy_ms: int = WRITER_BUSY_MS,
        beside: bool = False,
    ) -> Self:
        """Open a universe, or create it; StoreError if it is another mode's, newer, or not a universe at all.

        An older schema is migrated, unless ``beside`` another process that writes it: an older program, then.
        """
        db = open_writer(location, create=create, busy_ms=busy_ms)
        try:
            with translated(location):
                if beside:
                    require_schema(db, mode, name=str(location))
                prepare_schema(db, mode, name=str(location))
        except BaseException:
            db.close()
            raise
        store = cls(location, mode, keep_raw, db, busy_ms)
        db.set_wal_hook(store._note_log)
        return store

    def close(self) -> None:
        """Close the connection; the last one to close empties the log into the database."""
        with self._emptying, self._turn:
            if self._checkpointer is not None:
                self._checkpointer.close()
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def writing(self) -> Iterator[apsw.Connection]:
        """One transaction, SQLite's errors as ours."""
        with self._lent() as db, transaction(db):
            yield db

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """Lend the same connection for a look: it sees what was committed last."""
        with self._lent() as db:
            yield db

    @contextmanager
    def _lent(self) -> Iterator[apsw.Connection]:
        with self._turn, translated(self.location):
            if self._suspect or self._file != self.location.file_identity():  # a file that is gone would take commits
                self._open_anew()
            try:
                yield self._db
            except _SUSPECT:
                self._suspect = not self.location.in_memory
                raise

    def _open_anew(self) -> None:
        db = open_writer(self.location, busy_ms=self._busy_ms)
        try:
            require_schema(db, self.mode, name=str(self.location))
        except BaseException:
            db.close()
            raise
        self._db.close(force=True)
        self._db, self._suspect, self._file = db, False, self.location.file_identity()
        self._backlogs.clear()
        db.set_wal_hook(self._note_log)

    def _note_log(self, _db: apsw.Connection, _name: str, pages: int) -> int:
        self._log_pages = pages
        return apsw.SQLITE_OK

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
            register_game(db, game)
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
        self._require_room()
        with self.writing() as db:
            results = tuple(keep_results(db, unit) for unit in units if isinstance(unit, ResultsUnit))
            ahead = {unit.game_id: unit for unit in units if isinstance(unit, IndexUnit)}
            compared, draws = 0, {}
            for game_id, fresh in _new_draws(db, units):
                key = require_game_key(db, game_id)
                compared += keep_draws(db, key, fresh, ahead.get(game_id), keep_raw=self.keep_raw)
                draws[game_id] = (fresh[0].batch.first, fresh[-1].batch.last)
            for comparison in units:
                if isinstance(comparison, ComparisonUnit):
                    key = require_game_key(db, comparison.game_id)
                    compared += keep_comparison(db, key, require_clock(db, key), comparison)
        return Committed(draws=draws, results=results, compared_draws=compared)

    def _require_room(self) -> None:
        """Raise StoreFull while a commit would take the room in which the log is to be moved into the database."""
        free, needed = self.location.free_bytes(), self._log_pages * PAGE_BYTES + FREE_BYTES_MIN
        if free is not None and free < needed:
            raise StoreFull(f"{self.location}: {free:,} bytes are free on the device, and a commit needs {needed:,}")

    def checkpoint(self) -> None:
        """Move the log into the database if it has grown.

        On a connection of its own, beside commits. Only a commit that begins when all is moved writes the log from its
        start again; ``log_is_long`` says when that is worth waiting for.
        """
        if self._log_pages >= CHECKPOINT_PAGES:
            with self._emptying, translated(self.location):
                if self._checkpointer is None:
                    self._checkpointer = open_writer(self.location, busy_ms=self._busy_ms)
                try:
                    self._checkpointer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
                except _SUSPECT:
                    self._checkpointer.close(force=True)
                    self._checkpointer = None
                    raise

    def log_is_long(self) -> bool:
        """Whether the next commit had better wait for a checkpoint that is under way."""
        return self._log_pages >= LOG_PAGES_MAX

    def progress(self, game_id: str) -> GameProgress:
        """Return where a game stands; the game's simulation must be initialised."""
        with self.reading() as db:
            key = require_game_key(db, game_id)
            return game_progress(db, key, self.mode, require_clock(db, key))

    def pending_comparisons(self, game_id: str, draws_max: int) -> tuple[PendingComparison, ...]:
        """Return the next draws to compare with late results, one piece a date, at most ``draws_max`` in all."""
        with self.reading() as db:
            key = require_game_key(db, game_id)
            return self._backlogs.setdefault(key, Backlog()).pending(db, key, draws_max)

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
