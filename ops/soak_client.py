"""A client of the protocol over pipes that never waits: it asks, and takes what has come."""

import json
import os
from collections.abc import Callable
from typing import Any

import attrs

from ops.soak_process import Running, SoakError

_HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "soak", "version": "1"}}


def _line(method: str, number: int | None, params: dict[str, Any]) -> bytes:
    message = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if number is None else {"id": number})
    return json.dumps(message).encode() + b"\n"


GREETING = _line("initialize", 1, _HELLO) + _line("notifications/initialized", None, {})


@attrs.define
class Client:
    """One session with one process, and what its last answer said."""

    running: Running
    role: str = ""
    universe_id: str = ""
    draws: int = -1
    answers: int = 0
    _asked: int = 1
    _floor: int = 0  # draws that another answer had told before this question was asked
    _waiting: bool = True  # for the answer to the greeting
    _buffer: bytes = b""

    def greet(self) -> None:
        """Begin the session."""
        self._write(GREETING)

    def ask(self, floor: int) -> None:
        """Ask for the status, unless a question is open. Its answer must know of ``floor`` draws at least."""
        if not self._waiting:
            self._asked += 1
            self._waiting, self._floor = True, floor
            self._write(_line("tools/call", self._asked, {"name": "get_universe_status", "arguments": {}}))

    def take(self, answered: Callable[["Client"], None]) -> None:
        """Take what has come; ``answered`` is called after each status."""
        data = os.read(self._stdout, 1 << 16)
        if not data:
            raise SoakError(f"process {self.running.process.pid} closed its stdout: {self.running.told[-1_000:]}")
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if message.get("id") != self._asked:
                raise SoakError(f"an answer that nobody asked for: {line[:200]!r}")
            self._waiting = False
            if self._asked > 1:
                self._note(message)
                answered(self)

    @property
    def _stdout(self) -> int:
        assert self.running.process.stdout is not None  # noqa: S101  started with a pipe
        return self.running.process.stdout.fileno()

    def fileno(self) -> int:
        """Return what becomes readable when an answer comes."""
        return self._stdout

    def _write(self, data: bytes) -> None:
        assert self.running.process.stdin is not None  # noqa: S101  as above
        try:
            self.running.process.stdin.write(data)
            self.running.process.stdin.flush()
        except BrokenPipeError as error:
            raise SoakError(f"process {self.running.process.pid} is gone: {self.running.told[-1_000:]}") from error

    def _note(self, message: dict[str, Any]) -> None:
        """Take a status; a watermark that goes back, in this process or behind another's answer, is a failure."""
        result = message.get("result", {})
        if "structuredContent" not in result or result.get("isError"):
            raise SoakError(f"the status was refused: {str(message)[:500]}")
        status = result["structuredContent"]
        draws = sum(game["draw_number"] for game in status["games"])
        if draws < max(self.draws, self._floor):
            raise SoakError(
                f"process {self.running.process.pid} answers draw {draws:,} after {self.draws:,};"
                f" another had told {self._floor:,} before it was asked"
            )
        self.role, self.draws, self.universe_id = status["universe"]["role"], draws, status["universe"]["universe_id"]
        self.answers += 1
