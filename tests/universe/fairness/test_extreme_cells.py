"""What a test of extremes is about is named: the very cell that its statistic is of."""

import re
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.universe.fairness.chance import ranks_by_chance
from universe.catalogue import shipped_games
from universe.fairness.battery import measure_each
from universe.fairness.extreme_cells import extreme_cell
from universe.fairness.history import History
from universe.fairness.tallies import MONTHS, frame_of, tally
from universe.ranking import unrank_all

GAME = shipped_games()["GAME_001"]
DRAWS = 600


def history_by_chance(seed: int) -> History:
    main, bonus = unrank_all(GAME, ranks_by_chance(GAME, DRAWS, seed))
    days = np.arange(DRAWS)
    dates = np.datetime64("2020-01-01") + 7 * (days // 2) + 3 * (days % 2)  # Wednesdays and Saturdays
    return History(game=GAME, dates=dates, main=main, bonus=bonus)


def draws_with(history: History, words: str) -> tuple[int, int]:
    """Count by hand the draws that a cell's name speaks of, and those that it is of."""
    what, _, part = words.partition(" in ") if " in " in words else words.partition(" on ")
    here = np.ones(len(history), dtype=bool)
    if part in MONTHS:
        here = history.dates.astype("datetime64[M]").astype(int) % 12 == MONTHS.index(part)
    elif part:
        here = (history.dates.astype(int) + 3) % 7 == ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun").index(part)
    held = np.ones(len(history), dtype=bool)
    for number in what.split(" with "):
        held &= (history.main == int(number)).any(axis=1)
    return int((held & here).sum()), int(here.sum())


@pytest.mark.parametrize("name", ["numbers_max", "pairs_max", "weekdays_max", "months_max"])
@given(seed=st.integers(0, 2**32))
@settings(max_examples=10)
def test_the_cell_named_is_the_one_that_the_statistic_is_of(name: str, seed: int) -> None:
    history = history_by_chance(seed)
    frame = frame_of(history)
    tallies = tally(frame, history.main[None], history.bonus[None])
    words = extreme_cell(name, frame, tallies, history)
    found = re.fullmatch(r"(.+): ([\d,]+) times, (\S+) expected", words or "")
    assert found is not None
    count, draws = draws_with(history, found[1])
    chance = 5 * 4 / (47 * 46) if name == "pairs_max" else 5 / 47
    assert count == int(found[2].replace(",", ""))
    assert float(found[3]) == pytest.approx(draws * chance, rel=1e-3)
    score = abs(count - draws * chance) / sqrt(draws * chance * (1 - chance))
    assert measure_each(frame, tallies)[name].statistic[0] == pytest.approx(score)


def test_the_number_of_the_longest_drought_is_named() -> None:
    history = history_by_chance(1)
    frame = frame_of(history)
    tallies = tally(frame, history.main[None], history.bonus[None])
    words = extreme_cell("drought", frame, tallies, history) or ""
    number, draws = map(int, re.findall(r"\d+", words))
    assert draws == int(tallies.drought[0])
    assert not (history.main == number).any(axis=1).all()
    assert extreme_cell("numbers", frame, tallies, history) is None
