"""Inside the system: a producer's spent budget crashes the life, a life's spent budget ends the system."""

from collections.abc import Awaitable, Callable

import attrs
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from trio.testing import MockClock

from actors import system
from actors.simulator import SimulationPlan
from actors.supervisor import RestartBudget, RestartBudgetExceeded
from actors.system import DRAIN_SECONDS_MAX, run_system
from actors.world import Offload
from storage.errors import StoreFull
from tests.actors.lives import Span, expected_story
from tests.actors.scenes import (
    GAME_ID,
    crash_at,
    expected_ranks,
    make_store,
    make_world,
    ranks_in,
)
from universe.units import DrawUnit


@given(crashes_max=st.integers(0, 3), window=st.sampled_from([1.0, 2.0, 60.0]), backoff=st.sampled_from([0.25, 1.0]))
@settings(max_examples=25)
def test_budgets_multiply_through_the_levels(crashes_max: int, window: float, backoff: float) -> None:
    budget = RestartBudget(crashes_max=crashes_max, window_seconds=window, backoff_seconds=backoff, jitter=lambda: 0.0)
    horizon = 50.25 + 1 / 16
    always = [Span(0.0, "crash")] * 400
    producer = expected_story(always, budget, horizon)
    core = expected_story([Span(producer.over, "crash")] * 400, budget, horizon)
    ended, crashes, raised = _system_with_a_broken_simulator(budget, horizon)
    if producer.outcome == core.outcome == "gave up":
        assert ended == core.over
        assert crashes["core"] == len(core.starts)
        assert crashes[f"{GAME_ID}.simulator"] == len(core.starts) * len(producer.starts)
        assert raised is not None
        assert raised.name == "core"
        assert raised.crashes == crashes_max + 1
        assert isinstance(raised.__cause__, ExceptionGroup)
    else:
        assert raised is None
        assert horizon <= ended <= horizon + DRAIN_SECONDS_MAX


def _system_with_a_broken_simulator(
    budget: RestartBudget, horizon: float
) -> tuple[float, dict[str, int], RestartBudgetExceeded | None]:
    """Run the system until the horizon with a simulator whose every life ends at once."""
    store, caught = make_store(), []

    def fail(_game_id: str) -> None:
        raise RuntimeError("unreadable")

    store.progress = fail  # type: ignore[method-assign, assignment]  # a fault

    async def run() -> float:
        stop = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_set_at, stop, horizon)
            try:
                await run_system([SimulationPlan(game_id=GAME_ID)], [], make_world(store, budget=budget), stop=stop)
            except RestartBudgetExceeded as spent:
                caught.append(spent)
            ended = trio.current_time()
            nursery.cancel_scope.cancel()
        return ended

    with capture_logs() as logs:
        ended = trio.run(run, clock=MockClock(autojump_threshold=0))
    names = [line["actor"] for line in logs if line["event"] in {"actor.crashed", "actor.gave_up"}]
    return ended, {name: names.count(name) for name in names}, caught[0] if caught else None


async def _set_at(event: trio.Event, moment: float) -> None:
    await trio.sleep_until(moment)
    event.set()


@attrs.define
class Seen:
    """What an offload saw, and in which order the actors ended."""

    counted: int = 0
    ended: list[str] = attrs.field(factory=list)


@given(
    stop_eighth=st.integers(0, 120),
    delay=st.sampled_from([0.0, 0.01, 0.1]),
    rate=st.sampled_from([None, 2.0, 20.0]),
    crash=st.sampled_from([None, "before", "after"]),
    full_from=st.sampled_from([10**6, 10**6, 2]),
)
@settings(max_examples=60)
def test_stopping_in_any_phase_ends_producers_then_consumers_and_keeps_what_was_counted(
    stop_eighth: int, delay: float, rate: float | None, crash: str | None, full_from: int
) -> None:
    store = make_store(max_draws=600)
    if full_from < 100:
        store.fault = crash_at(*((commit, "before") for commit in range(full_from, 1_000)), error=StoreFull)
    elif crash:
        store.fault = crash_at((2, crash))
    seen, took = Seen(), []
    world = attrs.evolve(make_world(store), offload=_watched(seen, delay), background=_watched(seen, delay))

    async def run() -> None:
        stop = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_set_at, stop, stop_eighth / 8)
            await run_system([SimulationPlan(game_id=GAME_ID, draws_per_second=rate)], [], world, stop=stop)
        took.append(trio.current_time() - stop_eighth / 8)

    with capture_logs(), pytest.MonkeyPatch.context() as patches:
        for name in ("run_simulator", "run_aggregator", "run_writer"):
            patches.setattr(system, name, _noting_its_end(name, getattr(system, name), seen))
        trio.run(run, clock=MockClock(autojump_threshold=0))
    watermark = store.games[GAME_ID].watermark
    assert ranks_in(store) == expected_ranks(watermark)
    assert took[0] <= DRAIN_SECONDS_MAX + 2 * delay + 1e-6
    if full_from > 100 and not crash:
        assert watermark == seen.counted  # what had been counted is kept: delays are short
        assert seen.ended[-3:] == ["run_simulator", "run_aggregator", "run_writer"]
    assert world.board.status_of(GAME_ID).parked is None
    assert not world.board.status_of(GAME_ID).simulating


def _watched(seen: Seen, delay: float) -> Offload:
    async def offload(function: Callable[..., object], *arguments: object) -> object:
        await trio.lowlevel.checkpoint()
        with trio.CancelScope(shield=True):
            await trio.sleep(delay)
        result = function(*arguments)
        if isinstance(result, DrawUnit):
            seen.counted = max(seen.counted, result.batch.last)
        return result

    return offload  # type: ignore[return-value]  # a plain signature says what it does well enough


def _noting_its_end(name: str, actor: Callable[..., Awaitable[None]], seen: Seen) -> Callable[..., Awaitable[None]]:
    async def run(*arguments: object) -> None:
        try:
            await actor(*arguments)
        finally:
            seen.ended.append(name)

    return run
