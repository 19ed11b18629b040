"""A copy of a living universe is one state of it, in one file; a restore leaves the old universe or the new one."""

import os
import stat
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import apsw
import pytest

from storage import whole_file
from storage.backup import Content, GameContent, content_of, live_content, replace_content, replace_files, source_of
from storage.connection import Location, open_reader, read_transaction
from storage.errors import StoreDamaged, StoreError, StoreFull, WrongModeError
from storage.fingerprint import fingerprints
from storage.reader import Reader
from storage.store import SqliteStore
from storage.verify import verify_universe
from storage.whole_file import copied_beside, copy_pages, put_in_place, require_room_for
from tests.storage.old_universes import DRAWS, UNIVERSE_ID, write_schema_2
from tests.storage.test_schema import schema_of
from tests.storage.universes import draw_to, keep, new_store
from universe.catalogue import shipped_games
from universe.results.result import RealResult

GAME = shipped_games()["GAME_001"]
RESULT = RealResult(draw_date=date(2000, 6, 7), main_numbers=(1, 2, 3, 4, 5), bonus_numbers=(6,))
LATER = RealResult(draw_date=date(2000, 6, 10), main_numbers=(1, 2, 3, 4, 6), bonus_numbers=(6,))


def quietly(*_: int) -> None:
    """No progress to show."""


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_file, "STEP_PAGES", 3)


def copied(location: Location, file: Path, progress: Callable[[int, int], None] = quietly) -> None:
    db = open_reader(location)
    try:
        with read_transaction(db):
            db.pragma("user_version")
            with copied_beside(file, db, progress) as part:
                put_in_place(part, file)
    finally:
        db.close()


def state(path: Path) -> tuple[Content, dict[str, str]]:
    """What a file holds, found sound in full."""
    db = open_reader(Location(path))
    try:
        assert verify_universe(db, full=True).first_difference is None
        return content_of(db), fingerprints(db)
    finally:
        db.close()


def universe(folder: Path, draws: int, *results: RealResult) -> Path:
    folder.mkdir()
    with new_store(folder, GAME, 1_000) as store:
        keep(store, GAME, results)
        draw_to(store, GAME, draws)
    return folder / "universe.db"


@pytest.mark.usefixtures("small_steps")
def test_a_copy_is_one_state_though_commits_go_on(tmp_path: Path) -> None:
    path, file = universe(tmp_path / "live", 20_000, RESULT), tmp_path / "copy.db"
    before = state(path)
    with SqliteStore.open(Location(path), "test") as store:
        seen: list[tuple[int, int]] = []

        def commit_beside(done: int, pages: int) -> None:
            seen.append((done, pages))
            draw_to(store, GAME, 20_000 + 10 * len(seen))
            store.checkpoint()

        copied(store.location, file, commit_beside)
        assert store.progress("GAME_001").watermark == 20_000 + 10 * len(seen)
    assert len(seen) > 5
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == seen[-1][1]
    assert state(file) == before


def test_a_copy_is_whole_in_itself_and_for_its_owner_alone(tmp_path: Path) -> None:
    path, file = universe(tmp_path / "live", 3_000), tmp_path / "copies" / "copy.db"
    file.parent.mkdir()
    copied(Location(path), file)
    header = file.read_bytes()[:100]
    assert header[18:20] == b"\x01\x01"  # no log: the file may be read where nothing can be written
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["copy.db"]
    assert schema_of(file) == schema_of(path)
    assert state(file) == state(path)
    Reader.open(Location(file), "test").close()


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("failure", [KeyboardInterrupt(), apsw.FullError("full"), RuntimeError("a mistake")])
def test_what_ends_a_copy_leaves_nothing_of_it(failure: BaseException, tmp_path: Path) -> None:
    path, file = universe(tmp_path / "live", 3_000), tmp_path / "copies" / "copy.db"
    file.parent.mkdir()
    file.write_text("an older backup", encoding="utf-8")

    def fail(done: int, _pages: int) -> None:
        if done > 5:
            raise failure

    with pytest.raises(StoreFull if isinstance(failure, apsw.FullError) else type(failure)):
        copied(Location(path), file, fail)
    assert file.read_text(encoding="utf-8") == "an older backup"
    assert [one.name for one in file.parent.iterdir()] == ["copy.db"]


def test_a_backup_takes_no_name_that_is_the_universe_s_own(tmp_path: Path) -> None:
    path = universe(tmp_path / "live", 10)
    link, hard = tmp_path / "link", tmp_path / "hard"
    link.symlink_to(path)
    hard.hardlink_to(path)
    own = [path, path.with_name("universe.db-wal"), path.with_name("universe.db-shm"), path.with_name("lock")]
    for taken in (*own, link, hard):
        with pytest.raises(StoreError, match="the universe itself is here"):
            require_room_for(taken, Location(path), force=True)


def test_a_backup_replaces_a_file_only_by_force_and_nothing_else_at_all(tmp_path: Path) -> None:
    location = Location(universe(tmp_path / "live", 10))
    file, other = tmp_path / "file", tmp_path / "other"
    require_room_for(file, location, force=False)
    file.write_text("something", encoding="utf-8")
    with pytest.raises(StoreError, match="exists; --force replaces an older backup of this universe"):
        require_room_for(file, location, force=False)
    with pytest.raises(StoreError, match="no backup of this universe"):
        require_room_for(file, location, force=True)
    stranger = universe(tmp_path / "stranger", 10)
    with pytest.raises(StoreError, match="no backup of this universe"):
        require_room_for(stranger, location, force=True)
    copied(location, tmp_path / "older.db")
    require_room_for(tmp_path / "older.db", location, force=True)
    (tmp_path / "lock").touch()
    with pytest.raises(StoreError, match="a universe lives in this directory"):
        require_room_for(tmp_path / "older.db", location, force=True)
    (tmp_path / "lock").unlink()
    with pytest.raises(StoreError, match="not a file"):
        require_room_for(tmp_path, location, force=True)
    for suffix in ("-wal", "-journal"):
        beside = other.with_name(other.name + suffix)
        beside.write_text("a log", encoding="utf-8")
        with pytest.raises(StoreError, match="log of another database"):
            require_room_for(other, location, force=True)
        beside.unlink()


def test_a_directory_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file or directory"):
        copied(Location(universe(tmp_path / "live", 10)), tmp_path / "none" / "copy.db")


@pytest.mark.usefixtures("small_steps")
def test_a_restore_into_a_living_file_is_all_or_nothing(tmp_path: Path) -> None:
    """Interrupted at any step the old universe is there; at the end the new one, with nothing of the old log."""
    old, new = universe(tmp_path / "old", 9_000, RESULT), universe(tmp_path / "new", 4_000)
    was, will = state(old), state(new)
    steps: list[int] = []
    with source_of(new, "test") as source:
        for at in range(4):

            def interrupt(done: int, _pages: int, at: int = at) -> None:
                steps.append(done)
                if done > 3 * at:
                    raise KeyboardInterrupt

            with pytest.raises(KeyboardInterrupt):
                replace_content(source, Location(old), interrupt)
            assert state(old) == was
        replace_content(source, Location(old), quietly)
    assert steps
    assert state(old) == will
    db = apsw.Connection(str(old))
    assert db.pragma("journal_mode") == "wal"
    db.close()
    with SqliteStore.open(Location(old), "test") as store:
        draw_to(store, GAME, 9_000)
        keep(store, GAME, [RESULT])
    assert state(old)[0].games == was[0].games


def test_a_log_that_is_left_does_not_survive_a_restore(tmp_path: Path) -> None:
    """The restore of a universe whose process was killed: its log holds commits that the file lacks."""
    old, new = universe(tmp_path / "old", 1_000), universe(tmp_path / "new", 500)
    with SqliteStore.open(Location(old), "test") as store:
        draw_to(store, GAME, 2_000)
        killed = tmp_path / "killed"
        killed.mkdir()
        for name in ("universe.db", "universe.db-wal"):  # as a kill leaves them: copied, not opened
            os.system(f"cp {old.with_name(name)} {killed / name}")  # noqa: S605  another process, for SQLite's locks
    assert state_of_games(killed / "universe.db") == {"GAME_001": GameContent(2_000, 0)}
    with source_of(new, "test") as source:
        replace_content(source, Location(killed / "universe.db"), quietly)
    assert state(killed / "universe.db") == state(new)


def state_of_games(path: Path) -> Any:
    found = live_content(Location(path), "test")
    return found.games if found else None


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a letter": lambda _: b"a letter to a friend " * 500,
    "zeroed first page": lambda data: bytes(8192) + data[8192:],
    "cut": lambda data: data[: len(data) // 2],
    "empty": lambda _: b"",
    "a tree broken": lambda data: data[: 5 * 8192] + bytes(8192) + data[6 * 8192 :],
}


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_a_damaged_universe_is_set_aside_whole_and_replaced(damage: str, tmp_path: Path) -> None:
    path, new = universe(tmp_path / "live", 2_000), universe(tmp_path / "new", 500)
    data = DAMAGES[damage](path.read_bytes())
    path.write_bytes(data)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).write_bytes(b"")
    log = path.with_name("universe.db-wal")
    log.write_bytes(b"what was not yet in the database")
    with pytest.raises(StoreDamaged):
        live_content(Location(path), "test")
    for number in (1, 2):
        with source_of(new, "test") as source:
            moved = replace_files(source, Location(path), quietly)
        assert path.with_name(f"universe.db.damaged-{number}") in moved
    assert path.with_name("universe.db.damaged-1").read_bytes() == data
    assert path.with_name("universe.db.damaged-1-wal").read_bytes().startswith(b"what was not yet")
    assert state(path) == state(new)


def test_what_stands_in_a_directory_is_told(tmp_path: Path) -> None:
    assert live_content(Location(tmp_path / "universe.db"), "test") is None
    path = universe(tmp_path / "live", 1_234, RESULT, LATER)
    found = live_content(Location(path), "test")
    assert found is not None
    assert found.games == {"GAME_001": GameContent(1_234, 2)}
    with pytest.raises(WrongModeError):
        live_content(Location(path), "prod")


def test_ahead_means_draws_or_results_that_would_be_lost() -> None:
    def of(**games: tuple[int, int]) -> Content:
        return Content(universe_id="", games={name: GameContent(*held) for name, held in games.items()})

    assert of(A=(5, 1)).ahead_of(of(A=(5, 1))) == []
    assert of(A=(5, 1)).ahead_of(of(A=(6, 2), B=(1, 1))) == []
    assert of(A=(6, 1), B=(5, 2), C=(5, 0)).ahead_of(of(A=(5, 1), B=(5, 1), C=(5, 1))) == ["A", "B"]
    assert of(A=(0, 1)).ahead_of(of()) == ["A"]
    assert of(A=(0, 0)).ahead_of(of()) == []


def test_a_backup_of_an_older_schema_is_lent_as_one_of_today(tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    write_schema_2(old, "test")
    data = old.read_bytes()
    path = universe(tmp_path / "live", 9_000)
    with source_of(old, "test") as source:
        assert verify_universe(source, full=True).first_difference is None
        replace_content(source, Location(path), quietly)
    assert old.read_bytes() == data
    content, _ = state(path)
    assert content == Content(universe_id=UNIVERSE_ID, games={"GAME_001": GameContent(DRAWS, 3)})


def test_a_source_is_refused_in_words(tmp_path: Path) -> None:
    path = universe(tmp_path / "live", 10)
    other, newer, pages = tmp_path / "other", tmp_path / "newer", tmp_path / "pages"
    other.write_text("a letter to a friend, long enough to be no database" * 100, encoding="utf-8")
    db = apsw.Connection(str(path))
    db.execute("VACUUM INTO ?", (str(newer),))
    for file, statement in ((newer, "PRAGMA user_version = 99"), (pages, "")):
        if file is pages:
            db.pragma("journal_mode", "delete")
            db.pragma("page_size", 4096)
            db.execute("VACUUM INTO ?", (str(file),))
        changed = apsw.Connection(str(file))
        changed.execute(statement)
        changed.close()
    db.close()
    for file, says in ((other, "not a universe"), (newer, "newer than this"), (pages, "have 4096 bytes")):
        with pytest.raises(StoreError, match=says), source_of(file, "test"):
            pass
    with pytest.raises(WrongModeError), source_of(newer, "prod"):
        pass


def test_a_reader_sees_the_restored_state_and_forgets_what_was(tmp_path: Path) -> None:
    """What a reader remembers only grows, except in a restore: results, totals and draws step back together."""
    path = universe(tmp_path / "live", 3_000, RESULT)
    file = tmp_path / "copy.db"
    copied(Location(path), file)
    with SqliteStore.open(Location(path), "test") as store:
        draw_to(store, GAME, 5_000)
        keep(store, GAME, [LATER])
        reader = Reader.open(store.location, "test")
    try:
        assert asked(reader) == (5_000, 2, 5_000)
        with source_of(file, "test") as source:
            replace_content(source, Location(path), quietly)
        assert asked(reader) == (3_000, 1, 3_000)
        with SqliteStore.open(Location(path), "test") as store:
            keep(
                store,
                GAME,
                [RealResult(draw_date=LATER.draw_date, main_numbers=(9, 8, 7, 6, 5)[::-1], bonus_numbers=(1,))],
            )
            draw_to(store, GAME, 3_500)
        assert asked(reader) == (3_500, 2, 3_500)
        with reader.snapshot() as snapshot:
            held = snapshot.result(snapshot.game("GAME_001"), LATER.draw_date)
            assert held is not None
            assert held.result.main_numbers == (5, 6, 7, 8, 9)
        path.write_bytes(b"")  # damaged: another file takes its place
        with source_of(file, "test") as source:
            replace_files(source, Location(path), quietly)
        assert asked(reader) == (3_000, 1, 3_000)
    finally:
        reader.close()


def asked(reader: Reader) -> tuple[int, int, int]:
    """Watermark, results, and the draws whose matches with a ticket are counted."""
    with reader.snapshot() as snapshot:
        view = snapshot.game("GAME_001")
        found = snapshot.match_levels(view, (1, 2, 3, 4, 5), (6,))
        assert found is not None
        return view.watermark, view.results_count, int(found.sum())


def test_copy_pages_replaces_everything(tmp_path: Path) -> None:
    source = apsw.Connection(str(universe(tmp_path / "live", 100)))
    target = apsw.Connection("")
    target.pragma("page_size", 8192)
    target.execute("CREATE TABLE other(a)")
    with read_transaction(source):
        copy_pages(source, target)
    assert content_of(target) == content_of(source)
    assert not target.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'other'").get
    source.close()
    target.close()
