"""What is under way in one process, shared between its MCP server and its simulation. Cheap to import."""

import time
from contextlib import ExitStack
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal

import attrs
import trio

from actors.board import Board
from ops.run import RunOptions
from tools.traffic import Traffic
from universe.vitals import GameVitals

if TYPE_CHECKING:
    from storage.reader import Reader


@attrs.define
class Life:
    """What is under way in this process, shared between the server and the simulation."""

    options: RunOptions
    stop: trio.Event = attrs.field(factory=trio.Event)
    serving: trio.Event = attrs.field(factory=trio.Event)
    stdin_ended: trio.Event = attrs.field(factory=trio.Event)
    messages: int = 0  # that a client has sent
    started: float = attrs.field(factory=time.perf_counter)
    role: Literal["leader", "follower", "reader"] = "follower"
    board: Board = attrs.field(factory=Board)
    traffic: Traffic = attrs.field(factory=Traffic)
    http_ended: trio.Event = attrs.field(factory=trio.Event)
    opened: trio.Event = attrs.field(factory=trio.Event)
    current: "Reader | None" = None
    held: ExitStack = attrs.field(factory=ExitStack)  # the lock and the store of a process that leads
    summary: dict[str, Any] | None = None

    # tools.source.Source: what the server asks of the process.

    async def reader(self) -> "Reader":
        """Return the reader as soon as there is a universe to read."""
        while self.current is None:
            await self.opened.wait()
        return self.current

    def vitals(self, game_id: str) -> GameVitals:
        """Return how this process's actors of a game are."""
        return self.board.status_of(game_id)

    def today(self) -> date:
        """Return the world's date, UTC."""
        return datetime.now(UTC).date()

    def note_message(self) -> None:
        """Count a message from the client."""
        self.messages += 1

    def read_from(self, reader: "Reader") -> None:
        """Answer from this reader from now on."""
        self.stop_reading()
        self.current = reader
        self.opened.set()

    def stop_reading(self) -> None:
        """Close the reader; questions wait for the next."""
        if self.current is not None:
            self.current.close()
            self.current, self.opened = None, trio.Event()

    def close(self) -> None:
        """Give back what this process holds. The writing connection goes last, so that the log is emptied."""
        self.stop_reading()
        self.held.close()
