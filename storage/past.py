"""The real results of a game as arrays, as a reader remembers them: they only ever grow."""

from datetime import date
from typing import Any

import apsw
import attrs
import numpy as np
import numpy.typing as npt

from storage.encoding import numbers_from_text
from storage.views import NumberCounts
from universe.counting import count_numbers
from universe.game import Game
from universe.ranking import Numbers


@attrs.frozen(eq=False)
class ResultTable:
    """Results in the order in which they were stored; ``newest`` is the last row read."""

    newest: int
    days: npt.NDArray[np.int64]  # proleptic ordinals
    main: Numbers
    bonus: Numbers

    @classmethod
    def empty(cls) -> "ResultTable":
        """Return a table without results."""
        none = np.empty((0, 0), dtype=np.uint8)
        return cls(0, np.empty(0, dtype=np.int64), none, none)

    def __len__(self) -> int:
        return len(self.days)

    def grown(self, db: apsw.Connection, key: int) -> "ResultTable":
        """Return the table with the results stored since."""
        rows: list[Any] = db.execute(
            "SELECT result, draw_date, main, bonus FROM real_result WHERE game_key = ? AND result > ? ORDER BY result",
            (key, self.newest),
        ).fetchall()
        if not rows:
            return self
        days = np.array([date.fromisoformat(row[1]).toordinal() for row in rows], dtype=np.int64)
        main = np.array([numbers_from_text(row[2]) for row in rows], dtype=np.uint8)
        bonus = np.array([numbers_from_text(row[3]) for row in rows], dtype=np.uint8).reshape(len(rows), -1)
        if not len(self):
            return ResultTable(rows[-1][0], days, main, bonus)
        return ResultTable(
            rows[-1][0],
            np.concatenate([self.days, days]),
            np.concatenate([self.main, main]),
            np.concatenate([self.bonus, bonus]),
        )

    def first(self) -> date | None:
        """Return the earliest date; None without results."""
        return date.fromordinal(int(self.days.min())) if len(self) else None

    def last(self) -> date | None:
        """Return the latest date; None without results."""
        return date.fromordinal(int(self.days.max())) if len(self) else None

    def counts(self, game: Game, first: date | None, last: date | None) -> NumberCounts:
        """Return how often each number came up in the results of a range of dates."""
        low, high = (first or date.min).toordinal(), (last or date.max).toordinal()
        held = (self.days >= low) & (self.days <= high)
        return NumberCounts(draws=int(held.sum()), totals=count_numbers(game, self.main[held], self.bonus[held]))

    def dates_of(self, main: tuple[int, ...], bonus: tuple[int, ...]) -> list[date]:
        """Return the dates on which exactly these ascending numbers were drawn, ascending."""
        if not len(self):
            return []
        same = (self.main == np.array(main)).all(axis=1) & (self.bonus == np.array(bonus)).all(axis=1)
        return [date.fromordinal(day) for day in sorted(self.days[same].tolist())]
