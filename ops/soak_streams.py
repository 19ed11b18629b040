"""Clients of an HTTP server by the thousand, in one process: raw sockets on trio, and no more than they need."""

import json
import resource
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from time import perf_counter, time
from typing import Any, Literal

import attrs
import trio

from ops.bench_answers import Answer, Incoming
from ops.bench_messages import HELLO, HELLO_DONE, Poster, request, tool_call
from ops.soak_process import SoakError

READ_BYTES = 1 << 16
ANSWER_SECONDS_MAX = 30.0
FILES_RESERVED = 64

Era = Literal["modern", "legacy"]


@attrs.frozen
class Address:
    """Where a server listens."""

    host: str
    port: int

    @property
    def poster(self) -> Poster:
        """What makes requests for it, in no session."""
        return Poster(f"{self.host}:{self.port}")


def allow_connections(wanted: int) -> None:
    """Raise this process's limit of open files as far as so many connections need; SoakError if that is not allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + FILES_RESERVED
    if soft != resource.RLIM_INFINITY and soft < needed:
        if hard != resource.RLIM_INFINITY and hard < needed:
            raise SoakError(f"{wanted:,} connections need {needed:,} open files, and {hard:,} are allowed (ulimit -n)")
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


@attrs.define
class Link:
    """One keep-alive connection."""

    stream: trio.SocketStream
    _incoming: Incoming = attrs.field(factory=Incoming)

    async def ask(self, asked: bytes) -> Answer:
        """Ask, and wait for the whole answer; SoakError unless it is a good one."""
        with trio.move_on_after(ANSWER_SECONDS_MAX):
            await self.stream.send_all(asked)
            while (found := self._incoming.answer()) is None:
                await self._feed()
            if found.status not in (200, 202):
                raise SoakError(f"refused: {found.head[:60]!r} {found.body[:300]!r}")
            return found
        raise SoakError(f"no answer within {ANSWER_SECONDS_MAX:.0f} s to {asked[:60]!r}")

    async def open(self, asked: bytes) -> None:
        """Ask for what does not end, and wait until it has begun."""
        with trio.move_on_after(ANSWER_SECONDS_MAX):
            await self.stream.send_all(asked)
            while (head := self._incoming.head()) is None:
                await self._feed()
            if not head.startswith(b"HTTP/1.1 200"):
                raise SoakError(f"no stream: {head[:60]!r}")
            return
        raise SoakError(f"no stream within {ANSWER_SECONDS_MAX:.0f} s")

    async def events(self) -> list[bytes]:
        """Wait for events, as JSON texts, one at least; EndOfChannel at the end of them."""
        while not (found := self._incoming.events()):
            data = await self.stream.receive_some(READ_BYTES)
            if not data:
                raise trio.EndOfChannel
            self._incoming.feed(data)
        return found

    async def _feed(self) -> None:
        data = await self.stream.receive_some(READ_BYTES)
        if not data:
            raise SoakError("the server closed a connection that waited for an answer")
        self._incoming.feed(data)


@asynccontextmanager
async def linked(address: Address) -> AsyncIterator[Link]:
    """Connect; at the end the connection is simply dropped, as clients do that vanish."""
    stream = await trio.open_tcp_stream(address.host, address.port)
    try:
        yield Link(stream)
    finally:
        stream.socket.close()


@attrs.define
class Subscriber:
    """One client that wants to be told of some resources, and when it was."""

    era: Era
    uris: Sequence[str]
    heard: dict[str, list[float]] = attrs.field(init=False)  # seconds since the epoch
    ended: bool = False  # by the server

    def __attrs_post_init__(self) -> None:
        self.heard = {uri: [] for uri in self.uris}

    async def run(self, address: Address, *, task_status: "trio.TaskStatus[None]" = trio.TASK_STATUS_IGNORED) -> None:
        """Subscribe, and listen until the server ends the stream, or we are cancelled."""
        async with linked(address) as link:
            await (self._listen(link, address) if self.era == "modern" else self._subscribe(link, address))
            task_status.started()
            try:
                while True:
                    self._note(await link.events())
            except trio.EndOfChannel:
                self.ended = True
            except trio.BrokenResourceError as broken:
                raise SoakError(f"a {self.era} stream broke: {broken.__cause__}") from broken

    async def _listen(self, link: Link, address: Address) -> None:
        wanted = {"notifications": {"resourceSubscriptions": list(self.uris)}}
        await link.open(address.poster.post(request(1, "subscriptions/listen", wanted)))
        self._note(await link.events())  # the first says that it is subscribed

    async def _subscribe(self, link: Link, address: Address) -> None:
        opened = await link.ask(address.poster.post(HELLO))
        poster = attrs.evolve(address.poster, session=opened.session)
        await link.ask(poster.post(HELLO_DONE))
        for number, uri in enumerate(self.uris, 1):
            await link.ask(poster.post(request(number, "resources/subscribe", {"uri": uri})))
        await link.open(poster.listen())

    def _note(self, events: Sequence[bytes]) -> None:
        now = time()
        for event in events:
            message: dict[str, Any] = json.loads(event)
            if "error" in message:
                raise SoakError(f"a {self.era} stream ended with {message['error']}")
            if message.get("method") == "notifications/resources/updated":
                self.heard[message["params"]["uri"]].append(now)


@attrs.define
class Poller:
    """One client that asks for the newest draw every second, and how long its answers took."""

    phase_seconds: float  # into each second
    seconds: list[float] = attrs.field(factory=list)
    draw_number: int = 0

    async def run(self, address: Address, until: float) -> None:
        """Ask once a second until a moment of trio's clock; a slow answer delays the next question."""
        numbers, due = count(1), trio.current_time() + self.phase_seconds
        async with linked(address) as link:
            while due < until:
                await trio.sleep_until(due)
                asked = address.poster.post(tool_call(next(numbers), "get_latest_draws", {"limit": 1}))
                before = perf_counter()
                answer = await link.ask(asked)
                self.seconds.append(perf_counter() - before)
                self._note(answer.message())
                due = max(due + 1.0, trio.current_time())

    def _note(self, message: dict[str, Any]) -> None:
        result = message.get("result", {})
        if "structuredContent" not in result or result.get("isError"):
            raise SoakError(f"the newest draw was refused: {str(message)[:500]}")
        number = result["structuredContent"]["snapshot"]["draw_number"]
        if number < self.draw_number:
            raise SoakError(f"an answer told of draw {number:,} after {self.draw_number:,}")
        self.draw_number = number
