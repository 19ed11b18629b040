"""The SQLite store keeps what every store promises, and what only a file can promise."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import apsw
import attrs
import pytest

from storage.access import FREE_BYTES_MIN
from storage.connection import Location, open_reader, open_writer
from storage.draws import NEWEST_DRAWS, TAIL_DRAWS_MAX
from storage.errors import StoreError, StoreFull, StoreUnavailable, WrongModeError
from storage.fingerprint import fingerprints
from storage.rate import add_minute, draws_last_hour
from storage.registry import Milestone
from storage.schema import SCHEMA_VERSION, TEST_DRAWS_MAX
from storage.store import SqliteStore
from storage.verify import Verdict, verify_universe
from tests.storage.store_checker import CHECKS, MakeStore
from tests.storage.universes import compare, draw_to, draw_unit, keep, new_store, reading
from universe.calendar import LogicalClock
from universe.catalogue import shipped_games
from universe.definition import game_from_data, game_to_data
from universe.errors import DefinitionError
from universe.game import Game
from universe.ranking import unrank
from universe.results.result import RealResult

GAMES = shipped_games()
GAME = GAMES["GAME_001"]


def prints(store: SqliteStore) -> dict[str, str]:
    db = open_reader(store.location)
    try:
        return fingerprints(db)
    finally:
        db.close()


def verdict(store: SqliteStore, *, full: bool = True) -> Verdict:
    db = open_reader(store.location)
    try:
        return verify_universe(db, full=full)
    finally:
        db.close()


def result(game: Game, day: date, rank: int = 12_345) -> RealResult:
    main, bonus = unrank(game, rank)
    return RealResult(draw_date=day, main_numbers=main, bonus_numbers=bonus)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("where", ["file", "memory"])
def test_the_sqlite_store_keeps_the_promise_that(
    check: Callable[[MakeStore], None], where: str, tmp_path: Path
) -> None:
    made: list[SqliteStore] = []

    def make_store(game: Game, epoch: date, draws_per_day: int, max_draws: int) -> SqliteStore:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        store = SqliteStore.open(Location(folder / "u.db" if where == "file" else None), "test", create=True)
        clock = LogicalClock(game=game, epoch=epoch, draws_per_day=draws_per_day)
        store.initialise(clock, Milestone(max_draws=max_draws))
        made.append(store)
        return store

    try:
        check(make_store)
    finally:
        for store in made:
            store.close()


@pytest.mark.parametrize("game_id", ["GAME_001", "GAME_004", "GAME_005", "GAME_007"])
def test_equal_content_has_one_fingerprint_whatever_the_commits(game_id: str, tmp_path: Path) -> None:
    """Folded or in the tail, in one commit or in many, before or after the results: the content is the same."""
    game, seen = GAMES[game_id], set()
    days = [date(2018, 12, 1), date(2018, 12, 5)]
    for name, batch, results_first in (("a", 200_000, True), ("b", 7_001, False), ("c", 49_999, True)):
        folder = tmp_path / name
        folder.mkdir()
        with new_store(folder, game, 5_000, epoch=date(2018, 11, 20)) as store:
            held = [result(game, day) for day in days if day.weekday() in game.weekdays_on(day)]
            if results_first:
                keep(store, game, held)
            draw_to(store, game, 120_000, batch=batch)
            if not results_first:
                keep(store, game, held)
                compare(store, game)
            assert verdict(store) == Verdict(draws_checked=120_000, raw_draws_skipped=0, first_difference=None)
            seen.add(prints(store)[game_id])
    assert len(seen) == 1


def test_the_tail_is_bounded_and_the_newest_draws_stay() -> None:
    with new_store(None, GAME, 1_000) as store:
        for last in (TAIL_DRAWS_MAX, TAIL_DRAWS_MAX + 1, TAIL_DRAWS_MAX + 40):
            draw_to(store, GAME, last, batch=last)
            with reading(store) as reader, reader.snapshot() as snapshot:
                view = snapshot.game(None)
                newest = snapshot.latest_draws(view, NEWEST_DRAWS)
                assert [draw.draw_number for draw in newest] == list(range(last, last - NEWEST_DRAWS, -1))
                assert sum(snapshot.occurrences(view, draw.rank) >= 1 for draw in newest) == NEWEST_DRAWS


def test_raw_draws_can_be_switched_off(tmp_path: Path) -> None:
    location = Location(tmp_path / "u.db")
    with SqliteStore.open(location, "test", create=True, keep_raw=False) as store:
        store.initialise(LogicalClock(game=GAME, epoch=GAME.since, draws_per_day=1_000), Milestone())
        draw_to(store, GAME, 60_000, batch=60_000)
        found = verdict(store)
        assert (found.first_difference, found.raw_draws_skipped) == (None, 60_000)
    db = open_reader(location)
    assert db.execute("SELECT count(*) FROM raw_segment").get == 0
    db.close()


def test_a_tick_of_production_writes_a_few_pages(tmp_path: Path) -> None:
    """17,280 commits a day: each must stay well below the 57 kB that a gigabyte a day would allow."""
    with new_store(tmp_path, GAME, 227_500, mode="prod", epoch=date(2026, 11, 21)) as store:
        draw_to(store, GAME, 40_000)
        log = tmp_path / "universe.db-wal"
        before = log.stat().st_size
        draw_to(store, GAME, 40_130, batch=13)
        assert (log.stat().st_size - before) / 10 < 40_000


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE real_result SET main = '1 2 3 4 5'",
        "DELETE FROM real_result",
        "INSERT OR REPLACE INTO real_result SELECT * FROM real_result",
        "REPLACE INTO real_result SELECT NULL, game_key, draw_date, '', '', '', '', digest FROM real_result",
        "UPDATE universe SET version = '2'",
        "DELETE FROM universe",
        "UPDATE simulation SET epoch = '2001-01-01'",
        "UPDATE definition SET digest = x''",
        "DELETE FROM game",
    ],
)
def test_what_is_fixed_is_fixed_by_the_file_itself(statement: str, tmp_path: Path) -> None:
    with new_store(tmp_path, GAME, 1_000) as store:
        keep(store, GAME, [result(GAME, GAME.since)])
        db = open_writer(store.location)
        with pytest.raises(apsw.ConstraintError, match="never changes"):
            db.execute(statement)
        db.close()


def test_the_schema_itself_bounds_a_test_universe(tmp_path: Path) -> None:
    with new_store(tmp_path, GAME, 1_000) as store:
        draw_to(store, GAME, 10)
        db = open_writer(store.location)
        db.execute("UPDATE progress SET watermark = ?, folded = 0", (TEST_DRAWS_MAX,))
        with pytest.raises(apsw.ConstraintError):
            db.execute("UPDATE progress SET watermark = ?", (TEST_DRAWS_MAX + 1,))
        db.close()


def test_each_mode_refuses_the_other_ones_file(tmp_path: Path) -> None:
    new_store(tmp_path, GAME, 1_000).close()
    with pytest.raises(WrongModeError, match="a test universe, and --mode is prod"):
        SqliteStore.open(Location(tmp_path / "universe.db"), "prod")


def test_strange_files_are_refused_in_words(tmp_path: Path) -> None:
    text, foreign, newer = tmp_path / "text.db", tmp_path / "foreign.db", tmp_path / "newer"
    text.write_text("this is no database, but long enough to look like one" * 100)
    apsw.Connection(str(foreign)).execute("CREATE TABLE t(a)")
    newer.mkdir()
    new_store(newer, GAME, 1_000).close()
    db = apsw.Connection(str(newer / "universe.db"))
    db.pragma("user_version", SCHEMA_VERSION + 1)
    db.close()
    for path, says in ((text, "not a universe"), (foreign, "not a universe"), (newer / "universe.db", "newer")):
        with pytest.raises(StoreError, match=says):
            SqliteStore.open(Location(path), "test")
    with pytest.raises(StoreError, match="cannot be opened"):
        SqliteStore.open(Location(tmp_path / "none" / "u.db"), "test", create=True)


def test_a_definition_may_grow_after_its_current_date_and_change_in_no_other_way() -> None:
    def changed(**changes: object) -> Game:
        return game_from_data(game_to_data(GAME) | changes, source="test")

    later = {"from": "2000-08-07", "days": ["Mon"]}
    with new_store(None, GAME, 1_000) as store:
        draw_to(store, GAME, 30_000)  # to logical day 29, 2000-07-06
        with pytest.raises(
            DefinitionError, match=r'main was \{"picked": 5, "size": 47\}, now \{"picked": 5, "size": 48\}'
        ):
            store.register(changed(main={"picked": 5, "size": 48}))
        schedule = game_to_data(GAME)["schedule"]
        with pytest.raises(DefinitionError, match="schedule was"):
            store.register(changed(schedule=[*schedule, {"from": "2000-07-05", "days": ["Mon"]}]))
        before = store.progress("GAME_001").clock
        store.register(changed(schedule=[*schedule, later], moved=[{"scheduled": "2000-08-02", "held": "2000-08-03"}]))
        after = store.progress("GAME_001").clock
        assert store.game("GAME_001").schedule[-1].days == ("Mon",)
        assert [before.draw_date(n) for n in (1, 15_000, 30_000)] == [after.draw_date(n) for n in (1, 15_000, 30_000)]
        with pytest.raises(DefinitionError):
            store.register(GAME)  # a step back is a change too


def test_epoch_and_pace_are_fixed_once() -> None:
    with new_store(None, GAME, 1_000) as store:
        clock = LogicalClock(game=GAME, epoch=GAME.since, draws_per_day=1_000)
        store.initialise(clock, Milestone(max_draws=5))
        assert store.milestone("GAME_001") == Milestone()
        for other in (attrs.evolve(clock, epoch=date(2001, 1, 1)), attrs.evolve(clock, draws_per_day=2)):
            with pytest.raises(StoreError, match="is fixed at"):
                store.initialise(other, Milestone())


def test_a_full_disk_is_said_and_passes(tmp_path: Path) -> None:
    with new_store(tmp_path, GAME, 1_000) as store:
        draw_to(store, GAME, 100)
        clock = store.progress("GAME_001").clock
        pages = store._db.pragma("page_count")
        store._db.pragma("max_page_count", pages)
        with pytest.raises(StoreFull):
            store.commit([draw_unit(clock, 101, 60_000)])
        assert store.progress("GAME_001").watermark == 100
        store._db.pragma("max_page_count", 10**6)
        store.commit([draw_unit(clock, 101, 60_000)])
        assert verdict(store).first_difference is None


def test_a_commit_leaves_the_room_that_its_log_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with new_store(tmp_path, GAME, 1_000) as store:
        draw_to(store, GAME, 60_000, batch=60_000)
        log = (tmp_path / "universe.db-wal").stat().st_size
        monkeypatch.setattr(Location, "free_bytes", lambda _: log)
        with pytest.raises(StoreFull, match=rf"{log:,} bytes are free"):
            draw_to(store, GAME, 60_100)
        monkeypatch.setattr(Location, "free_bytes", lambda _: log + FREE_BYTES_MIN)
        draw_to(store, GAME, 60_100)
        assert verdict(store).first_difference is None


def test_after_an_error_of_the_device_another_connection_goes_on(tmp_path: Path) -> None:
    with new_store(tmp_path, GAME, 1_000) as store:
        draw_to(store, GAME, 100)
        before = store._db
        with pytest.raises(StoreUnavailable, match="the device fails"), store.reading():
            raise apsw.IOError("as SQLite says it")
        draw_to(store, GAME, 200)
        assert store._db is not before
        assert verdict(store).first_difference is None


def test_commits_do_not_go_into_a_file_that_has_lost_its_name(tmp_path: Path) -> None:
    with new_store(tmp_path, GAME, 1_000) as store:
        draw_to(store, GAME, 100)
        (tmp_path / "universe.db").rename(tmp_path / "elsewhere.db")
        with pytest.raises(StoreUnavailable, match="was removed while in use"):
            draw_to(store, GAME, 200)
        other = tmp_path / "other"
        other.mkdir()
        new_store(other, GAME, 1_000).close()
        (other / "universe.db").rename(tmp_path / "universe.db")
        with pytest.raises(StoreUnavailable, match="was replaced while in use"):
            draw_to(store, GAME, 200)
        (tmp_path / "elsewhere.db").rename(tmp_path / "universe.db")
        draw_to(store, GAME, 200)
        assert verdict(store).first_difference is None


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("UPDATE raw_segment SET ranks = zeroblob(length(ranks))", "raw_segment"),
        ("UPDATE day_total SET totals = (SELECT totals FROM day_total WHERE day = 3) WHERE day = 4", "day_total"),
        ("UPDATE counter SET cells = zeroblob(length(cells)) WHERE counter_key % 7 = 3", "counter"),
        ("UPDATE match_total SET compared = compared + 1", "match_total"),
        ("DELETE FROM match_event WHERE draw_number = (SELECT max(draw_number) FROM match_event)", "match_event"),
        ("UPDATE comparison SET levels = zeroblob(length(levels))", "comparison"),
        ("UPDATE hot_tail SET ranks = zeroblob(length(ranks))", "hot_tail"),
        ("DROP TRIGGER real_result_not_updated; UPDATE real_result SET bonus = '27'", "real_result"),
    ],
)  # fmt: skip  # a statement and a table a line
def test_verify_names_what_was_changed(statement: str, table: str, tmp_path: Path) -> None:
    with new_store(tmp_path, GAME, 10_000) as store:
        keep(store, GAME, [result(GAME, GAME.since)])
        draw_to(store, GAME, 60_000, batch=60_000)
        draw_to(store, GAME, 60_500)
        assert verdict(store).first_difference is None
        db = open_writer(store.location)
        for one in statement.split("; "):
            db.execute(one)
        db.close()
        found = verdict(store).first_difference
        assert found is not None
        assert found.table.startswith(table)


def test_archived_draws_leave_the_database_and_stay_readable(tmp_path: Path) -> None:
    with new_store(tmp_path, GAME, 1_000) as store:
        draw_to(store, GAME, 120_000, batch=60_000)
        before = prints(store)
        (moved,) = store.archive(tmp_path / "archive")
        assert (moved.first, moved.last) == (1, 120_000)
        assert Path(moved.file).stat().st_size == 4 * 120_000
        assert store.archive(tmp_path / "archive") == []
        assert prints(store) == before
        found = verdict(store)
        assert (found.first_difference, found.raw_draws_skipped) == (None, 120_000)


def test_the_rate_is_of_the_last_hour() -> None:
    ring = add_minute(b"", 0.0, 10)
    ring = add_minute(ring, 30.0, 5)
    ring = add_minute(ring, 3_540.0, 100)
    assert [draws_last_hour(ring, at) for at in (3_599.0, 3_600.0, 7_139.0, 7_200.0)] == [115, 100, 100, 0]
    assert draws_last_hour(add_minute(ring, 10.0, 1), 3_599.0) == 116  # the clock went back
    assert draws_last_hour(add_minute(ring, -9_999.0, 1), -9_000.0) == 1  # or years, after it had been far ahead
