"""Who leads a universe: standing by until it is this process's turn, and keeping the lead."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
import trio

from ops.life import Life
from ops.options import Target
from storage.errors import NoUniverseError, StoreError, StoreUnavailable
from storage.lock import LeaderLock

if TYPE_CHECKING:  # these modules import numpy, which the first answer must not wait for
    from ops.prepare import Opened
    from storage.reader import Reader

LEADER = "leader"  # as the board shows what keeps this process from leading
FOLLOW_SECONDS = 0.25  # how often a follower looks whether the leader is gone
RETRY_SECONDS = 2.0  # how often a process that is kept from leading tries again
GUARD_SECONDS = 1.0  # how soon a leader notices that its lock file was replaced

log = structlog.get_logger()


async def stand_by(life: Life, lock: LeaderLock, open_universe: Callable[[], Awaitable["Opened"]]) -> "Opened | None":
    """Answer from what can be read until this process may lead, and return what it leads; None if it is to stop.

    What the store cannot do now (a full disk, a read-only directory) is shown as parked, and tried again. Without a
    client to be served meanwhile, or without anything to read, it is raised.
    """
    followed, told = False, ""
    while not life.stop.is_set():
        try:
            if lock.try_acquire():
                if life.role == "reader":  # SQLite remembers for the whole process that it could only read
                    life.stop_reading()
                opened = await open_universe()
                life.board.unpark(LEADER)
                if followed:
                    log.info("universe.taken_over")
                return opened
            life.role, pause = "follower", FOLLOW_SECONDS
            life.board.unpark(LEADER)
            if not followed:
                log.info("universe.followed", leader=lock.holder(), directory=str(life.options.target.place.root))
            followed = True
            kept_from = await _read_if_possible(life)
            if kept_from != told:
                told = kept_from
                if told:
                    log.warning("universe.awaited", reason=told)
        except StoreUnavailable as fault:
            life.role, pause = ("leader" if lock.held else "reader"), RETRY_SECONDS
            life.board.park(LEADER, str(fault), datetime.now(UTC))
            await _read_if_possible(life)
            if not life.options.serves or life.current is None:
                raise
        with trio.move_on_after(pause):
            await life.stop.wait()
    return None


async def _read_if_possible(life: Life) -> str:
    """Open the universe for reading, if there is one and nobody has done so; returns what is wrong with one there."""
    if life.current is None:
        try:
            life.read_from(await trio.to_thread.run_sync(_open_reader, life.options.target))
        except NoUniverseError as error:
            log.debug("universe.awaited", reason=str(error))
        except StoreError as error:  # such as an older program's, which leads
            return str(error)
    return ""


def _open_reader(target: Target) -> "Reader":
    from storage.connection import Location
    from storage.reader import Reader

    return Reader.open(Location(target.place.database), target.mode)


async def keep_lock(lock: LeaderLock) -> None:
    """Keep the lead although somebody deletes the lock file; StoreUnavailable once another process has taken it."""
    while True:
        if not lock.renew():
            raise StoreUnavailable(f"{lock.path}: was replaced, and process {lock.holder()} leads now")
        await trio.sleep(GUARD_SECONDS)
