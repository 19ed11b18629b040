"""What stands before every request: admission, then the body in full, and the count of what is at work."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import perf_counter

import attrs
import structlog
import trio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tools.http.admission import Admission, is_open
from tools.http.body import GoneError, Incoming
from tools.http.bounds import BODY_BYTES_MAX
from tools.http.connections import CONNECTION, PARTINGS, Connections, PromptStream
from tools.http.refusal import Refusal

END: Message = {"type": "http.response.body", "body": b"", "more_body": False}

log = structlog.get_logger()


@attrs.define(kw_only=True)
class Guard:
    """An ASGI application around another."""

    app: ASGIApp
    admission: Admission
    connections: Connections
    _streams: set[trio.CancelScope] = attrs.field(factory=set)
    _ended: trio.Event = attrs.field(factory=trio.Event)  # the next request to end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or say why not."""
        headers, incoming = Headers(scope=scope), Incoming(receive)
        found = self.admission.examined(scope, headers)
        with suppress(GoneError):
            if isinstance(found, Refusal):
                await self._refuse(found, scope, incoming, send)
                return
            with self._at_work(found, scope["state"][CONNECTION]):
                await self._serve(scope, headers, incoming, _noting(scope, found, send))

    def end_streams(self) -> None:
        """End what would go on for ever: clients that only listen."""
        for stream in list(self._streams):
            stream.cancel()

    async def wait_idle(self) -> None:
        """Wait until no request is at work. What hypercorn was given to send has then been sent."""
        while self.admission.traffic.requests:
            await self._ended.wait()

    @contextmanager
    def _at_work(self, client: str, connection: PromptStream) -> Iterator[None]:
        traffic, at_work = self.admission.traffic, self.admission.limits.at_work
        traffic.requests += 1
        at_work[client] += 1
        connection.requests += 1
        try:
            yield
        finally:
            traffic.requests -= 1
            at_work[client] -= 1
            connection.requests -= 1
            self._ended.set()
            self._ended = trio.Event()

    async def _serve(self, scope: Scope, headers: Headers, incoming: Incoming, send: Send) -> None:
        body = await incoming.body(headers, 0 if is_open(scope) else BODY_BYTES_MAX)
        if isinstance(body, Refusal):
            await self._refuse(body, scope, incoming, send)
        elif scope["method"] == "GET":
            await self._serve_stream(scope, incoming.replayed(body), send)
        else:
            await self.app(scope, incoming.replayed(body), send)

    async def _serve_stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what may be an endless stream; ended by us it ends in order, so that the client comes back."""
        last: Message = END

        async def noting(message: Message) -> None:
            nonlocal last
            last = message
            await send(message)

        with trio.CancelScope() as stream:
            self._streams.add(stream)
            try:
                await self.app(scope, receive, noting)
            finally:
                self._streams.discard(stream)
        begun_only = last["type"] == "http.response.start" or last.get("more_body", False)
        if stream.cancelled_caught and begun_only:
            await send(END)

    async def _refuse(self, refusal: Refusal, scope: Scope, incoming: Incoming, send: Send) -> None:
        """Answer with a refusal; a client that goes on sending regardless loses its connection."""
        refused = self.admission.traffic.refused
        refused[refusal.reason] += 1
        times = refused[refusal.reason]
        if times.bit_count() == 1:  # the 1st, 2nd, 4th, 8th …: a flood must not fill the log
            log.warning("http.refused", reason=refusal.reason, times=times, path=scope["path"][:64])
        with suppress(*PARTINGS):  # it has not waited for the end
            await send(refusal.start)
            await send({"type": "http.response.body", "body": refusal.body, "more_body": True})
            await incoming.discard()
            if incoming.complete:
                await send(END)
                return
        self.connections.cut(scope["state"][CONNECTION])  # hypercorn would wait for ever to hand over what nobody takes


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
