"""What answers clients in one process: an MCP server over stdio, over HTTP, or both, and what tells them of news.

HTTP and its metrics are imported only where they are served: over stdio the first answer does not wait for them.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import structlog
import trio
from mcp.server import Server

from actors.services import Service
from actors.supervisor import Child
from ops.life import Life
from ops.run import HttpOptions
from tools.announce import announce
from tools.server import QUESTIONS, ignore, make_server
from tools.subscriptions import Subscriptions
from universe import __version__
from universe.errors import SettingsError

if TYPE_CHECKING:
    from ops.metrics import Metrics
    from tools.http.server import HttpPlan

FIXTURES_RETRY_MS = 200  # how soon a client of the fixtures takes up a stream again

log = structlog.get_logger()


async def services_of(life: Life) -> list[Service]:
    """Return the services of this process; OSError or SettingsError, in one line, if HTTP cannot be as asked."""
    options, subscriptions = life.options, Subscriptions()
    metrics = _metrics(life, subscriptions) if options.http else None
    server = make_server(
        life,
        version=__version__,
        subscriptions=subscriptions,
        on_called=metrics.observe_call if metrics else ignore,
    )
    if options.fixtures:
        from ops.fixtures import install_fixtures

        install_fixtures(server)
    services = [_service("announcer", partial(announce, life, subscriptions))]
    if options.http is not None and metrics is not None:
        services.append(_service("http", await _http(life, options.http, server, subscriptions, metrics)))
    if options.stdio:
        services.append(_service("mcp", partial(_serve_stdio, life, server), restarts=False))
    return services


def _service(name: str, run: Callable[[], Awaitable[None]], *, restarts: bool = True) -> Service:
    return Service(child=Child(name=name, run=run), restarts=restarts)


def _metrics(life: Life, subscriptions: Subscriptions) -> "Metrics":
    from ops.metrics import make_metrics

    tools = [question.name for question in QUESTIONS]
    return make_metrics(life, tools=tools, subscriptions=lambda: subscriptions.count)


async def _serve_stdio(life: Life, server: Server) -> None:
    """Serve MCP on stdio. Its end is the client's leaving, which ends the process after the writer has drained."""
    from tools.stdio import serve_stdio

    life.serving.set()
    await serve_stdio(server, on_message=life.note_message)
    life.stdin_ended.set()
    if life.options.target.mode == "prod" or life.messages:
        life.stop.set()


async def _http(
    life: Life, http: HttpOptions, server: Server, subscriptions: Subscriptions, metrics: "Metrics"
) -> Callable[[], Awaitable[None]]:
    """Listen, and return what serves: each call is one life on the same listeners."""
    from ops.endpoints import endpoint_routes
    from tools.http.server import HttpPlan, is_loopback, open_listeners

    listeners = await open_listeners(http.host, http.port)
    if http.tokens is None and not is_loopback(listeners):
        for listener in listeners:
            await listener.aclose()
        raise SettingsError(f"--host {http.host}: others than loopback need tokens: --token-file or UNIVERSE_TOKENS")
    plan = HttpPlan(
        server=server,
        subscriptions=subscriptions,
        names=http.names,
        tokens=http.tokens,
        settings=life.options.target.settings.http,
        traffic=life.traffic,
        routes=endpoint_routes(life, metrics),
    )
    if life.options.fixtures:
        plan = _with_event_store(plan)
    return partial(_serve_http, life, plan, listeners)


def _with_event_store(plan: "HttpPlan") -> "HttpPlan":
    import attrs

    from ops.fixtures import event_store

    return attrs.evolve(plan, event_store=event_store(), retry_ms=FIXTURES_RETRY_MS)


async def _serve_http(life: Life, plan: "HttpPlan", listeners: Sequence[trio.SocketListener]) -> None:
    from tools.http.server import ENDPOINT, addresses, serve_http

    for host, port in addresses(listeners):
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{port}{ENDPOINT}"
        log.info("http.listening", url=url, names=sorted(plan.names.hosts), tokens=bool(plan.tokens))
    life.serving.set()
    await serve_http(plan, listeners, stop=life.stop)
    life.http_ended.set()
