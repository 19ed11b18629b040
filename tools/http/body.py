"""The body of a request, read whole before anyone looks at it: bounded in bytes and in time."""

import trio
from starlette.datastructures import Headers
from starlette.types import Message, Receive

from tools.http.bounds import BODY_BYTES_MAX, BODY_SECONDS_MAX, DISCARD_SECONDS_MAX, DISCARDED_BYTES_MAX
from tools.http.refusal import AMBIGUOUS, TOO_LARGE, TOO_SLOW, Refusal


class GoneError(Exception):
    """The client left before its request was complete."""


class Incoming:
    """A request on its way in. ``complete``: all of it has been received, or its sender has gone."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.complete = False

    async def body(self, headers: Headers, bytes_max: int = BODY_BYTES_MAX) -> bytes | Refusal:
        """Return the body, or why it is not taken; GoneError if the client leaves meanwhile."""
        length = headers.get("content-length", "0")
        if "content-length" in headers and "transfer-encoding" in headers:
            return AMBIGUOUS
        if length.isdecimal() and int(length[:20]) > bytes_max:
            return TOO_LARGE
        body = bytearray()
        with trio.move_on_after(BODY_SECONDS_MAX):
            while not self.complete:
                body += await self._next_part()
                if len(body) > bytes_max:
                    return TOO_LARGE
            return bytes(body)
        return TOO_SLOW

    async def discard(self) -> None:
        """Take what is still sent, within bounds: a client reads an answer only after it has sent its request."""
        taken = 0
        with trio.move_on_after(DISCARD_SECONDS_MAX):
            while not self.complete and taken < DISCARDED_BYTES_MAX:
                taken += len(await self._next_part())

    def replayed(self, body: bytes) -> Receive:
        """Return a receive that gives the whole body in one message, and then what comes after it."""
        first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            return first.pop() if first else await self._receive()

        return receive

    async def _next_part(self) -> bytes:
        message = await self._receive()
        gone = message["type"] != "http.request"
        self.complete = gone or not message.get("more_body", False)
        if gone:
            raise GoneError
        part: bytes = message.get("body", b"")
        return part
