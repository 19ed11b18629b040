"""Logging: one JSON line an event on stderr; readable lines if stderr is a person's terminal. stdout is never used."""

import contextlib
import fcntl
import logging
import os
import select
import stat
import sys
import termios
from typing import Any, TextIO, cast

import structlog

# Without local variables: they may hold what is nobody's business.
_TRACEBACKS = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)

ROUTINE = frozenset({"batch.committed", "run.finished"})  # a person sees a moving bar and a table instead


class CurrentStderr:
    """Whatever ``sys.stderr`` is at the moment of writing: progress bars put themselves in its place.

    It neither blocks nor fails: what nobody reads, or no disk takes, is dropped. A log is no reason to stop.
    """

    def write(self, text: str) -> int:
        """Write the text, if it can be taken at once."""
        with contextlib.suppress(OSError, ValueError):
            if sys.stderr and _takes(sys.stderr, len(text.encode(errors="replace"))):
                return sys.stderr.write(text)
        return 0

    def flush(self) -> None:
        """Flush what was written."""
        with contextlib.suppress(OSError, ValueError):
            if sys.stderr:
                sys.stderr.flush()


def _takes(stream: TextIO, size: int) -> bool:
    """Return whether so many bytes can be written without waiting for a reader."""
    try:
        handle = stream.fileno()
    except (OSError, ValueError):  # no file: in memory
        return True
    kind = os.fstat(handle).st_mode
    if stat.S_ISFIFO(kind) and sys.platform == "linux":
        unread = int.from_bytes(fcntl.ioctl(handle, termios.FIONREAD, bytes(4)), sys.byteorder)
        room = fcntl.fcntl(handle, fcntl.F_GETPIPE_SZ) - unread
        return room >= size + select.PIPE_BUF and bool(select.select([], [handle], [], 0)[1])
    return not stat.S_ISSOCK(kind) or bool(select.select([], [handle], [], 0)[1])


def _drop_routine(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if event.get("event") in ROUTINE:
        raise structlog.DropEvent
    return event


def configure_logging(*, level: int = logging.INFO) -> None:
    """Send structlog's and the standard library's events to stderr in one shape. Call it before anything logs."""
    terminal = sys.stderr is not None and sys.stderr.isatty()  # None: closed by whoever started us
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Any] = (
        [_drop_routine, structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if terminal
        else [structlog.processors.ExceptionRenderer(_TRACEBACKS), structlog.processors.JSONRenderer(default=str)]
    )
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, CurrentStderr())),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(CurrentStderr())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))  # libraries speak up when something is wrong
    logging.captureWarnings(capture=True)
