"""Turning batches into what their transactions have to keep. It knows no game and no rate."""

import trio

from actors.mail import Letter
from actors.world import World
from universe.counting import count_draws
from universe.units import DrawBatch, DrawUnit


def count_batch(batch: DrawBatch) -> DrawUnit:
    """Return the batch with what it adds to the counters."""
    return DrawUnit(batch=batch, delta=count_draws(batch.clock, batch.first, batch.ranks))


async def run_aggregator(
    inbox: trio.MemoryReceiveChannel[DrawBatch], letters: trio.MemorySendChannel[Letter], world: World
) -> None:
    """Count every batch and send it on. Ends, and closes ``letters``, after the last producer.

    A crash leaves both channels open: the producers are then cancelled with this life, and have not crashed.
    """
    async for batch in inbox:
        await letters.send(Letter(await world.background(count_batch, batch)))
    await letters.aclose()
