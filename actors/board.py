"""The one mutable thing that a process's actors share: who simulates, who is parked, what was committed, what is new.

It knows no store and no mailbox. An actor of one game is named ``GAME_ID.role``; a name without a dot belongs to the
whole process.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import attrs
import structlog
import trio

from universe.vitals import GameVitals, Parked

if TYPE_CHECKING:  # that module imports numpy, and a process answers before it needs any
    from storage.interface import Committed

log = structlog.get_logger()


def actor_name(game_id: str, role: str) -> str:
    """Return the name of a game's own actor."""
    return f"{game_id}.{role}"


def game_of(name: str) -> str:
    """Return the game that an actor belongs to; empty for an actor of the whole process."""
    return name.rpartition(".")[0]


class Signal:
    """Tells waiting tasks to look again.

    Note ``rings`` first, then look, then wait for a ring after the noted one: none can be missed in between.
    """

    def __init__(self) -> None:
        self.rings = 0
        self._next = trio.Event()

    def ring(self) -> None:
        """Wake everyone who waits."""
        self.rings += 1
        self._next.set()
        self._next = trio.Event()

    async def wait_after(self, seen: int) -> None:
        """Wait until it has rung more than ``seen`` times."""
        while self.rings <= seen:
            await self._next.wait()


class Simulating:
    """The games that are drawn right now, each with its last sign of life: that it began, or a commit of its draws."""

    def __init__(self) -> None:
        self._signs: dict[str, float] = {}  # game: trio's time, which nobody sets

    def __contains__(self, game_id: object) -> bool:
        return game_id in self._signs

    def add(self, game_id: str) -> None:
        """Note that a game is drawn from now on, unless it was before."""
        self._signs.setdefault(game_id, trio.current_time())

    def discard(self, game_id: str) -> None:
        """Note that a game is not drawn now."""
        self._signs.pop(game_id, None)

    def renew(self, game_id: str) -> None:
        """Note a commit of its draws."""
        if game_id in self._signs:
            self._signs[game_id] = trio.current_time()

    def quiet_seconds(self) -> dict[str, float]:
        """Return for each game how long ago its last sign was."""
        now = trio.current_time()
        return {game_id: now - sign for game_id, sign in self._signs.items()}


@attrs.frozen(kw_only=True)
class FeedVitals:
    """How a game's feed fares in this process: asked since when, last read when, and how often it could not be."""

    asked_since: datetime
    read_at: datetime | None = None
    failures: int = 0


class Board:
    """The status board of one process. Every method is synchronous and for the event loop's thread alone."""

    def __init__(self) -> None:
        self.news = Signal()  # the store holds something new for those who wait for it: results, a milestone
        self.commits = Signal()  # this process has committed
        self.listeners: list[Callable[[Committed], None]] = []  # called by the writer: be quick, raise nothing
        self.simulating = Simulating()
        self.drawn: Counter[str] = Counter()  # draws that this process has committed, by game
        self.commit_seconds = 0.0  # that its commits took, all together
        self._feeds: dict[str, FeedVitals] = {}
        self._parked: dict[str, Parked] = {}
        self._restarts: Counter[str] = Counter()
        self._settled: dict[str, int] = {}  # actor: the ring of news after which it found nothing left to do
        self._settling = Signal()

    def status_of(self, game_id: str) -> GameVitals:
        """Return a snapshot for one game."""
        names = (game_id, "")
        parked = sorted((game_of(name), name) for name in self._parked if game_of(name) in names)
        return GameVitals(
            simulating=game_id in self.simulating,
            parked=self._parked[parked[-1][1]] if parked else None,
            restarts=sum(count for name, count in self._restarts.items() if game_of(name) in names),
        )

    def parked(self) -> tuple[Parked, ...]:
        """Return every parked actor, by name."""
        return tuple(self._parked[name] for name in sorted(self._parked))

    def restarts(self) -> dict[str, int]:
        """Return the crashes that each actor was restarted after; 0 for those that are expected and never crashed."""
        return {**dict.fromkeys(self._settled, 0), **self._restarts}

    def feeds(self) -> dict[str, FeedVitals]:
        """Return how each game's feed fares, of the games that have one."""
        return dict(self._feeds)

    def expect_feed(self, game_id: str, now: datetime) -> None:
        """Note that a feed is asked from now on, unless it was before."""
        self._feeds.setdefault(game_id, FeedVitals(asked_since=now))

    def note_feed_read(self, game_id: str, now: datetime) -> None:
        """Note that an expected feed could be read, whatever was in it."""
        self._feeds[game_id] = attrs.evolve(self._feeds[game_id], read_at=now)

    def note_feed_failure(self, game_id: str) -> None:
        """Count an attempt after which an expected feed could not be read."""
        feed = self._feeds[game_id]
        self._feeds[game_id] = attrs.evolve(feed, failures=feed.failures + 1)

    def note_restart(self, actor: str) -> None:
        """Count a crash of this actor that it was or will be restarted after."""
        self._restarts[actor] += 1

    def park(self, actor: str, reason: str, now: datetime) -> None:
        """Show an actor as parked; parked since it first said so."""
        before = self._parked.get(actor)
        if before is None or before.reason != reason:
            log.warning("actor.parked", actor=actor, reason=reason)
            since = before.since if before else now
            self._parked[actor] = Parked(actor=actor, reason=reason, since=since)

    def unpark(self, actor: str) -> None:
        """Show that an actor goes on; nothing happens if it was not parked."""
        if self._parked.pop(actor, None):
            log.info("actor.unparked", actor=actor)

    def note_commit(self, committed: "Committed", seconds: float = 0.0) -> None:
        """Tell listeners, and those who wait, what a transaction changed that took so long."""
        self.commit_seconds += seconds
        for game_id, (first, last) in committed.draws.items():
            self.drawn[game_id] += last - first + 1
            self.simulating.renew(game_id)
        for listener in self.listeners:
            listener(committed)
        self.commits.ring()

    def expect(self, actors: Iterable[str]) -> None:
        """Count on these actors to settle."""
        for actor in actors:
            self._settled.setdefault(actor, -1)

    def settle(self, actor: str, seen: int) -> None:
        """Note that an actor looked after ring ``seen`` of the news and has nothing left to do; any ring undoes it."""
        self._settled[actor] = seen
        self._settling.ring()

    def is_settled(self) -> bool:
        """Whether every expected actor is done: all games at their bounds, all draws committed and compared."""
        return bool(self._settled) and all(seen == self.news.rings for seen in self._settled.values())

    async def wait_settled(self) -> None:
        """Wait until every expected actor is done. It may have begun anew when you look again."""
        while not self.is_settled():
            await self._settling.wait_after(self._settling.rings)
