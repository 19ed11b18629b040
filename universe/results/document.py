"""A publisher's bytes as text, physical lines, cells and records. It knows no publisher."""

import csv
import json
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import attrs

from universe.results.result import FormatError

ROWS_MAX = 50_000  # lines or records of one feed; a draw each day of a century makes 36,525
JSON_COMMAS_MAX = 1_000_000  # what is parsed takes thirty times the room of its text
COLUMNS_MAX = 1_000  # the widest sheets, with all their prizes, have 60
LINE_CHARS_MAX = 65_536  # the longest rows, with all their raffles, have 4,000; below the csv module's own bound
KEY_CHARS_MAX = 80  # no column's name is longer, and each is looked at once a row
_NOT_IN_A_KEY = re.compile(r"[^a-z0-9]+")


@attrs.frozen
class Document:
    """One file or page."""

    text: str

    @cached_property
    def lines(self) -> list[str]:
        """The physical lines. ``splitlines`` would also cut at characters that old code pages use for dots."""
        require_rows(self.text.count("\n"))
        return self.text.removesuffix("\n").split("\n") if self.text else []

    @property
    def blank(self) -> bool:
        """Whether there is nothing to read."""
        return not self.text or self.text.isspace()

    def filled_lines(self) -> Iterator[tuple[int, str]]:
        """Yield every line that is not blank, with its number from 1."""
        return ((number, line) for number, line in enumerate(self.lines, start=1) if line and not line.isspace())


@attrs.frozen
class Record:
    """One data row by column: keys in snake case, values stripped; ``fault`` says why it could not be taken apart."""

    line: int
    fields: dict[str, str] = attrs.field(factory=dict)
    fault: str = ""


def require_rows(count: int) -> None:
    """Raise FormatError if this is more than any publisher's draws: each row costs far more than its bytes."""
    if count > ROWS_MAX:
        raise FormatError(f"more than {ROWS_MAX:,} lines or records")


def document_from(data: bytes | str) -> Document:
    """Decode whatever comes: by its byte order mark, else UTF-8, else the code page of the old downloads."""
    text = data if isinstance(data, str) else _decode(data)
    return Document(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    for encoding in ("utf-8", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def cells_of(line: str, delimiter: str = ",") -> list[str]:
    """Split one physical line. No publisher breaks a row, so a quote left open spoils its own line and no other."""
    if len(line) > LINE_CHARS_MAX:
        return [line]
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]


def header_of(document: Document, delimiter: str = ",") -> list[str]:
    """Return the keys of the first line that is not blank; none if there is no line."""
    first = next(document.filled_lines(), None)
    return [] if first is None else [key_of(cell) for cell in cells_of(first[1], delimiter)]


def sheet_records(document: Document, delimiter: str = ",") -> Iterator[Record]:
    """Yield the lines below the header, by column."""
    header = header_of(document, delimiter)
    if len(header) > COLUMNS_MAX:
        raise FormatError(f"more than {COLUMNS_MAX:,} columns")
    lines = document.filled_lines()
    next(lines, None)
    for number, line in lines:
        cells = cells_of(line, delimiter)
        surplus = any(cells[len(header) :])
        fault = f"{len(cells)} cells under {len(header)} columns" if surplus else ""
        yield Record(number, dict(zip(header, cells, strict=False)), fault)


def key_of(name: str) -> str:
    """Return a column's name in snake case: ``Draw Date`` and ``draw_date`` are one key."""
    return _NOT_IN_A_KEY.sub("_", name[:KEY_CHARS_MAX].lower()).strip("_")


def json_of(document: Document) -> Any:
    """Parse JSON with its numbers left as text, so a huge one is refused like any other wrong number."""
    if document.text.count(",") > JSON_COMMAS_MAX:
        raise FormatError(f"more than {JSON_COMMAS_MAX:,} values in one document")
    try:
        return json.loads(document.text, parse_int=str, parse_float=str, parse_constant=str)
    except json.JSONDecodeError as error:
        raise FormatError(f"broken JSON: {error.msg}, line {error.lineno} column {error.colno}") from error
    except RecursionError as error:
        raise FormatError("broken JSON: nested too deeply") from error


def json_record(line: int, value: Any) -> Record:
    """Take one JSON object as a record."""
    if not isinstance(value, dict):
        return Record(line, fault="not a JSON object")
    return Record(line, {key_of(key): text_of(item) for key, item in value.items()})


def text_of(value: Any) -> str:
    """Return a JSON value as a cell; what is neither text nor number is named by its type, and refused later."""
    match value:
        case None:
            return ""
        case str():
            return value.strip()
        case _:
            return f"<{type(value).__name__}>"
