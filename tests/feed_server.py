"""A publisher of our own on the loopback address: it serves what a test tells it to, and misbehaves on request."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs

Query = dict[str, str]
STALL_SECONDS_MAX = 30
TRICKLE_SECONDS = 0.05  # from one byte to the next


@attrs.frozen
class Answer:
    """What goes over the wire. ``then`` says how it ends: properly, in silence, in a break, drop by drop, or never.

    ``raw`` is sent as it is in place of a head and its body, and then again and again if it is endless.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = attrs.field(factory=dict)
    then: str = (
        "end"  # or "stall" (half a body, then silence), "break" (half a body), "trickle", "endless" (again, again)
    )
    raw: bytes | None = None


Route = Callable[[Query], Answer]


class FeedServer:
    """Routes by path. Every request is noted in ``requests``, path and query, in the order of arrival."""

    def __init__(self, port: int, scheme: str) -> None:
        self.port = port
        self.base = f"{scheme}://127.0.0.1:{port}"
        self.routes: dict[str, Route] = {}
        self.requests: list[tuple[str, Query]] = []
        self.headers: list[dict[str, str]] = []
        self.closing = threading.Event()

    def url(self, path: str) -> str:
        return self.base + path

    def serve(self, path: str, answer: Answer | bytes | Route) -> str:
        """Answer this path from now on, and return its URL."""
        route = answer if callable(answer) else _always(answer if isinstance(answer, Answer) else Answer(answer))
        self.routes[path] = route
        return self.url(path)

    def serve_pages(self, folder: str, pages: Sequence[bytes]) -> str:
        """Serve pages 1, 2, …; every page after the last is the last again, so let that one be empty."""

        def route(query: Query) -> Answer:
            return Answer(pages[min(int(query["page"]), len(pages)) - 1])

        return self.serve(folder, route) + "?page={page}"

    def serve_socrata(self, dataset: str, records: Sequence[dict[str, Any]]) -> str:
        """Serve records the way New York does, honouring ``$limit``, ``$offset`` and ``$order``."""

        def route(query: Query) -> Answer:
            column = query.get("$order", "")
            ordered = sorted(records, key=lambda record: str(record[column])) if column else records
            offset = int(query.get("$offset", "0"))
            return Answer(json.dumps(ordered[offset : offset + int(query.get("$limit", "1000"))]).encode())

        return self.serve(f"/resource/{dataset}.json", route)


def _always(answer: Answer) -> Route:
    return lambda _: answer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    feed: FeedServer  # set by a subclass for each server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        self.feed.requests.append((parts.path, query))
        self.feed.headers.append(dict(self.headers.items()))
        route = self.feed.routes.get(parts.path, _always(Answer(b"not here", status=404)))
        try:
            self._send(route(query))
        except ConnectionError:
            self.close_connection = True  # the reader has had enough, as it may

    def _send(self, answer: Answer) -> None:
        if answer.raw is not None:
            self._send_raw(answer.raw, answer.then)
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.then != "endless":
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.close_connection = answer.then != "end"
        while answer.then == "endless" and not self.feed.closing.is_set():
            self.wfile.write(answer.body)
        self.wfile.write(answer.body if answer.then == "end" else answer.body[: len(answer.body) // 2])
        if answer.then == "trickle":
            self._trickle(answer.body)
        if answer.then == "stall":
            self.feed.closing.wait(STALL_SECONDS_MAX)

    def _send_raw(self, raw: bytes, then: str) -> None:
        self.close_connection = True
        self.wfile.write(raw)
        while then == "endless" and not self.feed.closing.is_set():
            self.wfile.write(raw)

    def _trickle(self, body: bytes) -> None:
        for byte in body[len(body) // 2 :]:
            if self.feed.closing.wait(TRICKLE_SECONDS):
                break
            self.wfile.write(bytes([byte]))

    def log_message(self, *_: object) -> None:
        """Stay silent: the tests look at ``requests``."""


@contextmanager
def feed_server(context: ssl.SSLContext | None = None) -> Iterator[FeedServer]:
    """Serve in threads until the block ends, with an event loop around and without one; over TLS with a context."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        feed = FeedServer(server.server_port, "https" if context else "http")
        server.RequestHandlerClass = type("Handler", (_Handler,), {"feed": feed})
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield feed
        finally:
            feed.closing.set()
            server.shutdown()
            thread.join()


def unused_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
