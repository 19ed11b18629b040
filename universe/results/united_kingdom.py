"""The UK National Lottery's CSV: dates such as 10-Feb-2015, one column a number, drawn order.

Ball sets, machines and raffles beside them are not part of a result.
"""

import re

from universe.results.dates import NAMED_MONTH
from universe.results.document import Document, Record, header_of
from universe.results.rows import Row, Table, filled_cells, sheet

_MAIN = re.compile(r"ball_[0-9]+")
_BONUS = re.compile(r"\w*ball|\w+_star(_[0-9]+)?")


def is_uk_csv(document: Document) -> bool:
    """Whether the header names a draw date and a first ball."""
    return {"drawdate", "ball_1"} <= set(header_of(document))


def read_uk_csv(document: Document) -> Table:
    """Read the sheet."""
    return sheet(document, _row)


def _row(record: Record) -> Row:
    return Row(
        line=record.line,
        draw_date=NAMED_MONTH.read(record.fields.get("drawdate", "")),
        draw_number=record.fields.get("drawnumber", ""),
        main=filled_cells(record, _MAIN),
        bonus=filled_cells(record, _BONUS),
        fault=record.fault,
    )
