"""A small real universe in memory: games of every kind, and one with all that follows from draws and results."""

from collections.abc import Iterator
from contextlib import contextmanager

from storage.connection import Location
from storage.reader import Reader
from storage.store import SqliteStore
from tests.tools import measured
from tests.tools.fakes import fake_games
from tests.tools.test_store import StoreSource, fill


@contextmanager
def small_universe() -> Iterator[StoreSource]:
    """Yield a source of answers over it."""
    location, fakes = Location(None), fake_games()
    with SqliteStore.open(location, "test", create=True) as store:
        for fake in fakes:
            fill(store, fake)
        measured.fill(store, measured.results_of_measured())
        reader = Reader.open(location, "test", [fakes[0].game])
        try:
            yield StoreSource(store=reader)
        finally:
            reader.close()
