"""Waiting for a store that cannot serve now: parked for all to see, and tried again until it can."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

from actors.world import World
from storage.errors import StoreDamaged, StoreUnavailable

PARK_RETRY_SECONDS = 2.0

Result = TypeVar("Result")


async def patiently(actor: str, world: World, attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Return what ``attempt`` returns, however often the store has to be asked. Any other error is a crash.

    A full disk, a failing device, a directory that became read-only: whoever mends it need not restart anything.
    """
    parked = False
    try:
        while True:
            try:
                return await attempt()
            except (StoreUnavailable, StoreDamaged) as fault:
                world.board.park(actor, str(fault), world.now())
                parked = True
                await trio.sleep(PARK_RETRY_SECONDS)
    finally:
        if parked:
            world.board.unpark(actor)
