"""Exit codes, and how an error is told: one line on stderr, never a traceback."""

import contextlib

import click
import structlog

from actors.supervisor import RestartBudgetExceeded
from storage.errors import StoreUnavailable
from universe.errors import UniverseError

log = structlog.get_logger()

EXIT_DONE, EXIT_CHECK_FAILED, EXIT_BAD_INPUT, EXIT_GAVE_UP = 0, 1, 2, 3


def sole(failure: Exception) -> Exception:
    """Return the one error inside groups of one, as nurseries wrap it."""
    while isinstance(failure, ExceptionGroup) and len(failure.exceptions) == 1:
        failure = failure.exceptions[0]
    return failure


def failure_code(failure: Exception) -> int:
    """Say in one line why a process or command ends, and return its exit code; a mistake of ours is logged in full."""
    failure = sole(failure)
    if isinstance(failure, UniverseError):
        tell(str(failure))
        gave_up = isinstance(failure, RestartBudgetExceeded | StoreUnavailable)
        return EXIT_GAVE_UP if gave_up else EXIT_BAD_INPUT
    if isinstance(failure, OSError):
        tell(f"{failure.filename or 'output'}: {failure.strerror or failure}")
        return EXIT_GAVE_UP
    if isinstance(failure, UnicodeEncodeError):
        tell(f"{failure.object!r}: a name that is no text ({failure.reason})")
        return EXIT_BAD_INPUT
    log.error("process.crashed", exc_info=failure)
    tell(f"{type(failure).__name__}: {failure}")
    return EXIT_GAVE_UP


def tell(message: str) -> None:
    """Print one plain line on stderr."""
    with contextlib.suppress(OSError):  # nobody listens
        click.echo(f"universe: {' '.join(message.split())}", err=True)
