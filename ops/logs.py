"""Logging: one JSON line an event on stderr; readable lines if stderr is a person's terminal. stdout is never used.

Level and format are the operator's; what is secret is left out at every level.
"""

import contextlib
import fcntl
import logging
import os
import select
import stat
import sys
import termios
from typing import Any, Literal, TextIO, cast

import structlog

# Without local variables: they may hold what is nobody's business.
_TRACEBACKS = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)

ROUTINE = frozenset({"batch.committed", "run.finished"})  # a person sees a moving bar and a table instead
TELLTALES = ("mcp.server.streamable_http", "mcp.server.streamable_http_manager")  # their chatter names sessions

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "text"]


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


def configure_logging(*, level: int = logging.INFO, form: Format = "auto") -> None:
    """Send structlog's and the standard library's events to stderr in one shape. Call it before anything logs.

    It may be called again: what logs from then on does so as told last.
    """
    terminal = sys.stderr is not None and sys.stderr.isatty()  # None: closed by whoever started us
    debugging = level <= logging.DEBUG
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    as_text = form == "text" or (form == "auto" and terminal)
    last = _text(terminal=terminal) if as_text else _json()
    if as_text and terminal and not debugging:
        last.insert(0, _drop_routine)
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
    serious = max(level, logging.WARNING)
    root.setLevel(logging.INFO if debugging else serious)  # libraries speak up when something is wrong
    for name in TELLTALES:
        logging.getLogger(name).setLevel(max(level, logging.ERROR))  # a warning names a session too
    logging.captureWarnings(capture=True)


def _json() -> list[Any]:
    return [structlog.processors.ExceptionRenderer(_TRACEBACKS), structlog.processors.JSONRenderer(default=str)]


def _text(*, terminal: bool) -> list[Any]:
    return [structlog.dev.ConsoleRenderer(colors=terminal, exception_formatter=structlog.dev.plain_traceback)]
