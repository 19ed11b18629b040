"""``subscribers``: a thousand clients over HTTP that want to be told, then a thousand that ask every second."""

import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime
from functools import partial
from os import sysconf
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import attrs
import trio

from ops.place import Place
from ops.soak_news import faults_of_news, news_of, spread
from ops.soak_process import Note, Running, SoakError, document_of, running, wait_until
from ops.soak_streams import Address, Poller, Subscriber, allow_connections, linked
from ops.soak_verdict import allowed, require_whole, where

GAME = "GAME_001"
URIS = ("universe://status", f"universe://games/{GAME}")
FIRST_DRAWS = 10_000  # that are there before anybody connects
DRAWS_PER_DAY = 227_500
DRAWS_PER_SECOND = 1_000  # which are committed once a second
DAY_SECONDS = DRAWS_PER_DAY / DRAWS_PER_SECOND
CONNECTING_MAX = 32  # at once: thousands do not come in the same moment
START_SECONDS_MAX = 60.0
QUIET_SECONDS = 3.0  # after the last commit, for what is still to be told
LEAVING_SECONDS_MAX = 15.0
OWN_HANDLES_MAX = 8  # that the store opens as it goes on, whoever is connected
LAST_LISTENERS = 20
END_SECONDS_MAX = 3.0
GROWTH_MAX = 1.15  # a fold of 50,000 draws takes up to a tenth for a moment, and the allocator keeps it
WARM_UP_SHARE = 0.5  # of a phase, after which memory has to be flat
PAGE_BYTES = sysconf("SC_PAGE_SIZE")
PAGES = ("/health", "/ready")


@attrs.frozen
class Scene:
    """A server on a universe at its milestone, which goes on when told to."""

    place: Place
    server: Running
    address: Address
    folder: Path

    def commits(self) -> list[float]:
        """Return when draws were committed so far, in seconds since the epoch."""
        return [
            datetime.fromisoformat(event["timestamp"]).timestamp()
            for event in self.server.events("batch.committed")
            if event["draws"]
        ]

    def reached(self, draws: int) -> bool:
        """Whether it has come to this draw."""
        events = self.server.events("batch.committed")
        return any(event["games"][GAME][1] >= draws for event in events if event["draws"])

    async def extend(self, draws: int) -> None:
        """Let it go on to this draw."""
        words = ("extend", *where(self.place), "--max-draws", draws)
        await trio.to_thread.run_sync(partial(document_of, *words, folder=self.folder))


@attrs.frozen
class Use:
    """What the server uses at one moment."""

    rss_mb: float
    handles: int


def soak_subscribers(clients: int, seconds: float, folder: Path, note: Note) -> dict[str, Any]:
    """Serve them all; SoakError if anything fails, someone is not told, or the server is not as it was afterwards."""
    begun, place = monotonic(), Place(folder / "data", "prod")
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "soak.toml"
    config.write_text(f"[universe]\nlogical_day_seconds = {DAY_SECONDS}\n", encoding="utf-8")
    at = ("--game", GAME, "--max-draws", FIRST_DRAWS)
    document_of("simulate", *where(place), *at, "--draws", FIRST_DRAWS, folder=folder / "logs")
    allow_connections(clients)
    words = ("run", *where(place), "--config", config, "--transport", "http", "--port", 0)
    with ExitStack() as life:
        server = life.enter_context(running(*words, folder=folder / "logs"))
        wait_until(lambda: bool(server.events("http.listening")) or not server.alive, START_SECONDS_MAX, "a server")
        if not server.alive:
            raise SoakError(f"it ended by itself with {server.wait()}: {server.told[-1_000:]}")
        url = urlsplit(server.events("http.listening")[0]["url"])
        scene = Scene(place, server, Address(str(url.hostname), int(url.port or 0)), folder / "logs")
        seen = trio.run(_live, scene, clients, seconds, note)
        end_seconds = _end(server, seen.pop("signalled"))
    status = require_whole(place, folder / "logs")
    document = {
        "soak": "subscribers",
        "clients": clients,
        "draws": status["games"][0]["draw_number"],
        **seen,
        "end_seconds": end_seconds,
        "seconds": round(monotonic() - begun, 1),
    }
    faults = document["faults"] + (
        [f"it took {end_seconds} s to end"] if end_seconds > allowed(END_SECONDS_MAX) else []
    )
    if faults:
        raise SoakError(f"{'; '.join(faults)}: {document}")
    return document


async def _live(scene: Scene, clients: int, seconds: float, note: Note) -> dict[str, Any]:
    """Go through all phases; the server has been told to end afterwards, with some clients still there."""
    await _wait_well(scene)
    before, draws = _use(scene.server), round(seconds * DRAWS_PER_SECOND)
    try:
        subscribers = await _subscribe(scene, clients, FIRST_DRAWS + draws, note)
        pollers = await _poll(scene, clients, seconds, FIRST_DRAWS + 2 * draws, note)
        left_seconds = await _wait_handles(scene, before.handles)
        await _look(scene)
        signalled = await _end_listened(scene)
    except* SoakError as broken:
        raise _first(broken) from None
    faults = [*subscribers.pop("faults"), *pollers.pop("faults"), *_complaints(scene.server)]
    return {
        "subscribers": subscribers,
        "pollers": pollers,
        "handles_back_seconds": left_seconds,
        "rss_after_mb": _use(scene.server).rss_mb if scene.server.alive else None,
        "faults": faults,
        "signalled": signalled,
    }


def _first(group: BaseExceptionGroup[SoakError]) -> SoakError:
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, SoakError)  # noqa: S101  of a group of nothing else
    return found


# The phases.


async def _subscribe(scene: Scene, clients: int, draws: int, note: Note) -> dict[str, Any]:
    """Let all subscribe, then the universe go on, and all listen until everything is told."""
    everyone = [Subscriber("legacy" if number % 2 else "modern", URIS) for number in range(clients)]
    uses = list[Use]()
    async with trio.open_nursery() as listening:
        begun = trio.current_time()
        await _start_all(listening, [partial(one.run, scene.address) for one in everyone])
        connected = trio.current_time() - begun
        note(f"{clients:,} subscribers connected in {connected:.1f} s, {_use(scene.server)}")
        listening.start_soon(_watch, scene.server, uses)
        await scene.extend(draws)
        await _wait_reached(scene, draws, draws - FIRST_DRAWS)
        await trio.sleep(QUIET_SECONDS)
        listening.cancel_scope.cancel()
    commits, heard = scene.commits(), [one.heard for one in everyone]
    faults = faults_of_news(heard, commits) + _growth_faults("subscribers", uses)
    if any(one.ended for one in everyone):
        faults.append("streams were ended by the server")
    return {
        "connected_seconds": round(connected, 1),
        **news_of(heard, commits),
        **_memory(uses),
        "faults": faults,
    }


async def _poll(scene: Scene, clients: int, seconds: float, draws: int, note: Note) -> dict[str, Any]:
    """Let the universe go on, and everybody ask for the newest draw once a second."""
    pollers = [Poller(number / clients) for number in range(clients)]
    uses = list[Use]()
    await scene.extend(draws)
    async with trio.open_nursery() as watching:
        watching.start_soon(_watch, scene.server, uses)
        begun = trio.current_time()
        async with trio.open_nursery() as asking:
            for one in pollers:
                asking.start_soon(one.run, scene.address, begun + seconds)
        took = trio.current_time() - begun
        watching.cancel_scope.cancel()
    answers = [one for poller in pollers for one in poller.seconds]
    note(f"{clients:,} pollers: {spread(answers)}, {_use(scene.server)}")
    faults = _growth_faults("pollers", uses)
    if not all(poller.seconds for poller in pollers):
        faults.append("some pollers got no answer")
    return {**spread(answers), "answers_per_second": round(len(answers) / took), **_memory(uses), "faults": faults}


async def _end_listened(scene: Scene) -> float:
    """Tell the server to end while some listen, and wait until their streams have ended; returns when it was told."""
    everyone = [Subscriber("legacy" if number % 2 else "modern", URIS) for number in range(LAST_LISTENERS)]
    async with trio.open_nursery() as listening:
        await _start_all(listening, [partial(one.run, scene.address) for one in everyone])
        signalled = monotonic()
        scene.server.process.send_signal(signal.SIGTERM)
    return signalled


def _end(server: Running, signalled: float) -> float:
    code = server.wait()
    if code:
        raise SoakError(f"it ended with {code}: {server.told[-1_000:]}")
    return round(monotonic() - signalled, 2)


# Pieces of them.


async def _start_all(nursery: trio.Nursery, runs: Sequence[Callable[..., Any]]) -> None:
    """Start them, some at a time, until all have told that they have begun."""
    waiting = iter(runs)

    async def start_some() -> None:
        for run in waiting:
            await nursery.start(run)

    async with trio.open_nursery() as starting:
        for _ in range(CONNECTING_MAX):
            starting.start_soon(start_some)


async def _wait_reached(scene: Scene, draws: int, more: int) -> None:
    """Wait until it has come to this draw, at about the pace."""
    with trio.move_on_after(allowed(START_SECONDS_MAX + more / DRAWS_PER_SECOND)):
        while not scene.reached(draws):
            if not scene.server.alive:
                raise SoakError(f"it ended by itself with {scene.server.wait()}: {scene.server.told[-1_000:]}")
            await trio.sleep(0.5)
        return
    raise SoakError(f"it did not come to draw {draws:,}")


async def _wait_handles(scene: Scene, before: int) -> float:
    """Wait until the server has given back what its clients took; returns the seconds."""
    begun = trio.current_time()
    while (now := _use(scene.server).handles) > before + OWN_HANDLES_MAX:
        if trio.current_time() - begun > allowed(LEAVING_SECONDS_MAX):
            raise SoakError(f"{now} handles, long after everybody left; {before} before anybody came")
        await trio.sleep(0.1)
    return round(trio.current_time() - begun, 1)


async def _wait_well(scene: Scene) -> None:
    """Wait until the server has opened its universe."""
    for _ in range(int(START_SECONDS_MAX)):
        with suppress(SoakError):
            await _look(scene)
            return
        await trio.sleep(1)
    await _look(scene)


async def _look(scene: Scene) -> None:
    """Raise SoakError unless the server says that it is well."""
    async with linked(scene.address) as link:
        for page in PAGES:
            await link.ask(scene.address.poster.look(page))


async def _watch(server: Running, uses: list[Use]) -> None:
    """Note what the server uses, every now and then, until cancelled."""
    while True:
        uses.append(_use(server))
        await trio.sleep(0.5)


def _use(server: Running) -> Use:
    folder = Path("/proc") / str(server.process.pid)
    try:
        pages = int((folder / "statm").read_text(encoding="ascii").split()[1])
        return Use(round(pages * PAGE_BYTES / 2**20, 1), sum(1 for _ in (folder / "fd").iterdir()))
    except (OSError, IndexError) as error:
        raise SoakError(f"{folder}: {error}; subscribers are watched on Linux alone") from error


def _memory(uses: Sequence[Use]) -> dict[str, float]:
    warm, *_ = _settled(uses)
    return {"rss_warm_mb": warm.rss_mb, "rss_end_mb": uses[-1].rss_mb}


def _settled(uses: Sequence[Use]) -> Sequence[Use]:
    """Leave out the warming up."""
    return uses[int(len(uses) * WARM_UP_SHARE) :]


def _growth_faults(who: str, uses: Sequence[Use]) -> list[str]:
    warm, *_, last = [*_settled(uses), uses[-1]]
    grown = last.rss_mb / warm.rss_mb
    return [f"{who}: memory grew {grown:.2f} times"] if grown > GROWTH_MAX else []


def _complaints(server: Running) -> list[str]:
    """Return what the server's log says of faults, a few of them."""
    found = [event for event in server.events() if event.get("level") in ("error", "critical", "warning")]
    return [f"the log says {event['event']}: {str(event)[:300]}" for event in found[:3]]
