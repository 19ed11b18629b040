"""A copy as one whole file: made beside its place, verified by whoever wants to, and given its name at once."""

import errno
import glob
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import mkstemp

import apsw

from storage.connection import Location, open_reader, translated
from storage.differences import DAMAGE
from storage.errors import StoreError, StoreFull, StoreUnavailable

ABANDONED_SECONDS = 3600.0
STEP_PAGES = 500  # between two of them a copy can be cancelled
_BESIDE = ("-wal", "-shm", "-journal")

Progress = Callable[[int, int], None]  # pages copied, and all of them


def copy_pages(source: apsw.Connection, target: apsw.Connection, progress: Progress = lambda *_: None) -> None:
    """Replace everything in the target in one transaction; the source is inside a read transaction."""
    with target.backup("main", source, "main") as copying:
        while not copying.done:
            copying.step(STEP_PAGES)
            progress(copying.page_count - copying.remaining, copying.page_count)


@contextmanager
def copied_beside(file: Path, source: apsw.Connection, progress: Progress) -> Iterator[Path]:
    """Make a copy that is whole in itself, in the directory of ``file``; what is not put in place goes again."""
    with as_ours(file):
        _sweep(file)
        descriptor, name = mkstemp(prefix=f".{file.name}.", suffix=".part", dir=file.parent)
        os.close(descriptor)
    part = Path(name)
    try:
        with translated(Location(file)):
            target = apsw.Connection(name)
            try:
                target.pragma("locking_mode", "exclusive")  # no index of a log that is gone in a moment
                target.pragma("journal_mode", "off")
                target.pragma("synchronous", 0)  # it is synced once, when it is put in place
                copy_pages(source, target, progress)
                if target.pragma("journal_mode", "delete") != "delete":
                    raise StoreError(f"{file}: the copy would need a log beside it")
            finally:
                target.close()
        yield part
    finally:
        for path in (part, *beside(part)):
            path.unlink(missing_ok=True)


def _sweep(file: Path) -> None:
    """Remove what killed backups to this name left; none that lives writes nothing for an hour."""
    for old in file.parent.glob(f".{glob.escape(file.name)}.*.part"):
        if time.time() - old.stat().st_mtime > ABANDONED_SECONDS:
            old.unlink(missing_ok=True)


def put_in_place(part: Path, file: Path) -> None:
    """Let the copy take the file's name at once, and durably."""
    with as_ours(file):
        sync(part)
        part.replace(file)
        sync(file.parent)


def require_room_for(file: Path, live: Location, *, force: bool) -> None:
    """Raise StoreError unless a backup may take this name."""
    assert live.path is not None
    taken = {live.path, *beside(live.path), live.path.with_name("lock")}
    if file.resolve() in {path.resolve() for path in taken} or (file.exists() and live.path.samefile(file)):
        raise StoreError(f"{file}: the universe itself is here; a backup goes elsewhere")
    if file.exists() and not file.is_file():
        raise StoreError(f"{file}: not a file; a backup is one")
    if file.exists():
        _require_replaceable(file, live, force=force)
    for path in beside(file):
        if not path.name.endswith("-shm") and path.exists() and path.stat().st_size:
            raise StoreError(f"{path}: the log of another database; a backup with this name would be taken for it")


def _require_replaceable(file: Path, live: Location, *, force: bool) -> None:
    """Raise StoreError for a file that is no older backup of this universe, or is to stay."""
    if not force:
        raise StoreError(f"{file}: exists; --force replaces an older backup of this universe")
    if file.with_name("lock").exists():
        raise StoreError(f"{file}: a universe lives in this directory; a backup goes elsewhere")
    if file.stat().st_size and _universe_id(Location(file)) != _universe_id(live):
        raise StoreError(f"{file}: no backup of this universe; --force replaces only those")


def _universe_id(location: Location) -> str | None:
    try:
        with closing(open_reader(location)) as db:
            found: str | None = db.execute("SELECT universe_id FROM universe").get
            return found
    except DAMAGE:
        return None


def beside(path: Path) -> list[Path]:
    """Return the files that SQLite may keep beside a database."""
    return [path.with_name(path.name + suffix) for suffix in _BESIDE]


def sync(path: Path) -> None:
    """Sync a file or directory; nobody in this process has it open by SQLite, whose locks a close would lose."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def as_ours(file: Path) -> Iterator[None]:
    """Turn the system's errors about a file into ours."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StoreFull(f"{file}: no room left on the device") from error
        if error.errno == errno.EIO:
            raise StoreUnavailable(f"{file}: the device fails") from error
        raise StoreError(f"{file}: {error.strerror}") from error
