"""Games and calendars of a given shape, for tests of power and of planted biases."""

import numpy as np

from tests.strategies import SINCE
from universe.fairness.tallies import Frame
from universe.game import WEEKDAYS, Game, Period, Pool, RestOfDrum


def game_of(picked: int, size: int, bonus: Pool | RestOfDrum | None = None) -> Game:
    """A game with a draw on every day."""
    schedule = (Period(start=SINCE, days=WEEKDAYS),)
    return Game(game_id="GAME_X", since=SINCE, main=Pool(picked=picked, size=size), bonus=bonus, schedule=schedule)


def frame_of_length(game: Game, draws: int) -> Frame:
    """Two of three draws are held on Wednesday, the others on Saturday; the months pass once, the first the longest."""
    places = np.arange(draws)
    return Frame(
        game=game,
        draws=draws,
        weekdays=(places % 3 == 0).astype(np.uint8),
        months=(np.maximum(places - draws // 25, 0) * 12 // max(draws, 1)).astype(np.uint8),
        weekday_names=("Wed", "Sat"),
    )
