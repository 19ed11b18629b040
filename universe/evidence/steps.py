"""The two e-processes of a game, main numbers and bonus, step by step.

A step is whatever is counted at once: a logical day of the synthetic stream, or one real result.
"""

import numpy as np
import numpy.typing as npt

from universe.counting import Totals, totals_width
from universe.evidence.categories import log_mixture
from universe.evidence.subsets import log_factors
from universe.game import Game

ALARM_E = 1_000.0  # 1/alpha: fair draws ever reach it with a chance of at most one in a thousand
PIECE_CELLS = 2**20  # counters worked on at once: some 50 MB, however many steps there are

LogEvidence = npt.NDArray[np.float64]


def evidence_steps(
    game: Game,
    totals: npt.NDArray[np.int64],
    draws: npt.NDArray[np.int64],
    before: tuple[Totals, int, float, float] | None = None,
) -> LogEvidence:
    """Return the natural logarithm of both e-values after each step, float64[T, 2]: main, bonus.

    ``totals`` int64[T, totals_width(game)] are the running totals at the end of each step and ``draws`` int64[T] the
    draws so far; ``before`` is the same of the step before the first, (totals, draws, main, bonus), None at the
    beginning. To go on from a step equals doing it all in one go, to the last bit on one machine. Main numbers are
    watched by learned weights (``universe.evidence.subsets``), and so are several bonus balls; a single bonus ball by a
    mixture (``universe.evidence.categories``). The bonus is 0 where there is none.

    A bonus out of the rest of the main drum is looked at for itself, given the past but not the main numbers beside
    it: fairness is blind to the numbers' names, so it is a uniform subset of the whole drum. Both processes are valid
    side by side, and so is their average; their product only where the bonus has its own drum.
    """
    width = totals_width(game)
    assert totals.shape == (len(draws), width)
    zero = np.zeros(width, dtype=np.int64)
    past, past_draws, main, bonus = before or (zero, 0, 0.0, 0.0)
    log_e = np.array([[main, bonus]])
    steps = max(1, PIECE_CELLS // width)
    pieces = []
    for first in range(0, len(draws), steps):
        here = slice(first, first + steps)
        log_e = _piece(game, (past, past_draws, log_e[-1]), totals[here], draws[here])
        pieces.append(log_e)
        past, past_draws = totals[here][-1], int(draws[here][-1])
    return np.concatenate(pieces) if pieces else np.empty((0, 2))


def _piece(
    game: Game,
    before: tuple[Totals, int, npt.NDArray[np.float64]],
    totals: npt.NDArray[np.int64],
    draws: npt.NDArray[np.int64],
) -> LogEvidence:
    past = np.concatenate([before[0][None], totals[:-1]])
    past_draws = np.concatenate([[before[1]], draws[:-1]])
    added, added_draws = totals - past, draws - past_draws
    log_e = np.zeros((len(draws), 2))
    main, bonus = slice(game.main.size), slice(game.main.size, None)
    factors = log_factors(past[:, main], past_draws, added[:, main], added_draws, game.main.picked)
    log_e[:, 0] = _running(before[2][0], factors)
    if game.bonus_picked == 1:
        log_e[:, 1] = log_mixture(totals[:, bonus], draws)
    elif game.bonus_picked:
        factors = log_factors(past[:, bonus], past_draws, added[:, bonus], added_draws, game.bonus_picked)
        log_e[:, 1] = _running(before[2][1], factors)
    return log_e


def _running(start: float, factors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.cumsum(np.concatenate([[start], factors]))[1:]
