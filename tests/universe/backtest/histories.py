"""Fair histories, and a strategy that tries to see what is to come."""

import numpy as np

from tests.universe.evidence.drawing import game_of
from universe.fairness.history import History
from universe.game import Game
from universe.ranking import unrank_all

CASH = game_of(5, 35)


def fair_history(game: Game, draws: int, seed: int) -> History:
    main, bonus = unrank_all(game, np.random.default_rng(seed).integers(game.outcomes, size=draws))
    dates = np.datetime64(game.since) + np.arange(draws)
    return History(game=game, dates=dates, main=main, bonus=bonus)
