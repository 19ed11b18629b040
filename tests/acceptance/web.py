"""HTTP as a stranger speaks it: urllib, sharing nothing with the program nor with the MCP SDK."""

import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.acceptance.program import events_of, saw, wait_until

MODERN, LEGACY = "2026-07-28", "2025-06-18"
ACCEPT = "application/json, text/event-stream"
SECONDS_MAX = 30


def url_of(log: Path) -> str:
    """Where a process listens, as its log says."""
    wait_until(SECONDS_MAX, lambda: saw(log, "http.listening"))
    return str(next(event["url"] for event in events_of(log) if event["event"] == "http.listening"))


class Web:
    """A client of one server; each request is a connection of its own."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.address = urlsplit(url)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        return self._send("GET", path, None, headers)[:2]

    def tool(self, name: str, **arguments: Any) -> dict[str, Any]:
        """The structured answer of a tool, in the revision without sessions."""
        meta = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "acceptance", "version": "1"},
        }
        params = {"name": name, "arguments": arguments, "_meta": meta}
        headers = {"Mcp-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": name}
        status, text, _ = self.post({"method": "tools/call", "params": params}, **headers)
        assert status == 200, (status, text)
        result = json.loads(text)["result"]
        assert not result.get("isError"), result
        content: dict[str, Any] = result["structuredContent"]
        return content

    def legacy_tool(self, name: str, **arguments: Any) -> dict[str, Any]:
        """The same, in a session with a handshake."""
        client = {"name": "acceptance", "version": "1"}
        hello = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": client}
        status, text, headers = self.post({"method": "initialize", "params": hello})
        assert status == 200, (status, text)
        session = {"Mcp-Session-Id": headers["mcp-session-id"], "Mcp-Protocol-Version": LEGACY}
        message = {"method": "tools/call", "params": {"name": name, "arguments": arguments}}
        status, text, _ = self.post(message, **session)
        assert status == 200, (status, text)
        data = next(line for line in text.splitlines() if line.startswith("data: {"))
        content: dict[str, Any] = json.loads(data.removeprefix("data: "))["result"]["structuredContent"]
        return content

    def post(self, message: dict[str, Any], **headers: str) -> tuple[int, str, dict[str, str]]:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, **message}).encode()
        return self._send("POST", self.address.path, body, {"Content-Type": "application/json", **headers})

    def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, str, dict[str, str]]:
        assert self.address.hostname
        connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=SECONDS_MAX)
        try:
            connection.request(method, path, body, {"Accept": ACCEPT, **self.headers, **headers})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), {key.lower(): value for key, value in answer.getheaders()}
        finally:
            connection.close()
