"""What tells one commit from others: equal until something is committed, by whatever connection, and never after."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from storage.reader import Reader
from storage.store import SqliteStore
from tests.storage.universes import draw_to, new_store
from universe.catalogue import shipped_games

GAME = shipped_games()["GAME_001"]


@pytest.fixture(params=["file", "memory"])
def store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SqliteStore]:
    with new_store(tmp_path if request.param == "file" else None, GAME, 100) as made:
        yield made


def mark(reader: Reader) -> object:
    with reader.snapshot():
        return reader.commit_mark()


def test_each_commit_has_a_mark_of_its_own(store: SqliteStore) -> None:
    with closing(Reader.open(store.location, "test", [GAME])) as reader:
        marks = [mark(reader)]
        for last in (10, 20, 30):
            draw_to(store, GAME, last)
            marks += [mark(reader), mark(reader)]
    assert marks[1::2] == marks[2::2]
    assert len({repr(one) for one in marks}) == 4


def test_a_commit_of_another_process_connection_counts(tmp_path: Path) -> None:
    with new_store(tmp_path, GAME, 100) as store, closing(Reader.open(store.location, "test", [GAME])) as reader:
        before = mark(reader)
        with SqliteStore.open(store.location, "test") as beside:
            beside.change_milestone(GAME.game_id, max_draws=77)
        assert mark(reader) != before


def test_another_connection_has_marks_of_its_own(store: SqliteStore) -> None:
    """Each counts commits for itself: after a file is replaced, the count of the former one means nothing."""
    with (
        closing(Reader.open(store.location, "test", [GAME])) as one,
        closing(Reader.open(store.location, "test", [GAME])) as other,
    ):
        assert mark(one) != mark(other)
