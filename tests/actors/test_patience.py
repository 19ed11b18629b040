"""What an actor does while the store cannot serve it."""

# ruff: noqa: ARG001 - a test asks for virtual time by naming autojump_clock

from datetime import date
from typing import Any

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from actors.mail import Letter
from actors.patience import PARK_RETRY_SECONDS, patiently
from actors.simulator import SimulationPlan
from actors.system import run_system
from actors.world import World
from actors.writer import run_writer
from storage.errors import StoreDamaged, StoreFull, StoreUnavailable
from storage.memory import MemoryStore
from tests.actors.scenes import (
    GAME_ID,
    START,
    clock_of,
    crash_at,
    expected_ranks,
    make_store,
    make_world,
    ranks_in,
    result,
    results,
)

ACTOR = f"{GAME_ID}.simulator"


class FailingDevice(MemoryStore):
    """A store none of whose methods can be used until a moment of virtual time."""

    until = 0.0

    def _require_device(self) -> None:
        if trio.current_time() < self.until:
            raise StoreUnavailable("the device fails")

    def progress(self, *arguments: Any) -> Any:
        self._require_device()
        return super().progress(*arguments)

    def pending_comparisons(self, *arguments: Any) -> Any:
        self._require_device()
        return super().pending_comparisons(*arguments)

    def changes(self) -> int:
        self._require_device()
        return super().changes()

    def commit(self, *arguments: Any) -> Any:
        self._require_device()
        return super().commit(*arguments)


async def test_a_device_that_fails_for_an_hour_stops_nothing_for_good(autojump_clock: MockClock) -> None:
    store = FailingDevice(clock_of(), max_draws=500)
    store.until = 3_600.0
    world, stop = make_world(store), trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: run_system([SimulationPlan(game_id=GAME_ID)], [], world, stop=stop))
        await trio.sleep(3_599)
        vitals = world.board.status_of(GAME_ID)
        assert vitals.parked is not None
        assert (vitals.parked.reason, vitals.parked.since) == ("the device fails", START)
        await world.board.wait_settled()
        assert trio.current_time() < 3_600 + 2 * PARK_RETRY_SECONDS
        stop.set()
    assert ranks_in(store) == expected_ranks(500)
    vitals = world.board.status_of(GAME_ID)
    assert (vitals.parked, vitals.restarts) == (None, 0)


async def test_damage_is_waited_for_like_any_other_state_of_the_store(autojump_clock: MockClock) -> None:
    faults: list[Exception] = [StoreDamaged("damaged"), StoreFull("full"), StoreUnavailable("locked")]
    world = make_world(make_store())

    async def attempt() -> float:
        if faults:
            raise faults.pop()
        return trio.current_time()

    with capture_logs() as logs:
        assert await patiently(ACTOR, world, attempt) == 3 * PARK_RETRY_SECONDS
    assert [(line["event"], line.get("reason")) for line in logs] == [
        ("actor.parked", "locked"),
        ("actor.parked", "full"),
        ("actor.parked", "damaged"),
        ("actor.unparked", None),
    ]


async def test_what_another_reason_parked_stays_parked(autojump_clock: MockClock) -> None:
    world = make_world(make_store())
    world.board.park(ACTOR, "for another reason", START)

    async def attempt() -> int:
        return 1

    assert await patiently(ACTOR, world, attempt) == 1
    assert world.board.status_of(GAME_ID).parked is not None


async def test_any_other_error_is_a_crash(autojump_clock: MockClock) -> None:
    async def attempt() -> None:
        raise AssertionError("ours")

    with pytest.raises(AssertionError, match="ours"):
        await patiently(ACTOR, make_world(make_store()), attempt)


async def test_results_that_a_failed_attempt_kept_are_news_all_the_same(autojump_clock: MockClock) -> None:
    """They are compared, although the attempt that succeeds finds them stored."""
    store = make_store(max_draws=300)
    world, stop = make_world(store), trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: run_system([SimulationPlan(game_id=GAME_ID)], [], world, stop=stop))
        await world.board.wait_settled()
        await trio.sleep(1)
        store.fault = crash_at((store.commits + 1, "after"), error=StoreUnavailable)
        await deliver_from_outside(world, store)
        await trio.sleep(1)
        await world.board.wait_settled()
        stop.set()
    assert store.games[GAME_ID].compared_to == {date(2024, 1, 3): 300}


async def deliver_from_outside(world: World, store: MemoryStore) -> None:
    """Commit a result as the writer does, with the answer of the first attempt lost."""
    send, inbox = trio.open_memory_channel[Letter](1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run_writer, inbox, world)
        await send.send(Letter(results(result(date(2024, 1, 3)))))
        await send.aclose()
