"""Answers of an HTTP server cut out of a byte stream, as little as raw clients need. It knows no sockets.

Of a body in chunks the frames are left in: the lines of an event are whole all the same, for our server sends each
event in one piece.
"""

import json
import re
from typing import Any

import attrs

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_SESSION = re.compile(rb"\r\nmcp-session-id: *([^\r]+)", re.IGNORECASE)
_END = b"\r\n0\r\n\r\n"  # of a body in chunks
_DATA = b"data: {"


@attrs.frozen
class Answer:
    """One whole answer."""

    head: bytes
    body: bytes  # with the frames of its chunks

    @property
    def status(self) -> int:
        """The status code."""
        return int(self.head[9:12])

    @property
    def session(self) -> str | None:
        """The session that it opened."""
        found = _SESSION.search(self.head)
        return found[1].decode() if found else None

    def message(self) -> Any:
        """Return the JSON document, or that of the last event."""
        begin = self.body.rfind(_DATA)
        text = self.body if begin < 0 else self.body[begin + len(_DATA) - 1 : self.body.index(b"\n", begin)]
        return json.loads(text)


@attrs.define
class Incoming:
    """The bytes of one connection."""

    _data: bytearray = attrs.field(factory=bytearray)

    def feed(self, data: bytes) -> None:
        """Take what has come."""
        self._data += data

    def answer(self) -> Answer | None:
        """Return the next answer, None until it is whole."""
        head_end = self._data.find(b"\r\n\r\n")
        if head_end < 0:
            return None
        head, begin = bytes(self._data[:head_end]), head_end + 4
        if _CHUNKED.search(head):
            found = self._data.find(_END, head_end + 2)
            end = found + len(_END) if found >= 0 else None
        else:
            length = _LENGTH.search(head)
            end = begin + (int(length[1]) if length else 0)
        if end is None or len(self._data) < end:
            return None
        body = bytes(self._data[begin:end])
        del self._data[:end]
        return Answer(head, body)

    def head(self) -> bytes | None:
        """Take the head of an answer that goes on for ever; its events come by ``events``. None until it is whole."""
        head, found, rest = self._data.partition(b"\r\n\r\n")
        if not found:
            return None
        self._data = rest
        return bytes(head)

    def events(self) -> list[bytes]:
        """Return the documents of the events that are whole by now, as JSON texts."""
        *lines, rest = self._data.split(b"\n")
        self._data = rest
        return [bytes(text[len(_DATA) - 1 :]).strip() for text in lines if text.startswith(_DATA)]
