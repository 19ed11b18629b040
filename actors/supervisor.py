"""Restarting what crashes: policy and nothing else. An actor does not know that it is supervised.

What shares a mailbox crashes together: one nursery inside ``keep_alive``. What stands alone restarts alone:
``keep_alive`` inside the nursery.
"""

import random
from collections import deque
from collections.abc import Awaitable, Callable

import attrs
import structlog
import trio
from attrs import validators

from actors.board import Board
from universe.errors import UniverseError

log = structlog.get_logger()


class RestartBudgetExceeded(UniverseError):  # noqa: N818 - it names what happened, and nothing is wrong with the budget
    """A child crashed too often in too short a time. Its last crash is the cause."""

    def __init__(self, name: str, crashes: int, window_seconds: float) -> None:
        super().__init__(name, crashes, window_seconds)
        self.name = name
        self.crashes = crashes
        self.window_seconds = window_seconds

    def __str__(self) -> str:
        return f"{self.name} crashed {self.crashes} times within {self.window_seconds:g} s: gave up"


@attrs.frozen(kw_only=True)
class Child:
    """Something to keep alive. Each call of ``run`` is one life, which starts from the store, not from memory."""

    name: str
    run: Callable[[], Awaitable[None]]


@attrs.frozen(kw_only=True)
class RestartBudget:
    """How many crashes within a window are borne, and how long to pause after each of them.

    Pauses double up to a maximum; ``jitter`` (0 to 1) takes up to half of one away, so that what crashed together does
    not come back together.
    """

    crashes_max: int = attrs.field(default=5, validator=validators.ge(0))
    window_seconds: float = attrs.field(default=300.0, validator=validators.gt(0))
    backoff_seconds: float = attrs.field(default=0.25, validator=validators.ge(0))
    backoff_seconds_max: float = attrs.field(default=10.0, validator=validators.ge(0))
    jitter: Callable[[], float] = random.random

    def pause_seconds(self, crashes: int) -> float:
        """Return the pause after the last of so many crashes within the window."""
        doublings = min(crashes - 1, 60)  # 2 ** 60 times any pause is the maximum
        pause = min(self.backoff_seconds * 2.0**doublings, self.backoff_seconds_max)
        return pause * (1 - self.jitter() / 2)


async def keep_alive(child: Child, budget: RestartBudget, board: Board) -> None:
    """Run one child until it finishes; start it again after a crash, each time after a longer pause.

    RestartBudgetExceeded when it has crashed too often. A group of errors out of one nursery is one crash; what is
    cancelled has not crashed.
    """
    crashes: deque[float] = deque()
    while True:
        try:
            await child.run()
        except Exception as crash:  # any error is a crash; Cancelled is a BaseException
            crashes.append(trio.current_time())
            while crashes[0] < crashes[-1] - budget.window_seconds:
                crashes.popleft()
            if len(crashes) > budget.crashes_max:
                log.exception("actor.gave_up", actor=child.name, crashes=len(crashes))
                raise RestartBudgetExceeded(child.name, len(crashes), budget.window_seconds) from crash
            pause = budget.pause_seconds(len(crashes))
            log.exception("actor.crashed", actor=child.name, crashes=len(crashes), pause_seconds=round(pause, 3))
        except BaseExceptionGroup as mixed:  # what crashes while it is cancelled is told, and not restarted
            failed, rest = mixed.split(Exception)
            if failed is not None:
                log.exception("actor.crashed", actor=child.name, crashes=len(crashes) + 1)
            assert rest is not None
            raise rest from None
        else:
            return
        board.note_restart(child.name)
        await trio.sleep(pause)
