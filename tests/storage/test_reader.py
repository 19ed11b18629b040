"""What a reader does when the file below it is replaced, restored, or cannot be opened as usual."""

import subprocess
from contextlib import closing
from pathlib import Path
from threading import Event, Thread
from typing import Self

import apsw
import pytest

from storage.connection import FrozenConnection, Location, open_reader
from storage.errors import StoreError
from storage.reader import Reader
from storage.store import SqliteStore
from tests.storage.universes import draw_to, new_store, reading
from universe.catalogue import shipped_games

GAME = shipped_games()["GAME_004"]


def universe(folder: Path, draws: int) -> Location:
    folder.mkdir()
    with new_store(folder, GAME, 1_000) as store:
        draw_to(store, GAME, draws)
        return store.location


def watermark(reader: Reader) -> int:
    with reader.snapshot() as snapshot:
        view = snapshot.game(None)
        assert [draw.draw_number for draw in snapshot.latest_draws(view, 1)] == [view.watermark]
        assert snapshot.match_levels(view, (1, 2, 3, 4, 5), ()) is not None  # looks through the tail
        return view.watermark


def test_another_file_of_that_name_is_read_anew(tmp_path: Path) -> None:
    one, other = universe(tmp_path / "one", 30), universe(tmp_path / "other", 20)
    assert one.path is not None
    assert other.path is not None
    reader = Reader.open(one, "test")
    assert watermark(reader) == 30
    other.path.replace(one.path)
    assert watermark(reader) == 20
    one.path.unlink()
    with pytest.raises(StoreError, match="no universe here"):
        watermark(reader)
    reader.close()


def test_what_was_restored_into_the_file_is_not_mixed_with_what_was_remembered(tmp_path: Path) -> None:
    """The backup API replaces all pages of a database that others have open."""
    location, older = universe(tmp_path / "now", 30), universe(tmp_path / "older", 20)
    with closing(Reader.open(location, "test")) as reader:
        assert watermark(reader) == 30
        target, source = apsw.Connection(str(location)), apsw.Connection(str(older))
        with target.backup("main", source, "main") as copy:
            copy.step(-1)
        source.close()
        target.close()
        assert watermark(reader) == 20
        with SqliteStore.open(location, "test") as store:
            draw_to(store, GAME, 30)
        assert watermark(reader) == 30


def test_a_database_at_rest_is_read_without_the_index_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a directory that cannot be written: there SQLite cannot make the index."""
    location = universe(tmp_path / "here", 30)
    usual = Location.uri
    monkeypatch.setattr(Location, "uri", lambda self: f"{usual(self)}&vfs=no-index")
    with NoIndex() as vfs, closing(Reader.open(location, "test")) as reader:
        assert isinstance(reader._db, FrozenConnection)
        assert watermark(reader) == 30
        vfs.allowed = True
        monkeypatch.setattr(Location, "uri", usual)
        with SqliteStore.open(location, "test") as store:
            draw_to(store, GAME, 40)
            assert watermark(reader) == 40
            assert not isinstance(reader._db, FrozenConnection)


class NoIndex(apsw.VFS):
    """A file system on which no log can be opened."""

    def __init__(self) -> None:
        self.allowed = False
        super().__init__("no-index", "")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.unregister()

    def xOpen(self, name, flags):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, N802  as APSW calls it
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        if path.endswith("-wal") and not self.allowed:
            raise apsw.CantOpenError(path)
        return super().xOpen(name, flags)


def test_a_log_that_is_not_in_the_database_yet_is_never_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_store(tmp_path, GAME, 1_000) as store:
        draw_to(store, GAME, 30)
        assert not store.location.is_at_rest()
        killed = tmp_path / "killed"
        killed.mkdir()
        subprocess.run(["cp", *tmp_path.glob("universe.db*"), killed], check=True)  # our own open() would drop locks
        location = Location(killed / "universe.db")
        with reading(store) as reader:
            assert watermark(reader) == 30
    usual = Location.uri
    monkeypatch.setattr(Location, "uri", lambda self: f"{usual(self)}&vfs=no-index")
    with NoIndex(), pytest.raises(StoreError, match="cannot be opened"):
        open_reader(location)


def test_a_log_beside_an_empty_database_is_named_and_left_alone(tmp_path: Path) -> None:
    """SQLite takes the empty file for a new database, and deletes the log of the old one."""
    orphaned = tmp_path / "orphaned"
    orphaned.mkdir()
    with new_store(tmp_path, GAME, 1_000) as store:
        draw_to(store, GAME, 30)
        subprocess.run(["cp", tmp_path / "universe.db-wal", orphaned], check=True)  # our own open() would drop locks
    location = Location(orphaned / "universe.db")
    log = orphaned / "universe.db-wal"
    before = log.read_bytes()
    for there in (False, True):
        if there:
            (orphaned / "universe.db").touch()
        with pytest.raises(StoreError, match="commits are in the log beside it"):
            SqliteStore.open(location, "test", create=True)
        with pytest.raises(StoreError):
            Reader.open(location, "test")
        assert log.read_bytes() == before


def test_a_file_that_came_while_the_former_log_is_there_is_not_read_with_it(tmp_path: Path) -> None:
    other = universe(tmp_path / "other", 20)
    here = tmp_path / "here"
    here.mkdir()
    with new_store(here, GAME, 1_000) as store, reading(store) as reader:
        draw_to(store, GAME, 30)
        assert watermark(reader) == 30
        assert other.path is not None
        other.path.replace(here / "universe.db")
        with pytest.raises(StoreError, match="was replaced while in use"):
            watermark(reader)


def test_the_last_to_close_empties_the_log_though_there_was_a_twin(tmp_path: Path) -> None:
    with new_store(tmp_path, GAME, 1_000) as store:
        reader = Reader.open(store.location, "test")
        twin = reader.twin()
        draw_to(store, GAME, 30)
        assert watermark(twin) == 30
        draw_to(store, GAME, 40)
        reader.close()
    assert store.location.is_at_rest()
    with pytest.raises(apsw.ConnectionClosedError):
        watermark(twin)


def test_a_twin_at_work_in_a_thread_is_closed_when_it_is_through(tmp_path: Path) -> None:
    with new_store(tmp_path, GAME, 1_000) as store:
        draw_to(store, GAME, 30)
        reader = Reader.open(store.location, "test")
        twin, begun, closed, seen = reader.twin(), Event(), Event(), list[int]()

        def look() -> None:
            with twin.snapshot() as snapshot:
                begun.set()
                assert closed.wait(20)
                seen.append(snapshot.game(None).watermark)

        thread = Thread(target=look)
        thread.start()
        assert begun.wait(20)
        reader.close()
        closed.set()
        thread.join()
    assert seen == [30]
    assert store.location.is_at_rest()
