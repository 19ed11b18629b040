"""One simulating process a data directory: ``flock`` on a file that is never deleted, so that it dies with its process.

flock and not SQLite's or POSIX locks: no other code's ``open`` and ``close`` of the file can lose it. It is polled,
never waited for: a blocked wait in an abandoned thread could take the lock later with nobody knowing.
"""

import contextlib
import fcntl
import os
import time
from pathlib import Path
from typing import Self

from storage.errors import LockedError, StoreUnavailable

LOCK_NAME = "lock"
PATIENCE_TRIES, PATIENCE_SECONDS = 20, 0.05  # for who has the lock for a moment: `status`, an `ingest`


class LeaderLock:
    """The right to simulate in one directory."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / LOCK_NAME
        self._fd: int | None = None

    @property
    def held(self) -> bool:
        """Whether this process has the lock."""
        return self._fd is not None

    def try_acquire(self) -> bool:
        """Take the lock if nobody has it; says whether this process holds it now. StoreUnavailable where none can."""
        if self._fd is None:
            self._fd = self._taken()
        return self.held

    def _taken(self) -> int | None:
        """Return the locked file, None if another process has it locked."""
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(f"{self.path}: {error.strerror}") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._is_file(fd):  # and was not replaced between the two calls
                os.ftruncate(fd, 0)
                with contextlib.suppress(OSError):  # a full disk: the lock holds without the number
                    os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
                return fd
        except BlockingIOError:
            pass
        except OSError as error:
            os.close(fd)
            raise StoreUnavailable(f"{self.path}: {error.strerror}") from error
        os.close(fd)
        return None

    def _is_file(self, fd: int) -> bool:
        """Return whether the open file is still the one of that name."""
        try:
            return os.path.samestat(os.fstat(fd), self.path.stat())
        except FileNotFoundError:
            return False
        except OSError:  # the device fails: who could have replaced it there?
            return True

    def renew(self) -> bool:
        """Keep the lock even if somebody deleted its file; False, and nothing held, if another process has it now."""
        held = self._fd
        if held is None or self._is_file(held):
            return self.held
        self._fd = self._taken()
        os.close(held)
        return self.held

    def is_held_elsewhere(self) -> bool:
        """Return whether another process simulates here. For an instant it may look taken to one that just starts."""
        if self._fd is not None or not self.path.exists():
            return False
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise StoreUnavailable(f"{self.path}: {error.strerror}") from error
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
            return int(self.path.read_text(encoding="ascii"))
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
                f"{purpose} needs the universe for itself, and process {self.holder()} works in {self.path.parent}"
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
