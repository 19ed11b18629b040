"""One look at the universe for a client: wait for the store, telling how long it takes; faults in the protocol's words.

Tools answer faults as results, for a model to read; everything else raises MCPError, for a program.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
import trio
from mcp.server.session import ServerSession
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS

from storage.errors import StoreError
from tools.source import Reader, Snapshot, Source
from universe.errors import UniverseError

log = structlog.get_logger()

PROGRESS_SECONDS = 1.0  # between two reports, and at most for one of them
WAITING = "the universe is being opened"

Seen = TypeVar("Seen")
Report = Callable[[float, float | None, str | None], Awaitable[None]]


async def wait_reader(source: Source, report: Report) -> Reader:
    """Wait for the store; about once a second ``report`` is told how many seconds that has taken.

    A client that does not take its reports holds up nothing: they are given up.
    """
    begun = trio.current_time()
    while True:
        with trio.move_on_after(PROGRESS_SECONDS):
            return await source.reader()
        with trio.move_on_after(PROGRESS_SECONDS):
            await report(round(trio.current_time() - begun, 3), None, WAITING)


async def look(source: Source, session: ServerSession, what: str, see: Callable[[Snapshot], Seen]) -> Seen:
    """Return what ``see`` makes of one snapshot. ``what`` names it in the log, should it crash."""
    try:
        reader = await wait_reader(source, session.report_progress)
        with reader.snapshot() as snapshot:
            return see(snapshot)
    except MCPError:
        raise
    except StoreError as fault:
        raise MCPError(INTERNAL_ERROR, str(fault)) from fault
    except UniverseError as fault:
        raise MCPError(INVALID_PARAMS, str(fault)) from fault
    except Exception as fault:
        log.exception("request.crashed", request=what)
        raise MCPError(INTERNAL_ERROR, f"{what} failed by a fault of its own; the server's log has the details") from (
            fault
        )
