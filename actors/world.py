"""Everything that actors share, handed to them as one argument. No registry, no global to patch."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Protocol, TypeVar, TypeVarTuple

import attrs
import trio

from actors.board import Board
from actors.supervisor import RestartBudget
from storage.interface import Store

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


class Offload(Protocol):
    """Runs a synchronous function off the event loop. Once it has begun it ends, and its result is never dropped."""

    def __call__(
        self, function: Callable[[*Arguments], Result], /, *arguments: *Arguments
    ) -> Awaitable[Result]:  # an async function, seen from outside
        """Run it with these arguments."""
        ...


async def call_in_thread(function: Callable[[*Arguments], Result], /, *arguments: *Arguments) -> Result:
    """Run it in a worker thread. Cancelling waits for the thread: what was committed is known to be."""
    return await trio.to_thread.run_sync(function, *arguments)


async def call_at_once(function: Callable[[*Arguments], Result], /, *arguments: *Arguments) -> Result:
    """Run it here, in no time: for virtual time, whose clock leaps over anyone who waits for a thread."""
    await trio.lowlevel.checkpoint()
    return function(*arguments)


def now_utc() -> datetime:
    """Return the present, as the machine has it."""
    return datetime.now(UTC)


@attrs.frozen(kw_only=True)
class World:
    """The surroundings of every actor. ``now`` is the world's clock, UTC; pauses are on trio's."""

    store: Store
    offload: Offload = call_in_thread
    budget: RestartBudget = attrs.field(factory=RestartBudget)
    board: Board = attrs.field(factory=Board)
    now: Callable[[], datetime] = now_utc
