"""Older universes become newer ones: whole or not at all, and what they say stays the same."""

import contextlib
from pathlib import Path
from typing import Any

import apsw
import attrs
import pytest

from storage import schema
from storage.connection import Location, open_reader
from storage.errors import StoreDamaged, StoreError
from storage.fingerprint import fingerprints
from storage.reader import Reader
from storage.registry import Milestone, universe_view
from storage.results import keep_conflicts
from storage.schema import DIGESTED, SCHEMA_VERSION, Mode
from storage.store import SqliteStore
from storage.verify import verify_universe
from tests.storage.old_universes import CLOCK, DRAWS, GAME, MAX_DRAWS, PACE, RESULTS, UNIVERSE_ID, write_schema_2
from tests.storage.universes import compare, draw_to, keep, new_store

MODES: list[Mode] = ["prod", "test"]
ADDED = {"evidence", "null_frame", "null_histories", "proof_node"}  # with schema 4
GOOD_STEP = "ALTER TABLE conflict ADD COLUMN note TEXT"


def schema_of(path: Path) -> list[tuple[Any, ...]]:
    db = apsw.Connection(str(path))
    rows: list[Any] = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name").fetchall()
    db.close()
    return rows


def content_of(path: Path) -> dict[str, list[Any]]:
    """Every row of every table; what a migration adds is left out."""
    db = apsw.Connection(str(path))
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    tables = [name for name in tables if name not in ADDED]
    content: dict[str, list[Any]] = {}
    for table in tables:
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        kept = ", ".join(name for name in columns if name != "digest" or table == "raw_segment")
        content[table] = db.execute(f"SELECT {kept} FROM {table}").fetchall()
    db.close()
    return content


def prints(location: Location) -> dict[str, str]:
    db = open_reader(location)
    try:
        return fingerprints(db)
    finally:
        db.close()


@pytest.mark.parametrize("mode", MODES)
def test_a_universe_of_schema_2_becomes_one_as_if_made_now(mode: Mode, tmp_path: Path) -> None:
    """Same content, same fingerprint as a universe that was made today, same statements in its schema."""
    old, new = tmp_path / "old.db", tmp_path / "new"
    write_schema_2(old, mode)
    before = content_of(old)
    SqliteStore.open(Location(old), mode).close()
    assert content_of(old) == before
    assert [len(before[table]) for table in DIGESTED if table not in ADDED] == [1, 1, 1, 1, 3, 1]
    new.mkdir()
    with new_store(new, GAME, PACE, mode=mode, epoch=CLOCK.epoch) as store:
        draw_to(store, GAME, DRAWS)
        keep(store, GAME, RESULTS)
    assert schema_of(old) == schema_of(new / "universe.db")
    assert prints(Location(old)) == prints(Location(new / "universe.db"))
    db = open_reader(Location(old))
    assert universe_view(db).universe_id == UNIVERSE_ID
    assert verify_universe(db, full=True).first_difference is None
    assert db.execute("SELECT stream, count(*) FROM evidence GROUP BY stream").fetchall() == [
        ("real", len(RESULTS)),
        ("synthetic", DRAWS // PACE),
    ]
    db.close()


def test_beside_an_older_program_nothing_is_migrated(tmp_path: Path) -> None:
    """It would go on writing rows as it knows them."""
    path = tmp_path / "old.db"
    write_schema_2(path, "test")
    before = schema_of(path)
    with pytest.raises(StoreError, match="schema 2 is older than 4"):
        SqliteStore.open(Location(path), "test", beside=True)
    assert schema_of(path) == before


def test_a_migrated_universe_goes_on(tmp_path: Path) -> None:
    path, new = tmp_path / "old.db", tmp_path / "new"
    write_schema_2(path, "test")
    new.mkdir()
    seen = []
    for store in (SqliteStore.open(Location(path), "test"), new_store(new, GAME, PACE, epoch=CLOCK.epoch)):
        with store:
            keep(store, GAME, RESULTS)
            compare(store, GAME)
            draw_to(store, GAME, 60_000, batch=60_000)
            store.change_milestone("GAME_001", max_draws=MAX_DRAWS)
            assert store.milestone("GAME_001") == Milestone(max_draws=MAX_DRAWS)
            seen.append(prints(store.location))
            db = open_reader(store.location)
            assert verify_universe(db, full=True).first_difference is None
            db.close()
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE real_result SET main = '1 2 3 4 9' WHERE draw_date = '2000-06-10'", "GAME_001: real_result, 2000-06"),
        ("UPDATE real_result SET game_key = 2 WHERE draw_date = '2018-12-05'", "real_result, 2018-12-05: damaged"),
        ("UPDATE definition SET document = replace(document, '47', '46')", "GAME_001: definition, revision 1: damaged"),
        ("UPDATE game SET game_id = 'GAME_002'", "GAME_002: definition, revision 1: damaged"),
        ("UPDATE real_result SET main = CAST(x'31FF' AS TEXT)", "a row in it is damaged"),
    ],
)
def test_a_damaged_row_is_named_and_nothing_is_migrated(statement: str, named: str, tmp_path: Path) -> None:
    """A new digest over a changed row would make the damage look right for ever."""
    path = tmp_path / "old.db"
    write_schema_2(path, "test")
    db = apsw.Connection(str(path))
    for table in ("real_result", "definition", "game"):
        db.execute(f"DROP TRIGGER {table}_not_updated")
    db.execute(statement)
    db.close()
    was = schema_of(path)
    with pytest.raises(StoreDamaged, match=named):
        SqliteStore.open(Location(path), "test")
    assert schema_of(path) == was
    db = apsw.Connection(str(path))
    assert db.pragma("user_version") == 2
    db.close()


def test_a_reader_of_an_older_universe_says_what_migrates_it(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    write_schema_2(path, "test")
    with pytest.raises(StoreError, match="schema 2 is older than 4; `universe run` migrates it"):
        Reader.open(Location(path), "test")
    SqliteStore.open(Location(path), "test").close()
    Reader.open(Location(path), "test").close()


def test_an_older_schema_is_migrated_forward_and_never_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step and its number are one transaction: a failing step leaves the file as it was."""
    new_store(tmp_path, GAME, 1_000).close()
    location = Location(tmp_path / "universe.db")
    monkeypatch.setattr(schema, "SCHEMA_VERSION", SCHEMA_VERSION + 1)

    def wrong_step(db: apsw.Connection) -> None:
        db.execute(f"{GOOD_STEP}; SELECT wrong")

    def good_step(db: apsw.Connection) -> None:
        db.execute(GOOD_STEP)

    steps: list[tuple[schema.Step, bool]] = [
        (f"{GOOD_STEP}; SELECT wrong", True),
        (wrong_step, True),
        (good_step, False),
    ]
    for step, wrong in steps:
        monkeypatch.setitem(schema.MIGRATIONS, SCHEMA_VERSION, step)
        with pytest.raises(apsw.SQLError) if wrong else contextlib.nullcontext():
            SqliteStore.open(location, "test").close()
        db = apsw.Connection(str(location))
        columns = [row[1] for row in db.execute("PRAGMA table_info(conflict)")]
        assert (db.pragma("user_version"), "note" in columns) == (SCHEMA_VERSION + (not wrong), not wrong)
        db.close()


def test_a_migration_that_is_cut_short_leaves_schema_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever ends it in the middle: rows, statements and number are as before, and the next start does it."""
    path = tmp_path / "old.db"
    write_schema_2(path, "test")
    before, statements = content_of(path), schema_of(path)

    def interrupted(*_: object) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(schema, "row_digest", interrupted)
        with pytest.raises(KeyboardInterrupt):
            SqliteStore.open(Location(path), "test")
    assert (content_of(path), schema_of(path)) == (before, statements)
    SqliteStore.open(Location(path), "test").close()
    assert content_of(path) == before


def test_conflicts_are_kept_once_with_what_they_offered(tmp_path: Path) -> None:
    with new_store(tmp_path, GAME, PACE) as store:
        keep(store, GAME, RESULTS[:1])
        offered = attrs.evolve(RESULTS[0], main_numbers=(1, 2, 3, 4, 6), bonus_numbers=(7,))
        outcome = store.classify("GAME_001", [offered])
        for source in ("first", "second"):
            with store.writing() as db:
                keep_conflicts(db, 1, outcome.conflicts, source)
        with store.reading() as db:
            assert db.execute("SELECT main, bonus, source FROM conflict").fetchall() == [("1 2 3 4 6", "7", "first")]
