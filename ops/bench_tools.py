"""How long an answer takes: every tool's handler called directly, on a store of its own."""

import statistics
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import attrs
import trio

from ops.bench_draws import Stopwatch, bench_clock, fill, new_store
from ops.bench_process import BenchmarkError
from ops.place import Place
from storage.connection import Location
from storage.reader import Reader
from tools.question import Question
from tools.server import QUESTIONS, answer_call
from universe.calendar import LogicalClock
from universe.game import Game
from universe.ranking import unrank
from universe.seed import draw_rank
from universe.vitals import GameVitals

Arguments = dict[str, Any]


@attrs.frozen
class BenchSource:
    """Where the answers come from."""

    opened: Reader
    role: Literal["reader"] = "reader"

    async def reader(self) -> Reader:
        """Return the reader."""
        return self.opened

    def vitals(self, game_id: str) -> GameVitals:  # noqa: ARG002  nothing simulates
        """Return that nobody is at work."""
        return GameVitals()

    def today(self) -> date:
        """Return the world's date, UTC."""
        return datetime.now(UTC).date()


@attrs.frozen
class Caller:
    """Makes up the arguments of call after call, so that no two calls in a row ask the same."""

    clock: LogicalClock
    draws: int

    def number(self, call: int) -> int:
        """Return the number of some draw."""
        return 1 + call * 7_919 % self.draws

    def ticket(self, call: int) -> Arguments:
        """Return the numbers of some draw, as a ticket."""
        number, game = self.number(call), self.clock.game
        main, bonus = unrank(game, draw_rank(game, self.clock.draw_date(number), number))
        return {"main_numbers": list(main), "bonus_number": list(bonus)}

    def day(self, call: int) -> str:
        """Return the date of some draw."""
        return self.clock.draw_date(self.number(call)).isoformat()

    def arguments(self) -> dict[str, Callable[[int], Arguments]]:
        """Return how each tool is called."""
        windows = ("all_time", "last_7_days", "last_30_days", "last_draw_date")
        return {
            "get_universe_status": lambda _: {},
            "get_latest_draws": lambda _: {"limit": 100},
            "get_frequency_stats": lambda call: {"window": windows[call % len(windows)]},
            "generate_numbers": lambda call: {"mode": "frequency_weighted", "count": 10, "seed": call},
            "check_numbers_occurrence": self.ticket,
            "get_match_events": lambda _: {"limit": 100},
            "verify_draw": lambda call: {"draw_number": self.number(call)},
            "get_real_results": lambda _: {"limit": 100},
            "get_draw_date_summary": lambda call: {"draw_date": self.day(call)},
        }


def tools(game: Game, draws: int, calls: int, folder: Path) -> dict[str, dict[str, float]]:
    """Return p50 and p99 in milliseconds of each tool, over a store of so many draws with a result for every date."""
    place, clock = Place(folder, "test"), bench_clock(game)
    with new_store(place, clock, draws) as store:
        fill(store, clock, draws, Stopwatch())
    arguments = Caller(clock, draws).arguments()
    with closing(Reader.open(Location(place.database), "test", [game])) as reader:
        source = BenchSource(reader)
        return {
            question.name: _spread(trio.run(_timed, question, arguments[question.name], source, calls))
            for question in QUESTIONS
        }


async def _timed(
    question: Question[Any, Any], arguments: Callable[[int], Arguments], source: BenchSource, calls: int
) -> list[float]:
    """Return the seconds of each call, after one that does not count: it imports what it needs."""
    seconds = []
    for call in range(calls + 1):
        given = arguments(call)
        before = perf_counter()
        result = await answer_call(question, given, source)
        seconds.append(perf_counter() - before)
        if result.is_error:
            raise BenchmarkError(f"{question.name} {given} was refused: {result.content}")
    return seconds[1:]


def _spread(seconds: list[float]) -> dict[str, float]:
    """Return p50 and p99 in milliseconds; the p99 of few calls is their maximum."""
    ordered = sorted(seconds)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return {"p50_ms": round(1e3 * statistics.median(ordered), 3), "p99_ms": round(1e3 * p99, 3)}
