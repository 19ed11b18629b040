"""Digit patterns: the common ones are those with the most combinations."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import games
from tests.universe.backtest.histories import CASH, fair_history
from tests.universe.evidence.drawing import game_of
from universe.backtest.errors import StrategyError
from universe.backtest.patterns import common_patterns, pattern_share, pattern_tickets
from universe.game import Game


@given(games(size_max=25, picked_max=4))
def test_combinations_are_those_that_can_be_counted(game: Game) -> None:
    patterns = common_patterns(game)
    every = [tuple(n // 10 for n in draw) for draw in combinations(range(1, game.main.size + 1), game.main.picked)]
    assert dict(patterns) == {pattern: every.count(pattern) for pattern in set(every)}
    assert [count for _, count in patterns] == sorted((count for _, count in patterns), reverse=True)


def test_six_patterns_of_5_35_hold_37_percent_of_all_combinations() -> None:
    share = pattern_share(fair_history(CASH, 20_000, seed=1), 6)
    assert share.probability == pytest.approx(0.3722, abs=5e-5)
    assert share.efficiency == pytest.approx(1, abs=4 * (0.6278 / 0.3722 / 20_000) ** 0.5)
    assert share.expected == 20_000 * share.probability


@given(games(size_max=25, picked_max=4), st.integers(1, 3), st.integers(0, 2**32))
def test_tickets_have_the_patterns_asked_for(game: Game, top: int, seed: int) -> None:
    tickets = pattern_tickets(game, min(top, len(common_patterns(game))), 50, np.random.default_rng(seed))
    allowed = {pattern for pattern, _ in common_patterns(game)[:top]}
    assert {tuple(row) for row in (tickets // 10).tolist()} <= allowed


def test_every_ticket_of_the_patterns_is_as_likely() -> None:
    game = game_of(2, 12)
    (pattern, ways), *_ = common_patterns(game)
    tickets = pattern_tickets(game, 2, 20_000, np.random.default_rng(1))
    both = sum(count for _, count in common_patterns(game)[:2])
    _, counts = np.unique(tickets, axis=0, return_counts=True)
    assert len(counts) == both
    assert counts == pytest.approx(20_000 / both, abs=5 * (20_000 / both) ** 0.5)
    assert (tickets // 10 == pattern).all(axis=1).mean() == pytest.approx(ways / both, abs=0.02)


def test_too_many_patterns_are_refused() -> None:
    with pytest.raises(StrategyError, match="more than 4,096 digit patterns"):
        common_patterns(game_of(7, 200))
