"""A real universe with enough in it for the heavy tools: made-up real results, and synthetic histories measured."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from actors.historian import HISTORIAN
from actors.prover import PROVER
from storage.connection import Location
from storage.reader import Reader
from storage.registry import Milestone
from storage.store import SqliteStore
from tests.storage.universes import compare, draw_to, keep, trail
from tests.tools.test_store import ASK, StoreSource
from tools.arguments import checked
from tools.wire import to_wire
from universe.calendar import LogicalClock
from universe.game import Game, Period, Pool
from universe.results.result import RealResult

Universe = tuple[SqliteStore, StoreSource]

SINCE = date(2024, 1, 1)
DAILY = Period(start=SINCE, days=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))
MEASURED = Game(
    game_id="MEASURED", since=SINCE, main=Pool(picked=3, size=12), bonus=Pool(picked=1, size=4), schedule=(DAILY,)
)
CHANGED = Game(game_id="CHANGED", since=SINCE, main=Pool(picked=3, size=12), schedule=(DAILY,))
FRESH = Game(game_id="FRESH", since=SINCE, main=Pool(picked=2, size=6), schedule=(DAILY,))
PACE = 500
TESTED, NEWER = 100, 4  # results in the frame, and those that came later: fewer than 5 %
DRAWS = 11_300  # 113 histories, and 11 whole blocks of the log
SILENT = 50  # results of CHANGED that hold only numbers up to 9


def made_up(game: Game, count: int, seed: int, *, size: int | None = None, first: date = SINCE) -> list[RealResult]:
    """Results of consecutive days that some other generator drew, of the numbers up to ``size``."""
    dice = np.random.default_rng(seed)
    rows = []
    for day in range(count):
        main = 1 + np.sort(dice.choice(size or game.main.size, game.main.picked, replace=False))
        bonus = (int(dice.integers(1, game.bonus_size + 1)),) if game.bonus is not None else ()
        rows.append(
            RealResult(draw_date=first + timedelta(days=day), main_numbers=tuple(main.tolist()), bonus_numbers=bonus)
        )
    return rows


def results_of_measured() -> list[RealResult]:
    return made_up(MEASURED, TESTED + NEWER, seed=7)


def results_of_changed() -> list[RealResult]:
    later = made_up(CHANGED, 2 * SILENT, seed=9, first=SINCE + timedelta(days=SILENT))
    return [*made_up(CHANGED, SILENT, seed=8, size=9), *later]


def clock_of(game: Game, draws_per_day: int = PACE) -> LogicalClock:
    return LogicalClock(game=game, epoch=SINCE, draws_per_day=draws_per_day)


def fill(store: SqliteStore, results: Sequence[RealResult], *, last: int = DRAWS) -> None:
    """Keep results and draws of MEASURED as they come, and do all that trails behind."""
    store.initialise(clock_of(MEASURED), Milestone())
    keep(store, MEASURED, results[:TESTED])
    draw_to(store, MEASURED, last)
    compare(store, MEASURED)
    trail(store, MEASURED, PROVER, HISTORIAN)
    keep(store, MEASURED, results[TESTED:])
    trail(store, MEASURED, HISTORIAN)


@contextmanager
def measured_universe(path: Path | None = None) -> Iterator[Universe]:
    """MEASURED has all there is; CHANGED results alone, whose drum grew; FRESH is initialised and no more."""
    location = Location(path)
    with SqliteStore.open(location, "test", create=True) as store:
        fill(store, results_of_measured())
        store.register(CHANGED)
        keep(store, CHANGED, results_of_changed())
        store.initialise(clock_of(FRESH), Milestone())
        reader = Reader.open(location, "test", [MEASURED])
        try:
            yield store, StoreSource(store=reader)
        finally:
            reader.close()


def document(universe: Universe, name: str, **arguments: Any) -> dict[str, Any]:
    """Return the structured answer to a question, asked without a server: the reader remembers what was heavy."""
    question, (_, source) = ASK[name], universe
    asked = checked(name, question.arguments, question.input_schema, arguments)
    with source.store.snapshot() as snapshot:
        wire: dict[str, Any] = to_wire(question.ask(snapshot, asked, source))
    return wire
