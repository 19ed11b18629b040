"""Batches in, units out, and how the end of work travels on."""

import trio

from actors.aggregator import run_aggregator
from actors.mail import Letter
from tests.actors.scenes import batch, clock_of, make_store, make_world
from universe.counting import count_draws
from universe.units import DrawBatch, DrawUnit


async def test_every_batch_is_counted_and_the_end_is_passed_on() -> None:
    send, inbox = trio.open_memory_channel[DrawBatch](2)
    letters, outbox = trio.open_memory_channel[Letter](2)
    with send:
        send.send_nowait(batch(1, 150))
        send.send_nowait(batch(151, 180))
    await run_aggregator(inbox, letters, make_world(make_store()))
    units = [letter.unit async for letter in outbox]
    assert all(isinstance(unit, DrawUnit) for unit in units)
    deltas = [unit.delta for unit in units if isinstance(unit, DrawUnit)]
    assert deltas == [
        count_draws(clock_of(), 1, batch(1, 150).ranks),
        count_draws(clock_of(), 151, batch(151, 180).ranks),
    ]
