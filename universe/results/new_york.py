"""New York's open data, as ``rows.csv`` and as ``resource/….json``.

"Winning Numbers" holds all numbers of a draw, or the main numbers alone where the bonus has a column of its own. That
column's name differs from game to game; it ends with "ball" or begins with "bonus". JSON leaves out what is empty.
"""

import re

from universe.results.dates import ISO, MONTH_FIRST, DateStyle
from universe.results.document import Document, Record, header_of, json_of, json_record, require_rows
from universe.results.result import FormatError
from universe.results.rows import Row, Table, filled_cells, sheet

_BONUS = re.compile(r"\w*ball|bonus\w*")
_EMPTY_LIST = re.compile(r"\s*\[\s*\]\s*")


def is_ny_csv(document: Document) -> bool:
    """Whether the header names a draw date and winning numbers."""
    return {"draw_date", "winning_numbers"} <= set(header_of(document))


def read_ny_csv(document: Document) -> Table:
    """Read the sheet, whose dates have the month first."""
    return sheet(document, lambda record: _row(record, MONTH_FIRST))


def is_ny_json(document: Document) -> bool:
    """Whether this is a list with draws in it, or an empty one: the page after the last."""
    text = document.text
    return text.lstrip().startswith("[") and (
        ('"draw_date"' in text and '"winning_numbers"' in text) or _EMPTY_LIST.fullmatch(text) is not None
    )


def read_ny_json(document: Document) -> Table:
    """Read a page of records, whose dates are ISO with a midnight behind."""
    draws = json_of(document)
    if not isinstance(draws, list):
        raise FormatError("not a JSON list of draws")
    require_rows(len(draws))
    rows = tuple(_row(json_record(line, draw), ISO) for line, draw in enumerate(draws, start=1))
    return Table(rows=rows, length=len(rows))


def _row(record: Record, dates: DateStyle) -> Row:
    return Row(
        line=record.line,
        draw_date=dates.read(record.fields.get("draw_date", "")),
        main=tuple(record.fields.get("winning_numbers", "").split()),
        bonus=filled_cells(record, _BONUS) or None,
        fault=record.fault,
    )
