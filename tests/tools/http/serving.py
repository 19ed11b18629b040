"""A small server behind the real transport, on a real socket: echo answers, wait never does, large is large."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import httpx2
import trio
from mcp.server import Server, ServerRequestContext
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams, TextContent
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from tools.http.names import names_of
from tools.http.server import HttpPlan, addresses, open_listeners, serve_http
from tools.tokens import Tokens
from tools.traffic import Traffic
from universe.settings import HttpSettings

MODERN = "2026-07-28"
LEGACY = "2025-11-25"
LARGE_CHARACTERS = 4_000_000
ACCEPT = "application/json, text/event-stream"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
}


class Ending:
    """Counts how often streams of news were asked to end."""

    def __init__(self) -> None:
        self.ends = 0

    def close(self) -> None:
        self.ends += 1


@attrs.define(kw_only=True)
class Served:
    """A server that runs, and a client to ask it with."""

    port: int
    stop: trio.Event
    ended: trio.Event
    traffic: Traffic
    news: Ending
    client: httpx2.AsyncClient

    async def post(self, message: dict[str, Any], **headers: str) -> httpx2.Response:
        return await self.client.post("/mcp", json=message, headers={"accept": ACCEPT, **headers})

    async def call(self, tool: str, token: str | None = None, **arguments: Any) -> httpx2.Response:
        """One call in the revision without sessions."""
        headers = {"mcp-protocol-version": MODERN, "mcp-method": "tools/call", "mcp-name": tool}
        if token:
            headers["authorization"] = f"Bearer {token}"
        params = {"name": tool, "arguments": arguments, "_meta": META}
        return await self.post({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}, **headers)

    async def session(self, **headers: str) -> str:
        """Open a session of the revisions with a handshake; return its id."""
        hello = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
        answer = await self.post({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}, **headers)
        assert answer.status_code == 200, answer.text
        return answer.headers["mcp-session-id"]

    async def connect(self) -> trio.SocketStream:
        return await trio.open_tcp_stream("127.0.0.1", self.port)

    async def wait_connections(self, count: int) -> None:
        await wait_until(lambda: self.traffic.connections == count)

    async def wait_requests(self, count: int) -> None:
        await wait_until(lambda: self.traffic.requests == count)


async def wait_until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110  what is waited for rings no bell
        await trio.sleep(0.005)


def text_of(answer: httpx2.Response) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.json()["result"]["content"][0]["text"])


def request_bytes(message: dict[str, Any], *headers: str) -> bytes:
    body = json.dumps(message)
    lines = [
        "POST /mcp HTTP/1.1", "host: localhost", "content-type: application/json", f"accept: {ACCEPT}",
        f"content-length: {len(body)}", *headers,
    ]  # fmt: skip  # one line
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def small_server() -> Server:
    async def call_tool(_: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        match params.name:
            case "wait":
                await trio.sleep_forever()
            case "nap":
                await trio.sleep(0.3)
            case "crash":
                raise RuntimeError("a mistake")
        text = "x" * LARGE_CHARACTERS if params.name == "large" else str(params.arguments)
        return CallToolResult(content=[TextContent(type="text", text=text)])

    async def list_tools(_: ServerRequestContext[Any], __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[])

    return Server("small", version="1", on_call_tool=call_tool, on_list_tools=list_tools)


async def _health(_: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


async def _broken(_: Request) -> JSONResponse:
    raise RuntimeError("a mistake of ours")


ROUTES: tuple[BaseRoute, ...] = (Route("/health", _health), Route("/broken", _broken))


@asynccontextmanager
async def serving(
    tokens: Tokens | None = None, settings: HttpSettings | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Served]:
    listeners = await open_listeners(host, 0)
    port = addresses(listeners)[0][1]
    stop, ended, traffic, news = trio.Event(), trio.Event(), Traffic(), Ending()
    plan = HttpPlan(
        server=small_server(),
        subscriptions=news,
        names=names_of(host, [], []),
        tokens=tokens,
        settings=settings or HttpSettings(),
        traffic=traffic,
        routes=ROUTES,
    )

    async def serve(task_status: trio.TaskStatus[None]) -> None:
        await serve_http(plan, listeners, stop=stop, task_status=task_status)
        ended.set()

    try:
        with trio.fail_after(30):
            async with trio.open_nursery() as nursery:
                await nursery.start(serve)
                async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
                    yield Served(port=port, stop=stop, ended=ended, traffic=traffic, news=news, client=client)
                stop.set()
                await ended.wait()
    finally:
        for listener in listeners:
            listener.socket.close()
    assert not traffic.connections
    assert not traffic.requests
