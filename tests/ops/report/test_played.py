"""Strategies in the report: those that the game can play."""

from ops.report.played import backtests_of
from storage.views import GameView
from tests.universe.backtest.histories import fair_history
from tests.universe.evidence.drawing import game_of
from universe.backtest.strategies import STRATEGIES


def test_a_strategy_that_the_game_cannot_play_is_left_out() -> None:
    """Of 16 of 80 numbers there are more digit patterns than are looked at."""
    game = game_of(16, 80)
    found = backtests_of(GameView(game=game), fair_history(game, 120, seed=1))
    assert {one.strategy for one in found} == {*STRATEGIES} - {"patterns"}
