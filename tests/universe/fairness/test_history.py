"""Histories: real ones by date, synthetic ones by the seed rule, parts of them."""

from datetime import date, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle import oracle_draws
from tests.strategies import games
from universe.calendar import LogicalClock
from universe.fairness.history import history_of, history_of_draws
from universe.game import Game
from universe.ranking import unrank
from universe.results.result import RealResult


@given(game=games(), per_day=st.integers(1, 60), first=st.integers(1, 90), draws=st.integers(0, 90))
@settings(max_examples=40)
def test_synthetic_draws_are_those_of_the_rule(game: Game, per_day: int, first: int, draws: int) -> None:
    clock = LogicalClock(game=game, epoch=game.since, draws_per_day=per_day)
    history = history_of_draws(clock, first, first + draws - 1)
    made = oracle_draws(game, game.since, per_day, first + draws - 1, first)
    assert len(history) == draws
    assert [tuple(row) for row in history.main.tolist()] == [draw.main for draw in made]
    assert [tuple(row) for row in history.bonus.tolist()] == [draw.bonus for draw in made]
    assert history.dates.tolist() == [draw.draw_date for draw in made]


@given(game=games(), ranks=st.lists(st.integers(0, 10**9), max_size=20), data=st.data())
@settings(max_examples=40)
def test_real_results_come_out_by_date(game: Game, ranks: list[int], data: st.DataObject) -> None:
    days = [game.since + timedelta(days=3 * place) for place in range(len(ranks))]
    numbers = [unrank(game, rank % game.outcomes) for rank in ranks]
    results = [
        RealResult(draw_date=day, main_numbers=main, bonus_numbers=bonus)
        for day, (main, bonus) in zip(days, numbers, strict=True)
    ]
    history = history_of(game, data.draw(st.permutations(results)))
    assert history.dates.tolist() == days
    assert history.main.shape == (len(ranks), game.main.picked)
    assert history.bonus.shape == (len(ranks), game.bonus_picked)
    assert [tuple(row) for row in history.main.tolist()] == [main for main, _ in numbers]
    assert [tuple(row) for row in history.bonus.tolist()] == [bonus for _, bonus in numbers]


@given(game=games(), first=st.integers(0, 30), last=st.integers(0, 30))
@settings(max_examples=40)
def test_a_part_keeps_numbers_and_dates_together(game: Game, first: int, last: int) -> None:
    clock = LogicalClock(game=game, epoch=date(2020, 3, 1), draws_per_day=4)
    whole, part = history_of_draws(clock, 1, 30), history_of_draws(clock, 1, 30)[first:last]
    assert len(part) == max(0, last - first)
    assert np.array_equal(part.main, whole.main[first:last])
    assert np.array_equal(part.bonus, whole.bonus[first:last])
    assert np.array_equal(part.dates, whole.dates[first:last])
