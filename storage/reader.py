"""Reading: one connection, one snapshot an answer, hot data only. A bounded look costs microseconds: it is inline."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from threading import RLock
from weakref import ref

import apsw
import attrs

from storage.connection import FrozenConnection, Location, open_reader, read_transaction, translated
from storage.errors import NoUniverseError, StoreUnavailable
from storage.remembered import Remembered
from storage.schema import SCHEMA_VERSION, Mode, require_schema
from storage.snapshot import Snapshot
from universe.game import Game


@attrs.define
class Reader:
    """A read-only connection, for one thread at a time.

    ``defaults`` are the games a process works on; the first of them is the default game until one is initialised.
    """

    mode: Mode
    _location: Location
    _db: apsw.Connection
    _defaults: tuple[Game, ...] = ()
    _file: tuple[int, int] | None = None
    _log: tuple[int, int] | None = None
    _schema: int = 0
    _remembered: Remembered = attrs.field(factory=Remembered)
    _twins: "list[ref[Reader]]" = attrs.field(factory=list)
    _turn: RLock = attrs.field(factory=RLock)  # held while a snapshot is open
    _closed: bool = False

    @classmethod
    def open(cls, location: Location, mode: Mode, defaults: Sequence[Game] = ()) -> "Reader":
        """Open a universe for reading; StoreError if there is none, or one of another mode or schema."""
        games = tuple(sorted(defaults, key=lambda game: game.game_id))
        file = location.file_identity()
        return cls(mode, location, _opened(location, mode), games, file)

    def twin(self) -> "Reader":
        """Open another reader of the same universe, for another thread; it is closed together with this one."""
        twin = Reader.open(self._location, self.mode, self._defaults)
        self._twins = [known for known in self._twins if known() is not None] + [ref(twin)]
        return twin

    def close(self) -> None:
        """Close the connection; one that a thread reads from closes itself when that thread has its answer.

        The twins go too: a connection that stays open keeps the writer from emptying its log at the end.
        """
        self._closed = True
        self._close_unless_in_use()
        for known in self._twins:
            if (twin := known()) is not None:
                twin.close()

    def _close_unless_in_use(self) -> None:
        if self._turn.acquire(blocking=False):
            try:
                self._db.close()
            finally:
                self._turn.release()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """One read transaction: every figure of an answer is of the same commit."""
        try:
            with self._turn:
                self._keep_up()
                with translated(self._location), read_transaction(self._db):
                    self._forget_what_was_replaced()
                    yield Snapshot(self._db, self.mode, self._defaults, self._remembered)
        finally:
            if self._closed:
                self._close_unless_in_use()

    def commit_mark(self) -> tuple[object, int]:
        """Return, inside of a snapshot, what is equal for snapshots of the same commit and for no others."""
        version: int = self._db.pragma("data_version")  # means something to its own connection alone
        return self._db, version

    def _keep_up(self) -> None:
        """Read the file that has the name now, unless the log beside it is still the former one's."""
        file, log = self._location.file_identity(), self._location.log_identity()
        if file != self._file and file and log and log == self._log:
            raise StoreUnavailable(f"{self._location}: was replaced while in use; stop every process that has it open")
        if file != self._file or self._is_thawed():
            self._open_anew()
        self._log = log

    def _is_thawed(self) -> bool:
        """Whether somebody writes what this connection reads as a file that never changes."""
        return isinstance(self._db, FrozenConnection) and not self._location.is_at_rest()

    def _open_anew(self) -> None:
        """Read the file that has this name now: another may have taken the place of the one that was opened."""
        file = self._location.file_identity()
        db = _opened(self._location, self.mode)
        self._db.close()
        self._db, self._file, self._schema = db, file, 0

    def _forget_what_was_replaced(self) -> None:
        """Begin to remember anew after a restore: whatever was put in the place of all pages has another cookie."""
        schema: int = self._db.pragma("schema_version")
        if schema != self._schema:
            self._schema, self._remembered = schema, Remembered()


def older_schema(location: Location, mode: Mode) -> int | None:
    """Return the schema of a universe that an earlier program made, None for one of this program's.

    StoreError as Reader.open raises it, but for the schema; NoUniverseError where there is nothing yet.
    """
    with closing(_opened(location, mode, may_migrate=True)) as db, translated(location):
        version: int = db.pragma("user_version")
    return version if version < SCHEMA_VERSION else None


def _opened(location: Location, mode: Mode, *, may_migrate: bool = False) -> apsw.Connection:
    if location.path is not None and location.file_identity() is None:
        raise NoUniverseError(str(location))
    db = open_reader(location)
    try:
        with translated(location):
            require_schema(db, mode, name=str(location), may_migrate=may_migrate)
    except BaseException:
        db.close()
        raise
    return db
