"""Play a scenario: one life of the process after another on the same store, other processes beside, until it settles.

The settled end is sought, not awaited by the clock: a simulation that settles early is over early.
"""

import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from unittest.mock import patch

import attrs
import trio
from trio._core import _run as trio_run
from trio.testing import MockClock

from actors import comparer, group, ingestor, pace, simulator, watcher, writer
from actors.board import Board
from actors.feed_results import FeedPlan
from actors.supervisor import RestartBudget, RestartBudgetExceeded
from actors.system import run_system
from actors.world import World
from storage import memory
from tests.simulation.log import recording
from tests.simulation.scenario import Elsewhere, LifeSpan, Scale, Scenario
from tests.simulation.stage import Killed, Process, Stage
from universe.compiled import plain_only
from universe.units import ResultsUnit
from universe.vitals import GameVitals

LOOKS_MIN = 200  # how often the calm is looked at, to see whether all has settled
GAVE_UP_PAUSE_SECONDS = 10.0  # after which a service manager starts a process again


End = Callable[["Play", trio.Event, trio.CancelScope], Awaitable[None]]


@attrs.define
class Life:
    """What one life of the process left behind."""

    number: int
    began: float
    ended: float = 0.0
    asked_to_stop: float | None = None
    ending: str = ""
    uncounted_max: int = 0
    restarts: dict[str, int] = attrs.field(factory=dict)


@attrs.define
class Play:
    """A scenario while it is played, and afterwards."""

    stage: Stage
    process: Process = attrs.field()  # the one that lives now
    board: Board = attrs.field(factory=Board)  # its board
    lives: list[Life] = attrs.field(factory=list)
    settled_at: float | None = None
    settled: Callable[["Play"], bool] = lambda _: False  # whether nothing is left to wait for
    beside: Callable[["Play"], Awaitable[None]] | None = None  # looks on while it is played
    vitals: dict[str, GameVitals] = attrs.field(factory=dict)  # as they were when it had settled

    @process.default
    def _before_the_first(self) -> Process:
        return Process(self.stage)

    @property
    def scenario(self) -> Scenario:
        return self.stage.scenario

    @property
    def last_life(self) -> Life:
        return self.lives[-1]


def play(play_of: Play) -> Play:
    """Play to the end, in virtual time."""
    scenario = play_of.scenario
    with plain_only(), ordered(scenario.order_seed), scaled(scenario.scale), recording(play_of.stage.log):
        trio.run(_run, play_of, clock=MockClock(autojump_threshold=0))
    return play_of


async def _run(play_of: Play) -> None:
    scenario = play_of.scenario
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_others, play_of)
        if play_of.beside is not None:
            nursery.start_soon(play_of.beside, play_of)
        for span in scenario.lives:
            await _live(play_of, partial(_end_as_planned, span))
            await trio.sleep(span.pause_seconds)
        while play_of.settled_at is None and trio.current_time() < scenario.end:
            await _live(play_of, _end_when_settled)
            if scenario.at_bounds and not play_of.settled(play_of):
                play_of.settled_at = None  # what was committed while it ended is the next life's to compare
            if play_of.last_life.ending == "gave up":
                await trio.sleep(GAVE_UP_PAUSE_SECONDS)
        nursery.cancel_scope.cancel()


async def _others(play_of: Play) -> None:
    """Commit what other processes commit."""
    store = play_of.stage.store
    for one in sorted(play_of.scenario.elsewhere, key=lambda one: one.at):
        await trio.sleep_until(one.at)
        if one.max_draws is not None:
            store.extend(one.game.game_id, one.max_draws)
        if one.result is not None:
            play_of.stage.note_commit("elsewhere", store.commit_elsewhere([_unit(one)]))


def _unit(one: Elsewhere) -> ResultsUnit:
    assert one.result is not None
    return ResultsUnit(game_id=one.game.game_id, results=(one.result,), source="another process")


async def _live(play_of: Play, end: End) -> None:
    """Be one process: a world of its own around the same store."""
    stage = play_of.stage
    stage.log.life += 1
    process = play_of.process = Process(stage)
    world = World(
        store=stage.store, offload=process.offload, background=process.background, budget=RestartBudget(), now=stage.now
    )
    life = Life(number=stage.log.life, began=trio.current_time())
    play_of.board = world.board
    play_of.lives.append(life)
    stop = trio.Event()
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(end, play_of, stop, nursery.cancel_scope)
            await _system(play_of, world, stop)
            nursery.cancel_scope.cancel()
    except* Killed:
        pass
    except* Exception:
        if not process.killed.is_set():  # what crashed in the moment of its death, nobody knows
            raise
    life.ended = trio.current_time()
    life.ending = life.ending or "gave up"
    life.uncounted_max = process.uncounted_max
    life.restarts = {game.game_id: world.board.status_of(game.game_id).restarts for game in stage.scenario.games}
    stage.log.note("life.ended", how=life.ending)


async def _system(play_of: Play, world: World, stop: trio.Event) -> None:
    """Run the system. A spent restart budget ends the process, as it should; any other error is a defect."""
    stage = play_of.stage
    feeds = [
        FeedPlan(game_id=publisher.script.game.game_id, source="https://example.org", fetch=publisher.fetch)
        for publisher in stage.publishers
    ]
    try:
        await run_system([stage.plan(game) for game in stage.scenario.games], feeds, world, stop=stop)
    except RestartBudgetExceeded as spent:
        stage.log.note("system.gave_up", actor=spent.name)
    except Exception as defect:  # noqa: BLE001  told with the others
        stage.violations.append(f"the system ended with {defect!r}")


async def _end_as_planned(span: LifeSpan, play_of: Play, stop: trio.Event, scope: trio.CancelScope) -> None:
    await trio.sleep(span.seconds)
    life = play_of.last_life
    life.ending = span.ending
    if span.ending == "stop":
        life.asked_to_stop = trio.current_time()
        stop.set()
    else:
        play_of.process.killed.set()
        scope.cancel()


async def _end_when_settled(play_of: Play, stop: trio.Event, _scope: trio.CancelScope) -> None:
    """Look again and again in the calm. What has not settled at its end will not."""
    scenario = play_of.scenario
    await trio.sleep_until(scenario.storm_seconds + scenario.calm_seconds / LOOKS_MIN)
    while trio.current_time() < scenario.end:
        if play_of.settled(play_of):
            play_of.settled_at = trio.current_time()
            play_of.vitals = {game.game_id: play_of.board.status_of(game.game_id) for game in scenario.games}
            break
        await trio.sleep(scenario.calm_seconds / LOOKS_MIN)
    life = play_of.last_life
    life.ending, life.asked_to_stop = "stop", trio.current_time()
    stop.set()


@contextmanager
def ordered(seed: int) -> Iterator[None]:
    """Within, a seed decides the order of tasks, and every jitter that the product draws."""
    before, deterministic = random.getstate(), trio_run._ALLOW_DETERMINISTIC_SCHEDULING
    order = trio_run._r.getstate()
    random.seed(seed)
    trio_run._r.seed(seed)
    trio_run._ALLOW_DETERMINISTIC_SCHEDULING = True  # type: ignore[misc]  # as trio's plugin for Hypothesis does
    try:
        yield
    finally:
        trio_run._ALLOW_DETERMINISTIC_SCHEDULING = deterministic  # type: ignore[misc]  # as above
        trio_run._r.setstate(order)
        random.setstate(before)


@contextmanager
def scaled(scale: Scale) -> Iterator[None]:
    """Within, portions of work and pauses are as the scale says."""
    with ExitStack() as stack:
        for module, name, value in (
            (watcher, "WATCH_SECONDS", scale.watch_seconds),
            (ingestor, "RETRY_SECONDS_MAX", scale.retry_seconds_max),
            (pace, "PACE_TICK_SECONDS", scale.tick_seconds),
            (simulator, "PLAIN_BATCH_DRAWS", scale.batch_draws),
            (group, "GROUP_UNITS_MAX", scale.group_units),
            (group, "PLAIN_GROUP_DRAWS_MAX", scale.group_draws),
            (group, "TAIL_DRAWS_MAX", scale.tail_draws),
            (writer, "TAIL_DRAWS_MAX", scale.tail_draws),
            (comparer, "COMPARE_DRAWS_MAX", scale.compare_draws),
            (memory, "CATCH_UP_DRAWS_MAX", scale.catch_up_draws),
        ):
            stack.enter_context(patch.object(module, name, value))
        yield
