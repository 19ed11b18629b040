"""Supervision held against a small model: when lives start, what is given up, what ends first, what is shown."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

import attrs
import pytest
import trio
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from structlog.testing import capture_logs
from trio.testing import MockClock

from actors import system
from actors.board import Board, game_of
from actors.services import Service, run_beside
from actors.simulator import SimulationPlan
from actors.supervisor import Child, RestartBudget, RestartBudgetExceeded, keep_alive
from actors.system import DRAIN_SECONDS_MAX, run_system
from actors.world import Offload
from storage.errors import StoreFull
from tests.actors.scenes import (
    GAME_ID,
    START,
    crash_at,
    expected_ranks,
    make_store,
    make_world,
    ranks_in,
)
from universe.units import DrawUnit
from universe.vitals import Parked

End = Literal["crash", "group", "spent", "finish"]


@attrs.frozen
class Span:
    """One life: so long, then this."""

    seconds: float
    end: End


@attrs.frozen
class Story:
    """What came of a supervised child: when its lives started, when it was over, and how."""

    starts: tuple[float, ...]
    pauses: tuple[float, ...]
    over: float
    outcome: Literal["finished", "gave up", "cancelled"]


def expected_story(spans: Sequence[Span], budget: RestartBudget, cancelled_at: float = float("inf")) -> Story:
    """Say what has to come of these lives, each looked at with the whole history; the last ends well."""
    now = 0.0
    starts: list[float] = []
    crashes: list[float] = []
    pauses: list[float] = []
    for span in [*spans, Span(0.0, "finish")]:
        if now >= cancelled_at:
            return Story(tuple(starts), tuple(pauses), cancelled_at, "cancelled")
        starts.append(now)
        now += span.seconds
        if now >= cancelled_at and span.seconds:
            return Story(tuple(starts), tuple(pauses), cancelled_at, "cancelled")
        if span.end == "finish":
            return Story(tuple(starts), tuple(pauses), now, "finished")
        crashes.append(now)
        recent = sum(crash >= now - budget.window_seconds for crash in crashes)
        if recent > budget.crashes_max:
            return Story(tuple(starts), tuple(pauses), now, "gave up")
        doubled = budget.backoff_seconds * 2 ** (recent - 1)
        pauses.append(min(doubled, budget.backoff_seconds_max) * (1 - budget.jitter() / 2))
        now += pauses[-1]
    raise AssertionError


def error_of(end: End) -> Exception:
    match end:
        case "group":
            return ExceptionGroup("of one nursery", [RuntimeError("one"), ExceptionGroup("inner", [OSError("two")])])
        case "spent":
            return RestartBudgetExceeded("a child of it", 6, 300.0)
        case _:
            return RuntimeError("crash")


async def live(spans: Sequence[Span], starts: list[float]) -> None:
    """Be the next life of a child."""
    starts.append(trio.current_time())
    span = spans[len(starts) - 1] if len(starts) <= len(spans) else Span(0.0, "finish")
    if span.seconds:
        await trio.sleep(span.seconds)
    if span.end != "finish":
        raise error_of(span.end)


EIGHTHS = st.integers(0, 320).map(lambda eighths: eighths / 8)  # exact, so that boundaries are met exactly
SPANS = st.lists(st.builds(Span, EIGHTHS, st.sampled_from(["crash", "crash", "group", "spent", "finish"])), max_size=10)
BUDGETS = st.builds(
    lambda crashes, window, first, most, jitter: RestartBudget(
        crashes_max=crashes,
        window_seconds=window,
        backoff_seconds=first,
        backoff_seconds_max=most,
        jitter=lambda: jitter,
    ),
    st.integers(0, 5),
    st.integers(1, 60).map(float),
    st.sampled_from([0.0, 0.25, 1.0, 4.0]),
    st.sampled_from([0.5, 4.0, 10.0]),
    st.sampled_from([0.0, 0.5, 1.0]),
)


def told(spans: Sequence[Span], budget: RestartBudget, cancelled_at: float) -> tuple[Story, Board]:
    """Supervise for real, in virtual time, and tell the story from outside."""
    starts: list[float] = []
    board = Board()
    over: list[tuple[float, Literal["finished", "gave up", "cancelled"]]] = []

    async def supervise() -> None:
        with trio.CancelScope(deadline=cancelled_at) as scope:
            try:
                await keep_alive(Child(name=f"{GAME_ID}.child", run=partial(live, spans, starts)), budget, board)
                over.append((trio.current_time(), "finished"))
            except RestartBudgetExceeded:
                over.append((trio.current_time(), "gave up"))
        if scope.cancelled_caught:
            over.append((trio.current_time(), "cancelled"))

    with capture_logs() as logs:
        trio.run(supervise, clock=MockClock(autojump_threshold=0))
    pauses = tuple(line["pause_seconds"] for line in logs if line["event"] == "actor.crashed")
    return Story(tuple(starts), pauses, *over[0]), board


@given(spans=SPANS, budget=BUDGETS, sixteenth=st.none() | st.integers(0, 640))
@settings(max_examples=200)
@example([Span(0, "crash"), Span(10, "crash")], RestartBudget(crashes_max=1, window_seconds=10.25, jitter=float), None)
@example(
    [Span(0, "crash"), Span(10.125, "crash")], RestartBudget(crashes_max=1, window_seconds=10.25, jitter=float), None
)
def test_a_child_lives_as_the_model_says(spans: list[Span], budget: RestartBudget, sixteenth: int | None) -> None:
    """The examples: a crash as old as the window counts, an older one does not."""
    cancelled_at = float("inf") if sixteenth is None else sixteenth / 8 + 1 / 16  # never in the moment of an event
    expected = expected_story(spans, budget, cancelled_at)
    story, board = told(spans, budget, cancelled_at)
    assert (story.starts, story.outcome, story.over) == (expected.starts, expected.outcome, expected.over)
    assert story.pauses == pytest.approx(expected.pauses, abs=0.001)  # they are told in milliseconds
    assert board.status_of(GAME_ID).restarts == len(expected.pauses)


@given(budget=BUDGETS, jitter=st.floats(0, 1))
def test_pauses_double_up_to_their_maximum_and_lose_half_at_most(budget: RestartBudget, jitter: float) -> None:
    jittered = attrs.evolve(budget, jitter=lambda: jitter)
    whole = [attrs.evolve(budget, jitter=lambda: 0.0).pause_seconds(crashes) for crashes in range(1, 2_000, 7)]
    assert whole == sorted(whole)
    assert max(whole) <= budget.backoff_seconds_max
    assert all(pause / 2 <= jittered.pause_seconds(1 + 7 * place) <= pause for place, pause in enumerate(whole))


async def test_a_crash_beside_a_cancellation_is_told_and_not_raised(autojump_clock: MockClock) -> None:
    """While a life is being cancelled one of its tasks may still fail, say in a commit that is finished first."""
    assert autojump_clock.rate == 0

    async def fail_in_the_end() -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(2)
        raise RuntimeError("the last commit")

    async def run() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            nursery.start_soon(fail_in_the_end)

    with capture_logs() as logs, trio.move_on_after(1):
        await keep_alive(Child(name="core", run=run), RestartBudget(), Board())
    assert [line["actor"] for line in logs] == ["core"]


# Inside the system: a producer's spent budget crashes the life, a life's spent budget ends the system.


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


# What is shown: parked since it was first said, until the same actor goes on.

ACTORS = st.sampled_from(["writer", "watcher", "A.ingestor", "A.simulator", "B.ingestor"])


class BoardModel(RuleBasedStateMachine):
    """The board against a dictionary of each actor's reason and of when it first gave one."""

    def __init__(self) -> None:
        super().__init__()
        self.board, self.now = Board(), START
        self.parked: dict[str, tuple[str, datetime]] = {}
        self.restarts: list[str] = []

    @rule(actor=ACTORS, reason=st.sampled_from(["full", "contradicted"]), seconds=st.integers(-100, 100))
    def park(self, actor: str, reason: str, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.board.park(actor, reason, self.now)
        self.parked[actor] = (reason, self.parked[actor][1] if actor in self.parked else self.now)

    @rule(actor=ACTORS)
    def go_on(self, actor: str) -> None:
        self.board.unpark(actor)
        self.parked.pop(actor, None)

    @rule(actor=ACTORS)
    def restart(self, actor: str) -> None:
        self.board.note_restart(actor)
        self.restarts.append(actor)

    @invariant()
    def shows_what_concerns_each_game(self) -> None:
        for game_id in ("A", "B"):
            shown = self.board.status_of(game_id)
            mine = {
                Parked(actor=actor, reason=reason, since=since)
                for actor, (reason, since) in self.parked.items()
                if game_of(actor) in {game_id, ""}
            }
            own = {parked for parked in mine if game_of(parked.actor) == game_id}
            assert shown.parked in (own or mine) if mine else shown.parked is None
            assert shown.restarts == sum(game_of(actor) in {game_id, ""} for actor in self.restarts)


BoardModel.TestCase.settings = settings(max_examples=40, stateful_step_count=30)


TestBoard = BoardModel.TestCase


# Services: they start first and stop last; a failure asks the work to stop, and is raised, plain, in the end.


@attrs.frozen
class ServiceStory:
    """A service by its lives, and whether it may restart."""

    spans: tuple[Span, ...]
    restarts: bool

    def failure_at(self, budget: RestartBudget) -> float:
        """Return when it fails for good; infinity if it never does."""
        if self.restarts:
            story = expected_story(self.spans, budget)
            return story.over if story.outcome == "gave up" else float("inf")
        first = next(iter(self.spans), Span(0.0, "finish"))
        return float("inf") if first.end == "finish" else first.seconds

    def failure_type(self) -> type[Exception]:
        """Return what its failure is: a spent budget, or whatever its only life ended with."""
        return RestartBudgetExceeded if self.restarts else type(error_of(self.spans[0].end))


SERVICES = st.lists(st.builds(ServiceStory, SPANS.map(tuple), st.booleans()), max_size=3)


@given(services=SERVICES, work_seconds=st.integers(0, 320), drain_seconds=st.sampled_from([0, 3]), budget=BUDGETS)
@settings(max_examples=150)
def test_services_and_work_end_as_the_model_says(
    services: list[ServiceStory], work_seconds: int, drain_seconds: int, budget: RestartBudget
) -> None:
    length = work_seconds / 8 + 1 / 16  # never in the moment of a failure
    first = min((service.failure_at(budget) for service in services), default=float("inf"))
    stopped = first < length
    ended, stop_set, error, running = _run_beside(services, length, drain_seconds, budget)
    assert ended == (min(length, first + drain_seconds) if stopped else length)
    assert stop_set == stopped
    assert (error is not None) == stopped
    if error is not None:
        candidates = [service for service in services if service.failure_at(budget) == first]
        assert any(isinstance(error, service.failure_type()) for service in candidates)
    assert running == 0


def _run_beside(
    services: Sequence[ServiceStory], length: float, drain_seconds: float, budget: RestartBudget
) -> tuple[float, bool, Exception | None, int]:
    running: list[int] = []

    async def serve(spans: Sequence[Span], starts: list[float]) -> None:
        running.append(1)
        try:
            await live(spans, starts)
        finally:
            running.pop()

    async def run() -> tuple[float, bool, Exception | None, int]:
        stop = trio.Event()

        async def work() -> None:
            with trio.move_on_after(length):
                await stop.wait()
                await trio.sleep(drain_seconds)

        children = [
            Service(child=Child(name=f"service {place}", run=partial(serve, one.spans, [])), restarts=one.restarts)
            for place, one in enumerate(services)
        ]
        try:
            await run_beside(children, work, stop=stop, budget=budget, board=Board())
        except Exception as failure:  # noqa: BLE001  it is what is asked for
            return trio.current_time(), stop.is_set(), failure, len(running)
        return trio.current_time(), stop.is_set(), None, len(running)

    with capture_logs():
        return trio.run(run, clock=MockClock(autojump_threshold=0))
