"""The tables, and how an older file becomes a newer one. Schema and ``user_version`` change in one transaction.

Hot tables back every answer; ``raw_segment`` is cold and no tool reads it. What must never change is kept so by
triggers, REPLACE included. What nothing else could tell again carries a digest of its row (``DIGESTED``), and so does
what takes long to make again.
"""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Literal
from uuid import uuid4

import apsw

from storage.connection import transaction
from storage.encoding import now_text, row_digest
from storage.errors import NoUniverseError, StoreDamaged, StoreError, WrongModeError

Mode = Literal["prod", "test"]

SCHEMA_VERSION = 4
UNIVERSE_VERSION = "1"  # of the rules: seed rule, logical clock, ranks
TEST_DRAWS_MAX = 1_000_000  # in the schema itself: no program can make a large test universe
APPLICATION_IDS: dict[Mode, int] = {"prod": 0x534C5550, "test": 0x534C5554}

_TABLES = """
CREATE TABLE universe(
    id INTEGER PRIMARY KEY CHECK (id = 1), universe_id TEXT NOT NULL, version TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode = '{mode}'), created_at TEXT NOT NULL, digest BLOB NOT NULL) STRICT;

CREATE TABLE game(game_key INTEGER PRIMARY KEY, game_id TEXT NOT NULL UNIQUE) STRICT;

-- Every definition a game ever had; the last revision is in force.
CREATE TABLE definition(
    game_key INTEGER NOT NULL REFERENCES game, revision INTEGER NOT NULL, document TEXT NOT NULL,
    created_at TEXT NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (game_key, revision)) STRICT, WITHOUT ROWID;

-- Fixed when a game's simulation is initialised.
CREATE TABLE simulation(
    game_key INTEGER PRIMARY KEY REFERENCES game, epoch TEXT NOT NULL,
    draws_per_day INTEGER NOT NULL CHECK (draws_per_day >= 1), initialised_at TEXT NOT NULL,
    digest BLOB NOT NULL) STRICT;

-- How far the operator lets it go; an inbox row, written beside a simulating process.
CREATE TABLE milestone(
    game_key INTEGER PRIMARY KEY REFERENCES game, max_draws INTEGER, until TEXT, limit_draws INTEGER,
    digest BLOB NOT NULL) STRICT;

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
    source TEXT NOT NULL, seen_at TEXT NOT NULL, digest BLOB NOT NULL,
    PRIMARY KEY (game_key, draw_date, main, bonus)) STRICT, WITHOUT ROWID;

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

_STATISTICS_TABLES = """
-- The log of draws: roots of whole subtrees of 2^level leaves, from level 10 up; a row holds up to 32 of 32 bytes.
CREATE TABLE proof_node(
    game_key INTEGER NOT NULL REFERENCES game, level INTEGER NOT NULL, first INTEGER NOT NULL, hashes BLOB NOT NULL,
    PRIMARY KEY (game_key, level, first)) STRICT, WITHOUT ROWID;

-- The natural logarithm of the evidence against fair draws after each whole logical day, or each real result.
CREATE TABLE evidence(
    game_key INTEGER NOT NULL REFERENCES game, stream TEXT NOT NULL CHECK (stream IN ('synthetic', 'real')),
    step INTEGER NOT NULL, draws INTEGER NOT NULL, main REAL NOT NULL, bonus REAL NOT NULL, digest BLOB NOT NULL,
    PRIMARY KEY (game_key, stream, step)) STRICT, WITHOUT ROWID;

-- Length and calendar of the synthetic histories that real ones are held against, and what was measured of each.
CREATE TABLE null_frame(
    game_key INTEGER PRIMARY KEY REFERENCES game, draws INTEGER NOT NULL, weekday_names TEXT NOT NULL,
    weekdays BLOB NOT NULL, months BLOB NOT NULL, tests TEXT NOT NULL, digest BLOB NOT NULL) STRICT;
CREATE TABLE null_histories(
    game_key INTEGER NOT NULL REFERENCES game, first INTEGER NOT NULL, figures BLOB NOT NULL, digest BLOB NOT NULL,
    PRIMARY KEY (game_key, first)) STRICT, WITHOUT ROWID;
"""

_STAYS = "the schema stays as it is; `universe restore` replaces the universe"

DIGESTED = {  # table: the values that the digest of a row covers, in this order, after the table's name
    "universe": "universe_id, version, mode, created_at",
    "definition": "game_id, revision, document, created_at",
    "simulation": "game_id, epoch, draws_per_day, initialised_at",
    "milestone": "game_id, max_draws, until, limit_draws",
    "real_result": "game_id, draw_date, main, bonus, source, stored_at",
    "conflict": "game_id, draw_date, main, bonus, source, seen_at",
    "evidence": "game_id, stream, step, draws, main, bonus",
    "null_frame": "game_id, draws, weekday_names, hex(weekdays), hex(months), tests",
    "null_histories": "game_id, first, hex(figures)",
}
_DIGESTED_FIRST = ("universe", "definition", "simulation", "milestone", "real_result", "conflict")

_IMMUTABLE = {  # table: its key
    "universe": "id",
    "game": "game_key",
    "definition": "game_key, revision",
    "simulation": "game_key",
    "real_result": "game_key, draw_date",
}


def _immutability(table: str, key: str) -> str:
    same = " AND ".join(f"{column} = NEW.{column}" for column in key.split(", "))
    says = f"SELECT RAISE(ABORT, 'a row of {table} never changes')"
    return f"""
CREATE TRIGGER {table}_not_updated BEFORE UPDATE ON {table} BEGIN {says}; END;
CREATE TRIGGER {table}_not_deleted BEFORE DELETE ON {table} BEGIN {says}; END;
CREATE TRIGGER {table}_not_replaced BEFORE INSERT ON {table}
    WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) BEGIN {says}; END;
"""


def schema_sql(mode: Mode) -> str:
    """Return the statements of the current schema."""
    cap = TEST_DRAWS_MAX if mode == "test" else 2**62
    triggers = "".join(_immutability(table, key) for table, key in _IMMUTABLE.items())
    return _TABLES.format(mode=mode, cap=cap) + _STATISTICS_TABLES + triggers


def with_game(table: str) -> str:
    """Return what to select from where the id of a row's game is wanted beside its columns."""
    return table if table == "universe" else f"{table} LEFT JOIN game USING (game_key)"


def _digest_whole_rows(db: apsw.Connection) -> None:
    """Make schema 3: what cannot be made again gets a digest of all it says, once the old digests are seen to fit."""
    _require_old_digests(db)
    statements = schema_sql(stored_mode(db))
    for table in _IMMUTABLE:
        for event in ("updated", "deleted", "replaced"):
            db.execute(f"DROP TRIGGER {table}_not_{event}")
    db.create_scalar_function("row_digest", row_digest, deterministic=True)
    for table in _DIGESTED_FIRST:
        covered = DIGESTED[table]
        create = re.search(rf"CREATE TABLE {table}\(.*?;", statements, re.DOTALL)
        assert create is not None
        kept = ", ".join(row[1] for row in db.execute(f"PRAGMA table_info({table})") if row[1] != "digest")
        db.execute(f"ALTER TABLE {table} RENAME TO former; {create[0]}")
        db.execute(
            f"INSERT INTO {table} ({kept}, digest) SELECT {kept}, row_digest('{table}', {covered})"
            f" FROM {'former' if table == 'universe' else with_game('former')}; DROP TABLE former"
        )
    db.create_scalar_function("row_digest", None)
    db.execute("".join(_immutability(table, key) for table, key in _IMMUTABLE.items()))


def _require_old_digests(db: apsw.Connection) -> None:
    """Raise StoreDamaged naming the first row that is not what schema 2 wrote: a new digest would hide it for ever."""
    definitions = f"SELECT game_id, revision, document, digest FROM {with_game('definition')}"
    for game, revision, document, digest in db.execute(definitions):
        if hashlib.sha256(document.encode()).hexdigest() != digest or json.loads(document)["id"] != game:
            raise StoreDamaged(f"{game}: definition, revision {revision}: damaged; {_STAYS}")
    results = f"SELECT game_id, draw_date, main, bonus, digest FROM {with_game('real_result')}"
    for game, day, main, bonus, digest in db.execute(results):
        if hashlib.sha256(f"{game}|{day}|{main}|{bonus}".encode()).digest() != digest:
            raise StoreDamaged(f"{game}: real_result, {day}: damaged; {_STAYS}")


def _add_statistics(db: apsw.Connection) -> None:
    """Make schema 4. All that its tables hold follows from the rest; evidence is kept from the first day on."""
    from storage.evidence import keep_all_evidence

    db.execute(_STATISTICS_TABLES)
    keep_all_evidence(db)


Step = str | Callable[[apsw.Connection], None]

MIGRATIONS: dict[int, Step] = {  # user_version: what leads to the next, inside the transaction that counts it up
    1: "",  # counters may be half a byte wide: nothing to change, but an older program must not read them
    2: _digest_whole_rows,
    3: _add_statistics,
}


def stored_mode(db: apsw.Connection) -> Mode:
    """Return the mode of a universe, as its file says it; StoreError for another program's database."""
    application_id = db.pragma("application_id")
    for mode, known in APPLICATION_IDS.items():
        if known == application_id:
            return mode
    raise StoreError("not a universe")


def prepare_schema(db: apsw.Connection, mode: Mode, *, name: str) -> None:
    """Create the schema in an empty file, or migrate an older one forward; each step is one transaction."""
    if not db.pragma("user_version"):
        with transaction(db):
            if not db.pragma("user_version") and not db.execute("SELECT count(*) FROM sqlite_schema").get:
                db.execute(schema_sql(mode))
                _create_identity(db, mode)
                db.pragma("application_id", APPLICATION_IDS[mode])
                db.pragma("user_version", SCHEMA_VERSION)
    require_schema(db, mode, name=name, may_migrate=True)
    while (version := db.pragma("user_version")) < SCHEMA_VERSION:
        with transaction(db):
            if db.pragma("user_version") == version:
                _migrate(db, MIGRATIONS[version], name=name)
                db.pragma("user_version", version + 1)


def _create_identity(db: apsw.Connection, mode: Mode) -> None:
    row = (uuid4().hex, UNIVERSE_VERSION, mode, now_text())
    db.execute("INSERT INTO universe VALUES (1, ?, ?, ?, ?, ?)", (*row, row_digest("universe", *row)))


def _migrate(db: apsw.Connection, step: Step, *, name: str) -> None:
    if isinstance(step, str):
        db.execute(step)
        return
    try:
        step(db)
    except StoreDamaged as damage:
        raise StoreDamaged(f"{name}: {damage}") from damage
    except (TypeError, ValueError, AttributeError, apsw.ConstraintError) as damage:  # what damaged rows make of it
        raise StoreDamaged(f"{name}: a row in it is damaged ({damage}); {_STAYS}") from damage


def require_schema(db: apsw.Connection, mode: Mode, *, name: str, may_migrate: bool = False) -> None:
    """Raise StoreError unless the file is a universe of this mode in a schema that this program reads."""
    application_id, version = db.pragma("application_id"), db.pragma("user_version")
    if not (application_id or version or db.execute("SELECT count(*) FROM sqlite_schema").get):
        raise NoUniverseError(name)  # whoever was to create it was killed before the first transaction
    other: Mode = "test" if mode == "prod" else "prod"
    if application_id == APPLICATION_IDS[other]:
        raise WrongModeError(f"{name}: a {other} universe, and --mode is {mode}")
    if application_id != APPLICATION_IDS[mode]:
        raise StoreError(f"{name}: not a universe")
    if version > SCHEMA_VERSION:
        raise StoreError(f"{name}: schema {version} is newer than this program's {SCHEMA_VERSION}; use a newer program")
    if version < SCHEMA_VERSION and not may_migrate:
        raise StoreError(f"{name}: schema {version} is older than {SCHEMA_VERSION}; `universe run` migrates it")
