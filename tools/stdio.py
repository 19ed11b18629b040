"""MCP over stdin and stdout, natively on trio: no threads, so a cancelled server ends at once.

Descriptors 0 and 1 are duplicated and diverted while it serves (0 reads nothing, 1 goes to stderr), so nothing but
protocol reaches the client. The duplicates stay blocking, for they may be shared with a terminal; readiness comes
before every call instead. It knows messages and descriptors, and nothing of lotteries.
"""

import errno
import fcntl
import os
import select
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

import anyio
import structlog
import trio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server import Server
from mcp.shared.message import SessionMessage
from mcp_types.jsonrpc import (
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
    RequestId,
    jsonrpc_message_adapter,
)
from pydantic import ValidationError

from tools.malformed import has_too_many_values, malformed_answer

log = structlog.get_logger()

LINE_BYTES_MAX = 16 * 2**20
READ_BYTES_MAX = 2**18
WRITE_BYTES_MAX = select.PIPE_BUF  # what a writable pipe takes without blocking
UNANSWERED_MAX = 256  # requests at work; the client's further ones wait in its pipe
ANSWER_SECONDS_MAX = 1.0  # after the end of stdin: for requests still at work
FLUSH_SECONDS_MAX = 0.5  # after that: for a client that reads slowly


async def serve_stdio(server: Server, *, on_message: Callable[[], None]) -> None:
    """Serve one client until stdin ends; ``on_message`` is called once for each well-formed message.

    Requests that came before the end are still answered, within a bound. A client that stops reading is no error.
    """
    to_server, from_client = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    to_client, from_server = anyio.create_memory_object_stream[SessionMessage](0)
    unanswered = Unanswered()
    with diverted() as (wire_in, wire_out), to_server, from_client, to_client, from_server:
        async with trio.open_nursery() as nursery:

            async def read_to_the_end() -> None:
                async with to_client.clone() as refusals:
                    await _read_messages(LineReader(wire_in), to_server, refusals, unanswered, on_message)
                with trio.move_on_after(ANSWER_SECONDS_MAX):
                    await unanswered.wait_fewer_than(1)
                nursery.cancel_scope.deadline = trio.current_time() + FLUSH_SECONDS_MAX
                to_server.close()

            nursery.start_soon(read_to_the_end)
            nursery.start_soon(_write_messages, wire_out, from_server, unanswered)
            await server.run(from_client, to_client, server.create_initialization_options())
            to_client.close()


@contextmanager
def diverted() -> Iterator[tuple[int, int]]:
    """Yield duplicates of descriptors 0 and 1. Meanwhile 0 is at its end and 1 is stderr, also for children."""
    wire_in, wire_out = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3) for fd in (0, 1))
    try:
        null = os.open(os.devnull, os.O_RDWR)
        try:
            os.dup2(null, 0)
            try:
                os.dup2(2, 1)
            except OSError:  # stderr is closed
                os.dup2(null, 1)
        finally:
            os.close(null)
        yield wire_in, wire_out
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()  # what a print() left in the buffer must not reach the wire
        for wire, fd in ((wire_in, 0), (wire_out, 1)):
            os.dup2(wire, fd)
            os.close(wire)


class Unanswered:
    """The requests at work. Synchronous but for the wait, so it is never half changed."""

    def __init__(self) -> None:
        self._ids: set[RequestId] = set()
        self._fewer = trio.Event()

    def note_received(self, message: JSONRPCMessage) -> None:
        """Count a request; a cancelled one is not waited for, since it may stay without an answer."""
        match message:
            case JSONRPCRequest(id=request_id):
                self._ids.add(request_id)
            case JSONRPCNotification(method="notifications/cancelled", params={"requestId": int() | str() as gone}):
                self._discard(gone)

    def note_sent(self, message: JSONRPCMessage) -> None:
        """Count an answer."""
        match message:
            case JSONRPCResponse(id=request_id) | JSONRPCError(id=int() | str() as request_id):
                self._discard(request_id)

    def forget(self) -> None:
        """Expect no answer any more: nobody reads them."""
        self._ids.clear()
        self._fewer.set()

    def _discard(self, request_id: RequestId) -> None:
        self._ids.discard(request_id)
        self._fewer.set()

    async def wait_fewer_than(self, count: int) -> None:
        """Wait until fewer than ``count`` requests are at work."""
        while len(self._ids) >= count:
            self._fewer = trio.Event()
            await self._fewer.wait()


class LineReader:
    """Cuts what a descriptor delivers into lines; an endless one ends the stream."""

    def __init__(self, fd: int, line_bytes_max: int = LINE_BYTES_MAX) -> None:
        self._fd = fd
        self._line_bytes_max = line_bytes_max
        self._lines: deque[bytes] = deque()
        self._open = bytearray()  # the line that has not ended yet
        self._ended = False

    async def receive_line(self) -> bytes | None:
        """Return the next line that is not blank, None at the end."""
        while not self._lines:
            if self._ended:
                return None
            self._take(await _read_some(self._fd))
        return self._lines.popleft()

    def _take(self, chunk: bytes) -> None:
        first, *others = chunk.split(b"\n")
        self._open += first
        for piece in others:
            self._keep(bytes(self._open))
            self._open = bytearray(piece)
        self._ended = not chunk
        if self._ended:
            self._keep(bytes(self._open))
        elif len(self._open) > self._line_bytes_max:
            log.warning("stdin.line_too_long", bytes_max=self._line_bytes_max)
            self._ended = True

    def _keep(self, line: bytes) -> None:
        if line.strip():
            self._lines.append(line)


async def _read_messages(
    lines: LineReader,
    to_server: MemoryObjectSendStream[SessionMessage | Exception],
    refusals: MemoryObjectSendStream[SessionMessage],
    unanswered: Unanswered,
    on_message: Callable[[], None],
) -> None:
    """Hand every well-formed message on; a line that is none is logged, and refused if somebody may wait for it."""
    while (line := await lines.receive_line()) is not None:
        message = _message_of(line)
        if message is None:
            log.warning("message.malformed", bytes=len(line))
            refusal = malformed_answer(line)
            if refusal is not None:
                await refusals.send(SessionMessage(refusal))
            continue
        on_message()
        await unanswered.wait_fewer_than(UNANSWERED_MAX)
        unanswered.note_received(message)
        await to_server.send(SessionMessage(message))


def _message_of(line: bytes) -> JSONRPCMessage | None:
    if has_too_many_values(line):
        return None
    try:
        return jsonrpc_message_adapter.validate_json(line, by_name=False)
    except ValidationError:
        return None


async def _write_messages(
    fd: int, from_server: MemoryObjectReceiveStream[SessionMessage], unanswered: Unanswered
) -> None:
    """Write every message as one line. Once the client has gone they are dropped: the end of stdin ends the server."""
    gone = False
    async for outgoing in from_server:
        if not gone:
            try:
                await _write_all(
                    fd, outgoing.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"
                )
            except (BrokenPipeError, ConnectionResetError):
                log.info("client.gone")
                gone = True
        unanswered.note_sent(outgoing.message)
        if gone:
            unanswered.forget()


async def _wait_ready(wait: Callable[[int], Awaitable[None]], fd: int) -> None:
    try:
        await wait(fd)
    except OSError as fault:
        if fault.errno != errno.EPERM:  # regular files cannot be polled, and never block
            raise
        await trio.lowlevel.checkpoint()


async def _read_some(fd: int) -> bytes:
    """Return what is there, b"" at the end."""
    while True:
        await _wait_ready(trio.lowlevel.wait_readable, fd)
        try:
            return os.read(fd, READ_BYTES_MAX)
        except BlockingIOError:  # someone who shares the descriptor made it non-blocking
            continue
        except ConnectionResetError:
            return b""


async def _write_all(fd: int, line: bytes) -> None:
    rest = memoryview(line)
    while rest:
        await _wait_ready(trio.lowlevel.wait_writable, fd)
        with suppress(BlockingIOError):
            rest = rest[os.write(fd, rest[:WRITE_BYTES_MAX]) :]
