"""Requests of raw clients, as bytes: what an SDK would add to them costs more than many an answer does."""

import json
from typing import Any

import attrs

MODERN, LEGACY = "2026-07-28", "2025-11-25"  # protocol revisions: without and with a session
SOLD_AS = {"name": "raw", "version": "1"}

Message = dict[str, Any]


def request(number: int, method: str, params: Message) -> Message:
    """Return a request of a session."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def modern(message: Message) -> Message:
    """Return the same request as one that stands for itself, without a session."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": SOLD_AS,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    return message | {"params": message["params"] | {"_meta": meta}}


def tool_call(number: int, tool: str, arguments: Message) -> Message:
    """Return the call of a tool."""
    return request(number, "tools/call", {"name": tool, "arguments": arguments})


HELLO = request(0, "initialize", {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": SOLD_AS})
HELLO_DONE: Message = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def line(message: Message) -> bytes:
    """Return a message as stdio carries it."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


@attrs.frozen
class Poster:
    """Makes HTTP requests of messages for one server, in one session or in none."""

    host: str
    session: str | None = None

    def post(self, message: Message) -> bytes:
        """Return the POST that carries a message; the modern form unless a session is given."""
        if self.session is None and message.get("method") != "initialize":
            message = modern(message)
            names = self._routing(message)
        else:
            names = {"Mcp-Session-Id": self.session} if self.session else {}
        body = json.dumps(message, separators=(",", ":")).encode()
        return self._request("POST", names | {"Content-Type": "application/json"}, body)

    def listen(self) -> bytes:
        """Return the GET that opens the session's stream of news."""
        return self._request("GET", {"Mcp-Session-Id": self.session or ""}, b"")

    def leave(self) -> bytes:
        """Return the DELETE that ends the session."""
        return self._request("DELETE", {"Mcp-Session-Id": self.session or ""}, b"")

    def look(self, path: str) -> bytes:
        """Return the GET of a page that is not of the protocol."""
        return f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode()

    def _routing(self, message: Message) -> dict[str, str]:
        name = message["params"].get("name")
        return {"Mcp-Method": message["method"]} | ({"Mcp-Name": name} if name else {})

    def _request(self, method: str, names: dict[str, str], body: bytes) -> bytes:
        headers = {
            "Host": self.host,
            "Accept": "text/event-stream" if method == "GET" else "application/json, text/event-stream",
            **names,
            **({"Content-Length": str(len(body))} if method == "POST" else {}),
        }
        if self.session is not None or "Mcp-Method" in names:
            headers["MCP-Protocol-Version"] = LEGACY if self.session else MODERN
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{method} /mcp HTTP/1.1\r\n{head}\r\n".encode() + body
