"""Texas' CSV without a header: game, month, day, year, the numbers as drawn, the bonus, and for some a multiplier.

The multiplier's cell came and went over the years and may be empty; the game tells how many numbers come before it.
"""

from itertools import islice

from universe.results.dates import MONTH_FIRST
from universe.results.document import Document, cells_of
from universe.results.rows import Row, Table

_LINES_LOOKED_AT = 50
_DATE_CELLS = slice(1, 4)


def is_texas_csv(document: Document) -> bool:
    """Whether a line among the first has a name and then a date in three cells."""
    return any(
        MONTH_FIRST.matches(_date_text(line.split(",", maxsplit=4)))
        for _, line in islice(document.filled_lines(), _LINES_LOOKED_AT)
    )


def read_texas_csv(document: Document) -> Table:
    """Read every line."""
    rows = tuple(_row(number, cells_of(line)) for number, line in document.filled_lines())
    return Table(rows=rows, length=len(document.lines))


def _row(line: int, cells: list[str]) -> Row:
    numbers = cells[_DATE_CELLS.stop :]
    while numbers and not numbers[-1]:
        numbers.pop()
    return Row(
        line=line,
        draw_date=MONTH_FIRST.read(_date_text(cells)),
        main=tuple(numbers),
        multiplier_may_follow=True,
    )


def _date_text(cells: list[str]) -> str:
    return "/".join(cell.strip() for cell in cells[_DATE_CELLS])
