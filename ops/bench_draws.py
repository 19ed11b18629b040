"""The universes that are measured: their logical time, made-up real results, and the stages of filling one."""

from pathlib import Path
from time import perf_counter
from typing import Any

import attrs

from actors.group import group_draws_max
from actors.simulator import batch_draws_max, draw_batch
from ops.bench_measure import nanoseconds
from ops.place import Mode, Place
from ops.prepare import DRAWS_PER_DAY
from storage.connection import Location
from storage.draws import count_ahead
from storage.registry import Milestone
from storage.store import SqliteStore
from universe.calendar import LogicalClock, draw_dates
from universe.counting import count_draws
from universe.game import Game
from universe.ranking import unrank
from universe.results.result import RealResult
from universe.seed import draw_rank
from universe.units import DrawUnit, ResultsUnit

MODE: Mode = "prod"  # a test universe ends at a million draws
RESULTS_DRAWS_MIN = 100_000_000  # results for the dates of so many draws, however few are made: answers of one length
NEVER_DRAWN = 10**12  # the number of a draw that no universe reaches: it stands in for a real result


def bench_clock(game: Game) -> LogicalClock:
    """Return the logical time of every measured universe: the production pace from the game's first day.

    Its epoch is the same whenever the benchmark runs, so that the draws are.
    """
    return LogicalClock(game=game, epoch=game.since, draws_per_day=DRAWS_PER_DAY[MODE])


def make_results(clock: LogicalClock, draws: int) -> ResultsUnit:
    """Return a made-up result for every date that so many draws, or more, fall on: all will have to be compared."""
    game = clock.game
    results = []
    for day in draw_dates(game, clock.epoch, clock.draw_date(max(draws, RESULTS_DRAWS_MIN))):
        main, bonus = unrank(game, draw_rank(game, day, NEVER_DRAWN))
        results.append(RealResult(draw_date=day, main_numbers=main, bonus_numbers=bonus))
    return ResultsUnit(game_id=game.game_id, results=tuple(results), source="bench")


def new_store(place: Place, clock: LogicalClock, draws: int) -> SqliteStore:
    """Create a universe with results for at least so many draws, and none of them drawn; the caller closes it."""
    place.create()
    store = SqliteStore.open(Location(place.database), place.mode, create=True)
    store.ingest(clock.game, make_results(clock, draws))
    return store


# The stages of filling it.


@attrs.define
class Stopwatch:
    """Seconds that each stage took so far, and the draws that went through all of them."""

    draws: int = 0
    draw_ranks: float = 0.0
    count_draws: float = 0.0
    count_ahead: float = 0.0
    commit: float = 0.0
    longest_commit: float = 0.0
    checkpoint: float = 0.0


def stages(game: Game, draws: int, folder: Path) -> dict[str, Any]:
    """Return what each stage costs alone, one after the other in this thread, in nanoseconds a draw.

    Means over all batches and groups: a commit now and then folds many draws into the indexes.
    """
    place, clock, watch = Place(folder, MODE), bench_clock(game), Stopwatch()
    with new_store(place, clock, draws) as store:
        fill(store, clock, draws, watch)
    return {
        "draws": draws,
        "draw_ranks_ns": nanoseconds(watch.draw_ranks, draws),
        "count_draws_ns": nanoseconds(watch.count_draws, draws),
        "count_ahead_ns": nanoseconds(watch.count_ahead, draws),
        "commit_ns": nanoseconds(watch.commit, draws),
        "checkpoint_ns": nanoseconds(watch.checkpoint, draws),
        "longest_commit_ms": round(1e3 * watch.longest_commit, 2),
    }


def fill(store: SqliteStore, clock: LogicalClock, draws: int, watch: Stopwatch) -> None:
    """Draw, count and commit in batches and groups as large as the actors', under a stopwatch."""
    store.initialise(clock, Milestone())
    size = batch_draws_max(clock)
    group: list[DrawUnit] = []
    for first in range(1, draws + 1, size):
        last = min(draws, first + size - 1)
        group.append(_unit(clock, first, last, watch))
        if last == draws or sum(len(unit.batch.ranks) for unit in group) >= group_draws_max(clock.game):
            _commit(store, group, watch)
            group = []
    watch.draws += draws


def _commit(store: SqliteStore, group: list[DrawUnit], watch: Stopwatch) -> None:
    begun = perf_counter()
    ahead = count_ahead(group)
    counted = perf_counter()
    store.commit([*group, *ahead])
    committed = perf_counter()
    store.checkpoint()
    watch.checkpoint += perf_counter() - committed
    watch.commit += committed - counted
    watch.longest_commit = max(watch.longest_commit, committed - counted)
    watch.count_ahead += counted - begun


def _unit(clock: LogicalClock, first: int, last: int, watch: Stopwatch) -> DrawUnit:
    begun = perf_counter()
    batch = draw_batch(clock, first, last)
    drawn = perf_counter()
    delta = count_draws(clock, first, batch.ranks)
    watch.count_draws += perf_counter() - drawn
    watch.draw_ranks += drawn - begun
    return DrawUnit(batch=batch, delta=delta)
