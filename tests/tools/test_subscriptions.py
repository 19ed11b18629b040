"""Subscriptions in both eras: who is told what, when, how often; and that nobody who does not read holds up others."""

# ruff: noqa: ARG001 - a test asks for virtual time by naming autojump_clock

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import date
from itertools import pairwise
from typing import Any

import attrs
import pytest
import trio
from mcp import Client, MCPError
from mcp.client.subscriptions import ResourcesListChanged, ResourceUpdated
from mcp.server import Server
from mcp.shared.exceptions import MCPDeprecationWarning
from mcp.shared.memory import create_client_server_memory_streams
from mcp.shared.message import SessionMessage
from mcp_types import ResourceListChangedNotification, ResourceUpdatedNotification
from mcp_types.jsonrpc import JSONRPCMessage, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse
from structlog.testing import capture_logs
from trio.testing import MockClock

from storage.errors import StoreUnavailable
from tests.tools.fakes import GAMES, FakeGame, FakeSource
from tools.announce import announce, changed, marks_of
from tools.server import make_server
from tools.sessions import LIST, SEND_SECONDS_MAX
from tools.subscriptions import SUBSCRIBER_URIS_MAX, Subscriptions
from universe.definition import game_from_data, game_to_data
from universe.vitals import GameVitals, Parked

STATUS, GUIDE, GAME = "universe://status", "universe://guide", "universe://games/GAME_001"
DEFINITION, FIRST, SECOND = f"{GAME}/definition", f"{GAME}/draw-dates/2024-01-03", f"{GAME}/draw-dates/2024-01-06"
OTHER = "universe://games/GAME_005"
ALL = (STATUS, GUIDE, GAME, DEFINITION, FIRST, SECOND, OTHER, LIST)
SECONDS_MAX = 1_000  # of virtual time


@attrs.define(kw_only=True)
class World:
    """A source of one small game, its subscriptions, and a server that announces."""

    source: FakeSource
    subscriptions: Subscriptions = attrs.field(factory=Subscriptions)

    @property
    def server(self) -> Server[Any]:
        return make_server(self.source, version="1", subscriptions=self.subscriptions)

    def commit(self, draws: int) -> None:
        """Make the first game's draws up to a number."""
        self.source.games[0].made = draws
        self.source.games[0].__attrs_post_init__()


@pytest.fixture
async def world(nursery: trio.Nursery) -> World:
    world = World(source=FakeSource(games=[FakeGame(game=GAMES["GAME_001"], made=10)]))
    nursery.start_soon(announce, world.source, world.subscriptions)
    return world


def told(message: Any) -> str | None:
    """What a notification names."""
    if isinstance(message, ResourceUpdatedNotification):
        return str(message.params.uri)
    return LIST if isinstance(message, ResourceListChangedNotification) else None


@attrs.define
class Heard:
    """What one client was told, with the times."""

    client: Client
    news: list[tuple[float, str]] = attrs.field(factory=list)

    def take(self) -> set[str]:
        names = [name for _, name in self.news]
        assert len(set(names)) == len(names), names
        self.news.clear()
        return set(names)


@asynccontextmanager
async def subscribed(world: World, era: str, uris: Iterable[str]) -> AsyncIterator[Heard]:
    """A client of an era that wants to be told of these; ``LIST`` among them stands for the list."""
    wanted, news = set(uris), []

    async def hear(message: Any) -> None:
        if era == "legacy" and (name := told(message)):
            news.append((trio.current_time(), name))

    async with Client(world.server, mode="legacy" if era == "legacy" else "auto", message_handler=hear) as client:
        heard = Heard(client, news)
        if era == "legacy":
            if LIST in wanted:
                await client.list_resources()
            for uri in wanted - {LIST}:
                with pytest.warns(MCPDeprecationWarning):
                    await client.subscribe_resource(uri)
            yield heard
            return
        listened = client.listen(resources_list_changed=LIST in wanted, resource_subscriptions=sorted(wanted - {LIST}))
        async with listened as stream, trio.open_nursery() as nursery:

            async def follow() -> None:
                async for event in stream:
                    name = event.uri if isinstance(event, ResourceUpdated) else LIST
                    assert isinstance(event, ResourceUpdated | ResourcesListChanged)
                    news.append((trio.current_time(), name))

            nursery.start_soon(follow)
            yield heard
            nursery.cancel_scope.cancel()


ERAS = ("modern", "legacy")


@pytest.mark.parametrize("era", ERAS)
async def test_a_commit_is_told_within_a_second_and_only_what_it_changed(
    autojump_clock: MockClock, world: World, era: str
) -> None:
    async with subscribed(world, era, ALL) as heard:
        await trio.sleep(5)
        assert heard.take() == set()
        begun = trio.current_time()
        world.commit(20)
        await trio.sleep(1.5)
        assert {seconds - begun <= 1 for seconds, _ in heard.news} == {True}
        assert heard.take() == {STATUS, GAME, FIRST}
        world.commit(310)  # the next draw date begins
        await trio.sleep(1.5)
        assert heard.take() == {STATUS, GAME, FIRST, SECOND, LIST}
        world.commit(311)
        await trio.sleep(1.5)
        assert heard.take() == {STATUS, GAME, SECOND}


@pytest.mark.parametrize("era", ERAS)
async def test_real_results_change_their_dates(autojump_clock: MockClock, world: World, era: str) -> None:
    async with subscribed(world, era, ALL) as heard:
        world.source.games[0].publish(date(2024, 1, 6), (1, 2, 3, 4, 5), (6,))
        await trio.sleep(1.5)
        assert heard.take() == {STATUS, GAME, SECOND, LIST}


@pytest.mark.parametrize("era", ERAS)
async def test_a_new_game_and_a_grown_definition_are_told(autojump_clock: MockClock, world: World, era: str) -> None:
    async with subscribed(world, era, ALL) as heard:
        world.source.games.append(FakeGame(game=GAMES["GAME_005"], made=None))
        await trio.sleep(1.5)
        assert heard.take() == {STATUS, OTHER, LIST}
        grown = game_to_data(GAMES["GAME_001"])
        grown["schedule"].append({"from": "2030-01-02", "days": ["Wed"]})
        world.source.games[0].game = game_from_data(grown, source="test")
        await trio.sleep(1.5)
        assert heard.take() == {STATUS, GAME, DEFINITION}


@pytest.mark.parametrize("era", ERAS)
async def test_many_commits_of_a_second_are_one_notification(autojump_clock: MockClock, world: World, era: str) -> None:
    """However fast the simulation is, a client is told at most once a second of each resource."""
    async with subscribed(world, era, [STATUS]) as heard:
        begun = trio.current_time()
        for draw in range(200):
            world.commit(20 + draw // 2)
            await trio.sleep(0.05)
        times = [seconds - begun for seconds, _ in heard.news]
        assert 9 <= len(times) <= 10
        assert all(later - earlier >= 0.999 for earlier, later in pairwise(times))


@pytest.mark.parametrize("era", ERAS)
async def test_nothing_is_missed_right_after_subscribing(autojump_clock: MockClock, world: World, era: str) -> None:
    """What stood there when the request was answered is what later looks compare with, for a second subscriber too."""
    async with subscribed(world, era, [STATUS]), subscribed(world, era, [FIRST]) as second:
        world.commit(11)
        await trio.sleep(1.5)
        assert second.take() == {FIRST}


async def test_whoever_announces_next_goes_on_for_those_who_are_there(autojump_clock: MockClock) -> None:
    """After a crash it starts anew, and nobody subscribes a second time."""
    world = World(source=FakeSource(games=[FakeGame(game=GAMES["GAME_001"], made=10)]))
    async with subscribed(world, "modern", [STATUS]) as heard, trio.open_nursery() as nursery:
        await trio.sleep(5)
        for draws in (20, 30):
            with trio.move_on_after(3):
                nursery.start_soon(_commit_later, world, draws)
                await announce(world.source, world.subscriptions)
            assert heard.take() == {STATUS}


async def _commit_later(world: World, draws: int) -> None:
    await trio.sleep(0.5)
    world.commit(draws)


@pytest.mark.parametrize("era", ERAS)
async def test_what_ended_is_cleaned_up_and_nobody_looks_for_nobody(
    autojump_clock: MockClock, world: World, era: str
) -> None:
    for _ in range(3):
        async with subscribed(world, era, ALL):
            await trio.sleep(3)
            assert world.subscriptions.count == 1
            assert set(world.subscriptions.watched) == set(ALL)
        await trio.sleep(3)
        assert world.subscriptions.count == 0
        assert not world.subscriptions.watched
        assert not world.subscriptions._sessions
        looked = world.source.snapshots
        await trio.sleep(100)
        assert world.source.snapshots == looked


async def test_a_legacy_session_ends_its_subscriptions_one_by_one(autojump_clock: MockClock, world: World) -> None:
    async with subscribed(world, "legacy", [STATUS, GAME]) as heard:
        for uri in (STATUS, "test://never-subscribed"):
            with pytest.warns(MCPDeprecationWarning):
                assert (await heard.client.unsubscribe_resource(uri)).model_dump(exclude_none=True) == {}
        world.commit(12)
        await trio.sleep(1.5)
        assert heard.take() == {GAME}
        with pytest.warns(MCPDeprecationWarning):
            await heard.client.unsubscribe_resource(GAME)
        assert (world.subscriptions.count, set(world.subscriptions.watched)) == (0, set())


@pytest.mark.parametrize("era", ERAS)
async def test_any_uri_can_be_watched_but_only_ours_take_room(
    autojump_clock: MockClock, world: World, era: str
) -> None:
    async with subscribed(world, era, ["test://watched-resource", "file:///x"]) as heard:
        world.commit(12)
        await trio.sleep(1.5)
        assert heard.take() == set()
        assert not world.subscriptions.watched


@pytest.mark.parametrize("uri", ["", "status", "no scheme: x", "universe://" + "x" * 300, "x:\n", "x:\u00fc"])
@pytest.mark.parametrize("era", ERAS)
async def test_what_is_no_uri_is_refused(autojump_clock: MockClock, world: World, era: str, uri: str) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(MCPError, match="uri must be a URI"), flatten_subgroups=True):
        async with trio.open_nursery(strict_exception_groups=True), subscribed(world, era, [uri]):
            pass


@pytest.mark.parametrize("era", ERAS)
async def test_one_client_watches_a_bounded_number(autojump_clock: MockClock, world: World, era: str) -> None:
    dates = [f"universe://games/GAME_001/draw-dates/2024-01-{day:02}" for day in range(1, 32)]
    dates += [f"universe://games/GAME_001/draw-dates/2024-03-{day:02}" for day in range(1, 32)]
    fitting = [*dates, STATUS, GAME][:SUBSCRIBER_URIS_MAX]
    async with subscribed(world, era, fitting):
        assert len(world.subscriptions.watched) == SUBSCRIBER_URIS_MAX
    with pytest.RaisesGroup(pytest.RaisesExc(MCPError, match="may watch 64 resources"), flatten_subgroups=True):
        async with trio.open_nursery(strict_exception_groups=True), subscribed(world, era, [*fitting, DEFINITION]):
            pass


@pytest.mark.parametrize("era", ERAS)
async def test_all_clients_together_are_bounded(
    autojump_clock: MockClock, world: World, era: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.subscriptions.SUBSCRIBERS_MAX", 2)
    async with subscribed(world, "modern", [STATUS]), subscribed(world, "legacy", [STATUS]):
        assert world.subscriptions.count == 2
        with pytest.RaisesGroup(pytest.RaisesExc(MCPError, match="2 clients are subscribed"), flatten_subgroups=True):
            async with trio.open_nursery(strict_exception_groups=True), subscribed(world, era, [GAME]):
                pass
        async with Client(world.server, mode="legacy") as client:
            assert (await client.list_resources()).resources  # asking costs no subscription


async def test_closing_ends_streams_in_order_and_opens_no_other(autojump_clock: MockClock, world: World) -> None:
    async with Client(world.server) as client:
        async with client.listen(resource_subscriptions=[STATUS]) as stream:
            world.subscriptions.close()
            with trio.fail_after(SECONDS_MAX):
                assert [event async for event in stream] == []  # an abrupt end would raise
        assert world.subscriptions.count == 0
        with pytest.raises(MCPError, match="about to end"):
            async with client.listen(resource_subscriptions=[STATUS]):
                pass


async def test_a_store_that_is_away_for_a_while_loses_no_change(
    autojump_clock: MockClock, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: object) -> Any:
        raise StoreUnavailable("away")

    async with subscribed(world, "modern", [STATUS, FIRST]) as heard:
        await trio.sleep(2)
        with monkeypatch.context() as patched:
            patched.setattr(FakeSource, "snapshot", away)
            world.commit(15)
            await trio.sleep(10)
            assert heard.take() == set()
        await trio.sleep(1.5)
        assert heard.take() == {STATUS, FIRST}


async def test_subscribing_does_not_wait_for_the_store(autojump_clock: MockClock, world: World) -> None:
    world.source.opened = trio.Event()
    async with subscribed(world, "modern", [STATUS]) as heard:
        await trio.sleep(100)
        world.source.opened.set()
        await trio.sleep(2)
        assert heard.take() == set()
        world.commit(30)
        await trio.sleep(2)
        assert heard.take() == {STATUS}


# A client that does not read.


class Wire:
    """A client by hand, which reads only when told to."""

    def __init__(self, streams: Any) -> None:
        self._read, self._write = streams

    async def send(self, message: JSONRPCMessage) -> None:
        await self._write.send(SessionMessage(message))

    async def read(self) -> JSONRPCMessage:
        with trio.fail_after(SECONDS_MAX):
            message: JSONRPCMessage = (await self._read.receive()).message
        return message


ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}


@asynccontextmanager
async def by_hand(world: World, era: str, uri: str) -> AsyncIterator[Wire]:
    """A client that has subscribed and reads no further than the answer."""
    async with create_client_server_memory_streams() as (client, server), trio.open_nursery() as nursery:
        served = world.server
        nursery.start_soon(served.run, *server, served.create_initialization_options())
        wire = Wire(client)
        if era == "legacy":
            await wire.send(JSONRPCRequest(jsonrpc="2.0", id=1, method="initialize", params=HELLO))
            await wire.read()
            await wire.send(JSONRPCNotification(jsonrpc="2.0", method="notifications/initialized"))
            await wire.send(JSONRPCRequest(jsonrpc="2.0", id=2, method="resources/subscribe", params={"uri": uri}))
        else:
            params = {"notifications": {"resourceSubscriptions": [uri]}, "_meta": ENVELOPE}
            await wire.send(JSONRPCRequest(jsonrpc="2.0", id=2, method="subscriptions/listen", params=params))
        assert isinstance(await wire.read(), JSONRPCResponse | JSONRPCNotification)
        yield wire
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("stalled", ERAS)
@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_does_not_read_holds_up_nobody_and_is_dropped(
    autojump_clock: MockClock, world: World, era: str, stalled: str
) -> None:
    async with by_hand(world, stalled, STATUS) as wire, subscribed(world, era, [STATUS]) as heard:
        await trio.sleep(0.5)  # commits lie between the looks
        tasks = trio.lowlevel.current_statistics().tasks_living
        with capture_logs() as logs:
            for second in range(30):
                world.commit(20 + second)
                await trio.sleep(1)
                if second < SEND_SECONDS_MAX - 1:
                    assert world.subscriptions.count == 2
        assert 29 <= len(heard.news) <= 30
        assert world.subscriptions.count == 1
        assert [log["event"] for log in logs] == ["subscription.dropped"]
        assert trio.lowlevel.current_statistics().tasks_living <= tasks + 1
        if stalled == "legacy":  # it may come again
            await wire.send(JSONRPCRequest(jsonrpc="2.0", id=3, method="resources/subscribe", params={"uri": STATUS}))
            while not isinstance(await wire.read(), JSONRPCResponse):
                pass
            assert world.subscriptions.count == 2


# What changed, without any client.


def marks(source: FakeSource, uris: Iterable[str] = ALL) -> Any:
    with source.snapshot() as snapshot:
        return marks_of(snapshot, source, list(uris))


def test_only_what_was_looked_at_before_can_change() -> None:
    assert changed({}, {STATUS: 1}) == []
    assert changed({STATUS: 1, GAME: 2}, {STATUS: 1}) == []
    assert changed({STATUS: 1, GAME: 2}, {STATUS: 2, GAME: 2, LIST: 3}) == [STATUS]


def test_a_rate_that_fades_is_no_change_but_a_parked_actor_is(monkeypatch: pytest.MonkeyPatch) -> None:
    source = FakeSource(games=[FakeGame(game=GAMES["GAME_001"], made=10)])
    before, faded = marks(source), attrs.evolve(source.games[0].view(), draws_last_hour=3)
    monkeypatch.setattr(FakeGame, "view", lambda _: faded)
    assert changed(before, marks(source)) == []
    parked = Parked(actor="ingestor", reason="no answer", since=source.games[0].view().committed_at)  # type: ignore[arg-type]
    source.vitals_by_id = {"GAME_001": GameVitals(parked=parked)}
    assert set(changed(before, marks(source))) == {STATUS, GAME}


def test_a_late_comparison_changes_its_date_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws and results stand; only how many of them are compared moves on."""
    source = FakeSource(games=[FakeGame(game=GAMES["GAME_001"], made=10)])
    source.games[0].publish(date(2024, 1, 3), (1, 2, 3, 4, 5), (6,))
    before = marks(source)
    with source.snapshot() as snapshot:
        totals = attrs.evolve(snapshot.match_totals(source.games[0].view(), date(2024, 1, 3)), compared_draws=3)
    monkeypatch.setattr("tests.tools.fakes.FakeSnapshot.match_totals", lambda *_: totals)
    assert set(changed(before, marks(source, [STATUS, GAME, FIRST, LIST]))) == {FIRST}


def test_a_date_off_the_schedule_and_an_unknown_game_never_change() -> None:
    source = FakeSource(games=[FakeGame(game=GAMES["GAME_001"], made=10)])
    odd = (f"{GAME}/draw-dates/2024-01-04", "universe://games/NONE", "universe://games/NONE/definition", GUIDE)
    assert marks(source, odd) == dict.fromkeys(odd)
