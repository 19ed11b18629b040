"""The whole: one life on fresh mailboxes, phase 0 before draws, the stop ladder, services around it."""

# ruff: noqa: ARG001 - a test asks for virtual time by naming autojump_clock

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from actors import group, simulator
from actors.feed_results import FeedPlan
from actors.services import Service, run_beside
from actors.simulator import SimulationPlan
from actors.supervisor import Child, RestartBudget, RestartBudgetExceeded
from actors.system import DRAIN_SECONDS_MAX, run_system
from actors.world import World, call_in_thread
from storage.errors import StoreFull
from storage.memory import MemoryStore
from tests.actors.scenes import (
    GAME_ID,
    WEDNESDAY,
    clock_of,
    crash_at,
    draws,
    expected_ranks,
    make_game,
    make_store,
    make_world,
    ranks_in,
    result,
    results,
    sleeping_for,
)
from tests.actors.test_ingestor import reading
from universe.game import Game
from universe.results.result import Reading

PLAN = SimulationPlan(game_id=GAME_ID)
SLOW_PLAN = SimulationPlan(game_id=GAME_ID, draws_per_second=2.0)


async def run_until(seconds: float, world: World, *plans: SimulationPlan, services: Sequence[Service] = ()) -> None:
    """Run the system and ask it to stop after so long."""
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run_with, services, world, plans, stop)
        await trio.sleep(seconds)
        stop.set()


async def run_with(
    services: Sequence[Service], world: World, plans: Sequence[SimulationPlan], stop: trio.Event
) -> None:
    """Run the system with services around it, as a process does."""
    work = partial(run_system, plans, [], world, stop=stop)
    await run_beside(services, work, stop=stop, budget=world.budget, board=world.board)


async def test_it_ends_by_itself_once_every_game_is_at_its_bound(autojump_clock: MockClock) -> None:
    games = [make_game(name) for name in ("A", "B")]
    store = MemoryStore(*map(clock_of, games), max_draws=700)
    store.commit([results(result(WEDNESDAY), game_id="B")])
    store.commit([draws(1, 50, clock_of(games[0]))])
    plans = [SimulationPlan(game_id="A"), SimulationPlan(game_id="B", draws_per_second=20.0, last_draw=400)]
    world = make_world(store)
    await run_system(plans, [], world, stop=trio.Event(), until_halted=True)
    assert ranks_in(store, "A") == expected_ranks(700, clock_of(games[0]))
    assert ranks_in(store, "B") == expected_ranks(400, clock_of(games[1]))
    assert store.games["B"].compared_to == {WEDNESDAY: 300}
    assert 20 <= trio.current_time() < 21
    assert world.board.is_settled()


async def test_late_comparisons_are_done_before_it_ends_by_itself(autojump_clock: MockClock) -> None:
    store = make_store(max_draws=500)
    store.commit([draws(1, 500)])
    store.commit([results(result(WEDNESDAY))])
    await run_system([PLAN], [], make_world(store), stop=trio.Event(), until_halted=True)
    assert store.games[GAME_ID].compared_to == {WEDNESDAY: 300}


async def test_nobody_simulates_after_it_has_ended(autojump_clock: MockClock) -> None:
    world = make_world(make_store())
    await run_until(10, world, SLOW_PLAN)
    assert not world.board.status_of(GAME_ID).simulating
    assert trio.current_time() == 10


async def test_a_halted_system_goes_on_within_a_second_after_an_extension_elsewhere(
    autojump_clock: MockClock,
) -> None:
    store = make_store(max_draws=100)

    async def extend() -> None:
        await trio.sleep(10.1)
        assert store.games[GAME_ID].watermark == 100
        store.extend(GAME_ID, 200)
        await trio.sleep(1)
        assert store.games[GAME_ID].watermark == 200

    service = Service(child=Child(name="operator", run=extend), restarts=False)
    await run_until(20, make_world(store), PLAN, services=[service])


async def test_a_crashed_writer_restarts_with_its_producers_on_fresh_mailboxes(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The units that the mailboxes held are gone with it; the store tells where to go on."""
    monkeypatch.setattr(simulator, "PLAIN_BATCH_DRAWS", 50)
    monkeypatch.setattr(group, "GROUP_UNITS_MAX", 2)
    store = make_store()
    store.fault = crash_at((2, "before"), (4, "after"))
    world = make_world(store)
    with capture_logs() as logs:
        await run_system([PLAN], [], world, stop=trio.Event(), until_halted=True)
    assert ranks_in(store) == expected_ranks(1_000)
    crashes = [line["actor"] for line in logs if line["event"] == "actor.crashed"]
    assert crashes == ["core", "core"]  # the producers were cancelled, they have not crashed
    assert world.board.status_of(GAME_ID).restarts == 2


async def test_a_crashed_simulator_restarts_alone(autojump_clock: MockClock) -> None:
    store = make_store(max_draws=100)
    progress, calls = store.progress, []

    def fail_once(game_id: str) -> object:
        calls.append(game_id)
        if len(calls) == 2:
            raise RuntimeError("once")
        return progress(game_id)

    store.progress = fail_once  # type: ignore[method-assign, assignment]  # a fault
    with capture_logs() as logs:
        await run_system([PLAN], [], make_world(store), stop=trio.Event(), until_halted=True)
    assert [line["actor"] for line in logs if line["event"] == "actor.crashed"] == [PLAN.actor]
    assert ranks_in(store) == expected_ranks(100)


async def test_a_spent_budget_ends_it_with_the_plain_error(autojump_clock: MockClock) -> None:
    store = make_store()
    store.fault = crash_at(*((commit, "before") for commit in range(1, 100)))
    world = make_world(store, budget=RestartBudget(crashes_max=2, jitter=lambda: 0.0))
    with capture_logs(), pytest.raises(RestartBudgetExceeded, match="core crashed 3 times"):
        await run_system([PLAN], [], world, stop=trio.Event())


async def test_stopping_drains_what_was_drawn(autojump_clock: MockClock) -> None:
    store = make_store()
    world = make_world(store, offload=sleeping_for(0.3))
    await run_until(10.75, world, SLOW_PLAN)  # stopped while a batch is counted
    assert ranks_in(store) == expected_ranks(20)
    assert trio.current_time() <= 10.75 + DRAIN_SECONDS_MAX + 0.3


async def test_stopping_is_bounded_however_slow_the_drain_but_a_commit_is_finished(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulator, "PLAIN_BATCH_DRAWS", 50)
    store = make_store(max_draws=10**6)

    async def slow_commits(function: Callable[..., object], *arguments: object) -> object:
        await trio.sleep(4 if function == store.commit else 0.01)
        return function(*arguments)

    with capture_logs() as logs:
        await run_until(11, make_world(store, offload=slow_commits), PLAN)  # type: ignore[arg-type]  # a plain signature
    assert trio.current_time() < 15
    assert "system.cut_short" in [line["event"] for line in logs]
    assert ranks_in(store) == expected_ranks(store.games[GAME_ID].watermark)
    assert len([line for line in logs if line["event"] == "batch.committed"]) == store.commits


async def test_stopping_does_not_wait_for_a_full_disk(autojump_clock: MockClock) -> None:
    store = make_store()
    store.fault = crash_at(*((commit, "before") for commit in range(1, 1_000)), error=StoreFull)
    with capture_logs():
        await run_until(60, make_world(store), PLAN)
    assert trio.current_time() == 60 + DRAIN_SECONDS_MAX


async def test_stopping_does_not_wait_out_the_pause_after_a_crash(autojump_clock: MockClock) -> None:
    store = make_store()
    store.fault = crash_at((1, "before"))
    budget = RestartBudget(backoff_seconds=500.0, backoff_seconds_max=500.0, jitter=lambda: 0.0)
    with capture_logs():
        await run_until(60, make_world(store, budget=budget), PLAN)
    assert trio.current_time() == 60 + DRAIN_SECONDS_MAX


async def test_no_draw_is_made_before_phase_0_has_ended(autojump_clock: MockClock) -> None:
    store = make_store(max_draws=100)

    async def fetch(_plan: FeedPlan, _game: Game, _today: date) -> Reading:
        await trio.sleep(12)
        assert store.games[GAME_ID].watermark == 0
        return reading(result(WEDNESDAY))

    feed = FeedPlan(game_id=GAME_ID, source="x", fetch=fetch)
    await run_system([PLAN], [feed], make_world(store), stop=trio.Event(), until_halted=True)
    assert 12 <= trio.current_time() < 13
    assert store.games[GAME_ID].compared_to == {WEDNESDAY: 100}


async def test_services_start_first_and_stop_last(autojump_clock: MockClock) -> None:
    store = make_store()
    order: list[tuple[str, int]] = []

    async def serve() -> None:
        order.append(("started", store.games[GAME_ID].watermark))
        try:
            await trio.sleep_forever()
        finally:
            order.append(("stopped", store.games[GAME_ID].watermark))

    service = Service(child=Child(name="server", run=serve), restarts=False)
    await run_until(10, make_world(store), SLOW_PLAN, services=[service])
    assert order == [("started", 0), ("stopped", store.games[GAME_ID].watermark)]


async def test_a_service_that_must_not_restart_drains_and_ends_the_process(autojump_clock: MockClock) -> None:
    store = make_store()

    async def fail() -> None:
        await trio.sleep(10.01)
        raise RuntimeError("stdout is gone")

    service = Service(child=Child(name="server", run=fail), restarts=False)
    with capture_logs(), pytest.raises(RuntimeError, match="stdout is gone"):
        await run_with([service], make_world(store), [SLOW_PLAN], trio.Event())
    assert ranks_in(store) == expected_ranks(20)
    assert trio.current_time() < 10.1


async def test_a_service_that_may_restart_does_so_while_draws_go_on(autojump_clock: MockClock) -> None:
    store = make_store()
    world = make_world(store)
    lives: list[float] = []

    async def fail_once() -> None:
        lives.append(trio.current_time())
        if len(lives) == 1:
            raise RuntimeError

    service = Service(child=Child(name="server", run=fail_once), restarts=True)
    with capture_logs():
        await run_until(10.1, world, SLOW_PLAN, services=[service])
    assert lives == [0, world.budget.backoff_seconds]
    assert ranks_in(store) == expected_ranks(20)


async def test_it_runs_with_real_threads_on_the_real_clock() -> None:
    store = make_store(max_draws=100_000, draws_per_day=10_000)
    store.commit([results(result(WEDNESDAY))])
    world = make_world(store, offload=call_in_thread)
    with trio.fail_after(60), capture_logs():
        await run_system([PLAN], [], world, stop=trio.Event(), until_halted=True)
    assert ranks_in(store) == expected_ranks(100_000, clock_of(draws_per_day=10_000))
    assert store.games[GAME_ID].compared_to == {WEDNESDAY: 30_000}
