"""One simulating process a data directory: ``flock`` on a file that is never deleted, so that it dies with its process.

flock and not SQLite's or POSIX locks: no other code's ``open`` and ``close`` of the file can lose it. It is polled,
never waited for: a blocked wait in an abandoned thread could take the lock later with nobody knowing.
"""

import fcntl
import os
import time
from pathlib import Path
from typing import Self

from storage.errors import LockedError, StoreError

LOCK_NAME = "lock"
PATIENCE_TRIES, PATIENCE_SECONDS = 3, 0.02  # for `status`, which touches the lock for an instant


class LeaderLock:
    """The right to simulate in one directory."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / LOCK_NAME
        self._fd: int | None = None

    @property
    def held(self) -> bool:
        """Whether this process has the lock."""
        return self._fd is not None

    def try_acquire(self) -> bool:
        """Take the lock if nobody has it; says whether this process holds it now."""
        if self._fd is not None:
            return True
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"{self._path}: {error.strerror}") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return False
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd
        return True

    def is_held_elsewhere(self) -> bool:
        """Return whether another process simulates here. For an instant it may look taken to one that just starts."""
        if self._fd is not None or not self._path.exists():
            return False
        fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
        return False

    def holder(self) -> int | None:
        """Return the process id that the lock file names: the holder's while it is held, else the last one's."""
        try:
            return int(self._path.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def require(self, purpose: str) -> Self:
        """Take the lock, or raise LockedError that names the process which has it."""
        for _ in range(PATIENCE_TRIES):
            if self.try_acquire():
                return self
            time.sleep(PATIENCE_SECONDS)
        if not self.try_acquire():
            raise LockedError(
                f"{purpose} needs the universe for itself, and process {self.holder()} simulates in {self._path.parent}"
            )
        return self

    def release(self) -> None:
        """Give the lock back; the file stays."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
