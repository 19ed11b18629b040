"""What stands before every request: names, tokens, bounds, rates, and the body in full. Each refusal says why.

``/health`` and ``/ready`` are open to those who watch over the server: they tell nothing of use to others, and answer
when it is busy.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import perf_counter

import attrs
import structlog
import trio
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tools.http.body import GoneError, Incoming
from tools.http.bounds import REQUESTS_MAX
from tools.http.connections import Connections
from tools.http.limits import ClientLimits
from tools.http.names import Names
from tools.http.refusal import (
    BUSY,
    FOREIGN_HOST,
    FOREIGN_ORIGIN,
    TOKEN_MISSING,
    TOKEN_WRONG,
    Refusal,
    too_fast,
    too_many_at_once,
)
from tools.tokens import Tokens
from tools.traffic import Traffic

OPEN_PATHS = frozenset({"/health", "/ready"})

log = structlog.get_logger()


@attrs.define(kw_only=True)
class Guard:
    """An ASGI application around another."""

    app: ASGIApp
    names: Names
    tokens: Tokens | None
    limits: ClientLimits
    traffic: Traffic
    connections: Connections
    _streams: set[trio.CancelScope] = attrs.field(factory=set)
    _ended: trio.Event = attrs.field(factory=trio.Event)  # the next request to end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or say why not."""
        if scope["type"] != "http":  # a websocket: refused by closing it before it is open
            await send({"type": "websocket.close"})
            return
        headers, incoming = Headers(scope=scope), Incoming(receive)
        found = self._examined(scope, headers)
        with suppress(GoneError):
            if isinstance(found, Refusal):
                await self._refuse(found, scope, incoming, send)
                return
            with self._at_work(found):
                await self._serve(scope, headers, incoming, _noting(scope, found, send))

    def end_streams(self) -> None:
        """End what would go on for ever: clients that only listen."""
        for stream in list(self._streams):
            stream.cancel()

    async def wait_idle(self) -> None:
        """Wait until no request is at work. What hypercorn was given to send has then been sent."""
        while self.traffic.requests:
            await self._ended.wait()

    def _examined(self, scope: Scope, headers: Headers) -> str | Refusal:
        """Return whose request it is, "" where nobody needs a name; or why it is not served."""
        if scope["path"] in OPEN_PATHS:
            return ""
        if not self.names.allows_host(headers.get("host")):
            return FOREIGN_HOST
        if not self.names.allows_origin(headers.get("origin")):
            return FOREIGN_ORIGIN
        client = self._client(headers)
        if isinstance(client, Refusal):
            return client
        if client:
            scope["user"] = AuthenticatedUser(AccessToken(token="", client_id=client, scopes=[]))  # owns its sessions
        return self._bounded(client) or client

    def _client(self, headers: Headers) -> str | Refusal:
        if self.tokens is None:
            return ""
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            return TOKEN_MISSING
        return self.tokens.holder(token.strip()) or TOKEN_WRONG

    def _bounded(self, client: str) -> Refusal | None:
        if self.traffic.requests >= REQUESTS_MAX:
            return BUSY
        if not client:
            return None
        settings = self.limits.settings
        if self.limits.is_busy(client):
            return too_many_at_once(settings.requests_at_once)
        seconds = self.limits.seconds_to_wait(client)
        return too_fast(seconds, settings.requests_per_second, settings.requests_burst) if seconds else None

    @contextmanager
    def _at_work(self, client: str) -> Iterator[None]:
        self.traffic.requests += 1
        self.limits.at_work[client] += 1
        try:
            yield
        finally:
            self.traffic.requests -= 1
            self.limits.at_work[client] -= 1
            self._ended.set()
            self._ended = trio.Event()

    async def _serve(self, scope: Scope, headers: Headers, incoming: Incoming, send: Send) -> None:
        body = await incoming.body(headers)
        if isinstance(body, Refusal):
            await self._refuse(body, scope, incoming, send)
        elif scope["method"] == "GET":
            await self._serve_stream(scope, incoming.replayed(body), send)
        else:
            await self.app(scope, incoming.replayed(body), send)

    async def _serve_stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what may be an endless stream; ended by us it ends in order, so that the client comes back."""
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        with trio.CancelScope() as stream:
            self._streams.add(stream)
            try:
                await self.app(scope, receive, noting)
            finally:
                self._streams.discard(stream)
        if stream.cancelled_caught and started:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _refuse(self, refusal: Refusal, scope: Scope, incoming: Incoming, send: Send) -> None:
        """Answer with a refusal; a client that goes on sending regardless loses its connection."""
        self.traffic.refused[refusal.reason] += 1
        times = self.traffic.refused[refusal.reason]
        if times.bit_count() == 1:  # the 1st, 2nd, 4th, 8th …: a flood must not fill the log
            log.warning("http.refused", reason=refusal.reason, times=times, path=scope["path"][:64])
        await send(refusal.start)
        await send({"type": "http.response.body", "body": refusal.body, "more_body": True})
        await incoming.discard()
        if incoming.complete:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        else:  # hypercorn would wait for ever to hand over what nobody takes
            self.connections.cut(tuple(scope["client"]))


def _noting(scope: Scope, client: str, send: Send) -> Send:
    """Return a send that logs the beginning of the answer, where anybody reads that."""
    if not log.is_enabled_for(logging.DEBUG):
        return send
    begun = perf_counter()

    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start":
            seconds = round(perf_counter() - begun, 6)
            facts = {"method": scope["method"], "path": scope["path"][:64], "status": message["status"]}
            log.debug("http.answered", **facts, seconds=seconds, client=client)
        await send(message)

    return noting
