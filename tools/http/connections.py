"""Connections: accepted up to a bound, run by hypercorn, and ended by us when it cannot.

hypercorn shields what it sends, so a client that stops reading would hold its connection, and the process at its end,
for ever; here every send is bounded in time, and every connection can be cut.
"""

import errno
from collections.abc import Awaitable, Callable
from contextlib import suppress

import attrs
import structlog
import trio
from hypercorn.config import Config
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper, ConnectionState

from tools.http.bounds import SEND_SECONDS_MAX
from tools.traffic import Traffic

ACCEPT_PAUSE_SECONDS = 0.1  # after an accept that failed for want of descriptors or memory
_NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 45\r\n\r\nThis server has all the connections it takes."
)

Peer = tuple[str, int]  # address and port, as ASGI has it

log = structlog.get_logger()


class PromptServer(TCPServer):
    """hypercorn's server of one connection, which ends as soon as its client has left."""

    async def _read_data(self) -> None:
        await super()._read_data()
        await self.idle_task.stop()  # else it would wait for the next request of nobody


class PromptStream(trio.abc.HalfCloseableStream):
    """A stream whose other end takes what it is sent within a bound, or is gone."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self.socket = stream.socket  # hypercorn asks it for addresses

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send it all; BrokenResourceError if it is not taken in time."""
        with trio.move_on_after(SEND_SECONDS_MAX) as scope:
            await self._stream.send_all(data)
        if scope.cancelled_caught:
            self.cut()
            raise trio.BrokenResourceError("the client does not read")

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until some of it would be taken."""
        await self._stream.wait_send_all_might_not_block()

    async def send_eof(self) -> None:
        """Say that nothing more comes."""
        await self._stream.send_eof()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """Return what has come, b"" at the end."""
        return await self._stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        """Close it."""
        await self._stream.aclose()

    def cut(self) -> None:
        """Close it at once; whoever sends or receives meets a ClosedResourceError."""
        self.socket.close()


@attrs.frozen
class _Open:
    stream: PromptStream
    scope: trio.CancelScope


@attrs.define
class Connections:
    """Every open connection of one server, by its peer."""

    traffic: Traffic
    connections_max: int
    _open: dict[Peer, _Open] = attrs.field(factory=dict)

    async def serve(self, app: AppWrapper, config: Config, context: WorkerContext, stream: trio.SocketStream) -> None:
        """Run one connection to its end. Whatever goes wrong with it is its own end alone."""
        if self.traffic.connections >= self.connections_max:
            self.traffic.refused["connections"] += 1
            await _turn_away(stream)
            return
        self.traffic.connections += 1
        try:
            await self._run(stream, lambda prompt: PromptServer(app, config, context, ConnectionState({}), prompt))  # type: ignore[arg-type]  # it takes any stream with a socket
        except OSError:  # gone before it began
            pass
        except Exception:
            log.exception("connection.crashed")
        finally:
            self.traffic.connections -= 1
            stream.socket.close()

    async def _run(self, stream: trio.SocketStream, server_of: Callable[[PromptStream], PromptServer]) -> None:
        host, port, *_ = stream.socket.getpeername()
        prompt = PromptStream(stream)
        with trio.CancelScope() as scope:
            self._open[host, port] = _Open(prompt, scope)
            try:
                await server_of(prompt)
            finally:
                del self._open[host, port]

    def cut(self, peer: Peer) -> None:
        """End a connection here and now, whatever it waits for."""
        found = self._open.get(peer)
        if found is not None:
            found.scope.cancel()
            found.stream.cut()

    def cut_all(self) -> None:
        """End every connection."""
        for peer in list(self._open):
            self.cut(peer)


async def accept(
    listener: trio.SocketListener, nursery: trio.Nursery, serve: Callable[[trio.SocketStream], Awaitable[None]]
) -> None:
    """Start ``serve(stream)`` in the nursery for every connection. Runs until cancelled."""
    while True:
        try:
            stream = await listener.accept()
        except OSError as fault:
            if fault.errno not in _NO_ROOM:
                raise
            log.warning("http.accept_failed", reason=fault.strerror)
            await trio.sleep(ACCEPT_PAUSE_SECONDS)
        else:
            nursery.start_soon(serve, stream)


async def _turn_away(stream: trio.SocketStream) -> None:
    async with stream:
        with suppress(OSError):
            await stream.socket.send(_FULL)  # all of it fits into an empty buffer
