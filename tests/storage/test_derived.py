"""What trails behind the draws may be damaged without harm: it is made anew, told once, and nothing else is touched."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from typing import Any

import apsw
import attrs
import pytest
from structlog.testing import capture_logs

from actors.historian import HISTORIAN, measure_histories
from actors.prover import PROVER, hash_blocks
from storage.connection import Location
from storage.differences import Difference
from storage.errors import StoreDamaged
from storage.evidence import evidence_path
from storage.fairness import stored_null
from storage.interface import Forgotten
from storage.registry import Milestone
from storage.store import SqliteStore
from storage.verify import verify_universe
from tests.storage.universes import draw_to, draw_unit, keep, trail
from universe.calendar import LogicalClock
from universe.game import Game, Period, Pool
from universe.merkle import BLOCK_LEAVES
from universe.results.result import RealResult
from universe.units import ResultsUnit, Unit

SINCE = date(2024, 1, 1)
DAILY = Period(start=SINCE, days=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))
GAME = Game(game_id="GAME", since=SINCE, main=Pool(picked=2, size=8), schedule=(DAILY,))
CLOCK = LogicalClock(game=GAME, epoch=SINCE, draws_per_day=500)
BLOCKS = 35  # six levels, the lowest of two rows
DRAWS = BLOCKS * BLOCK_LEAVES + 100
DAYS, RESULTS = DRAWS // 500, 100
Content = dict[str, list[Any]]


def results(first: int, last: int) -> list[RealResult]:
    """Results of these days, counted from 1."""
    return [
        RealResult(draw_date=SINCE + timedelta(days=day - 1), main_numbers=(1 + day % 7, 8))
        for day in range(first, last + 1)
    ]


def content(store: SqliteStore) -> Content:
    """What follows from draws and results; histories without the pieces that they were measured in."""
    tables = ("proof_node", "evidence", "null_frame")
    with store.reading() as db:
        found: Content = {table: db.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall() for table in tables}
        null = stored_null(db, 1)
    return found | {"histories": [] if null is None else null.measurements.statistics.tolist()}


@pytest.fixture(scope="module")
def sound() -> Iterator[tuple[SqliteStore, Content]]:
    """A universe with all that trails, and what it holds."""
    with SqliteStore.open(Location(None), "test", create=True) as store:
        store.initialise(CLOCK, Milestone())
        keep(store, GAME, results(1, RESULTS))
        draw_to(store, GAME, DRAWS)
        trail(store, GAME, PROVER)
        while pending := store.pending_histories("GAME", 15_000):
            store.commit(measure_histories(pending))
        yield store, content(store)


@contextmanager
def copied(original: SqliteStore) -> Iterator[SqliteStore]:
    """A copy, as a process that starts finds it."""
    location = Location(None)
    target = apsw.Connection(location.uri(), flags=apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READWRITE)
    with closing(target), original.reading() as db, target.backup("main", db, "main") as backup:
        backup.step()
        with SqliteStore.open(location, "test") as store:
            yield store


@pytest.fixture
def copy(sound: tuple[SqliteStore, Content]) -> Iterator[SqliteStore]:
    """A copy to harm."""
    with copied(sound[0]) as store:
        yield store


def harm(store: SqliteStore, statement: str) -> None:
    with store.writing() as db:
        db.execute(statement)
        assert db.changes()


def mended(store: SqliteStore) -> list[Any]:
    """Do what trails until nothing is left to do; returns what is told of forgotten rows."""
    with capture_logs() as logs:
        trail(store, GAME, PROVER, HISTORIAN)
    return [log for log in logs if log["event"] == "rows.forgotten"]


HARMED_LOGS = (
    *(f"DELETE FROM proof_node WHERE level = {level}" for level in range(11, 16)),
    "DELETE FROM proof_node WHERE level = 10 AND first = 0",
    "UPDATE proof_node SET hashes = substr(hashes, 1, 60) WHERE level = 10 AND first = 32",
    "UPDATE proof_node SET hashes = substr(hashes, 33) WHERE level = 10 AND first = 0",
    "UPDATE proof_node SET hashes = x'' WHERE level = 12",
    "UPDATE proof_node SET hashes = CAST(hashes || hashes AS BLOB) WHERE level = 13",
    "UPDATE proof_node SET first = 96 WHERE level = 10 AND first = 32",
    "INSERT INTO proof_node VALUES (1, 16, 0, zeroblob(32))",
)
HARMED_HISTORIES = (
    "UPDATE null_histories SET figures = x'' WHERE first = 0",
    "UPDATE null_histories SET figures = substr(figures, 1, 40) WHERE first = 0",
    "UPDATE null_histories SET figures = substr(figures, 1, 40) WHERE first = 150",
    "UPDATE null_histories SET figures = CAST(figures || x'00' AS BLOB) WHERE first = 150",
    "DELETE FROM null_histories WHERE first = 0",
    "DELETE FROM null_histories WHERE first = 150",
    "DELETE FROM null_frame",
    "UPDATE null_frame SET tests = ''",
)


@pytest.mark.parametrize("statement", [*HARMED_LOGS, *HARMED_HISTORIES])
def test_damage_that_is_found_at_the_start_is_told_once_and_made_anew(
    sound: tuple[SqliteStore, Content], copy: SqliteStore, statement: str
) -> None:
    harm(copy, statement)
    table = "proof_node" if statement in HARMED_LOGS else "null_histories"
    (told,) = mended(copy)
    assert (told["game_id"], told["table"], told["log_level"]) == ("GAME", table, "warning")
    assert told["fault"].startswith(f"{table}: ")
    assert content(copy) == sound[1]
    assert mended(copy) == []


def test_what_is_sound_is_left_alone(sound: tuple[SqliteStore, Content], copy: SqliteStore) -> None:
    with copy.reading() as db:
        before = db.total_changes()
        assert mended(copy) == []
        assert db.total_changes() == before
    assert content(copy) == sound[1]


@pytest.mark.parametrize("statement", [
    "DELETE FROM proof_node WHERE level = 11",
    "UPDATE proof_node SET hashes = substr(hashes, 1, 40) WHERE level = 11",
    "UPDATE null_histories SET figures = x'' WHERE first = (SELECT max(first) FROM null_histories)",
    "UPDATE null_histories SET figures = substr(figures, 2) WHERE first = (SELECT max(first) FROM null_histories)",
])  # fmt: skip  # one list
def test_damage_that_a_commit_meets_costs_no_draw(copy: SqliteStore, statement: str) -> None:
    """It comes while a process runs: what was looked over at the start is no longer so."""
    assert mended(copy) == []
    drawn = DRAWS + 3 * BLOCK_LEAVES
    draw_to(copy, GAME, drawn)
    made: list[Unit] = [*hash_blocks(copy.pending_blocks("GAME", 10**6))]
    made += measure_histories(copy.pending_histories("GAME", 10**6))
    harm(copy, statement)
    committed = copy.commit([draw_unit(CLOCK, drawn + 1, drawn + 100), *made])
    assert committed.draws == {"GAME": (drawn + 1, drawn + 100)}
    table = "proof_node" if "proof_node" in statement else "null_histories"
    assert [(one.game_id, one.table) for one in committed.forgotten] == [("GAME", table)]
    trail(copy, GAME, PROVER, HISTORIAN)
    with copy.reading() as db:
        assert verify_universe(db, full=True).first_difference is None


@pytest.fixture(scope="module")
def later(sound: tuple[SqliteStore, Content]) -> Content:
    """What a sound universe holds a day and a result later."""
    with copied(sound[0]) as store:
        assert goes_on(store) == ()
        return content(store)


def goes_on(store: SqliteStore) -> tuple[Forgotten, ...]:
    """Draw a logical day and take a result."""
    committed = store.commit([draw_unit(CLOCK, DRAWS + 1, DRAWS + 500)])
    keep(store, GAME, results(RESULTS + 1, RESULTS + 1))
    return committed.forgotten


@pytest.mark.parametrize("value", ["main = 9e999", "main = 0.5", "draws = 3", "digest = x'00'"])
@pytest.mark.parametrize(("stream", "last"), [("synthetic", DAYS - 1), ("real", RESULTS - 1)])
def test_evidence_goes_on_from_no_row_that_is_damaged(
    later: Content, copy: SqliteStore, stream: str, last: int, value: str
) -> None:
    harm(copy, f"UPDATE evidence SET {value} WHERE stream = '{stream}' AND step = {last}")
    fault = f"evidence: {stream}, step {last}: not what its digest is of"
    assert goes_on(copy) == (Forgotten(game_id="GAME", table="evidence", fault=fault),)
    assert content(copy) == later


def test_evidence_that_is_damaged_in_both_streams_is_made_anew(later: Content, copy: SqliteStore) -> None:
    """Neither is made from the other's rows, whichever comes first."""
    harm(copy, f"UPDATE evidence SET main = 9e999 WHERE step IN ({DAYS - 1}, {RESULTS - 1})")
    assert len(goes_on(copy)) == 2
    assert content(copy) == later


def test_an_ingest_beside_it_does_the_same(copy: SqliteStore) -> None:
    harm(copy, f"UPDATE evidence SET main = 9e999 WHERE stream = 'real' AND step = {RESULTS - 1}")
    late = tuple(results(RESULTS + 1, RESULTS + 1))
    copy.ingest(GAME, ResultsUnit(game_id="GAME", results=late, source="test"))
    with copy.reading() as db:
        assert verify_universe(db, full=True).first_difference is None


def test_what_cannot_be_made_again_is_never_forgotten(copy: SqliteStore) -> None:
    """Running totals are damaged: a commit that needs them is refused in words, and every row stays."""
    harm(copy, "DELETE FROM day_total WHERE day = 3")
    harm(copy, f"UPDATE evidence SET main = 1 WHERE stream = 'synthetic' AND step = {DAYS - 1}")
    before = content(copy)
    with pytest.raises(StoreDamaged, match=r"GAME: day_total, days 0 to \d+: damaged, or not all of them are there"):
        copy.commit([draw_unit(CLOCK, DRAWS + 1, DRAWS + 500)])
    assert content(copy) == before
    with copy.reading() as db:
        assert isinstance(verify_universe(db, full=True).first_difference, Difference)


def test_a_path_with_a_value_that_is_not_finite_is_not_shown(copy: SqliteStore) -> None:
    harm(copy, "UPDATE evidence SET bonus = -9e999 WHERE stream = 'real' AND step = 40")
    with copy.reading() as db, pytest.raises(StoreDamaged, match="evidence: real, step 40: "):
        evidence_path(db, 1, "real")
    with copy.reading() as db:
        assert len(evidence_path(db, 1, "synthetic").steps) == DAYS


@pytest.mark.parametrize("statement", HARMED_HISTORIES[:4])
def test_histories_that_are_not_whole_are_not_read(copy: SqliteStore, statement: str) -> None:
    harm(copy, statement)
    with copy.reading() as db, pytest.raises(StoreDamaged, match=r"null_histories: histories from \d+: \d+ bytes"):
        stored_null(db, 1)


def test_other_games_keep_theirs(copy: SqliteStore) -> None:
    other = attrs.evolve(GAME, game_id="OTHER")
    copy.initialise(attrs.evolve(CLOCK, game=other), Milestone())
    keep(copy, other, results(1, RESULTS))
    draw_to(copy, other, 3 * BLOCK_LEAVES)
    trail(copy, other, PROVER, HISTORIAN)
    before = of_other(copy)
    harm(copy, "DELETE FROM proof_node WHERE game_key = 1 AND level = 10 AND first = 0")
    harm(copy, "DELETE FROM null_frame WHERE game_key = 1")
    assert [(told["game_id"], told["table"]) for told in mended(copy)] == [
        ("GAME", "proof_node"), ("GAME", "null_histories")
    ]  # fmt: skip  # one list
    assert of_other(copy) == before


def of_other(store: SqliteStore) -> list[Any]:
    with store.reading() as db:
        return [
            db.execute(f"SELECT * FROM {table} WHERE game_key = 2").fetchall()
            for table in ("proof_node", "null_frame", "null_histories")
        ]


def test_every_commit_asks_but_it_is_looked_over_once_a_life(
    copy: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def sound_so_far(_db: apsw.Connection, _key: int, table: str) -> None:
        asked.append(table)

    monkeypatch.setattr("storage.store.fault_in", sound_so_far)
    for _ in range(3):
        trail(copy, GAME, PROVER, HISTORIAN)
    assert asked == ["proof_node", "null_histories"]
