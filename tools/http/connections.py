"""Connections: accepted up to a bound, run by hypercorn, and ended by us when it cannot.

hypercorn shields what it sends, so a client that stops reading would hold its connection, and the process at its end,
for ever; here every send is bounded in time, and every connection can be cut.
"""

import errno
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from traceback import extract_tb

import attrs
import h11
import structlog
import trio
from hypercorn.config import Config
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper, ConnectionState

from tools.http.bounds import SEND_SECONDS_MAX
from tools.http.plain import PlainServer
from tools.traffic import Traffic

ACCEPTED_MAX = 64  # in one round of the event loop
ACCEPT_PAUSE_SECONDS = 0.1  # after an accept that failed for want of descriptors or memory
_NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 45\r\n\r\nThis server has all the connections it takes."
)

CONNECTION = "connection"  # in the state of an ASGI scope
PARTINGS = (OSError, trio.BrokenResourceError, trio.BusyResourceError, trio.ClosedResourceError, h11.LocalProtocolError)

log = structlog.get_logger()


class PromptStream(trio.abc.HalfCloseableStream):
    """A stream whose other end takes what it is sent within a bound, or is gone."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self.socket = stream.socket  # hypercorn asks it for addresses
        self.requests = 0  # at work on it

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


@attrs.define
class Connections:
    """Every open connection of one server. A request finds its own under ``CONNECTION`` in the state of its scope."""

    traffic: Traffic
    connections_max: int
    _open: dict[PromptStream, trio.CancelScope] = attrs.field(factory=dict)
    _crashes: int = 0

    async def serve(self, app: AppWrapper, config: Config, context: WorkerContext, stream: trio.SocketStream) -> None:
        """Run one connection to its end. Whatever goes wrong with it is its own end alone."""
        if len(self._open) >= self.connections_max and not self._cut_idle():
            self.traffic.refused["connections"] += 1
            await _turn_away(stream)
            return
        prompt = PromptStream(stream)
        state = ConnectionState({CONNECTION: prompt})
        self.traffic.connections += 1
        try:
            with trio.CancelScope() as scope:
                self._open[prompt] = scope
                await PlainServer(app, config, context, state, prompt)  # type: ignore[arg-type]  # any stream with a socket
        except Exception as fault:  # noqa: BLE001  told without its words, which may quote a request
            self._note(fault)
        finally:
            self._open.pop(prompt, None)
            self.traffic.connections -= 1
            stream.socket.close()

    def cut(self, prompt: PromptStream) -> None:
        """End a connection here and now, whatever it waits for."""
        scope = self._open.pop(prompt, None)
        if scope is not None:
            scope.cancel()
            prompt.cut()

    def cut_all(self) -> None:
        """End every connection."""
        for prompt in list(self._open):
            self.cut(prompt)

    def _cut_idle(self) -> bool:
        """Make room: end the oldest connection that no request is at work on; False if there is none."""
        idle = next((prompt for prompt in self._open if not prompt.requests), None)
        if idle is None:
            return False
        self.traffic.refused["idle"] += 1
        self.cut(idle)
        return True

    def _note(self, fault: Exception) -> None:
        """Log a mistake of ours; a client that left in the middle of something is none."""
        mistakes = [leaf for leaf in _leaves(fault) if not isinstance(leaf, PARTINGS)]
        if not mistakes:
            return
        self._crashes += 1
        if self._crashes.bit_count() == 1:  # the 1st, 2nd, 4th, 8th …
            last = extract_tb(mistakes[0].__traceback__)[-1]
            where = f"{Path(last.filename).name}:{last.lineno}"
            log.error("connection.crashed", error=type(mistakes[0]).__name__, where=where, times=self._crashes)


def _leaves(fault: BaseException) -> Iterator[BaseException]:
    if isinstance(fault, BaseExceptionGroup):
        for part in fault.exceptions:
            yield from _leaves(part)
    else:
        yield fault


async def accept(
    listener: trio.SocketListener, nursery: trio.Nursery, serve: Callable[[trio.SocketStream], Awaitable[None]]
) -> None:
    """Start ``serve(stream)`` in the nursery for every connection. Runs until cancelled.

    Many at a time: one for each round of the event loop would keep a thousand new clients of a busy server waiting.
    """
    with socket.socket(fileno=os.dup(listener.socket.fileno())) as waiting:  # non-blocking, as the listener's own
        while True:
            await trio.lowlevel.wait_readable(waiting)
            try:
                for _ in range(ACCEPTED_MAX):
                    accepted, _peer = waiting.accept()
                    nursery.start_soon(serve, trio.SocketStream(trio.socket.from_stdlib_socket(accepted)))
            except (BlockingIOError, ConnectionAbortedError):  # no more of them, or one that has left already
                pass
            except OSError as fault:
                if fault.errno not in _NO_ROOM:
                    raise
                log.warning("http.accept_failed", reason=fault.strerror)
                await trio.sleep(ACCEPT_PAUSE_SECONDS)


async def _turn_away(stream: trio.SocketStream) -> None:
    async with stream:
        with suppress(OSError):
            await stream.socket.send(_FULL)  # all of it fits into an empty buffer
