"""British Columbia's CSV: ISO dates, one column a number, and a sequence number.

Sequence 0 is the game's draw. Some evenings had further draws under the same draw number, counted 1, 2, …: prizes of
their own, which no ticket of the game played for with all its numbers.
"""

import re

from universe.results.dates import ISO
from universe.results.document import Document, Record, header_of
from universe.results.rows import Row, Table, filled_cells, sheet, shown

_MAIN = re.compile(r"number_drawn_[0-9]+")
_BONUS = re.compile(r"bonus_number(_[0-9]+)?")


def is_bclc_csv(document: Document) -> bool:
    """Whether the header names a sequence number, a draw date and the numbers drawn."""
    return {"sequence_number", "draw_date", "number_drawn_1"} <= set(header_of(document))


def read_bclc_csv(document: Document) -> Table:
    """Read the sheet."""
    return sheet(document, _row)


def _row(record: Record) -> Row:
    sequence = record.fields.get("sequence_number", "")
    counted = sequence.isascii() and sequence.isdigit()
    return Row(
        line=record.line,
        draw_date=ISO.read(record.fields.get("draw_date", "")),
        draw_number=record.fields.get("draw_number", ""),
        main=filled_cells(record, _MAIN),
        bonus=filled_cells(record, _BONUS),
        extra_draw=counted and bool(sequence.strip("0")),
        fault=record.fault or ("" if counted else f"the sequence number {shown(sequence)} is not 0, 1, 2, …"),
    )
