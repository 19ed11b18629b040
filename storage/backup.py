"""A universe copied while it lives, into one file, and back: page by page by SQLite, never as a file.

The copy is made inside one read transaction: without it every commit beside would start it over. It goes back through a
transaction of the living database, so that a crash leaves the old universe or the new one; a file copied over it could
meet a log that belongs to the old one.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import apsw
import attrs

from storage.connection import PAGE_BYTES, Location, open_reader, open_writer, read_transaction, translated
from storage.differences import DAMAGE
from storage.errors import NoUniverseError, StoreDamaged, StoreError, StoreUnavailable, WrongModeError
from storage.schema import SCHEMA_VERSION, Mode, prepare_schema, require_schema
from storage.whole_file import Progress, as_ours, beside, copied_beside, copy_pages, put_in_place, sync


@attrs.frozen
class GameContent:
    """How far a game is."""

    draw_number: int
    real_results: int


@attrs.frozen(kw_only=True)
class Content:
    """Which universe it is, and how far its games are."""

    universe_id: str
    games: Mapping[str, GameContent]

    def ahead_of(self, other: "Content") -> list[str]:
        """Return the games that have draws or results here which the other one has not."""
        none = GameContent(0, 0)
        return [
            game_id
            for game_id, here in self.games.items()
            for there in (other.games.get(game_id, none),)
            if here.draw_number > there.draw_number or here.real_results > there.real_results
        ]


def content_of(db: apsw.Connection) -> Content:
    """Return what a universe holds, of this schema or an older one."""
    rows = db.execute(
        "SELECT game_id, ifnull((SELECT watermark FROM progress AS p WHERE p.game_key = game.game_key), 0),"
        " (SELECT count(*) FROM real_result AS r WHERE r.game_key = game.game_key) FROM game ORDER BY game_id"
    )
    return Content(
        universe_id=db.execute("SELECT universe_id FROM universe").get,
        games={game_id: GameContent(draws, results) for game_id, draws, results in rows},
    )


@contextmanager
def source_of(file: Path, mode: Mode) -> Iterator[apsw.Connection]:
    """Lend one state of a universe's file, read only, in this program's schema; an older one is migrated in a copy."""
    location = Location(file)
    db = open_reader(location)
    try:
        with translated(location, opening=True), read_transaction(db):
            _require_backup(db, mode, name=str(file))
            if db.pragma("page_size") != PAGE_BYTES:
                raise StoreError(f"{file}: its pages have {db.pragma('page_size')} bytes, a universe's {PAGE_BYTES}")
            if db.pragma("user_version") == SCHEMA_VERSION:
                yield db
                return
            with _migrated(db, mode, name=str(file)) as migrated:
                yield migrated
    finally:
        db.close()


def _require_backup(db: apsw.Connection, mode: Mode, *, name: str) -> None:
    try:
        require_schema(db, mode, name=name, may_migrate=True)
    except NoUniverseError as empty:
        raise StoreError(f"{name}: not a universe, but an empty database") from empty


@contextmanager
def _migrated(db: apsw.Connection, mode: Mode, *, name: str) -> Iterator[apsw.Connection]:
    """Lend a copy in a file without a name, which is gone when it is closed."""
    copy = apsw.Connection("")
    try:
        copy_pages(db, copy)
        prepare_schema(copy, mode, name=name)
        with read_transaction(copy):
            yield copy
    finally:
        copy.close()


def live_content(location: Location, mode: Mode) -> Content | None:
    """Return what a living universe holds, None without one; StoreDamaged if it is damaged or no universe at all."""
    assert location.path is not None
    if not location.path.exists():
        return None
    if not location.path.stat().st_size:  # SQLite would take it for a new database, and delete a log beside it
        raise StoreDamaged(f"{location}: empty")
    try:
        db = open_reader(location)
        try:
            with translated(location), read_transaction(db):
                require_schema(db, mode, name=str(location), may_migrate=True)
                fault = db.execute("PRAGMA quick_check(1)").get
                if fault != "ok":
                    raise StoreDamaged(f"{location}: {fault}")
                return content_of(db)
        finally:
            db.close()
    except (StoreUnavailable, WrongModeError):
        raise
    except DAMAGE as damage:
        raise StoreDamaged(str(damage)) from damage


def replace_content(source: apsw.Connection, location: Location, progress: Progress) -> None:
    """Make a sound living database hold what the source holds. Whoever reads it goes on, and sees that next."""
    db = open_writer(location)
    try:
        with translated(location):
            copy_pages(source, db, progress)
            with suppress(apsw.BusyError):  # somebody still reads the old state; a later checkpoint does it
                db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    finally:
        db.close()


def replace_files(source: apsw.Connection, location: Location, progress: Progress) -> list[Path]:
    """Put a copy where no sound database is; returns the names under which a damaged one's files are kept."""
    assert location.path is not None
    with copied_beside(location.path, source, progress) as part:
        aside = _set_aside(location.path)
        put_in_place(part, location.path)
    open_writer(location).close()  # from now on with a log
    return aside


def _set_aside(path: Path) -> list[Path]:
    """Give a damaged database's files another name beside it; its own name stays taken until the copy has it.

    Its log goes first: no state between lets that log meet the copy.
    """
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    moved = []
    with as_ours(path):
        if path.exists():
            aside.hardlink_to(path)
            moved.append(aside)
        for found, away in zip(beside(path), beside(aside), strict=True):
            if found.exists():
                moved.append(found.rename(away))
        sync(path.parent)
    return moved
