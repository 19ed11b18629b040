"""The real results of a game as a reader remembers them: they only ever grow."""

from bisect import bisect_left, bisect_right
from datetime import date
from functools import cached_property, lru_cache

import apsw
import attrs
import numpy as np
import numpy.typing as npt

from storage.encoding import numbers_from_text, result_from_row
from storage.views import NumberCounts, StoredResult
from universe.counting import count_numbers
from universe.game import Game
from universe.ranking import Numbers

Row = tuple[str, str, str, str]  # draw date, main and bonus numbers, source: as they are stored

PARSED_MAX = 8_192  # results that stay parsed, of all games


@lru_cache(maxsize=PARSED_MAX)
def parsed(row: Row) -> StoredResult:
    """Return a stored result; lists of results ask for the same ones again and again."""
    return StoredResult(result=result_from_row(*row[:3]), source=row[3])


@attrs.frozen(eq=False, slots=False)
class ResultTable:
    """Results by date, ascending; ``newest`` is how far the results of all games were read."""

    newest: int = 0
    rows: tuple[Row, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def grown(self, db: apsw.Connection, key: int, newest: int) -> "ResultTable":
        """Return the table with the results stored since."""
        new = db.execute(
            "SELECT draw_date, main, bonus, source FROM real_result WHERE game_key = ? AND result > ?",
            (key, self.newest),
        )
        return ResultTable(newest, tuple(sorted([*self.rows, *new])))

    @cached_property
    def dates(self) -> list[str]:
        """The dates as ISO text, which sorts as dates do."""
        return [row[0] for row in self.rows]

    @cached_property
    def by_date(self) -> dict[date, Row]:
        """The rows by their dates."""
        return dict(zip(map(date.fromisoformat, self.dates), self.rows, strict=True))

    @cached_property
    def numbers(self) -> tuple[Numbers, Numbers]:
        """The main and the bonus numbers, a row a result."""
        main = np.array([numbers_from_text(row[1]) for row in self.rows], dtype=np.uint8)
        bonus = np.array([numbers_from_text(row[2]) for row in self.rows], dtype=np.uint8)
        return main, bonus.reshape(len(self), -1)

    def first(self) -> date | None:
        """Return the earliest date; None without results."""
        return date.fromisoformat(self.dates[0]) if self.rows else None

    def last(self) -> date | None:
        """Return the latest date; None without results."""
        return date.fromisoformat(self.dates[-1]) if self.rows else None

    def held(self, first: date | None, last: date | None) -> slice:
        """Return where the results of a range of dates are, ends included."""
        low = bisect_left(self.dates, first.isoformat()) if first else 0
        return slice(low, bisect_right(self.dates, last.isoformat()) if last else len(self))

    def __getitem__(self, draw_date: date) -> StoredResult:
        return parsed(self.by_date[draw_date])

    def of_date(self, draw_date: date) -> StoredResult | None:
        """Return the result of a date, if stored."""
        return self[draw_date] if draw_date in self.by_date else None

    def newest_first(self, first: date | None, last: date | None, limit: int) -> list[StoredResult]:
        """Return the latest results of a range of dates, at most ``limit``."""
        held = self.rows[self.held(first, last)]
        return [parsed(row) for row in reversed(held[-limit:])]

    def span(self, first: date | None, last: date | None) -> tuple[date, date] | None:
        """Return the first and the last date with a result in a range of dates; None without any."""
        held = self.dates[self.held(first, last)]
        return (date.fromisoformat(held[0]), date.fromisoformat(held[-1])) if held else None

    def counts(self, game: Game, first: date | None, last: date | None) -> NumberCounts:
        """Return how often each number came up in the results of a range of dates."""
        main, bonus = (numbers[self.held(first, last)] for numbers in self.numbers)
        return NumberCounts(draws=len(main), totals=count_numbers(game, main, bonus))

    def dates_of(self, main: tuple[int, ...], bonus: tuple[int, ...]) -> list[date]:
        """Return the dates on which exactly these ascending numbers were drawn, ascending."""
        if not self.rows:
            return []
        mains, bonuses = self.numbers
        same: npt.NDArray[np.bool_] = (mains == np.array(main)).all(axis=1) & (bonuses == np.array(bonus)).all(axis=1)
        return [date.fromisoformat(self.dates[at]) for at in np.flatnonzero(same).tolist()]
