"""How fast draws are made, counted and kept: the whole program, its stages one by one, and plain Python beside it."""

import hashlib
import json
import statistics
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Any

import attrs

from actors.simulator import batch_draws_max, draw_batch
from ops.bench_process import run_program
from ops.place import Place
from storage.connection import Location, open_writer, transaction
from storage.registry import Milestone
from storage.store import SqliteStore
from universe.calendar import LogicalClock, draw_dates
from universe.counting import count_draws
from universe.game import Game
from universe.ranking import unrank
from universe.results.result import RealResult
from universe.seed import draw_rank
from universe.units import DrawUnit, ResultsUnit

DRAWS_PER_DAY = 1_000  # a test universe's default
NEVER_DRAWN = 10**12  # the number of a draw that no universe reaches: it stands in for a real result
REFERENCE_COMMIT_DRAWS = 10_000

_REFERENCE_TABLE = "CREATE TABLE draw (number INTEGER PRIMARY KEY, draw_date TEXT, seed TEXT, main TEXT, bonus TEXT)"


def bench_clock(game: Game) -> LogicalClock:
    """Return the logical time that a game has in a new test universe."""
    return LogicalClock(game=game, epoch=game.since, draws_per_day=DRAWS_PER_DAY)


def make_results(clock: LogicalClock, draws: int) -> ResultsUnit:
    """Return a made-up result for every date that so many draws fall on: all of them will have to be compared."""
    game = clock.game
    results = []
    for day in draw_dates(game, clock.epoch, clock.draw_date(draws)):
        main, bonus = unrank(game, draw_rank(game, day, NEVER_DRAWN))
        results.append(RealResult(draw_date=day, main_numbers=main, bonus_numbers=bonus))
    return ResultsUnit(game_id=game.game_id, results=tuple(results), source="bench")


def new_store(place: Place, clock: LogicalClock, draws: int) -> SqliteStore:
    """Create a test universe with results for so many draws; the caller closes it."""
    place.create()
    store = SqliteStore.open(Location(place.database), "test", create=True)
    store.ingest(clock.game, make_results(clock, draws))
    return store


# The whole program.


def pipeline(game: Game, draws: int, reference_draws: int, repeats: int, folder: Path) -> dict[str, Any]:
    """Return draws a second of `universe simulate` with everything persisted, and of plain Python beside it.

    Medians, measured in turns: so that a busy moment of the machine meets both.
    """
    rates, seconds, references = [], [], []
    for turn in range(repeats):
        data_dir = folder / str(turn)
        new_store(Place(data_dir, "test"), bench_clock(game), draws).close()
        before = perf_counter()
        printed = run_program("simulate", "--game", game.game_id, "--draws", draws, "--json", data_dir=data_dir)
        seconds.append(perf_counter() - before)
        rates.append(json.loads(printed)["draws_per_second"])
        references.append(reference_rate(bench_clock(game), reference_draws, data_dir / "reference.db"))
    rate, plain = statistics.median(rates), statistics.median(references)
    return {
        "draws": draws,
        "repeats": repeats,
        "draws_per_second": round(rate),
        "process_seconds": round(statistics.median(seconds), 3),
        "process_draws_per_second": round(draws / statistics.median(seconds)),
        "reference_draws": reference_draws,
        "reference_draws_per_second": round(plain),
        "ratio": round(rate / plain, 2),
    }


def reference_rate(clock: LogicalClock, draws: int, path: Path) -> float:
    """Return draws a second of the rule written down plainly: a hash, numbers, and a row for each draw."""
    before = perf_counter()
    with closing(open_writer(Location(path), create=True)) as db:
        db.execute(_REFERENCE_TABLE)
        for first in range(1, draws + 1, REFERENCE_COMMIT_DRAWS):
            with transaction(db):
                rows = reference_rows(clock, first, min(draws, first + REFERENCE_COMMIT_DRAWS - 1))
                db.executemany("INSERT INTO draw VALUES (?, ?, ?, ?, ?)", rows)
    return draws / (perf_counter() - before)


def reference_rows(clock: LogicalClock, first: int, last: int) -> Iterator[tuple[int, str, str, str, str]]:
    """Yield the draws as rows of text, one call of hashlib and one number at a time."""
    game = clock.game
    for day, start, end in clock.days_of_draws(first, last):
        draw_date = clock.date_of_day(day).isoformat()
        for number in range(start, end + 1):
            seed = hashlib.sha256(f"{game.game_id}|{draw_date}|{number}".encode("ascii")).digest()[:16]
            main, bonus = unrank(game, int.from_bytes(seed, "big") % game.outcomes)
            yield number, draw_date, seed.hex(), " ".join(map(str, main)), " ".join(map(str, bonus))


# Its stages.


@attrs.define
class Stopwatch:
    """Seconds of the stages, one entry a batch."""

    draws: int = 0
    draw_ranks: list[float] = attrs.field(factory=list)
    count_draws: list[float] = attrs.field(factory=list)
    commit: list[float] = attrs.field(factory=list)

    def nanoseconds(self) -> dict[str, int]:
        """Return nanoseconds a draw of each stage, means over all batches: a commit now and then folds many draws."""
        stages = {"draw_ranks": self.draw_ranks, "count_draws": self.count_draws, "commit": self.commit}
        return {f"{name}_ns": round(1e9 * sum(seconds) / self.draws) for name, seconds in stages.items()}


def stages(game: Game, draws: int, folder: Path) -> dict[str, Any]:
    """Return what each stage costs alone, one after the other in this thread, and the bytes that a draw takes."""
    place, clock, watch = Place(folder, "test"), bench_clock(game), Stopwatch()
    with new_store(place, clock, draws) as store:
        fill(store, clock, draws, watch)
    longest = max(watch.commit)
    return {
        "draws": draws,
        **watch.nanoseconds(),
        "median_commit_ms": round(1e3 * statistics.median(watch.commit), 2),
        "longest_commit_ms": round(1e3 * longest, 2),
        "bytes_per_draw": round(place.database.stat().st_size / draws, 1),
    }


def fill(store: SqliteStore, clock: LogicalClock, draws: int, watch: Stopwatch) -> None:
    """Draw, count and commit batch by batch, as the actors would, under a stopwatch."""
    store.initialise(clock, Milestone())
    size = batch_draws_max(clock)
    for first in range(1, draws + 1, size):
        begun = perf_counter()
        batch = draw_batch(clock, first, min(draws, first + size - 1))
        drawn = perf_counter()
        delta = count_draws(clock, first, batch.ranks)
        counted = perf_counter()
        store.commit([DrawUnit(batch=batch, delta=delta)])
        watch.commit.append(perf_counter() - counted)
        watch.draw_ranks.append(drawn - begun)
        watch.count_draws.append(counted - drawn)
        watch.draws += len(batch.ranks)
