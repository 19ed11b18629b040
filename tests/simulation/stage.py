"""The surroundings of the actors: a store, two clocks, and calls that take time, fail, or die with their process."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import TypeVar, TypeVarTuple

import attrs
import trio

from actors.simulator import SimulationPlan
from storage.errors import StoreDamaged, StoreFull, StoreUnavailable
from storage.interface import Committed
from storage.memory import MemoryStore
from tests.simulation.log import Log
from tests.simulation.publisher import Publisher
from tests.simulation.scenario import FaultKind, Moment, Scenario, Simulated
from universe.units import DrawBatch, DrawUnit, ResultsUnit

COMMITS = frozenset({"commit", "commit_results"})
CALLS_AT_ONCE_MAX = 20_000  # in one instant of virtual time: more is a loop that waits for nothing

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


class Killed(BaseException):
    """The process is gone. No actor can do anything about it."""


class Spinning(BaseException):
    """Somebody calls and calls, and no time passes."""


class InjectedError(RuntimeError):
    """A crash that the scenario asked for."""


class InjectedFull(StoreFull):
    """A full disk that the scenario asked for."""


class InjectedUnavailable(StoreUnavailable):
    """A busy disk that the scenario asked for."""


class InjectedDamage(StoreDamaged):
    """Unreadable pages that the scenario asked for."""


KINDS: dict[FaultKind, type[Exception]] = {
    "crash": InjectedError,
    "full": InjectedFull,
    "unavailable": InjectedUnavailable,
    "damaged": InjectedDamage,
}
INJECTED = tuple(KINDS.values())


class LoggedStore(MemoryStore):
    """A store in memory whose log grows with each commit until it is tidied up."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(*(game.clock for game in scenario.games), max_draws=scenario.max_draws)
        self.log_commits = 0
        self._log_commits_max = scenario.log_commits_max

    def checkpoint(self) -> None:
        self.log_commits = 0

    def log_is_long(self) -> bool:
        return self.log_commits >= self._log_commits_max


@attrs.define
class Stage:
    """What outlives a process: the store, the world, and the record of what happened."""

    scenario: Scenario
    log: Log
    random: Random = attrs.field()
    store: LoggedStore = attrs.field()
    publishers: list[Publisher] = attrs.field()
    calls: Counter[str] = attrs.field(factory=Counter)
    watermarks: dict[str, int] = attrs.field(factory=dict)
    stored_at: dict[tuple[str, date], float] = attrs.field(factory=dict)
    violations: list[str] = attrs.field(factory=list)

    @random.default
    def _from_the_seed(self) -> Random:
        return Random(self.scenario.order_seed)

    @store.default
    def _empty(self) -> LoggedStore:
        return LoggedStore(self.scenario)

    @publishers.default
    def _by_script(self) -> list[Publisher]:
        return [Publisher(script, self.random) for script in self.scenario.feeds]

    def now(self) -> datetime:
        """Return what the world's clock says, right or wrong."""
        elapsed = trio.current_time()
        wrong = sum((jump.by for jump in self.scenario.jumps if elapsed in jump), timedelta())
        return self.scenario.began + timedelta(seconds=elapsed) + wrong

    def strike(self, point: str, call: int, moment: Moment) -> None:
        """Raise what the scenario says of this call."""
        now = trio.current_time()
        if now >= self.scenario.storm_seconds:
            return
        if point in COMMITS and moment == "before" and any(now in span for span in self.scenario.full):
            raise InjectedFull("the disk is full for a while")
        for fault in self.scenario.faults:
            if (fault.point, fault.moment) == (point, moment) and fault.first <= call <= fault.last:
                raise KINDS[fault.kind](f"{point} {call} failed {moment} its work, as asked")

    def note_commit(self, source: str, committed: Committed) -> None:
        """Hold the store against the past: nobody may ever see it go back."""
        for game_id, (first, last) in committed.draws.items():
            self.watermarks.setdefault(game_id, 0)
            if first != self.watermarks[game_id] + 1:
                self.violations.append(f"{game_id}: {source} kept {first}..{last} on {self.watermarks[game_id]}")
        for stored in committed.results:
            for result in stored.inserted:
                if (stored.game_id, result.draw_date) in self.stored_at:
                    self.violations.append(f"{stored.game_id}: {result.draw_date} is stored a second time")
                self.stored_at[stored.game_id, result.draw_date] = trio.current_time()
        for game_id, state in self.store.games.items():
            if state.watermark < self.watermarks.get(game_id, 0):
                self.violations.append(f"{game_id}: the watermark went back to {state.watermark}")
            self.watermarks[game_id] = state.watermark
        self.log.note(
            source,
            draws=sorted(committed.draws.items()),
            inserted=[(stored.game_id, len(stored.inserted)) for stored in committed.results],
            compared=committed.compared_draws,
        )

    def plan(self, game: Simulated) -> SimulationPlan:
        """Return how a process is to simulate a game; phase 1 may fail."""
        return SimulationPlan(
            game_id=game.game_id,
            draws_per_second=game.draws_per_second,
            last_draw=game.last_draw,
            initialise=initialise,
        )


def initialise() -> None:
    """Phase 1: there is nothing left to do."""


@attrs.define
class Process:
    """One life of the process: its calls take time and may fail; all end when it is killed."""

    stage: Stage
    killed: trio.Event = attrs.field(factory=trio.Event)
    uncounted_max: int = 0  # the most draws of one game that were made, but not yet counted
    _counted: dict[str, int] = attrs.field(factory=dict)  # up to which draw
    _calls_at_once: tuple[float, int] = (0.0, 0)

    async def offload(self, function: Callable[[*Arguments], Result], /, *arguments: *Arguments) -> Result:
        """Call like ``call_in_thread``: once begun it ends, and its result is not dropped."""
        await trio.lowlevel.checkpoint()
        delays = self.stage.scenario.delays
        seconds_max = delays.commit if _point(function, arguments) in COMMITS else delays.reading
        return await self._call(seconds_max, function, *arguments)

    async def background(self, function: Callable[[*Arguments], Result], /, *arguments: *Arguments) -> Result:
        """Call like ``call_in_background``."""
        result = await self._call(self.stage.scenario.delays.background, function, *arguments)
        await trio.lowlevel.checkpoint_if_cancelled()
        return result

    async def _call(
        self, seconds_max: float, function: Callable[[*Arguments], Result], /, *arguments: *Arguments
    ) -> Result:
        stage, point = self.stage, _point(function, arguments)
        self._refuse_to_spin()
        stage.calls[point] += 1
        call, seconds = stage.calls[point], seconds_max * stage.random.random()
        before = seconds * stage.random.random()
        await self._pass(before)
        stage.strike(point, call, "before")
        result = function(*arguments)
        self._note(result)
        stage.strike(point, call, "after")
        await self._pass(seconds - before)
        return result

    async def _pass(self, seconds: float) -> None:
        with trio.move_on_after(seconds, shield=True):
            await self.killed.wait()
        if self.killed.is_set():
            raise Killed

    def _refuse_to_spin(self) -> None:
        now, (since, calls) = trio.current_time(), self._calls_at_once
        self._calls_at_once = (now, calls + 1) if now == since else (now, 1)
        if calls > CALLS_AT_ONCE_MAX:
            raise Spinning(f"{calls} calls at {now} s")

    def _note(self, result: object) -> None:
        if isinstance(result, Committed):
            self.stage.store.log_commits += 1
            self.stage.note_commit("commit", result)
        elif isinstance(result, DrawBatch):
            game_id = result.game_id
            counted = max(self._counted.get(game_id, 0), self.stage.store.games[game_id].watermark)
            self.uncounted_max = max(self.uncounted_max, result.last - counted)
        elif isinstance(result, DrawUnit):
            self._counted[result.batch.game_id] = result.batch.last


def _point(function: Callable[..., object], arguments: tuple[object, ...]) -> str:
    """Return what a call is known by."""
    match getattr(function, "__name__", "partial"), arguments:
        case "commit", (Sequence() as units,) if any(isinstance(unit, ResultsUnit) for unit in units):
            return "commit_results"
        case name, _:
            return str(name)
