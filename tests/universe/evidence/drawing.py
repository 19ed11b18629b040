"""Draws by chance, fair or not, counted as evidence is fed with them."""

from datetime import date

import numpy as np
import numpy.typing as npt

from universe.counting import totals_width
from universe.game import Game, Period, Pool, RestOfDrum

SINCE = date(2020, 1, 1)


def game_of(picked: int, size: int, bonus: Pool | RestOfDrum | None = None) -> Game:
    return Game(
        game_id="GAME",
        since=SINCE,
        main=Pool(picked=picked, size=size),
        bonus=bonus,
        schedule=(Period(start=SINCE, days=("Wed",)),),
    )


def draw_subsets(
    weights: npt.NDArray[np.float64], picked: int, draws: int, dice: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Each draw as int64[draws, N] of zeros and ones: one number after the other, by the weights of those left."""
    waiting = dice.standard_exponential((draws, len(weights))) / weights
    drawn = np.zeros((draws, len(weights)), dtype=np.int64)
    np.put_along_axis(drawn, waiting.argpartition(picked - 1, axis=1)[:, :picked], 1, axis=1)
    return drawn


def running_totals(
    game: Game, draws: int, seed: int, weights: npt.NDArray[np.float64] | None = None
) -> npt.NDArray[np.int64]:
    """Totals after each of so many draws, the bonus fair."""
    dice = np.random.default_rng(seed)
    main = draw_subsets(np.ones(game.main.size) if weights is None else weights, game.main.picked, draws, dice)
    if not game.bonus_picked:
        return main.cumsum(axis=0)
    bonus = np.zeros((draws, game.bonus_size), dtype=np.int64)
    waiting = dice.standard_exponential(bonus.shape)
    if game.bonus_from_rest:
        waiting[main > 0] = np.inf
    np.put_along_axis(bonus, waiting.argsort(axis=1)[:, : game.bonus_picked], 1, axis=1)
    totals = np.concatenate([main, bonus], axis=1).cumsum(axis=0)
    assert totals.shape[1] == totals_width(game)
    return totals
