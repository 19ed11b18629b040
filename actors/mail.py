"""What goes into the writer's mailbox: a unit, and the answer its sender may wait for."""

from collections.abc import Sequence

import attrs
import trio

from storage.interface import Committed
from universe.units import Unit


@attrs.define(eq=False)
class Letter:
    """A unit on its way into a transaction. Whoever sent it may wait until it is kept."""

    unit: Unit
    _answered: trio.Event = attrs.field(factory=trio.Event, init=False)
    _committed: Committed | None = attrs.field(default=None, init=False)

    def answer(self, committed: Committed) -> None:
        """Tell the sender what the unit's transaction changed."""
        self._committed = committed
        self._answered.set()

    async def wait_committed(self) -> Committed:
        """Wait for the answer. None ever comes if the writer crashes: then the whole life ends."""
        await self._answered.wait()
        assert self._committed is not None
        return self._committed


async def deliver(unit: Unit, letters: trio.MemorySendChannel[Letter]) -> Committed:
    """Send a unit to the writer and wait until it is kept."""
    letter = Letter(unit)
    await letters.send(letter)
    return await letter.wait_committed()


async def deliver_all(units: Sequence[Unit], letters: trio.MemorySendChannel[Letter]) -> None:
    """Send units to the writer and wait until all are kept."""
    sent = [Letter(unit) for unit in units]
    for letter in sent:
        await letters.send(letter)
    for letter in sent:
        await letter.wait_committed()
