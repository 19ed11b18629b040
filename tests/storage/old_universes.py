"""Universes as earlier programs wrote them: their statements word for word, so that migrations meet the real thing."""

import hashlib
import struct
import time
from datetime import date
from pathlib import Path

import apsw

from storage.encoding import pack_counts, pack_ranks
from storage.schema import Mode
from universe.calendar import LogicalClock
from universe.catalogue import shipped_games
from universe.counting import count_draws
from universe.definition import game_to_json
from universe.ranking import unrank
from universe.results.result import RealResult
from universe.seed import ranks_of_draws

GAME = shipped_games()["GAME_001"]
PACE, DRAWS = 1_000, 2_500
CLOCK = LogicalClock(game=GAME, epoch=GAME.since, draws_per_day=PACE)
DAYS = (date(2000, 6, 7), date(2000, 6, 10), date(2018, 12, 5))
RESULTS = tuple(
    RealResult(draw_date=day, main_numbers=main, bonus_numbers=bonus)
    for day, (main, bonus) in zip(DAYS, (unrank(GAME, rank) for rank in (5, 77_777, 20_000_000)), strict=True)
)
UNIVERSE_ID, WRITTEN, SOURCE = "0123456789abcdef0123456789abcdef", "2026-01-02T03:04:05Z", "results-of-2018.txt"
MAX_DRAWS = 30_000_000

_IDS = {"prod": 0x534C5550, "test": 0x534C5554}
_SCHEMA_2 = """
CREATE TABLE universe(
    id INTEGER PRIMARY KEY CHECK (id = 1), universe_id TEXT NOT NULL, version TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode = '{mode}'), created_at TEXT NOT NULL) STRICT;

CREATE TABLE game(game_key INTEGER PRIMARY KEY, game_id TEXT NOT NULL UNIQUE) STRICT;

-- Every definition a game ever had; the last revision is in force.
CREATE TABLE definition(
    game_key INTEGER NOT NULL REFERENCES game, revision INTEGER NOT NULL, document TEXT NOT NULL, digest TEXT NOT NULL,
    created_at TEXT NOT NULL, PRIMARY KEY (game_key, revision)) STRICT, WITHOUT ROWID;

-- Fixed when a game's simulation is initialised.
CREATE TABLE simulation(
    game_key INTEGER PRIMARY KEY REFERENCES game, epoch TEXT NOT NULL,
    draws_per_day INTEGER NOT NULL CHECK (draws_per_day >= 1), initialised_at TEXT NOT NULL) STRICT;

-- How far the operator lets it go; an inbox row, written beside a simulating process.
CREATE TABLE milestone(
    game_key INTEGER PRIMARY KEY REFERENCES game, max_draws INTEGER, until TEXT, limit_draws INTEGER) STRICT;

-- The one row that moves with every commit. Draws after `folded` are in the hot tail and not yet in the counters.
CREATE TABLE progress(
    game_key INTEGER PRIMARY KEY REFERENCES game, watermark INTEGER NOT NULL CHECK (watermark BETWEEN 0 AND {cap}),
    folded INTEGER NOT NULL CHECK (folded BETWEEN 0 AND watermark), committed_at REAL NOT NULL,
    minutes BLOB NOT NULL) STRICT;

CREATE TABLE raw_segment(
    segment INTEGER PRIMARY KEY, game_key INTEGER NOT NULL REFERENCES game, first INTEGER NOT NULL,
    last INTEGER NOT NULL CHECK (last BETWEEN first AND {cap}), ranks BLOB NOT NULL, digest BLOB NOT NULL,
    UNIQUE (game_key, first)) STRICT;

CREATE TABLE hot_tail(
    game_key INTEGER NOT NULL REFERENCES game, first INTEGER NOT NULL, ranks BLOB NOT NULL,
    PRIMARY KEY (game_key, first)) STRICT, WITHOUT ROWID;

-- Running totals at the end of each logical day, or so far: any window is a difference of two rows.
CREATE TABLE day_total(
    game_key INTEGER NOT NULL REFERENCES game, day INTEGER NOT NULL, last INTEGER NOT NULL, totals BLOB NOT NULL,
    PRIMARY KEY (game_key, day)) STRICT, WITHOUT ROWID;

CREATE TABLE counter(counter_key INTEGER PRIMARY KEY, width INTEGER NOT NULL, cells BLOB NOT NULL) STRICT;

CREATE TABLE real_result(
    result INTEGER PRIMARY KEY, game_key INTEGER NOT NULL REFERENCES game, draw_date TEXT NOT NULL, main TEXT NOT NULL,
    bonus TEXT NOT NULL, source TEXT NOT NULL, stored_at TEXT NOT NULL, digest BLOB NOT NULL,
    UNIQUE (game_key, draw_date)) STRICT;

CREATE TABLE conflict(
    game_key INTEGER NOT NULL REFERENCES game, draw_date TEXT NOT NULL, main TEXT NOT NULL, bonus TEXT NOT NULL,
    source TEXT NOT NULL, seen_at TEXT NOT NULL, PRIMARY KEY (game_key, draw_date, main, bonus)) STRICT, WITHOUT ROWID;

-- How far the draws of a date are compared with its real result, and on which levels they matched.
CREATE TABLE comparison(
    game_key INTEGER NOT NULL REFERENCES game, draw_date TEXT NOT NULL, compared_to INTEGER NOT NULL,
    levels BLOB NOT NULL, PRIMARY KEY (game_key, draw_date)) STRICT, WITHOUT ROWID;

CREATE TABLE match_total(
    game_key INTEGER PRIMARY KEY REFERENCES game, compared INTEGER NOT NULL, levels BLOB NOT NULL) STRICT;

CREATE TABLE match_event(
    game_key INTEGER NOT NULL REFERENCES game, level INTEGER NOT NULL, draw_number INTEGER NOT NULL,
    main INTEGER NOT NULL, bonus INTEGER NOT NULL, rank INTEGER NOT NULL,
    PRIMARY KEY (game_key, level, draw_number)) STRICT, WITHOUT ROWID;
"""
_FIXED = {
    "universe": "id = NEW.id",
    "game": "game_key = NEW.game_key",
    "definition": "game_key = NEW.game_key AND revision = NEW.revision",
    "simulation": "game_key = NEW.game_key",
    "real_result": "game_key = NEW.game_key AND draw_date = NEW.draw_date",
}
_TRIGGERS = """
CREATE TRIGGER {table}_not_updated BEFORE UPDATE ON {table} BEGIN {says}; END;
CREATE TRIGGER {table}_not_deleted BEFORE DELETE ON {table} BEGIN {says}; END;
CREATE TRIGGER {table}_not_replaced BEFORE INSERT ON {table}
    WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) BEGIN {says}; END;
"""


def write_schema_2(path: Path, mode: Mode) -> None:
    """A universe of GAME_001, initialised: 2,500 draws in its tail, three results not yet compared, one conflict."""
    db = apsw.Connection(str(path))
    db.pragma("page_size", 8192)
    db.pragma("journal_mode", "wal")
    db.execute("BEGIN")
    db.execute(_SCHEMA_2.format(mode=mode, cap=1_000_000 if mode == "test" else 2**62))
    for table, same in _FIXED.items():
        says = f"SELECT RAISE(ABORT, 'a row of {table} never changes')"
        db.execute(_TRIGGERS.format(table=table, same=same, says=says))
    db.execute("INSERT INTO universe VALUES (1, ?, '1', ?, ?)", (UNIVERSE_ID, mode, WRITTEN))
    db.execute("INSERT INTO game VALUES (1, 'GAME_001')")
    document = game_to_json(GAME)
    digest = hashlib.sha256(document.encode()).hexdigest()
    db.execute("INSERT INTO definition VALUES (1, 1, ?, ?, ?)", (document, digest, WRITTEN))
    db.execute("INSERT INTO simulation VALUES (1, ?, ?, ?)", (CLOCK.epoch.isoformat(), PACE, WRITTEN))
    db.execute("INSERT INTO milestone VALUES (1, ?, NULL, NULL)", (MAX_DRAWS,))
    _write_draws(db)
    _write_results(db)
    db.pragma("application_id", _IDS[mode])
    db.pragma("user_version", 2)
    db.execute("COMMIT")
    db.close()


def _write_draws(db: apsw.Connection) -> None:
    ranks = ranks_of_draws(CLOCK, 1, DRAWS)
    delta = count_draws(CLOCK, 1, ranks)
    db.execute("INSERT INTO hot_tail VALUES (1, 1, ?)", (pack_ranks(GAME, ranks),))
    running = 0 * delta.totals[0]
    for day, totals in sorted(delta.totals.items()):
        running = running + totals
        row = (day, min(DRAWS, (day + 1) * PACE), pack_counts(running))
        db.execute("INSERT INTO day_total VALUES (1, ?, ?, ?)", row)
    minutes = struct.pack("<q60I", int(time.time() // 60), *([0] * 60))
    db.execute("INSERT INTO progress VALUES (1, ?, 0, ?, ?)", (DRAWS, time.time(), minutes))


def _write_results(db: apsw.Connection) -> None:
    for result in RESULTS:
        main, bonus = (" ".join(map(str, numbers)) for numbers in (result.main_numbers, result.bonus_numbers))
        day = result.draw_date.isoformat()
        digest = hashlib.sha256(f"GAME_001|{day}|{main}|{bonus}".encode()).digest()
        db.execute(
            "INSERT INTO real_result (game_key, draw_date, main, bonus, source, stored_at, digest)"
            " VALUES (1, ?, ?, ?, ?, ?, ?)",
            (day, main, bonus, SOURCE, WRITTEN, digest),
        )
    db.execute("INSERT INTO conflict VALUES (1, '2018-12-05', '1 2 3 4 5', '6', ?, ?)", (SOURCE, WRITTEN))
