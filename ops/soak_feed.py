"""A publisher's server on this machine, which is down, slow, or serves garbage whenever it is told to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep
from typing import Any, Literal

import attrs

from ops.soak_results import HEADING

Mood = Literal["well", "down", "slow", "garbage"]

SLOW_SECONDS = 3.0
GARBAGE = b"\x00<html>\xff please come back later"


@attrs.define
class Feed:
    """What it serves from now on, and what it has been asked."""

    rows: list[str] = attrs.field(factory=list)
    mood: Mood = "well"
    asked: int = 0
    served: set[str] = attrs.field(factory=set)  # rows that somebody was given
    port: int = 0

    @property
    def source(self) -> str:
        """The address for a configuration file."""
        return f"http://127.0.0.1:{self.port}/results.csv"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request as the mood is."""
        self.asked += 1
        mood, rows = self.mood, list(self.rows)
        if mood == "down":
            handler.send_error(503)
            return
        if mood == "slow":
            sleep(SLOW_SECONDS)
        body = GARBAGE if mood == "garbage" else "\n".join([HEADING, *rows, ""]).encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "text/csv")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
        if mood != "garbage":
            self.served.update(rows)


@contextmanager
def serving() -> Iterator[Feed]:
    """Serve on a free port in threads, until the end of the block."""
    feed = Feed()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            feed.answer(self)

        def log_message(self, *_: Any) -> None:
            """Say nothing: stderr is for the soak."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        feed.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, name="soak-feed")
        thread.start()
        try:
            yield feed
        finally:
            server.shutdown()
            thread.join()
