"""Opening SQLite the one right way, and the one kind of transaction.

What was measured: ``with db:`` begins deferred and holds the interpreter lock through its commit; ``execute`` of
several pragmas stops at the first that answers. So: explicit statements, pragmas one by one and read back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import apsw

from storage.errors import StoreError, StoreFull, StoreUnavailable

PAGE_BYTES = 8192
READER_BUSY_MS = 100  # a reader waits on the event loop: only as long as an answer may be late
WRITER_BUSY_MS = 30_000  # `ingest` and `extend` commit beside a simulating process
CHECKPOINT_PAGES = 500  # about 4 MB of log
LOG_PAGES_MAX = 4_000  # a log that grows further takes longer to write than one that is used from its start again

_OPEN = apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_NOMUTEX
_READ = apsw.SQLITE_OPEN_READONLY
_WRITE = apsw.SQLITE_OPEN_READWRITE
_CREATE = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE


class Location:
    """Where a universe's database is: a file, or memory that this process's connections share."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._memory_name = f"universe-{uuid4().hex}"

    def __str__(self) -> str:
        return str(self.path) if self.path else "memory"

    @property
    def in_memory(self) -> bool:
        """Whether nothing will be left when the last connection closes."""
        return self.path is None

    def uri(self) -> str:
        """Return the SQLite URI. psow=0: do not trust a torn sector beside a write to stay whole."""
        if self.path is None:
            return f"file:/{self._memory_name}?vfs=memdb"
        quoted = str(self.path.resolve()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        return f"file:{quoted}?psow=0"


def open_reader(location: Location) -> apsw.Connection:
    """Open a read-only connection; StoreError if there is no database."""
    with translated(location, opening=True):
        db = apsw.Connection(location.uri(), flags=_OPEN | _READ)
        db.set_busy_timeout(WRITER_BUSY_MS if location.in_memory else READER_BUSY_MS)
        db.pragma("query_only", 1)
        db.pragma("temp_store", 2)
        return db


def open_writer(location: Location, *, create: bool = False) -> apsw.Connection:
    """Open a connection that may write: WAL, a sync at every commit, checkpoints only when asked for."""
    with translated(location, opening=True):
        db = apsw.Connection(location.uri(), flags=_OPEN | (_CREATE if create else _WRITE))
        db.set_busy_timeout(WRITER_BUSY_MS)
        if create:
            db.pragma("page_size", PAGE_BYTES)
        wanted = "memory" if location.in_memory else "wal"
        found = db.pragma("journal_mode", wanted)
        if found != wanted:
            raise StoreError(f"{location}: the file system does not allow journal mode {wanted}, it stays {found}")
        db.pragma("synchronous", 2)
        db.pragma("temp_store", 2)
        db.pragma("cache_size", -16_384)
        db.pragma("foreign_keys", 1)
        db.wal_autocheckpoint(0)
        return db


@contextmanager
def transaction(db: apsw.Connection) -> Iterator[None]:
    """All of it or nothing: BEGIN IMMEDIATE … COMMIT, and the first error is the one that is seen."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextmanager
def read_transaction(db: apsw.Connection) -> Iterator[None]:
    """Every read within sees the same commit."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        if db.in_transaction:
            db.execute("COMMIT")


@contextmanager
def translated(location: Location, *, opening: bool = False) -> Iterator[None]:
    """Turn SQLite's errors that a person can act on into ours; an I/O error later on is a crash of who met it."""
    try:
        yield
    except apsw.FullError as error:
        raise StoreFull(f"{location}: no room left on the device") from error
    except apsw.ReadOnlyError as error:
        raise StoreUnavailable(f"{location}: the file or its directory is read-only") from error
    except apsw.CantOpenError as error:
        raise StoreError(f"{location}: cannot be opened ({error})") from error
    except apsw.BusyError as error:
        raise StoreUnavailable(f"{location}: another process keeps it locked") from error
    except apsw.IOError as error:
        if opening:
            raise StoreError(f"{location}: cannot be read ({error})") from error
        raise
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise StoreError(f"{location}: not a universe, or damaged ({error})") from error
