"""Draws of one game in order, each with its date: what every test of fairness looks at, real or synthetic."""

from collections.abc import Sequence

import attrs
import numpy as np
import numpy.typing as npt

from universe.calendar import LogicalClock
from universe.game import Game
from universe.ranking import Numbers, unrank_all
from universe.results.result import RealResult
from universe.seed import ranks_of_draws

Dates = npt.NDArray[np.datetime64]  # datetime64[D]


@attrs.frozen(kw_only=True, eq=False)
class History:
    """``n`` draws, the earliest first. Synthetic draws share their dates, real ones have one each.

    ``dates`` is datetime64[D] of length n, ``main`` uint8[n, picked] and ``bonus`` uint8[n, bonus picked], the numbers
    of a row ascending; without a bonus the bonus array has no columns.
    """

    game: Game
    dates: Dates
    main: Numbers
    bonus: Numbers

    def __len__(self) -> int:
        return len(self.main)

    def __getitem__(self, part: slice) -> "History":
        return attrs.evolve(self, dates=self.dates[part], main=self.main[part], bonus=self.bonus[part])


def history_of(game: Game, results: Sequence[RealResult]) -> History:
    """Return real results as a history: any order in, by date out."""
    by_date = sorted(results, key=lambda result: result.draw_date)
    main = [result.main_numbers for result in by_date]
    bonus = [result.bonus_numbers for result in by_date]
    return History(
        game=game,
        dates=np.array([result.draw_date for result in by_date], dtype="datetime64[D]"),
        main=np.array(main, dtype=np.uint8).reshape(len(by_date), game.main.picked),
        bonus=np.array(bonus, dtype=np.uint8).reshape(len(by_date), game.bonus_picked),
    )


def history_of_draws(clock: LogicalClock, first: int, last: int) -> History:
    """Return synthetic draws ``first`` to ``last``, made again by the seed rule."""
    spans = list(clock.days_of_draws(first, last))
    days = np.array([clock.date_of_day(day) for day, _, _ in spans], dtype="datetime64[D]")
    main, bonus = unrank_all(clock.game, ranks_of_draws(clock, first, last))
    dates = np.repeat(days, [end - start + 1 for _, start, end in spans])
    return History(game=clock.game, dates=dates, main=main, bonus=bonus)
