"""Our own CSV: ``draw_date,main,bonus``; ISO dates, numbers separated by spaces, bonus empty where there is none."""

from universe.results.dates import ISO
from universe.results.document import Document, Record, header_of
from universe.results.rows import Row, Table, sheet


def is_csv(document: Document) -> bool:
    """Whether the header names a draw date and main numbers."""
    return {"draw_date", "main"} <= set(header_of(document))


def read_csv(document: Document) -> Table:
    """Read the sheet; the order of the columns is free."""
    return sheet(document, _row)


def _row(record: Record) -> Row:
    return Row(
        line=record.line,
        draw_date=ISO.read(record.fields.get("draw_date", "")),
        main=tuple(record.fields.get("main", "").split()),
        bonus=tuple(record.fields.get("bonus", "").split()),
        fault=record.fault,
    )
