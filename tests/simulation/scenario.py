"""What happens in one simulation, as plain data: whoever has the scenario can play it again.

All times are seconds of virtual time since the simulation began. Faults end with the storm; a calm follows.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Literal

import attrs

from actors.feed_results import FeedPlan
from universe.calendar import LogicalClock
from universe.game import Game, Period, Pool, RestOfDrum
from universe.results.result import RealResult

EPOCH = date(2024, 1, 1)  # a Monday
HOUR, DAY = 3_600.0, 86_400.0

WEEKLY = Game(
    game_id="A",
    since=EPOCH,
    main=Pool(picked=2, size=6),
    schedule=(Period(start=EPOCH, days=("Wed", "Sat")),),
)
DAILY = Game(
    game_id="B",
    since=EPOCH,
    main=Pool(picked=3, size=12),
    bonus=Pool(picked=1, size=4),
    schedule=(Period(start=EPOCH, days=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")),),
)
OFTEN = Game(
    game_id="C",
    since=EPOCH,
    main=Pool(picked=3, size=9),
    bonus=RestOfDrum(picked=1),
    schedule=(Period(start=EPOCH, days=("Mon", "Wed", "Sat")),),
)
GAMES = (WEEKLY, DAILY, OFTEN)

Point = Literal[
    "commit", "checkpoint", "progress", "pending_comparisons", "missing_results", "game", "changes",
    "draw_batch", "count_batch", "compare_all", "initialise", "commit_results",
]  # fmt: skip  # by their functions' names; a commit that brings results is a point of its own
Moment = Literal["before", "after"]
FaultKind = Literal["crash", "full", "unavailable", "damaged"]
OutageKind = Literal["refused", "silent", "garbage", "nothing", "cut"]
Ending = Literal["stop", "kill"]


@attrs.frozen(kw_only=True)
class Scale:
    """How large the portions of work are, and how often somebody looks: a long simulation looks more rarely."""

    watch_seconds: float = 0.25
    tick_seconds: float = 5.0
    retry_seconds_max: float = 7_200.0
    batch_draws: int = 50
    group_units: int = 4
    group_draws: int = 200
    tail_draws: int = 60
    compare_draws: int = 80
    catch_up_draws: int = 100


@attrs.frozen(kw_only=True)
class Simulated:
    """One game that is drawn."""

    clock: LogicalClock
    draws_per_second: float | None
    last_draw: int | None

    @property
    def game_id(self) -> str:
        return self.clock.game.game_id


@attrs.frozen(kw_only=True)
class Fault:
    """Calls ``first`` to ``last`` of one function fail, before they have done their work or after it."""

    point: Point
    first: int
    last: int
    moment: Moment
    kind: FaultKind


@attrs.frozen(kw_only=True)
class Span:
    """From ``start`` until ``end``."""

    start: float
    end: float

    def __contains__(self, moment: float) -> bool:
        return self.start <= moment < self.end


@attrs.frozen(kw_only=True)
class Jump(Span):
    """During the span the wall clock is wrong by so much."""

    by: timedelta


@attrs.frozen(kw_only=True)
class Outage(Span):
    """During the span a feed does not answer as it should."""

    kind: OutageKind


@attrs.frozen(kw_only=True)
class Publication:
    """When a date's result is published, and what stood there before: a row without numbers, or wrong ones."""

    day: date
    at: float
    placeholder_seconds: float = 0.0
    wrong_seconds: float = 0.0


@attrs.frozen(kw_only=True)
class FeedScript:
    """A game's source: what it publishes, when it is out of order, and how long it takes to answer at most."""

    game: Game
    publications: tuple[Publication, ...]
    outages: tuple[Outage, ...] = ()
    answer_seconds_max: float = 0.0


@attrs.frozen(kw_only=True)
class Elsewhere:
    """Another process commits a result, or moves the milestone, or both."""

    at: float
    game: Game
    result: RealResult | None = None
    max_draws: int | None = None


@attrs.frozen(kw_only=True)
class LifeSpan:
    """One life of the process: after so long it is stopped or killed, and so much later the next one starts."""

    seconds: float
    ending: Ending
    pause_seconds: float


@attrs.frozen(kw_only=True)
class Delays:
    """The longest times that work takes; each call takes a random part of it."""

    commit: float = 0.0
    reading: float = 0.0
    background: float = 0.0


@attrs.frozen(kw_only=True)
class Scenario:
    """All that happens. ``order_seed`` decides the rest: the order of tasks, each delay, each jitter."""

    order_seed: int
    began: datetime
    scale: Scale
    games: tuple[Simulated, ...]
    feeds: tuple[FeedScript, ...]
    max_draws: int
    storm_seconds: float
    calm_seconds: float  # in it everything has to settle
    at_bounds: bool  # whether all games are to reach their bounds; else they go on at their pace
    lives: tuple[LifeSpan, ...] = ()
    faults: tuple[Fault, ...] = ()
    full: tuple[Span, ...] = ()
    jumps: tuple[Jump, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    delays: Delays = Delays()
    log_commits_max: int = 10**9  # a log of so many commits is long

    @property
    def end(self) -> float:
        """When it is over whether or not all has settled."""
        return self.storm_seconds + self.calm_seconds


def due_seconds(game: Game, day: date, began: datetime) -> float:
    """Return when a date's result is due."""
    return (FeedPlan(game_id=game.game_id, source="").due_at(day) - began).total_seconds()


def began_on(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
