"""The proof: real actors, virtual time, chosen faults. No draw is lost, changed or counted twice."""

from collections.abc import Mapping
from functools import partial

import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from trio.testing import MockClock

from actors import comparer, simulator
from actors.simulator import SimulationPlan
from actors.supervisor import RestartBudget
from actors.system import run_system
from actors.world import World
from storage.errors import StoreFull
from storage.memory import GameState, MemoryStore
from tests.actors.scenes import (
    GAME_ID,
    SATURDAY,
    WEDNESDAY,
    crash_at,
    draws,
    expected_ranks,
    make_store,
    make_world,
    result,
    results,
)

MAX_DRAWS = 700
RESULTS = [results(result(WEDNESDAY)), results(result(SATURDAY, (3, 5)))]
FAULTS = st.dictionaries(st.integers(1, 20), st.sampled_from(["before", "after", "full"]), max_size=5)
RATES = st.sampled_from([None, 3.0, 40.0])
BATCH_SIZES = st.integers(30, 200)
ARRIVALS = st.lists(st.floats(0, 60), min_size=2, max_size=2)  # when the two results come


def faulty_store(faults: Mapping[int, str]) -> MemoryStore:
    store = make_store(max_draws=MAX_DRAWS)
    crash = crash_at(*((commit, fault) for commit, fault in faults.items() if fault != "full"))
    full = crash_at(*((commit, "before") for commit, fault in faults.items() if fault == "full"), error=StoreFull)

    def fault(commit: int, moment: str) -> None:
        crash(commit, moment)
        full(commit, moment)

    store.fault = fault
    return store


def undisturbed() -> GameState:
    """Return what there is when results come first and one commit brings every draw."""
    store = make_store(max_draws=MAX_DRAWS)
    store.commit(RESULTS)
    store.commit([draws(1, MAX_DRAWS)])
    return store.games[GAME_ID]


UNDISTURBED = undisturbed()


async def live(world: World, plan: SimulationPlan, arrivals: list[float], store: MemoryStore) -> None:
    """Run to the milestone while another process brings results, then to the end of all comparisons."""
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(run_system, [plan], [], world, stop=stop))
        for at, unit in sorted(zip(arrivals, RESULTS, strict=True), key=lambda pair: pair[0]):
            await trio.sleep_until(at)
            store.commit_elsewhere([unit])
        await trio.sleep(1)
        await world.board.wait_settled()
        stop.set()


@given(faults=FAULTS, rate=RATES, batch_draws=BATCH_SIZES, arrivals=ARRIVALS)
@settings(deadline=None, max_examples=60)
def test_no_crash_loses_changes_or_doubles_a_draw_or_a_comparison(
    faults: dict[int, str], rate: float | None, batch_draws: int, arrivals: list[float]
) -> None:
    store = faulty_store(faults)
    world = make_world(store, budget=RestartBudget(crashes_max=20, jitter=lambda: 0.0))
    plan = SimulationPlan(game_id=GAME_ID, draws_per_second=rate)
    bulk, piece = simulator.PLAIN_BATCH_DRAWS, comparer.COMPARE_DRAWS_MAX
    try:
        simulator.PLAIN_BATCH_DRAWS, comparer.COMPARE_DRAWS_MAX = batch_draws, batch_draws
        with capture_logs():
            trio.run(live, world, plan, arrivals, store, clock=MockClock(autojump_threshold=0))
    finally:
        simulator.PLAIN_BATCH_DRAWS, comparer.COMPARE_DRAWS_MAX = bulk, piece

    state = store.games[GAME_ID]
    assert state.ranks == expected_ranks(MAX_DRAWS)
    assert state.levels == UNDISTURBED.levels
    assert state.compared_to == UNDISTURBED.compared_to
    assert sorted(event.draw_number for event in state.events) == sorted(
        event.draw_number for event in UNDISTURBED.events
    )


@given(faults=FAULTS, rate=RATES, seconds=st.floats(0, 40), lives=st.integers(1, 4))
@settings(deadline=None)
def test_a_universe_stopped_at_any_moment_goes_on_where_it_was(
    faults: dict[int, str], rate: float | None, seconds: float, lives: int
) -> None:
    store = faulty_store(faults)
    plan = SimulationPlan(game_id=GAME_ID, draws_per_second=rate)

    async def live_and_stop() -> None:
        stop = trio.Event()
        world = make_world(store, budget=RestartBudget(crashes_max=20, jitter=lambda: 0.0))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(run_system, [plan], [], world, stop=stop))
            await trio.sleep(seconds)
            stop.set()

    before = 0
    with capture_logs():
        for _ in range(lives):
            trio.run(live_and_stop, clock=MockClock(autojump_threshold=0))
            watermark = store.games[GAME_ID].watermark
            assert watermark >= before
            before = watermark
    assert store.games[GAME_ID].ranks == expected_ranks(before)


async def test_a_cancelled_universe_leaves_a_whole_prefix(autojump_clock: MockClock) -> None:
    assert autojump_clock.rate == 0
    store = make_store(max_draws=MAX_DRAWS)
    with trio.move_on_after(17):
        plan = SimulationPlan(game_id=GAME_ID, draws_per_second=10.0)
        await run_system([plan], [], make_world(store), stop=trio.Event())
    assert store.games[GAME_ID].ranks == expected_ranks(150)
