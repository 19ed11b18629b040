"""The writing connection of a store: lent to one thread at a time, replaced after an error, its log emptied beside."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, RLock
from typing import Self

import apsw
import attrs

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
from storage.errors import StoreError, StoreFull, StoreUnavailable
from storage.schema import Mode, prepare_schema, require_schema

FREE_BYTES_MIN = 2**20  # kept free beside the room that the log needs to be moved into the database
_SUSPECT = (apsw.IOError, apsw.ReadOnlyError, apsw.CantOpenError, apsw.CorruptError, apsw.NotADBError)


@attrs.define
class WriteAccess:
    """A connection that may write.

    After an error of the device nothing is known of what it has in memory, nor of what the system still has of a log
    whose sync failed: the next call opens another and empties the log. After a checkpoint that failed nothing is known
    of the pages either that earlier ones moved only in part, for a reader's sake: SQLite syncs these with the last of
    them and does not move them again. So every page is then written once more.
    """

    location: Location
    mode: Mode
    _busy_ms: int
    _db: apsw.Connection
    renewals: int = 0
    _suspect: bool = False
    _pages_suspect: bool = False
    _file: tuple[int, int] | None = attrs.field(init=False)
    _log_pages: int = 0
    _turn: RLock = attrs.field(factory=RLock)  # actors call from several threads
    _checkpointer: apsw.Connection | None = None
    _emptying: Lock = attrs.field(factory=Lock)

    @_file.default
    def _as_opened(self) -> tuple[int, int] | None:
        return self.location.file_identity()

    @classmethod
    def open(cls, location: Location, mode: Mode, *, create: bool, busy_ms: int = WRITER_BUSY_MS, beside: bool) -> Self:
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
        access = cls(location, mode, busy_ms, db)
        db.set_wal_hook(access._note_log)
        return access

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
        with self.reading() as db, transaction(db):
            yield db

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """Lend the same connection for a look: it sees what was committed last."""
        with self._turn, translated(self.location):
            self._require_file()
            if self._suspect:
                self._open_anew()
            try:
                yield self._db
            except _SUSPECT:
                self._suspect = not self.location.in_memory
                raise

    def _require_file(self) -> None:
        """Raise StoreUnavailable where commits would go into a file that has lost its name.

        The file that has the name now is not opened: the log beside it belongs to the former one.
        """
        found = self.location.file_identity()
        if found != self._file:
            raise StoreUnavailable(
                f"{self.location}: was {'replaced' if found else 'removed'} while in use; "
                "put it back, or stop every process and `universe restore` a backup"
            )

    def _open_anew(self) -> None:
        suspect, self._pages_suspect = self._pages_suspect, True  # should emptying the log fail here
        db = open_writer(self.location, busy_ms=self._busy_ms, anew=suspect)
        try:
            require_schema(db, self.mode, name=str(self.location))
            db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except BaseException:
            db.close()
            raise
        self._db.close(force=True)
        self._db, self._suspect, self._pages_suspect = db, False, False
        self.renewals += 1
        db.set_wal_hook(self._note_log)

    def _note_log(self, _db: apsw.Connection, _name: str, pages: int) -> int:
        self._log_pages = pages
        return apsw.SQLITE_OK

    def require_room(self) -> None:
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
                try:
                    if self._checkpointer is None:
                        self._checkpointer = open_writer(self.location, busy_ms=self._busy_ms)
                    self._checkpointer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
                except StoreFull:
                    raise
                except (*_SUSPECT, StoreError):  # opening empties the log too, and says in our words what went wrong
                    self._forget_checkpointer()
                    raise

    def _forget_checkpointer(self) -> None:
        if self._checkpointer is not None:
            self._checkpointer.close(force=True)
        self._checkpointer, self._suspect = None, not self.location.in_memory
        self._pages_suspect = self._suspect

    def log_is_long(self) -> bool:
        """Whether the next commit had better wait for a checkpoint that is under way."""
        return self._log_pages >= LOG_PAGES_MAX
