"""Opening SQLite the one right way, and the one kind of transaction.

What was measured: ``with db:`` begins deferred and holds the interpreter lock through its commit; ``execute`` of
several pragmas stops at the first that answers. So: explicit statements, pragmas one by one and read back.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import apsw

from storage.errors import StoreDamaged, StoreError, StoreFull, StoreUnavailable

PAGE_BYTES = 8192
READER_BUSY_MS = 100  # a reader waits on the event loop: only as long as an answer may be late
WRITER_BUSY_MS = 30_000  # `ingest` and `extend` commit beside a simulating process
LEADER_BUSY_MS = 1_000  # what simulates parks and tries again instead: it has to end soon when told to
CHECKPOINT_PAGES = 500  # about 4 MB of log
LOG_HEADER_BYTES = 32
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

    def is_at_rest(self) -> bool:
        """Whether all of it is in the one file: no log with commits that are not yet in the database."""
        return self.path is not None and self.log_identity() is None

    def log_identity(self) -> tuple[int, int] | None:
        """Return what tells the log beside the file from another; None where there is none, or no commit in it."""
        log = _stat(self.path.with_name(f"{self.path.name}-wal")) if self.path else None
        return (log.st_dev, log.st_ino) if log and log.st_size > LOG_HEADER_BYTES else None

    def require_own_log(self) -> None:
        """Raise StoreDamaged for a log beside no database: SQLite would take the two for a new one, and delete it."""
        found = _stat(self.path) if self.path else None
        if self.path and not (found and found.st_size) and self.log_identity():
            raise StoreDamaged(f"{self}: {'empty' if found else 'gone'}, and commits are in the log beside it: "
                               "put it back, or restore a backup")  # fmt: skip  # one sentence

    def free_bytes(self) -> int | None:
        """Return the room that is left for the file; None in memory."""
        if self.path is None:
            return None
        system = os.statvfs(self.path.parent)
        return system.f_bavail * system.f_frsize

    def file_identity(self) -> tuple[int, int] | None:
        """Return what tells this file from one that took its name; None in memory or if there is none."""
        found = _stat(self.path) if self.path else None
        return (found.st_dev, found.st_ino) if found else None

    def uri(self) -> str:
        """Return the SQLite URI. psow=0: do not trust a torn sector beside a write to stay whole."""
        if self.path is None:
            return f"file:/{self._memory_name}?vfs=memdb"
        quoted = str(self.path.resolve()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        return f"file:{quoted}?psow=0"


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StoreUnavailable(f"{path}: {error.strerror}") from error


class FrozenConnection(apsw.Connection):
    """Reads a file that nobody writes, and that could not be read otherwise: SQLite takes no locks here."""


def open_reader(location: Location) -> apsw.Connection:
    """Open a read-only connection; StoreError if there is no database.

    Where the log's index cannot be made (a read-only directory, a full disk), a database at rest is read as one that
    never changes: whoever keeps such a FrozenConnection must look whether it is still at rest.
    """
    location.require_own_log()
    with translated(location, opening=True):
        try:
            return _reader(apsw.Connection, location, location.uri())
        except (apsw.CantOpenError, apsw.IOError, apsw.ReadOnlyError):
            if location.file_identity() is None or not location.is_at_rest():
                raise
            return _reader(FrozenConnection, location, f"{location.uri()}&immutable=1")


def _reader(kind: type[apsw.Connection], location: Location, uri: str) -> apsw.Connection:
    db = kind(uri, flags=_OPEN | _READ)
    try:
        db.set_busy_timeout(WRITER_BUSY_MS if location.in_memory else READER_BUSY_MS)
        db.pragma("query_only", 1)
        db.pragma("temp_store", 2)
        db.pragma("user_version")  # the first read is what a missing index of the log fails
    except BaseException:
        db.close()
        raise
    return db


def open_writer(
    location: Location, *, create: bool = False, busy_ms: int = WRITER_BUSY_MS, anew: bool = False
) -> apsw.Connection:
    """Open a connection that may write: WAL, a sync at every commit, checkpoints only when asked for.

    ``anew`` writes every page once more, before the log is emptied.
    """
    location.require_own_log()
    with translated(location, opening=True):
        if create and location.path is not None:
            _create_private(location.path)
        db = apsw.Connection(location.uri(), flags=_OPEN | (_CREATE if create else _WRITE))
        try:
            _prepare_writer(db, location, create=create, busy_ms=busy_ms, anew=anew)
        except BaseException:
            db.close()
            raise
        return db


def _create_private(path: Path) -> None:
    """Make an empty file for this user alone, if there is none; SQLite gives its log the same rights.

    One that is there is not even opened: closing it would drop the locks that this process's readers have on it.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        pass
    except OSError as error:
        raise StoreUnavailable(f"{path}: cannot be opened ({error.strerror})") from error


def _prepare_writer(db: apsw.Connection, location: Location, *, create: bool, busy_ms: int, anew: bool) -> None:
    db.set_busy_timeout(busy_ms)
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
    if anew:
        db.execute("VACUUM")
    if not location.in_memory:
        _empty_log(db, busy_ms)


def _empty_log(db: apsw.Connection, busy_ms: int) -> None:
    """Begin with a log that is all in the database, and on disk, unless somebody else is at work there.

    What a crash or a failed sync left of it may be in the system's memory alone: commits that follow would hang on it.
    """
    db.pragma("user_version")  # before its first read a connection moves nothing
    db.set_busy_timeout(0)
    with suppress(apsw.BusyError):
        db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    db.set_busy_timeout(busy_ms)


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
    """Turn SQLite's errors that a person can act on into ours."""
    try:
        yield
    except apsw.FullError as error:
        raise StoreFull(f"{location}: no room left on the device") from error
    except apsw.ReadOnlyError as error:
        raise StoreUnavailable(f"{location}: the file or its directory is read-only") from error
    except (apsw.BusyError, apsw.LockedError, apsw.ProtocolError) as error:
        raise StoreUnavailable(f"{location}: another process keeps it locked") from error
    except (apsw.CantOpenError, apsw.PermissionsError) as error:
        kind = StoreError if opening and location.file_identity() is None else StoreUnavailable
        raise kind(f"{location}: cannot be opened ({error})") from error
    except apsw.IOError as error:
        what = "cannot be read" if opening else "the device fails"
        raise StoreUnavailable(f"{location}: {what} ({error})") from error
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise StoreDamaged(f"{location}: not a universe, or damaged ({error})") from error
    except UnicodeDecodeError as error:
        raise StoreDamaged(f"{location}: damaged text ({error})") from error
