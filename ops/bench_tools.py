"""How long an answer takes: every tool's handler called directly, at rest, and beside actors that work flat out.

A call is timed on the event loop, from arguments to answer. Beside the tools stands ``event_loop``: how late a task is
woken that asks for nothing, which a client's call waits in addition.
"""

import shutil
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import trio

from actors.board import Board
from actors.simulator import SimulationPlan
from ops.bench_callers import Arguments, BenchSource, Caller
from ops.bench_draws import MODE, bench_clock
from ops.bench_measure import BenchmarkError, times
from ops.bench_scale import ToolsScale
from ops.bench_universes import Built
from ops.place import Place
from ops.prepare import Initialisation, Opened
from ops.system import Tally, simulate
from ops.terminal import NoBars
from storage.connection import Location
from storage.reader import Reader
from storage.store import SqliteStore
from tools.question import Question
from tools.server import QUESTIONS, answer_call
from universe.game import Game

LOOP = "event_loop"
BUSY_DRAWS_MAX = 100_000_000  # that the actors add while they are watched: this bounds the disk
BUSY_CALLS_MIN = 10  # of each tool, however slow the machine
BUSY_PAUSE_SECONDS = 0.002  # before a call: a client that never pauses would keep the actors from working flat out

Makers = Mapping[str, Callable[[int], Arguments]]
Spreads = dict[str, dict[str, float]]


def tools(built: Built, scale: ToolsScale, folder: Path) -> dict[str, Any]:
    """Return p50 and p99 in milliseconds of each tool at rest, then on a copy of the universe while it grows."""
    game, draws = built.way.games[0], built.way.draws
    makers = Caller(bench_clock(game), draws).arguments()
    with _reading(built.place, game, Board()) as source:
        idle = trio.run(_ask_all, source, makers, scale.calls, 0.0, 0.0)
    place = Place(folder, MODE)
    shutil.copytree(built.place.root, place.root)
    busy, kept, seconds = trio.run(_ask_busy, place, game, draws, makers, scale)
    shutil.rmtree(place.data_dir)
    return {
        "draws": draws,
        "idle": idle,
        "busy_seconds": round(seconds, 2),
        "busy_draws_per_second": round(kept / seconds),
        "busy_draws_added": kept,
        "busy": busy,
    }


def growth_of_answers(sizes: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Return, for each tool, how many times the p50 at the smallest size its p50 at the largest is."""
    smallest, largest = sizes[0], sizes[-1]
    return {
        name: {
            f"{state}_p50_largest_to_smallest": times(largest[state][name]["p50_ms"], smallest[state][name]["p50_ms"])
            for state in ("idle", "busy")
        }
        for name in smallest["idle"]
    }


@contextmanager
def _reading(place: Place, game: Game, board: Board) -> Iterator[BenchSource]:
    with closing(Reader.open(Location(place.database), MODE, [game])) as reader:
        yield BenchSource(reader, board)


async def _ask_busy(
    place: Place, game: Game, draws: int, makers: Makers, scale: ToolsScale
) -> tuple[Spreads, int, float]:
    """Ask while this process simulates the same game flat out; also the draws kept meanwhile, and the seconds."""
    stop, board, tally = trio.Event(), Board(), Tally()
    board.listeners.append(tally.note)
    with SqliteStore.open(Location(place.database), MODE) as store, _reading(place, game, board) as source:
        store.change_milestone(game.game_id, max_draws=draws + BUSY_DRAWS_MAX)
        opened = Opened(store=store, location=Location(place.database), games=(game,), wishes=Initialisation())
        plan = SimulationPlan(game_id=game.game_id)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(simulate, opened, [plan], [], board, NoBars(), stop, until_halted=False))
            await board.commits.wait_after(0)
            before, began = tally.draws[game.game_id], perf_counter()
            spreads = await _ask_all(source, makers, BUSY_CALLS_MIN, scale.busy_seconds, BUSY_PAUSE_SECONDS)
            kept, seconds = tally.draws[game.game_id] - before, perf_counter() - began
            stop.set()
    return spreads, kept, seconds


async def _ask_all(
    source: BenchSource, makers: Makers, calls: int, seconds_min: float, pause_seconds: float
) -> Spreads:
    """Call all tools that answer inline in turn, at least so many times and so long; a first round does not count."""
    light = [question for question in QUESTIONS if not question.heavy]
    seconds: dict[str, list[float]] = {LOOP: [], **{question.name: [] for question in light}}
    began, rounds = perf_counter(), 0
    while rounds <= calls or perf_counter() < began + seconds_min:
        for question in light:
            given = makers[question.name](rounds)
            seconds[LOOP].append(await _late_seconds(pause_seconds))
            seconds[question.name].append(await _answer_seconds(question, given, source))
        rounds += 1
    return {name: _spread(measured[len(measured) // rounds :]) for name, measured in seconds.items()}


async def _late_seconds(pause_seconds: float) -> float:
    """Pause, and return how much longer it took than asked for."""
    before = perf_counter()
    await trio.sleep(pause_seconds)
    return perf_counter() - before - pause_seconds


async def _answer_seconds(question: Question[Any, Any], given: Arguments, source: BenchSource) -> float:
    before = perf_counter()
    result = await answer_call(question, given, source)
    seconds = perf_counter() - before
    if result.is_error:
        raise BenchmarkError(f"{question.name} {given} was refused: {result.content}")
    return seconds


def _spread(seconds: list[float]) -> dict[str, float]:
    """Return p50 and p99 in milliseconds; the p99 of few calls is their maximum."""
    ordered = sorted(seconds)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return {
        "calls": len(ordered),
        "p50_ms": round(1e3 * statistics.median(ordered), 3),
        "p99_ms": round(1e3 * p99, 3),
    }
