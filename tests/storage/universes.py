"""Small real universes for tests: SQLite in a directory, filled as fast as the test wants."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from actors.trailing import Trailing
from storage.comparisons import comparison_of
from storage.connection import Location
from storage.reader import Reader
from storage.registry import Milestone
from storage.schema import Mode
from storage.store import SqliteStore
from universe.calendar import LogicalClock
from universe.counting import count_draws
from universe.game import Game
from universe.results.result import RealResult
from universe.seed import ranks_of_draws
from universe.units import DrawBatch, DrawUnit, ResultsUnit


def new_store(
    folder: Path | None, game: Game, draws_per_day: int, *, mode: Mode = "test", epoch: date | None = None
) -> SqliteStore:
    """A store with one initialised game and no milestone."""
    location = Location(folder / "universe.db" if folder else None)
    store = SqliteStore.open(location, mode, create=True)
    store.initialise(LogicalClock(game=game, epoch=epoch or game.since, draws_per_day=draws_per_day), Milestone())
    return store


def draw_unit(clock: LogicalClock, first: int, last: int) -> DrawUnit:
    """What simulator and aggregator make of these draws."""
    ranks = ranks_of_draws(clock, first, last)
    return DrawUnit(batch=DrawBatch(clock=clock, first=first, ranks=ranks), delta=count_draws(clock, first, ranks))


def draw_to(store: SqliteStore, game: Game, last: int, *, batch: int = 10_000) -> None:
    """Commit draws from the watermark to ``last``."""
    progress = store.progress(game.game_id)
    for first in range(progress.watermark + 1, last + 1, batch):
        store.commit([draw_unit(progress.clock, first, min(last, first + batch - 1))])


def keep(store: SqliteStore, game: Game, results: Iterable[RealResult]) -> None:
    """Store real results."""
    store.commit([ResultsUnit(game_id=game.game_id, results=tuple(results), source="test")])


def compare(store: SqliteStore, game: Game, *, draws_max: int = 5_000) -> None:
    """Do what the comparer does until nothing is pending."""
    while pieces := store.pending_comparisons(game.game_id, draws_max):
        for piece in pieces:
            ranks = ranks_of_draws(piece.clock, piece.first, piece.last)
            store.commit([comparison_of(piece.clock, piece.result, piece.first, ranks)])


def trail(store: SqliteStore, game: Game, *works: Trailing) -> None:
    """Do what such actors do until nothing is pending."""
    for work in works:
        while pieces := work.look(store, game.game_id):
            store.commit(work.make(pieces))


@contextmanager
def reading(store: SqliteStore) -> Iterator[Reader]:
    """A reader of a store's universe."""
    reader = Reader.open(store.location, store.mode)
    try:
        yield reader
    finally:
        reader.close()
