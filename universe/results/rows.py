"""The shape that every adapter brings its publisher's rows into: texts by role, not yet held against a game."""

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache

import attrs

from universe.results.document import Document, Record, sheet_records

SHOWN_CHARS_MAX = 40


@attrs.frozen(kw_only=True)
class Row:
    """One data row. ``bonus`` is None where the publisher labels nothing: ``main`` then holds bonus numbers too."""

    line: int
    draw_date: date | str  # a text says why it is no date
    main: tuple[str, ...] = ()
    bonus: tuple[str, ...] | None = None
    multiplier_may_follow: bool = False  # one more number after the unlabelled ones, which is none of the draw's
    draw_number: str = ""  # the publisher's running number; empty where it gives none
    extra_draw: bool = False  # a further draw of the same evening
    fault: str = ""  # why the row could not be taken apart


@attrs.frozen(kw_only=True)
class Table:
    """The rows of one document, and how many lines or records it has, for the next page to count on."""

    rows: tuple[Row, ...]
    length: int


def sheet(document: Document, row_of: Callable[[Record], Row], *, delimiter: str = ",") -> Table:
    """Return the table below a header line, each record read by ``row_of``."""
    rows = tuple(row_of(record) for record in sheet_records(document, delimiter))
    return Table(rows=rows, length=len(document.lines))


def filled_cells(record: Record, columns: re.Pattern[str]) -> tuple[str, ...]:
    """Return the filled cells of the columns whose whole key matches, in the order of the columns."""
    return tuple(value for key, value in record.fields.items() if value and _matches(columns.pattern, key))


@lru_cache(2_048)  # a sheet's few keys come again in each row, and take a microsecond each
def _matches(pattern: str, key: str) -> bool:
    return re.fullmatch(pattern, key) is not None


def shown(text: str) -> str:
    """Quote a text for a message: on one line, and short."""
    return repr(text if len(text) <= SHOWN_CHARS_MAX else text[:SHOWN_CHARS_MAX] + "…")
