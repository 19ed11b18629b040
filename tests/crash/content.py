"""All that a universe says, as one value that two equal universes share: every row but what a clock or chance gave."""

import hashlib
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import apsw

from storage.encoding import row_digest
from storage.fingerprint import fingerprints
from storage.schema import DIGESTED, with_game
from storage.verify import verify_universe

Content = Mapping[str, str]  # table: a digest of its rows
NOTHING: Content = MappingProxyType({})

_BY_CHANCE = ("universe_id", "minutes")  # and every column whose name ends with _at, and digests that cover them


def content(db: apsw.Connection) -> Content:
    """Return what is stored, and how far the schema is; NOTHING of an empty file."""
    schema = tuple(db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name").fetchall())
    if not schema:
        return NOTHING
    tables = {name: _digest(db, sql) for name, sql in _questions(schema)}
    return {**tables, "user_version": str(db.pragma("user_version")), "wrong digests": str(wrong_digests(db))}


def wrong_digests(db: apsw.Connection) -> int:
    """Return how many rows are not what their digest says."""
    wrong = 0
    for table, covered in DIGESTED.items():
        for *row, digest in db.execute(f"SELECT {covered}, digest FROM {with_game(table)}"):
            wrong += row_digest(table, *row) != digest
    return wrong


@cache
def _questions(schema: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return for each table of a schema how to read what is not by chance, in an order that is not by chance."""
    empty, found = apsw.Connection(""), []
    for name, sql in schema:
        if sql is None or name.startswith("sqlite_"):
            continue
        empty.execute(sql)
        columns = [row[1] for row in empty.execute(f"PRAGMA table_info({name})")]
        lasting = [column for column in columns if not _by_chance(name, column)]
        order = ", ".join(str(at + 1) for at in range(len(lasting)))
        found.append((name, f"SELECT {', '.join(lasting)} FROM {name} ORDER BY {order}"))
    empty.close()
    return tuple(found)


def _by_chance(table: str, column: str) -> bool:
    covered = column == "digest" and table in DIGESTED
    return covered or column in _BY_CHANCE or column.endswith("_at")


def _digest(db: apsw.Connection, sql: str) -> str:
    return hashlib.sha256(repr(db.execute(sql).fetchall()).encode()).hexdigest()


class Judge:
    """Verifies every content once: what is verified depends on what is stored, and on nothing else."""

    def __init__(self) -> None:
        self.contents = 0
        self._fault: dict[frozenset[tuple[str, str]], str | None] = {}
        self._prints: dict[frozenset[tuple[str, str]], dict[str, str]] = {}

    def fault(self, db: apsw.Connection, found: Content) -> str | None:
        """Return what the full verification of a universe with this content finds; None: nothing."""
        key = frozenset(found.items())
        if key not in self._fault:
            self.contents += 1
            difference = verify_universe(db, full=True).first_difference
            self._fault[key] = None if difference is None else f"verification: {difference}"
        return self._fault[key]

    def fingerprints(self, db: apsw.Connection, found: Content) -> dict[str, str]:
        """Return the fingerprint of every game of a universe with this content."""
        key = frozenset(found.items())
        if key not in self._prints:
            self._prints[key] = fingerprints(db)
        return self._prints[key]
