"""The file as SQLite sees it: pages, indexes and constraints, and whether its schema is still the one we wrote."""

import re
from typing import Any

import apsw

from storage.differences import DAMAGE, Difference
from storage.schema import schema_sql, stored_mode

_TREE = re.compile(r"Tree (?P<root>\d+)(?: page (?P<page>\d+))?")
_PAGE = re.compile(r"Page (?P<page>\d+)")
_NAMES = re.compile(r"\w+")


def structural_fault(db: apsw.Connection) -> Difference | None:
    """Return the first fault of the file itself, placed as well as SQLite can; None if it is sound."""
    try:
        return _integrity(db) or _references(db) or _statements(db)
    except DAMAGE as damage:
        return _fault("file", "pages", str(damage))


def _fault(table: str, key: str, found: str, expected: str = "ok") -> Difference:
    return Difference(game_id=None, table=table, key=key, stored=found, expected=expected)


def _integrity(db: apsw.Connection) -> Difference | None:
    """Every page in one place, every index entry with its row, every value of its type."""
    message = str(db.execute("PRAGMA integrity_check(1)").get)
    if message == "ok":
        return None
    line = message.removeprefix("*** in database main ***\n").splitlines()[0]
    tables: dict[int, str] = dict(db.execute("SELECT rootpage, tbl_name FROM sqlite_schema WHERE rootpage > 0"))
    if tree := _TREE.match(line):
        page = tree["page"] or tree["root"]
        return _fault(tables.get(int(tree["root"]), "file"), f"page {page}", line)
    if page_only := _PAGE.match(line):
        return _fault("file", f"page {page_only['page']}", line)
    words = {word.removeprefix("sqlite_autoindex_").removesuffix("_1") for word in _NAMES.findall(line)}
    named = words & set(tables.values())
    row = re.search(r"row \d+", line)
    return _fault(min(named, default="file"), row[0] if row else "rows", line)


def _references(db: apsw.Connection) -> Difference | None:
    """Every row is of a game that there is."""
    row: Any = next(db.execute("PRAGMA foreign_key_check"), None)
    return row and _fault(row[0], f"row {row[1]}" if row[1] else "a row", "of no game", "of a game")


def _statements(db: apsw.Connection) -> Difference | None:
    """Tables and triggers are those that this program makes: what is fixed is kept so by them."""
    fresh = apsw.Connection(":memory:")
    fresh.execute(schema_sql(stored_mode(db)))
    expected, stored = _schema(fresh), _schema(db)
    fresh.close()
    for name in sorted(expected.keys() | stored.keys()):
        if stored.get(name) != expected.get(name):
            return _fault("sqlite_schema", name, str(stored.get(name)), str(expected.get(name)))
    return None


def _schema(db: apsw.Connection) -> dict[str, tuple[Any, ...]]:
    return {str(name): tuple(row) for name, *row in db.execute("SELECT name, type, tbl_name, sql FROM sqlite_schema")}
