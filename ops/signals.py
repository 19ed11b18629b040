"""SIGTERM and SIGINT through the program's life: at once, then in order, and at last unheard.

Until a command works nothing is begun, so the process ends there and then. A command that simulates is asked to stop;
any other is interrupted. Once its result is about to be told, a further signal changes nothing, and the process ends
without the interpreter's own shutdown. What remains to the system's own way are the first milliseconds, before the
interpreter runs a line of ours.

It is imported before everything else, and imports nothing heavy itself. Where the program is called by another, such as
a test, signals stay as they are.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import trio

SIGNALS = (signal.SIGINT, signal.SIGTERM)  # in this order: who hears the second hears both
MUST_FINISH = frozenset(  # else they say so: what writes, and what finds nothing wrong
    {"archive", "backup", "extend", "fairness", "ingest", "report", "reset", "restore", "selftest", "verify"}
)

Handler = Callable[[int, FrameType | None], None] | signal.Handlers


def unfinished_code(*words: str) -> int:
    """Return the exit code of a call that a signal cut short: 0, unless it was to write what it now may not have."""
    return 3 if MUST_FINISH.intersection(words) else 0


def end_at_once_from_now_on() -> None:
    """Take the signals for the program, as the first thing it does."""
    for number in SIGNALS:
        signal.signal(number, _end_at_once)


def interrupt_from_now_on() -> None:
    """Let signals raise KeyboardInterrupt, so that a command leaves what it has opened in order."""
    _handle(signal.SIGTERM, _be_interrupted)
    _handle(signal.SIGINT, signal.default_int_handler)  # the one that trio replaces by its own


def ignore_from_now_on() -> None:
    """Let no signal spoil an end that is under way."""
    for number in SIGNALS:
        _handle(number, signal.SIG_IGN)


def leave(code: int) -> NoReturn:
    """End the process with this exit code; the program without the interpreter's own shutdown.

    That takes as long as everything before it in a short command, and would only take apart what ends anyway.
    """
    if not _is_taken():
        sys.exit(code)
    ignore_from_now_on()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or nobody reads it
            stream.flush()
    os._exit(code)


async def watch_signals(stop: "trio.Event", *, task_status: "trio.TaskStatus[None]") -> None:
    """Set ``stop`` at SIGTERM or SIGINT, however often they come. Runs until cancelled; then they are ignored."""
    import structlog
    import trio

    log = structlog.get_logger()
    unwatched: list[int] = []  # those of the moment before the receiver stands, and those after it has gone
    for number in SIGNALS:
        _handle(number, lambda number, _: unwatched.append(number))
    with trio.open_signal_receiver(*SIGNALS) as signals:
        if unwatched:
            stop.set()
        task_status.started()
        async for received in signals:
            log.info("process.signalled", signal=signal.Signals(received).name)
            stop.set()


def _end_at_once(_number: int, _frame: FrameType | None) -> None:
    code = unfinished_code(*sys.argv)
    if code:
        with contextlib.suppress(OSError):  # stderr is closed
            os.write(2, b"universe: interrupted before it began\n")
    os._exit(code)  # an exception would be lost in some library's callback


def _be_interrupted(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)


def _handle(number: signal.Signals, handler: Handler) -> None:
    if _is_taken():
        signal.signal(number, handler)


def _is_taken() -> bool:
    """Whether this process is the program, which has taken the signals."""
    return signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
