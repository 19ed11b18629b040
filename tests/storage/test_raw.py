"""Reading draws back: any range, wherever its draws lie."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.draws import TAIL_DRAWS_MAX
from storage.raw import read_draws
from storage.registry import require_game_key
from storage.store import SqliteStore
from tests.storage.universes import draw_to, new_store
from universe.catalogue import shipped_games
from universe.seed import ranks_of_draws

GAME = shipped_games()["GAME_004"]
FOLDED = TAIL_DRAWS_MAX + 1_000
DRAWS = FOLDED + 300
NUMBERS = st.integers(1, 50) | st.integers(FOLDED - 50, FOLDED + 50) | st.integers(1, DRAWS)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> SqliteStore:
    """Most draws are in the segments, the newest in three rows of the tail."""
    folder: Path = tmp_path_factory.mktemp("raw")
    store = new_store(folder, GAME, 1_000)
    draw_to(store, GAME, FOLDED, batch=FOLDED)
    draw_to(store, GAME, DRAWS, batch=100)
    return store


@given(st.tuples(NUMBERS, NUMBERS).map(sorted))
def test_a_range_is_read_and_nothing_beyond_it(store: SqliteStore, ends: list[int]) -> None:
    first, last = ends
    clock = store.clock(GAME.game_id)
    assert clock
    key = require_game_key(store._db, GAME.game_id)
    pieces = list(read_draws(store._db, key, clock, first, last))
    assert [rank for piece in pieces for rank in piece.ranks.tolist()] == ranks_of_draws(clock, first, last).tolist()
    assert all(piece.stored for piece in pieces)
