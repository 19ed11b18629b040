"""A JSON-RPC client over pipes, a hundred lines, sharing nothing with the program nor with the MCP SDK."""

import contextlib
import json
import os
import select
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.acceptance.program import COMMAND, ROOT, environment

ANSWER_SECONDS_MAX = 60
PROTOCOL = "2025-06-18"


class Client:
    """One MCP session. Every line that comes must be a JSON-RPC message: stdout is protocol only."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self.log = log
        self.greeting: dict[str, Any] = {}
        self._buffer = b""
        self._last_id = 0

    def greet(self) -> None:
        client = {"name": "acceptance", "version": "1"}
        params = {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": client}
        self.greeting = self.request("initialize", params)["result"]
        self.notify("notifications/initialized")

    def write(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def notify(self, method: str, **params: Any) -> None:
        self.write(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode())

    def send(self, method: str, params: dict[str, Any] | None = None) -> int:
        self._last_id += 1
        message = {"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": params or {}}
        self.write(json.dumps(message).encode())
        return self._last_id

    def read(self, seconds: float = ANSWER_SECONDS_MAX) -> dict[str, Any] | None:
        """The next message; None at the end of stdout."""
        assert self.process.stdout is not None
        handle = self.process.stdout.fileno()
        end = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([handle], [], [], max(0, end - time.monotonic()))
            assert ready, f"no answer within {seconds} s"
            data = os.read(handle, 1 << 16)
            if not data:
                assert not self._buffer, f"half a line: {self._buffer[:200]!r}"
                return None
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        message = json.loads(line)
        assert isinstance(message, dict)
        assert message["jsonrpc"] == "2.0"
        return message

    def answer(self, request_id: int, seconds: float = ANSWER_SECONDS_MAX) -> dict[str, Any]:
        while True:
            message = self.read(seconds)
            assert message is not None, "stdout ended"
            if message.get("id") == request_id:
                return message
            assert "method" in message, f"an answer nobody asked for: {message}"

    def request(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        return self.answer(self.send(method, params))

    def tool(self, name: str, **arguments: Any) -> dict[str, Any]:
        """The whole answer of a tool, an error or not."""
        message = self.request("tools/call", {"name": name, "arguments": arguments})
        assert "result" in message, message
        result: dict[str, Any] = message["result"]
        return result

    def ask(self, name: str, **arguments: Any) -> dict[str, Any]:
        result = self.tool(name, **arguments)
        assert not result.get("isError"), result
        content: dict[str, Any] = result["structuredContent"]
        assert result["content"][0]["text"]
        return content

    def refusal(self, name: str, **arguments: Any) -> str:
        result = self.tool(name, **arguments)
        assert result.get("isError"), f"{name} {arguments} was answered: {str(result)[:500]}"
        text: str = result["content"][0]["text"]
        assert "Traceback" not in text
        return text

    def pages(self, name: str, entries: str, **arguments: Any) -> list[dict[str, Any]]:
        """The entries of all pages, by cursor to its end."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self.ask(name, **arguments, **({"cursor": cursor} if cursor else {}))
            found += page[entries]
            cursor = page["next_cursor"]
            if cursor is None:
                return found
            assert page[entries], "an empty page with a next one"

    def finish(self) -> tuple[int, float]:
        """End stdin: the exit code and the seconds it took."""
        assert self.process.stdin is not None
        start = time.monotonic()
        self.process.stdin.close()
        while self.read() is not None:
            pass
        return self.process.wait(ANSWER_SECONDS_MAX), time.monotonic() - start


@contextlib.contextmanager
def connected(*arguments: object, log: Path, greet: bool = True, **environ: str) -> Iterator[Client]:
    """A ``universe run`` on a pipe, with its log in ``log``.err; killed at the end if it still lives."""
    with (
        log.with_suffix(".err").open("wb") as stderr,
        subprocess.Popen(
            [*COMMAND, "run", *(str(word) for word in arguments)],
            cwd=ROOT,
            env=environment(**environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
        ) as process,
    ):
        client = Client(process, log)
        try:
            if greet:
                client.greet()
            yield client
        finally:
            process.kill()
            with contextlib.suppress(OSError):
                assert process.stdin is not None
                process.stdin.close()
