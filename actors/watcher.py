"""Noticing what other processes commit: results by ``ingest``, a milestone by ``extend``."""

from functools import partial

import trio

from actors.patience import patiently
from actors.world import World

WATCHER = "watcher"
WATCH_SECONDS = 0.25


async def run_watcher(world: World) -> None:
    """Tell the board when another process has committed. Runs until cancelled.

    It tells at once when it starts: nobody knows what happened while it did not look.
    """
    seen: int | None = None
    while True:
        changes = await patiently(WATCHER, world, partial(world.offload, world.store.changes))
        if changes != seen:
            seen = changes
            world.board.news.ring()
        await trio.sleep(WATCH_SECONDS)
