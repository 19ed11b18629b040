"""Several servers on one universe, all asked all the time: what their answers may never say is checked here."""

import selectors
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic

import attrs

from ops.place import Place
from ops.soak_client import Client
from ops.soak_process import SoakError, running
from ops.soak_verdict import where
from storage.lock import LeaderLock

LISTEN_SECONDS = 0.01


@attrs.define
class Group:
    """The live servers of one directory."""

    place: Place
    options: tuple[str, ...]
    folder: Path
    stack: ExitStack
    clients: list[Client] = attrs.field(factory=list)
    draws: int = 0  # the most that any answer told
    _selector: selectors.DefaultSelector = attrs.field(factory=selectors.DefaultSelector)

    def start(self) -> Client:
        """Start another server and greet it."""
        words = ("run", *where(self.place), "--transport", "stdio", *self.options)
        one = self.stack.enter_context(
            running(*words, folder=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        )
        client = Client(one)
        client.greet()
        self.clients.append(client)
        self._selector.register(client, selectors.EVENT_READ, client)
        return client

    def forget(self, client: Client) -> None:
        """Listen to it no more."""
        self._selector.unregister(client)
        self.clients.remove(client)

    def leaders(self) -> list[Client]:
        """Return those whose last answer was a leader's; SoakError if there are two, for no leader steps down."""
        found = [client for client in self.clients if client.role == "leader"]
        if len(found) > 1:
            raise SoakError(f"two leaders: {[client.running.process.pid for client in found]}")
        return found

    def turn(self) -> None:
        """Ask everybody who owes no answer, and take what comes within a moment."""
        for client in self.clients:
            if not client.running.alive:
                raise SoakError(
                    f"a server ended by itself with {client.running.wait()}: {client.running.told[-1_000:]}"
                )
            client.ask(self.draws)
        for key, _ in self._selector.select(LISTEN_SECONDS):
            key.data.take(self._heard)

    def _heard(self, client: Client) -> None:
        self.draws = max(self.draws, client.draws)
        self.leaders()

    def wait(self, condition: Callable[[], bool], seconds: float, what: str) -> float:
        """Go on asking until the condition holds; returns the seconds."""
        begun = monotonic()
        while not condition():
            if monotonic() - begun > seconds:
                raise SoakError(f"not within {seconds:.0f} s: {what}")
            self.turn()
        return monotonic() - begun

    def require_lock_of(self, leader: Client) -> None:
        """Raise SoakError unless the lock names the leader."""
        holder = LeaderLock(self.place.root).holder()
        if holder != leader.running.process.pid:
            raise SoakError(f"the lock names process {holder}, the leader is {leader.running.process.pid}")

    def finish(self) -> float:
        """End everybody's stdin and return the seconds until the last has gone; SoakError unless all end well."""
        begun = monotonic()
        for client in self.clients:
            assert client.running.process.stdin is not None  # noqa: S101  started with a pipe
            client.running.process.stdin.close()
        for client in self.clients:
            client.running.drain()
            if client.running.wait():
                raise SoakError(f"a server ended with {client.running.wait()}: {client.running.told[-1_000:]}")
        return monotonic() - begun


@contextmanager
def group(place: Place, *options: object, folder: Path) -> Iterator[Group]:
    """Have servers on one universe, none at first; all are killed at the end."""
    with ExitStack() as stack:
        yield Group(place, tuple(map(str, options)), folder, stack)
