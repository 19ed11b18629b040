"""The table of formats: how each is told by its content, and read."""

from collections.abc import Callable

import attrs

from universe.results.bclc import is_bclc_csv, read_bclc_csv
from universe.results.california import (
    is_calottery_api,
    is_calottery_text,
    read_calottery_api,
    read_calottery_text,
)
from universe.results.document import Document, document_from
from universe.results.fdj import is_fdj_csv, read_fdj_csv
from universe.results.new_york import is_ny_csv, is_ny_json, read_ny_csv, read_ny_json
from universe.results.normalised import is_csv, read_csv
from universe.results.result import FormatError
from universe.results.rows import Table, shown
from universe.results.texas import is_texas_csv, read_texas_csv
from universe.results.united_kingdom import is_uk_csv, read_uk_csv


@attrs.frozen
class Format:
    """One publisher's way to write results. ``read`` takes any document that ``is_it``, broken rows included."""

    name: str
    description: str
    is_it: Callable[[Document], bool]
    read: Callable[[Document], Table]


FORMATS: dict[str, Format] = {
    known.name: known
    for known in (
        Format("csv", "draw_date,main,bonus with ISO dates", is_csv, read_csv),
        Format("ny-csv", "New York open data, rows.csv", is_ny_csv, read_ny_csv),
        Format("ny-json", "New York open data, resource/….json", is_ny_json, read_ny_json),
        Format("calottery-text", "California, text download", is_calottery_text, read_calottery_text),
        Format("calottery-api", "California, DrawGameApi pages", is_calottery_api, read_calottery_api),
        Format("texas-csv", "Texas, CSV without a header", is_texas_csv, read_texas_csv),
        Format("bclc-csv", "British Columbia, CSV", is_bclc_csv, read_bclc_csv),
        Format("uk-csv", "UK National Lottery, CSV", is_uk_csv, read_uk_csv),
        Format("fdj-csv", "FDJ, CSV with semicolons", is_fdj_csv, read_fdj_csv),
    )
}


def format_named(name: str) -> Format:
    """Return a format by its name; FormatError lists the known ones."""
    if name not in FORMATS:
        raise FormatError(f"unknown format {shown(name)}: known are {', '.join(FORMATS)}")
    return FORMATS[name]


def detect_format(data: bytes | str) -> str | None:
    """Return the name of the format that the content shows, None if it shows none; FormatError if it is too large."""
    return _detect(document_from(data))


def _detect(document: Document) -> str | None:
    return next((known.name for known in FORMATS.values() if known.is_it(document)), None)


def read_table(document: Document, format_name: str | None) -> tuple[str | None, Table]:
    """Return the rows of one document, and its format's name: the one given, else the one detected.

    FormatError if the document is of another format, or of none. A blank one has no rows in any format.
    """
    if format_name is not None:
        format_named(format_name)
    if document.blank:
        return format_name, Table(rows=(), length=len(document.lines))
    name = format_name or _detect(document)
    if name is None:
        raise FormatError(f"of no known format ({', '.join(FORMATS)}): it begins with {_beginning(document)}")
    if not FORMATS[name].is_it(document):
        raise FormatError(f"not {name} ({FORMATS[name].description}): it begins with {_beginning(document)}")
    return name, FORMATS[name].read(document)


def count_rows(data: bytes | str, format_name: str | None = None) -> int:
    """Return how many data rows a page has, good or bad: paging ends with a page that has none."""
    return len(read_table(document_from(data), format_name)[1].rows)


def _beginning(document: Document) -> str:
    return shown(document.text.lstrip())
