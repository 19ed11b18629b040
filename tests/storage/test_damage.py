"""A changed byte is found and named, or it changed nothing that is said.

Bytes are changed in a copy of a closed universe, never in a file that SQLite has open in this process.
"""

import os
import random
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import apsw
import attrs
import numpy as np
import pytest

from actors.historian import HISTORIAN
from actors.prover import PROVER
from storage import draws, fairness, verify
from storage.chunks import chunk_fault
from storage.connection import Location, open_reader, open_writer, translated
from storage.differences import Difference
from storage.errors import StoreError
from storage.reader import Reader
from storage.registry import Milestone
from storage.store import SqliteStore
from storage.verify import Verdict, verify_universe
from tests.storage.universes import compare, draw_to, keep, trail
from universe.calendar import LogicalClock
from universe.cells import HALF, SPARSE, Chunk, half_bytes
from universe.game import Game, Period, Pool
from universe.results.result import RealResult
from universe.subsets import Index

SINCE = date(2024, 1, 1)
DAILY = Period(start=SINCE, days=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))
BONUS = Game(game_id="BONUS", since=SINCE, main=Pool(picked=3, size=9), bonus=Pool(picked=1, size=3), schedule=(DAILY,))
PLAIN = Game(game_id="PLAIN", since=SINCE, main=Pool(picked=2, size=12), schedule=(DAILY,))
LATER = Game(game_id="LATER", since=SINCE, main=Pool(picked=2, size=5), schedule=(DAILY,))
PACE = 100
NOT_KEPT = "committed_at, minutes"  # when a commit was, and the rate it shows: nothing else tells them again
FLIPS = int(os.environ.get("DAMAGE_FLIPS", "400"))  # 0: every byte of the file, which takes half an hour
SEED = 20_240_101


def results(game: Game, *days: int) -> list[RealResult]:
    bonus = (1,) if game.bonus else ()
    numbers = tuple(range(1, game.main.picked + 1))
    return [RealResult(draw_date=date(2024, 1, day), main_numbers=numbers, bonus_numbers=bonus) for day in days]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small universe with something in every table: folded draws and a tail, late results, events, conflicts."""
    path = tmp_path_factory.mktemp("sound") / "universe.db"
    with pytest.MonkeyPatch.context() as patched, SqliteStore.open(Location(path), "test", create=True) as store:
        patched.setattr(draws, "TAIL_DRAWS_MAX", 300)
        for game in (BONUS, PLAIN):
            store.initialise(LogicalClock(game=game, epoch=SINCE, draws_per_day=PACE), Milestone(max_draws=5_000))
        for game in (BONUS, PLAIN, LATER):
            store.register(game)
            keep(store, game, results(game, 1, 3))
        for game in (BONUS, PLAIN):
            draw_to(store, game, 610, batch=70)
            keep(store, game, results(game, 2, 5))
            compare(store, game)
            conflict = attrs.evolve(results(game, 2)[0], main_numbers=tuple(range(2, game.main.picked + 2)))
            store.refuse(store.classify(game.game_id, [conflict]), "a test")
        patched.setattr(fairness, "HISTORY_DRAWS_MIN", 31)
        keep(store, BONUS, results(BONUS, 4, *range(6, 32)))
        draw_to(store, BONUS, 1_090, batch=70)
        compare(store, BONUS)
        trail(store, BONUS, PROVER, HISTORIAN)
        store.register(attrs.evolve(BONUS, schedule=(DAILY, Period(start=date(2025, 1, 1), days=("Wed",)))))
        db = open_writer(store.location)
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        assert all(db.execute(f"SELECT count(*) FROM {table}").get for table in tables)
        db.close()
    return path.read_bytes()


def said_by(path: Path) -> list[Any] | None:
    """Every row of every table and what kind of file it is; None where that cannot be read."""
    try:
        db = open_reader(Location(path))
    except StoreError:
        return None
    try:
        said: list[Any] = [db.pragma("application_id"), db.pragma("user_version")]
        schema: list[Any] = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name").fetchall()
        said.append(schema)
        for kind, name, *_ in schema:
            if kind == "table":
                columns = [row[1] for row in db.execute(f"PRAGMA table_info({name})")]
                kept = ", ".join(column for column in columns if column not in NOT_KEPT.split(", "))
                said.append(db.execute(f"SELECT {kept} FROM {name} NOT INDEXED").fetchall())
    except (apsw.Error, UnicodeDecodeError):
        return None
    else:
        return said
    finally:
        db.close()


def examined(path: Path, *, full: bool = True) -> Difference | StoreError | None:
    """What ``verify`` finds; everything but a difference or a refusal is a failure of it."""
    location = Location(path)
    try:
        Reader.open(location, "test").close()
        db = open_reader(location)
        try:
            with translated(location):
                return verify_universe(db, full=full).first_difference
        finally:
            db.close()
    except StoreError as refusal:
        return refusal


@attrs.frozen
class Patient:
    """A copy of the universe to do harm to."""

    path: Path
    sound: bytes
    said: list[Any]

    def is_noticed(self, harm: str, data: bytes, *, expected: bool | None = None) -> Difference | StoreError | None:
        """Fail unless the changed file is refused, or a difference is named, or it says exactly what it said."""
        for beside in ("-wal", "-shm"):
            self.path.with_name(self.path.name + beside).unlink(missing_ok=True)
        self.path.write_bytes(data)
        if expected is None and said_by(self.path) == self.said:
            return None
        found = examined(self.path)
        assert found is not None, f"{harm}: not noticed"
        if isinstance(found, Difference):
            assert found.table, harm
            assert found.key, harm
        return found


@pytest.fixture(scope="module")
def patient(sound: bytes, tmp_path_factory: pytest.TempPathFactory) -> Patient:
    path = tmp_path_factory.mktemp("patient") / "universe.db"
    path.write_bytes(sound)
    said = said_by(path)
    assert said is not None
    assert examined(path) is None
    return Patient(path, sound, said)


def positions(size: int) -> Iterator[tuple[int, int]]:
    """Byte and bit of each flip: all of the header, and as many others as asked for."""
    choice = random.Random(SEED)
    chosen = range(size) if not FLIPS else [*range(100), *choice.sample(range(100, size), FLIPS)]
    for at in chosen:
        yield at, choice.randrange(8)


def test_a_flipped_bit_is_named_or_changes_nothing(patient: Patient) -> None:
    named = 0
    for at, bit in positions(len(patient.sound)):
        data = bytearray(patient.sound)
        data[at] ^= 1 << bit
        named += patient.is_noticed(f"byte {at}, bit {bit}", bytes(data)) is not None
    print(f"{named} of {len(list(positions(len(patient.sound))))} flips are named")  # noqa: T201  the long run's report


def used_bytes(data: bytes) -> list[int]:
    """The positions that some cell of some page uses, roughly: what is not zero."""
    return [at for at in range(100, len(data)) if data[at]]


def test_every_second_flip_that_hits_something_is_named(patient: Patient) -> None:
    """Most of a small file is empty; these flips are all in what is written."""
    choice = random.Random(SEED + 1)
    found: list[Difference | StoreError | None] = []
    for at in choice.sample(used_bytes(patient.sound), 300):
        data = bytearray(patient.sound)
        data[at] ^= 1 << choice.randrange(8)
        found.append(patient.is_noticed(f"byte {at}", bytes(data)))
    differences = [one for one in found if isinstance(one, Difference)]
    assert len(differences) > 150
    assert {one.game_id for one in differences} >= {"BONUS", "PLAIN", None}


def pages(data: bytes) -> list[bytes]:
    return [data[at : at + 8192] for at in range(0, len(data), 8192)]


def test_zeroed_pages_are_named(patient: Patient) -> None:
    for number in range(len(pages(patient.sound))):
        changed = pages(patient.sound)
        changed[number] = bytes(8192)
        patient.is_noticed(f"page {number + 1} zeroed", b"".join(changed))


def test_swapped_pages_are_named(patient: Patient) -> None:
    for one, other in combinations(range(len(pages(patient.sound))), 2):
        changed = pages(patient.sound)
        changed[one], changed[other] = changed[other], changed[one]
        patient.is_noticed(f"pages {one + 1} and {other + 1} swapped", b"".join(changed))


def test_a_page_copied_over_another_is_named(patient: Patient) -> None:
    for one, other in combinations(range(len(pages(patient.sound))), 2):
        changed = pages(patient.sound)
        changed[other] = changed[one]
        patient.is_noticed(f"page {one + 1} over {other + 1}", b"".join(changed))


def test_a_truncated_file_is_named(patient: Patient) -> None:
    size = len(patient.sound)
    for left in [*range(8192, size, 8192), 1, 99, 100, 4096, 8191, 8193]:
        assert patient.is_noticed(f"{left} bytes left", patient.sound[:left], expected=True) is not None
    for lost in (1, 2, 100, 4096):  # of the last page, whose end may be empty
        patient.is_noticed(f"{lost} bytes lost", patient.sound[:-lost])
    assert patient.is_noticed("nothing left", b"", expected=True) is not None


def test_garbage_after_the_end_changes_nothing_or_is_named(patient: Patient) -> None:
    garbage = random.Random(SEED).randbytes(3 * 8192)
    for length in (1, 100, 8192, 3 * 8192):
        patient.is_noticed(f"{length} bytes more", patient.sound + garbage[:length])


CHANGES = [  # what somebody does by SQL, and where it must be found
    ("UPDATE universe SET created_at = '2001-01-01T00:00:00Z'", None, "universe", "identity"),
    ("UPDATE universe SET universe_id = 'another'", None, "universe", "identity"),
    ("DELETE FROM universe", None, "universe", "identity"),
    ("INSERT INTO real_result VALUES (99, 99, '', '', '', '', '', x'')", None, "real_result", "row 99"),
    ("UPDATE game SET game_id = 'OTHER' WHERE game_id = 'PLAIN'", "OTHER", "definition", "revision 1"),
    ("UPDATE definition SET created_at = '' WHERE revision = 2", "BONUS", "definition", "revision 2"),
    ("DELETE FROM definition WHERE revision = 1 AND game_key = 1", "BONUS", "definition", "in force"),
    ("UPDATE definition SET document = '{' WHERE revision = 2", "BONUS", "definition", "revision 2"),
    ("UPDATE simulation SET epoch = '2024-01-02' WHERE game_key = 2", "PLAIN", "simulation", "epoch and pace"),
    ("UPDATE simulation SET draws_per_day = 1 << 60 WHERE game_key = 1", "BONUS", "simulation", "epoch and pace"),
    ("UPDATE simulation SET initialised_at = '' WHERE game_key = 1", "BONUS", "simulation", "epoch and pace"),
    ("UPDATE milestone SET max_draws = NULL WHERE game_key = 1", "BONUS", "milestone", "milestone"),
    ("UPDATE real_result SET source = 'x' WHERE draw_date = '2024-01-03'", "BONUS", "real_result", "2024-01-03"),
    ("UPDATE real_result SET stored_at = '' WHERE game_key = 3", "LATER", "real_result", "2024-01-01"),
    ("UPDATE real_result SET main = CAST(x'ff' AS TEXT) WHERE game_key = 3", "LATER", "real_result", "first row"),
    ("UPDATE conflict SET source = 'x' WHERE game_key = 2", "PLAIN", "conflict", "2024-01-02"),
    ("UPDATE progress SET watermark = 1000000 WHERE game_key = 1", "BONUS", "day_total", "day 10, last"),
    ("UPDATE progress SET folded = 0 WHERE game_key = 1", "BONUS", "hot_tail", "draw"),
    ("UPDATE progress SET minutes = x'01' WHERE game_key = 1", "BONUS", "progress", "last hour"),
    ("UPDATE progress SET committed_at = 9e999 WHERE game_key = 1", "BONUS", "progress", "last hour"),
    ("UPDATE evidence SET main = main + 1e-12 WHERE step = 1", "BONUS", "evidence", "real, step 1, digest"),
    ("DELETE FROM evidence WHERE stream = 'real' AND step = 30", "BONUS", "evidence", "real, steps"),
    ("DELETE FROM evidence WHERE stream = 'synthetic'", "BONUS", "evidence", "synthetic, steps"),
    ("UPDATE null_frame SET draws = 30", "BONUS", "null_frame", "frame"),
    ("DELETE FROM null_frame", "BONUS", "null_histories", "rows without a frame"),
    ("UPDATE null_histories SET first = 1", "BONUS", "null_histories", "histories from 1"),
    ("UPDATE null_histories SET figures = zeroblob(length(figures))", "BONUS", "null_histories", "histories from 0"),
    ("UPDATE proof_node SET hashes = zeroblob(length(hashes))", "BONUS", "proof_node", "block 0 (draws 1..1,024)"),
    ("INSERT INTO proof_node VALUES (2, 10, 0, zeroblob(32))", "PLAIN", "proof_node", "blocks"),
    ("DELETE FROM progress WHERE game_key = 2", "PLAIN", "day_total", "day 0, last"),
    ("UPDATE raw_segment SET digest = x'' WHERE game_key = 1", "BONUS", "raw_segment", "draws 1.."),
    ("UPDATE raw_segment SET last = last + (1 << 40) WHERE game_key = 1", "BONUS", "raw_segment", "draws 1.."),
    ("UPDATE raw_segment SET ranks = substr(ranks, 2) WHERE game_key = 1", "BONUS", "raw_segment", "draws 1.."),
    ("UPDATE hot_tail SET first = first + 1 WHERE game_key = 2", "PLAIN", "hot_tail", "draw"),
    ("UPDATE hot_tail SET ranks = x'00' WHERE game_key = 2", "PLAIN", "hot_tail", "draw"),
    ("DELETE FROM hot_tail WHERE game_key = 2", "PLAIN", "hot_tail", "last draw"),
    ("UPDATE day_total SET totals = x'' WHERE day = 2", "BONUS", "day_total", "day 2"),
    ("UPDATE day_total SET totals = CAST(x'09' || totals AS BLOB) WHERE day = 2", "BONUS", "day_total", "day 2"),
    ("UPDATE counter SET width = 7", "BONUS", "counter, occurrences", "chunk 0"),
    ("UPDATE counter SET width = 8, cells = x'00'", "BONUS", "counter, occurrences", "chunk 0"),
    ("UPDATE counter SET width = 0, cells = x'ffff'", "BONUS", "counter, occurrences", "chunk 0"),
    ("DELETE FROM counter", "BONUS", "counter, occurrences", "rank"),
    ("INSERT INTO counter VALUES (5, 0, x'0000')", None, "counter", "row 5"),
    ("UPDATE comparison SET compared_to = 1 << 60", "BONUS", "comparison", "2024-01-01, last draw"),
    ("UPDATE comparison SET draw_date = '2024-02-30' WHERE draw_date = '2024-01-01'", "BONUS", "comparison", "2024-0"),
    ("UPDATE comparison SET levels = x'01'", "BONUS", "comparison", "2024-01-01, levels"),
    ("DELETE FROM match_total", "BONUS", "match_total", "rows"),
    ("UPDATE match_total SET compared = compared + 1 WHERE game_key = 2", "PLAIN", "match_total", "compared"),
    ("UPDATE match_event SET rank = rank + 1 WHERE game_key = 2", "PLAIN", "match_event", "draw"),
    ("DELETE FROM match_event", "BONUS", "match_event", "draw"),
    ("INSERT INTO match_event VALUES (3, 1, 1, 1, 0, 0)", "LATER", "match_event", "rows"),
    ("CREATE TABLE other(a)", None, "sqlite_schema", "other"),
    ("DROP TRIGGER game_not_deleted", None, "sqlite_schema", "game_not_deleted"),
]  # fmt: skip  # a change a line


@pytest.mark.parametrize(("statement", "game_id", "table", "key"), CHANGES, ids=[change[0] for change in CHANGES])
def test_a_change_is_named_by_game_table_and_key(
    statement: str, game_id: str | None, table: str, key: str, sound: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "universe.db"
    path.write_bytes(sound)
    db = apsw.Connection(str(path))
    db.pragma("ignore_check_constraints", 1)
    triggers: list[Any] = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        db.execute(f"DROP TRIGGER {name}")
    if statement.startswith("DROP"):
        triggers = [(name, sql) for name, sql in triggers if name not in statement]
    else:
        db.execute(statement)
    for _, sql in triggers:
        db.execute(sql)
    db.close()
    for full in (True, False):  # so small a universe is checked in full in any case
        found = examined(path, full=full)
        assert isinstance(found, Difference), found
        assert (found.game_id, found.table) == (game_id, table), found
        assert found.key.startswith(key), found


@pytest.mark.parametrize(
    ("statement", "table", "key"),
    [
        (
            "DELETE FROM counter WHERE counter_key = (SELECT min(counter_key) FROM counter)",
            "counter, subsets of 0",
            "sum",
        ),
        ("UPDATE counter SET cells = x'0000'", "counter, subsets of 0", "sum"),
        ("UPDATE raw_segment SET ranks = zeroblob(length(ranks))", "raw_segment", "draws 1..280, digest"),
        ("UPDATE match_total SET compared = compared + 1", "match_total", "compared"),
        ("UPDATE milestone SET max_draws = 6000", "milestone", "milestone, digest"),
    ],
)
def test_a_large_universe_is_checked_by_sums_and_digests(
    statement: str, table: str, key: str, sound: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "WHOLE_DRAWS_MAX", 0)
    path = tmp_path / "universe.db"
    path.write_bytes(sound)
    assert examined(path, full=False) is None
    db = apsw.Connection(str(path))
    db.execute(statement)
    db.close()
    found = examined(path, full=False)
    assert isinstance(found, Difference)
    assert (found.game_id, found.table, found.key) == ("BONUS", table, key)


INDEX = Index(2, 10, 3)  # 30 cells in one chunk
CELLS = INDEX.chunk_cells


def packed(width: int, counts: dict[int, int]) -> bytes:
    cells = np.zeros(CELLS, dtype=f"<u{width}")
    for cell, count in counts.items():
        cells[cell] = count
    return cells.tobytes()


@pytest.mark.parametrize(
    ("chunk", "fault"),
    [
        (Chunk(SPARSE, np.array([0, 3, 3, 29], dtype="<u2").tobytes()), None),
        (Chunk(SPARSE, np.array([0, 3, 3, 30], dtype="<u2").tobytes()), "offsets out of order"),
        (Chunk(SPARSE, np.array([4, 3, 3, 29], dtype="<u2").tobytes()), "offsets out of order"),
        (Chunk(SPARSE, b""), "an empty row"),
        (Chunk(1, packed(1, {0: 5, 29: 255})), None),
        (Chunk(1, packed(1, {0: 5, 30: 1})), "counts beyond its cells"),
        (Chunk(2, packed(1, {0: 5})), f"{CELLS} bytes of width 2"),
        (Chunk(8, packed(8, {CELLS - 1: 1})), "counts beyond its cells"),
        (Chunk(HALF, bytes([0x21] * 15 + [0] * (half_bytes(CELLS) - 15))), None),
        (Chunk(HALF, bytes([0x21] * 16 + [0] * (half_bytes(CELLS) - 16))), "counts beyond its cells"),
        (Chunk(HALF, bytes(half_bytes(CELLS) - 1) + b"\x10"), "counts beyond its cells"),
        (Chunk(HALF, bytes(half_bytes(CELLS) - 1)), f"{half_bytes(CELLS) - 1} bytes of width {HALF}"),
        (Chunk(3, bytes(3 * CELLS)), "no width"),
        (Chunk(-1, b""), "no width"),
    ],
)
def test_a_chunk_that_nobody_wrote_is_seen(chunk: Chunk, fault: str | None) -> None:
    assert chunk_fault(chunk, INDEX, 0) == fault


def test_a_sound_universe_is_told_so(patient: Patient) -> None:
    patient.path.write_bytes(patient.sound)
    db = open_reader(Location(patient.path))
    assert verify_universe(db, full=True) == Verdict(draws_checked=1_700, raw_draws_skipped=0, first_difference=None)
    db.close()
