"""Heavy questions, answered beside the event loop: one at a time, in a thread, on a reader of its own.

Everything else is answered inline meanwhile. Equal heavy questions of one commit are answered once, like all others.
"""

from collections.abc import Callable
from threading import Lock
from typing import TypeVar

import attrs
import trio

from tools.looking import PROGRESS_SECONDS, Report, wait_reader
from tools.source import Reader, Source
from universe.errors import UniverseError

WORKING = "working it out"
CALLS_MAX = 16  # that wait or are at work; further ones are asked to come again
THREADS_MAX = 3  # one that is waited for, and those that nobody waits for any more

Answer = TypeVar("Answer")


class CrowdedError(UniverseError):
    """So many heavy questions wait that another would wait too long."""


class Aside:
    """The thread's place: whoever comes while it is taken waits."""

    def __init__(self) -> None:
        self._turn = trio.Lock()
        self._calls = 0
        self._threads = trio.CapacityLimiter(THREADS_MAX)
        self._idle: tuple[Reader, Reader] | None = None  # a reader, and its twin that is not at work

    async def answer(self, source: Source, report: Report, work: Callable[[Reader], Answer]) -> Answer:
        """Return what ``work`` makes of a twin of the reader; ``report`` hears once a second how long it has taken.

        Cancelled, it waits for nothing: the thread ends by itself, and its reader is not used again. CrowdedError where
        too many wait already.
        """
        if self._calls >= CALLS_MAX:
            raise CrowdedError(
                f"{self._calls} questions that take long wait already, no more than {CALLS_MAX} may: ask again later"
            )
        self._calls += 1
        try:
            return await self._answer(source, report, work)
        finally:
            self._calls -= 1

    async def _answer(self, source: Source, report: Report, work: Callable[[Reader], Answer]) -> Answer:
        await wait_reader(source, report)
        failure: Exception | None = None  # raised outside: the nursery would make a group of it
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_tell_time, report)
            try:
                async with self._turn:
                    answer = await self._made(await source.reader(), work)
            except Exception as fault:  # noqa: BLE001  as above
                failure = fault
            nursery.cancel_scope.cancel()
        if failure is not None:
            raise failure
        return answer

    async def _made(self, reader: Reader, work: Callable[[Reader], Answer]) -> Answer:
        loan = _Loan(self._twin_of(reader))
        try:
            return await trio.to_thread.run_sync(loan.work, work, abandon_on_cancel=True, limiter=self._threads)
        except trio.Cancelled:
            loan.give_up()
            raise
        finally:
            if loan.wanted:
                self._idle = reader, loan.twin

    def _twin_of(self, reader: Reader) -> Reader:
        idle, self._idle = self._idle, None
        if idle is not None and idle[0] is reader:
            return idle[1]
        if idle is not None:
            idle[1].close()
        return reader.twin()


@attrs.define
class _Loan:
    """A twin in the hands of a thread. One that nobody waits for any more is closed by whoever holds it last."""

    twin: Reader
    wanted: bool = True
    _at_work: bool = False
    _turn: Lock = attrs.field(factory=Lock)

    def work(self, work: Callable[[Reader], Answer]) -> Answer:
        """Work, in the thread. If nobody waits any more before it begins, it fails, and nobody hears that."""
        with self._turn:
            self._at_work = True
        try:
            return work(self.twin)
        finally:
            with self._turn:
                self._at_work = False
                if not self.wanted:
                    self.twin.close()

    def give_up(self) -> None:
        """Say that nobody waits any more."""
        with self._turn:
            self.wanted = False
            if not self._at_work:
                self.twin.close()


async def _tell_time(report: Report) -> None:
    begun = trio.current_time()
    while True:
        await trio.sleep(PROGRESS_SECONDS)
        with trio.move_on_after(PROGRESS_SECONDS):
            await report(round(trio.current_time() - begun, 3), None, WORKING)
