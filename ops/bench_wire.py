"""Raw clients: they block, take no answer apart while the clock runs, and keep many requests in flight if asked."""

import os
import selectors
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from time import perf_counter
from typing import Protocol

import attrs

from ops.bench_answers import Answer, Incoming
from ops.bench_measure import BenchmarkError
from ops.bench_messages import HELLO, HELLO_DONE, Message, Poster, line, tool_call

READ_BYTES = 1 << 20
ANSWER_SECONDS_MAX = 60.0
_FAULTS = (b'"isError":true', b'"error":')

Call = tuple[str, Message]  # a tool, and how it is called


class Wire(Protocol):
    """One way to reach a server."""

    def answer_seconds(self, calls: Sequence[Call]) -> list[float]:
        """Call one after the other and return how long each answer took; BenchmarkError if one is a refusal."""
        ...

    def flood_seconds(self, call: Call, calls: int, in_flight: int) -> float:
        """Call so often, so many at once; return how long all answers took together."""
        ...


def _require_good(answer: bytes) -> None:
    if any(fault in answer for fault in _FAULTS):
        raise BenchmarkError(f"refused: {answer[:500]!r}")


@attrs.define
class Pipes:
    """A session over stdin and stdout of a process."""

    stdin: int
    stdout: int
    _numbers: Iterator[int] = attrs.field(factory=lambda: count(1))
    _rest: bytes = b""

    def greet(self) -> None:
        """Begin the session."""
        self._write(line(HELLO))
        self._lines(1)
        self._write(line(HELLO_DONE))

    def answer_seconds(self, calls: Sequence[Call]) -> list[float]:
        """Call one after the other."""
        seconds = []
        for call in calls:
            asked = line(tool_call(next(self._numbers), *call))
            before = perf_counter()
            self._write(asked)
            (answer,) = self._lines(1)
            seconds.append(perf_counter() - before)
            _require_good(answer)
        return seconds

    def flood_seconds(self, call: Call, calls: int, in_flight: int) -> float:
        """Call so often: as many answers come, as many new requests go."""
        asked = [line(tool_call(next(self._numbers), *call)) for _ in range(calls)]
        before, sent, taken = perf_counter(), 0, 0
        while taken < calls:
            sending = asked[sent : taken + in_flight]
            if sending:
                self._write(b"".join(sending))
                sent += len(sending)
            for answer in self._lines(0):
                _require_good(answer)
                taken += 1
        return perf_counter() - before

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.stdin, data) :]

    def _lines(self, wanted: int) -> list[bytes]:
        """Return the lines that have come, at least one, and exactly so many unless 0."""
        parts = [self._rest]
        while True:
            data = os.read(self.stdout, READ_BYTES)
            if not data:
                raise BenchmarkError("universe run closed its stdout")
            parts.append(data)
            if b"\n" in data:
                break
        *lines, self._rest = b"".join(parts).split(b"\n")
        if wanted and len(lines) != wanted:
            raise BenchmarkError(f"{len(lines)} answers to {wanted} requests: {lines[0][:200]!r}")
        return lines


@attrs.define
class Connection:
    """One keep-alive connection."""

    socket: socket.socket
    _incoming: Incoming = attrs.field(factory=Incoming)

    def send(self, data: bytes) -> None:
        """Send a request."""
        self.socket.sendall(data)

    def answer(self) -> Answer:
        """Wait for the next answer."""
        while (found := self.take()) is None:
            pass
        return found

    def take(self) -> Answer | None:
        """Take what has come; the answer if it is whole. Waits for the first byte."""
        data = self.socket.recv(READ_BYTES)
        if not data:
            raise BenchmarkError("universe run closed a connection")
        self._incoming.feed(data)
        found = self._incoming.answer()
        if found is not None and found.status not in (200, 202):
            raise BenchmarkError(f"refused: {found.head[:100]!r} {found.body[:500]!r}")
        return found

    def fileno(self) -> int:
        """Return what becomes readable when an answer comes."""
        return self.socket.fileno()


@attrs.define
class Posts:
    """Requests over keep-alive connections, one at a time on each. They are opened anew for whatever is measured."""

    host: str
    port: int
    poster: Poster = attrs.field(init=False)
    _numbers: Iterator[int] = attrs.field(factory=lambda: count(1))

    def __attrs_post_init__(self) -> None:
        self.poster = Poster(f"{self.host}:{self.port}")

    def greet(self) -> None:
        """Begin a session, in which every request will be; without one, each is a modern one."""
        with self._connected(1) as (only,):
            only.send(self.poster.post(HELLO))
            self.poster = attrs.evolve(self.poster, session=only.answer().session)
            only.send(self.poster.post(HELLO_DONE))
            only.answer()

    def answer_seconds(self, calls: Sequence[Call]) -> list[float]:
        """Call one after the other."""
        seconds = []
        with self._connected(1) as (only,):
            for call in calls:
                asked = self._request(call)
                before = perf_counter()
                only.send(asked)
                answer = only.answer()
                seconds.append(perf_counter() - before)
                _require_good(answer.body)
        return seconds

    def flood_seconds(self, call: Call, calls: int, in_flight: int) -> float:
        """Call so often: whichever connection gets its answer sends the next request."""
        asked = [self._request(call) for _ in range(calls)]
        with self._connected(in_flight) as connections, selectors.DefaultSelector() as selector:
            for one in connections:
                selector.register(one, selectors.EVENT_READ, one)
            before, taken = perf_counter(), 0
            for one in connections[:calls]:
                one.send(asked.pop())
            while taken < calls:
                for key, _ in selector.select(ANSWER_SECONDS_MAX):
                    answer = key.data.take()
                    if answer is not None:
                        _require_good(answer.body)
                        taken += 1
                        if asked:
                            key.data.send(asked.pop())
            return perf_counter() - before

    def _request(self, call: Call) -> bytes:
        return self.poster.post(tool_call(next(self._numbers), *call))

    @contextmanager
    def _connected(self, connections: int) -> Iterator[list[Connection]]:
        opened = list[Connection]()
        try:
            for _ in range(connections):
                one = socket.create_connection((self.host, self.port), ANSWER_SECONDS_MAX)
                opened.append(Connection(one))
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield opened
        finally:
            for connection in opened:
                connection.socket.close()
