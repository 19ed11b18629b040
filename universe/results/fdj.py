"""FDJ's CSV: semicolons, the day first, years of four digits or of two, drawn order, and sixty columns of prizes."""

import re

from universe.results.dates import DAY_FIRST
from universe.results.document import Document, Record, header_of
from universe.results.rows import Row, Table, filled_cells, sheet

_MAIN = re.compile(r"boule_[0-9]+")
_BONUS = re.compile(r"etoile_[0-9]+|numero_chance|boule_complementaire")


def is_fdj_csv(document: Document) -> bool:
    """Whether the header names a draw date and a first ball, in French."""
    return {"date_de_tirage", "boule_1"} <= set(header_of(document, ";"))


def read_fdj_csv(document: Document) -> Table:
    """Read the sheet. The draw number may be empty."""
    return sheet(document, _row, delimiter=";")


def _row(record: Record) -> Row:
    return Row(
        line=record.line,
        draw_date=DAY_FIRST.read(record.fields.get("date_de_tirage", "")),
        draw_number=record.fields.get("annee_numero_de_tirage", ""),
        main=filled_cells(record, _MAIN),
        bonus=filled_cells(record, _BONUS),
        fault=record.fault,
    )
