"""What a program gets (one JSON document on stdout) and what a person gets (tables, bars on stderr)."""

import json
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice, zip_longest
from typing import Any, Protocol

PAGE_ROWS = 1000


def print_json(document: Mapping[str, Any] | Sequence[Any], *, flush: bool = True) -> None:
    """Print one document on stdout."""
    print(json.dumps(document, ensure_ascii=False), flush=flush)  # noqa: T201  stdout is for results


def print_text(text: str) -> None:
    """Print a result for a person."""
    print(text, flush=True)  # noqa: T201  as above


def print_table(headings: Sequence[str], rows: Sequence[Sequence[object]], widths_min: Sequence[int] = ()) -> list[int]:
    """Print a plain table, columns as wide as they need to be and at least as asked; returns the widths."""
    head = [list(map(str, headings))] if any(headings) else []
    cells = [*head, *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    widths = [max(pair) for pair in zip_longest(widths, widths_min, fillvalue=0)]
    for row in cells:
        print_text("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return widths


def print_stream(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table of unknown length: columns as wide as the first rows need."""
    waiting, widths = iter(rows), list[int]()
    while page := list(islice(waiting, PAGE_ROWS)):
        widths = print_table(headings, page, widths)
        headings = [""] * len(headings)


class Bars(Protocol):
    """Progress of several games."""

    @property
    def started(self) -> Collection[str]:
        """The games that have a bar."""
        ...

    def start(self, name: str, done: int, total: int) -> None:
        """Begin a bar at ``done`` of ``total`` draws."""
        ...

    def show(self, name: str, done: int) -> None:
        """Move a bar on."""
        ...


class NoBars:
    """For programs, which read the document at the end."""

    def __init__(self) -> None:
        self._started: set[str] = set()

    @property
    def started(self) -> Collection[str]:
        """The games that would have a bar."""
        return self._started

    def start(self, name: str, done: int, total: int) -> None:  # noqa: ARG002  nothing is shown
        """Show nothing."""
        self._started.add(name)

    def show(self, name: str, done: int) -> None:
        """Show nothing."""


@contextmanager
def progress_bars(*, wanted: bool) -> Iterator[Bars]:
    """Show bars on a terminal's stderr: draws, rate, time left. Log lines scroll above them."""
    if not (wanted and sys.stderr and sys.stderr.isatty()):
        yield NoBars()
        return
    from ops.bars import rich_bars

    with rich_bars() as bars:
        yield bars
