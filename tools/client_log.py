"""What a client is told of the server's own faults, if it wants to hear of them.

The protocol gives its logging up with revision 2026-07-28, where a client asks for it request by request; before, a
session hears everything unless it sets a higher level. Nothing but a crash is told: the log proper is on stderr.
"""

from typing import Any, get_args

from mcp.server import Server, ServerRequestContext
from mcp.server.connection import allowed_log_levels
from mcp_types import (
    EmptyResult,
    LoggingLevel,
    LoggingMessageNotification,
    LoggingMessageNotificationParams,
    SetLevelRequestParams,
)

Context = ServerRequestContext[Any, Any]

LOGGER = "universe"
LEVELS: tuple[LoggingLevel, ...] = get_args(LoggingLevel)  # the mildest first
_LEVEL = "universe.log_level"  # in the scratch state of a connection


def serve_log_level(server: Server[Any]) -> None:
    """Let legacy sessions say which faults they want to hear of."""

    async def set_level(context: Context, params: SetLevelRequestParams) -> EmptyResult:
        _state(context)[_LEVEL] = params.level
        return EmptyResult()

    server.add_request_handler("logging/setLevel", SetLevelRequestParams, set_level)


async def tell_crash(context: Context, event: str, **facts: str) -> None:
    """Tell the client that something of ours crashed, beside its answer; no details, they are in our log."""
    if not _wants(context, "error"):
        return
    params = LoggingMessageNotificationParams(level="error", logger=LOGGER, data={"event": event, **facts})
    message = LoggingMessageNotification(params=params)
    await context.session.send_notification(message, related_request_id=context.request_id)


def _wants(context: Context, level: LoggingLevel) -> bool:
    lowest: LoggingLevel = _state(context).get(_LEVEL, LEVELS[0])
    allowed = allowed_log_levels(context.protocol_version, context.meta)
    return level in allowed and LEVELS.index(level) >= LEVELS.index(lowest)


def _state(context: Context) -> dict[str, Any]:
    return context.session._connection.state  # noqa: SLF001  the SDK has no public name for it
