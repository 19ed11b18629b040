"""Streamable HTTP in the nursery of everything else: MCP at ``/mcp``, and the routes that operators ask.

The parts are hypercorn's, put together here rather than by its ``serve``, which knows no bound of connections and no
way to end one whose client has stopped reading.
"""

import logging
import resource
from collections.abc import Sequence
from functools import partial
from ipaddress import ip_address
from typing import Protocol

import attrs
import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.trio.worker_context import WorkerContext
from mcp.server import Server
from mcp.server.streamable_http import EventStore
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from tools.http.admission import Admission
from tools.http.bounds import (
    BODY_BYTES_MAX,
    CONNECTIONS_MAX,
    DRAIN_SECONDS_MAX,
    FILES_RESERVED,
    KEEP_ALIVE_SECONDS_MAX,
    SESSION_IDLE_SECONDS_MAX,
    SESSIONS_MAX,
)
from tools.http.connections import Connections, accept
from tools.http.guard import Guard
from tools.http.limits import ClientLimits
from tools.http.names import Names
from tools.tokens import Tokens
from tools.traffic import Traffic
from universe.settings import HttpSettings

ENDPOINT = "/mcp"
BACKLOG = 1_024


class Closing(Protocol):
    """Subscriptions that can be ended in order."""

    def close(self) -> None:
        """Begin to end every stream of news."""
        ...


@attrs.frozen(kw_only=True)
class HttpPlan:
    """What is served, and to whom. ``routes`` stand beside ``/mcp``."""

    server: Server
    subscriptions: Closing
    names: Names
    tokens: Tokens | None
    settings: HttpSettings
    traffic: Traffic
    routes: Sequence[BaseRoute] = ()
    event_store: EventStore | None = None  # with one, a client may take up a stream again; without, it asks anew
    retry_ms: int | None = None


async def open_listeners(host: str, port: int) -> list[trio.SocketListener]:
    """Return a listener for each address of a host; OSError, naming the options, if one cannot be had."""
    try:
        return list(await trio.open_tcp_listeners(port, host=host, backlog=BACKLOG))
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), f"--host {host} --port {port}") from error


def addresses(listeners: Sequence[trio.SocketListener]) -> list[tuple[str, int]]:
    """Return where listeners listen."""
    return [listener.socket.getsockname()[:2] for listener in listeners]


def is_loopback(listeners: Sequence[trio.SocketListener]) -> bool:
    """Whether this machine alone can reach the listeners."""
    return all(ip_address(host.partition("%")[0]).is_loopback for host, _ in addresses(listeners))


async def serve_http(
    plan: HttpPlan,
    listeners: Sequence[trio.SocketListener],
    *,
    stop: trio.Event,
    task_status: "trio.TaskStatus[None]" = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until ``stop``, then answer what is at work, within a bound. The listeners stay open for another life."""
    manager = StreamableHTTPSessionManager(
        plan.server,
        event_store=plan.event_store,
        retry_interval=plan.retry_ms,
        max_request_body_size=BODY_BYTES_MAX,
        session_idle_timeout=SESSION_IDLE_SECONDS_MAX,
        max_sessions=SESSIONS_MAX,
    )
    connections = Connections(plan.traffic, _connections_max())
    guard = _guard(plan, manager, connections)
    context = WorkerContext(None)
    app = ASGIWrapper(_Cors(guard, plan.names))  # type: ignore[arg-type]  # it types ASGI in its own words
    serve = partial(connections.serve, app, _config(), context)
    async with manager.run(), trio.open_nursery() as open_connections:
        try:
            async with trio.open_nursery() as accepting:
                for listener in listeners:
                    accepting.start_soon(accept, listener, open_connections, serve)
                task_status.started()
                await stop.wait()
                accepting.cancel_scope.cancel()
            await context.terminated.set()  # no connection takes a further request
            plan.subscriptions.close()
            guard.end_streams()
            with trio.move_on_after(DRAIN_SECONDS_MAX):
                await guard.wait_idle()
        finally:
            connections.cut_all()


class _Cors(CORSMiddleware):
    """What browsers ask before a page may ask, answered by the same rule as the Origin of a request."""

    def __init__(self, app: Guard, names: Names) -> None:
        super().__init__(
            app,
            allow_methods=["GET", "POST", "DELETE", "OPTIONS"],
            allow_headers=["*"],
            expose_headers=["Mcp-Session-Id", "Retry-After", "WWW-Authenticate"],
        )
        self._names = names

    def is_allowed_origin(self, origin: str) -> bool:
        """Whether pages of this origin may ask."""
        return self._names.allows_origin(origin)


def _guard(plan: HttpPlan, manager: StreamableHTTPSessionManager, connections: Connections) -> Guard:
    paths = [ENDPOINT, *(route.path for route in plan.routes if isinstance(route, Route))]

    async def not_found(_: Request, __: Exception) -> JSONResponse:
        return JSONResponse({"error": f"there is nothing here; there is {', '.join(paths)}"}, status_code=404)

    routes = [Route(ENDPOINT, endpoint=StreamableHTTPASGIApp(manager)), *plan.routes]
    admission = Admission(
        endpoint=ENDPOINT,
        names=plan.names,
        tokens=plan.tokens,
        limits=ClientLimits(plan.settings),
        traffic=plan.traffic,
        sessions=partial(_sessions, manager),
    )
    return Guard(
        app=Starlette(routes=routes, exception_handlers={404: not_found}), admission=admission, connections=connections
    )


def _sessions(manager: StreamableHTTPSessionManager, client: str | None) -> int:
    """Return how many sessions are open: a client's, or all. The SDK has no public name for them."""
    if client is None:
        return len(manager._server_instances)  # noqa: SLF001  as said
    return sum(owner["client_id"] == client for owner in manager._session_owners.values())  # noqa: SLF001  as said


def _config() -> Config:
    config = Config()
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS_MAX
    config.keep_alive_max_requests = 2**31  # a client that polls for months keeps its connection
    config.include_server_header = False
    config.errorlog = logging.getLogger("hypercorn.error")  # as every library's: one JSON line
    return config


def _connections_max() -> int:
    """Return how many connections the limit of open files allows, raised as far as this user may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + FILES_RESERVED
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    room = CONNECTIONS_MAX if soft == resource.RLIM_INFINITY else soft - FILES_RESERVED
    return max(1, min(CONNECTIONS_MAX, room))
