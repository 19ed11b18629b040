"""Damage that is met on the way: whoever reads or commits is told, in words, and nothing is kept of a commit."""

from pathlib import Path

import apsw
import pytest

from storage.errors import StoreDamaged
from storage.reader import Reader
from tests.storage.universes import draw_to, new_store, reading
from universe.catalogue import shipped_games

GAME = shipped_games()["GAME_001"]


def ask(reader: Reader) -> None:
    with reader.snapshot() as snapshot:
        view = snapshot.game(None)
        snapshot.match_levels(view, (1, 2, 3, 4, 5), (1,))
        snapshot.number_counts(view, None, None)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (
            "UPDATE hot_tail SET ranks = CAST(x'ffffffff' || substr(ranks, 5) AS BLOB)",
            "damaged ranks: not all below 41416353",
        ),
        ("UPDATE hot_tail SET ranks = substr(ranks, 2)", "damaged ranks: buffer size"),
        ("UPDATE day_total SET totals = x'09'", "damaged counts: no width leads them"),
    ],
)
def test_a_damaged_row_is_said_to_who_reads_it_and_to_who_commits(tmp_path: Path, statement: str, says: str) -> None:
    with new_store(tmp_path, GAME, 1_000) as store:
        draw_to(store, GAME, 100)
        db = apsw.Connection(str(store.location))
        db.execute(statement)
        db.close()
        with reading(store) as reader, pytest.raises(StoreDamaged, match=says):
            ask(reader)
        with pytest.raises(StoreDamaged, match=says):
            draw_to(store, GAME, 60_000, batch=60_000)
        assert store.progress("GAME_001").watermark == 100
