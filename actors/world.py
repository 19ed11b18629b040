"""Everything that actors share, handed to them as one argument. No registry, no global to patch."""

import os
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Protocol, TypeVar, TypeVarTuple

import attrs
import trio

from actors.board import Board
from actors.supervisor import RestartBudget
from storage.interface import Store

BACKGROUND_THREADS = 4
BACKGROUND_NICE = 10

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


def _lower_priority() -> None:
    """Let this thread wait whenever the event loop or a commit has something to do. Linux alone knows threads here."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BACKGROUND_NICE)


_background = ThreadPoolExecutor(BACKGROUND_THREADS, "background", _lower_priority)


async def call_in_background(function: Callable[[*Arguments], Result], /, *arguments: *Arguments) -> Result:
    """Run it in a thread of low priority. Cancelling waits for the thread."""
    done, token = trio.Event(), trio.lowlevel.current_trio_token()
    future = _background.submit(function, *arguments)
    future.add_done_callback(lambda _: token.run_sync_soon(done.set))
    with trio.CancelScope(shield=True):
        await done.wait()
    await trio.lowlevel.checkpoint_if_cancelled()
    return future.result()


async def call_at_once(function: Callable[[*Arguments], Result], /, *arguments: *Arguments) -> Result:
    """Run it here, in no time: for virtual time, whose clock leaps over anyone who waits for a thread."""
    await trio.lowlevel.checkpoint()
    return function(*arguments)


def now_utc() -> datetime:
    """Return the present, as the machine has it."""
    return datetime.now(UTC)


@attrs.frozen(kw_only=True)
class World:
    """The surroundings of every actor. ``now`` is the world's clock, UTC; pauses are on trio's.

    ``offload`` is for what others wait for, ``background`` for work that fills the processors, ``turn`` for those who
    would fill the mailboxes all at once.
    """

    store: Store
    offload: Offload = call_in_thread
    background: Offload = attrs.field()
    budget: RestartBudget = attrs.field(factory=RestartBudget)
    board: Board = attrs.field(factory=Board)
    turn: trio.Lock = attrs.field(factory=trio.Lock)
    now: Callable[[], datetime] = now_utc

    @background.default
    def _with_threads_if_any(self) -> Offload:
        return call_in_background if self.offload is call_in_thread else self.offload
