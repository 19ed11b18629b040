"""One biased number: how likely each test is to catch it, by the size of the bias.

A chi-square statistic becomes noncentral by the squared shift of the means over the variance that fairness gives; a
largest deviation or a drought has the binomial tail of the number itself. Shifts are exact for weighted draws without
replacement; variances are those of fairness: good for small biases, the only ones whose power is in doubt.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod

import attrs
import numpy as np
import numpy.typing as npt

from universe.fairness.dates import PART_EXPECTED_MIN
from universe.fairness.droughts import drought_tail
from universe.fairness.extremes import Binomials, binomial_tails
from universe.fairness.tallies import Frame

Catch = Callable[[Frame, float, float], float]  # (frame, size of the bias, alpha) -> probability of being caught
Draws = npt.NDArray[np.int64]

Z_MAX = 60.0  # of a count: no critical value lies beyond
Z_BISECTIONS = 50
DRIFT_POINTS = 32  # Gauss-Legendre: exact for what is as smooth as this


def heavy_chance(size: int, picked: int, weight: float, beside: float = 1.0) -> float:
    """Return the chance that a number is picked that weighs ``weight``, all others ``beside``: it stays out in turn."""
    others = [beside * (size - 1 - place) for place in range(picked)]
    return 1.0 - prod(left / (left + weight) for left in others) if weight else 0.0


def chi_square_power(freedom: float, shift: float, alpha: float) -> float:
    """Return P(noncentral chi-square > the critical value of alpha)."""
    from scipy.stats import chi2, ncx2

    return float(ncx2.sf(chi2.isf(alpha, freedom), freedom, shift)) if shift else alpha


def number_shift(frame: Frame, chance: float) -> float:
    """Return what one draw adds to the noncentrality when one number has this chance and the others share the rest.

    The corrected statistic divides by p(1 - p) N/(N - 1), and the others' shifts add N/(N - 1) to the square.
    """
    fair = frame.game.main.picked / frame.game.main.size
    return (chance - fair) ** 2 / (fair * (1 - fair))


def catch_numbers(frame: Frame, size: float, alpha: float) -> float:
    """``numbers`` when one of them weighs 1 + size."""
    main = frame.game.main
    shift = frame.draws * number_shift(frame, heavy_chance(main.size, main.picked, 1 + size))
    return chi_square_power(main.size - 1, shift, alpha)


def catch_bonus(frame: Frame, size: float, alpha: float) -> float:
    """``bonus`` when one of the bonus numbers weighs 1 + size; from the rest of the drum, if it is still there."""
    game = frame.game
    left = game.bonus_size - game.main.picked if game.bonus_from_rest else game.bonus_size
    there, fair = left / game.bonus_size, game.bonus_picked / game.bonus_size
    chance = there * heavy_chance(left, game.bonus_picked, 1 + size)
    return chi_square_power(game.bonus_size - 1, frame.draws * (chance - fair) ** 2 / (fair * (1 - fair)), alpha)


def catch_numbers_max(frame: Frame, size: float, alpha: float) -> float:
    """``numbers_max`` when one of them weighs 1 + size."""
    main = frame.game.main
    part = Part(cells=main.size, trials=frame.draws, fair=main.picked / main.size)
    return largest_power([part], part, heavy_chance(main.size, main.picked, 1 + size), alpha)


@attrs.frozen(kw_only=True)
class Part:
    """Cells whose counts are each Binomial(trials, fair), among which the farthest one is looked for."""

    cells: int
    trials: int
    fair: float


def largest_power(parts: Sequence[Part], biased: Part, chance: float, alpha: float) -> float:
    """Return the chance that the largest |z| of all cells is critical, when one cell of ``biased`` has this chance."""
    from scipy.stats import binom

    score = _critical_score(tuple(parts), alpha)
    mean, reach = biased.trials * biased.fair, score * (biased.trials * biased.fair * (1 - biased.fair)) ** 0.5
    own = binom.cdf(np.floor(mean - reach), biased.trials, chance)
    own += binom.sf(np.ceil(mean + reach) - 1, biased.trials, chance)
    others = 1 - (1 - alpha) ** (1 - 1 / sum(part.cells for part in parts))
    return float(1 - (1 - own) * (1 - others))


@lru_cache(maxsize=256)
def _critical_score(parts: tuple[Part, ...], alpha: float) -> float:
    """Return the |z| that the largest one of all cells exceeds with alpha, as if they were independent."""
    nothing = np.empty((1, 0), dtype=np.int64)
    low, high = 0.0, Z_MAX
    for _ in range(Z_BISECTIONS):
        middle = (low + high) / 2
        clear = 1.0
        for part in parts:
            cell = Binomials(counts=nothing, trials=part.trials, probability=part.fair)
            clear *= (1 - float(binomial_tails(cell, np.array([middle]))[0])) ** part.cells
        low, high = (middle, high) if 1 - clear > alpha else (low, middle)
    return high


def catch_drought(frame: Frame, size: float, alpha: float) -> float:
    """``drought`` when one number weighs 1 - size."""
    main = frame.game.main
    fair = main.picked / main.size
    length = _critical_drought(frame.draws, main.size, 1 - fair, alpha)
    chance = heavy_chance(main.size, main.picked, 1 - size)
    own = drought_tail(length, frame.draws, 1 - chance) if chance else float(length <= frame.draws)
    clear = (1 - drought_tail(length, frame.draws, 1 - fair)) ** (main.size - 1)
    return 1 - (1 - own) * clear


@lru_cache(maxsize=256)
def _critical_drought(draws: int, numbers: int, absent: float, alpha: float) -> int:
    """Return the shortest length that the longest drought of all numbers reaches with alpha at most."""
    low, high = 0, draws + 1
    while high - low > 1:
        middle = (low + high) // 2
        reached = 1 - (1 - drought_tail(middle, draws, absent)) ** numbers
        low, high = (middle, high) if reached > alpha else (low, middle)
    return high


def often(frame: Frame, parts: Draws) -> Draws:
    """Return the draws of the weekdays, or months, that are not too rare to be tested."""
    main = frame.game.main
    return parts[parts * main.picked >= PART_EXPECTED_MIN * main.size]


def catch_parts(frame: Frame, size: float, alpha: float, draws: Draws) -> float:
    """``weekdays``, ``months``: one number weighs 1 - size in the part with the most draws."""
    main, tested = frame.game.main, often(frame, draws)
    total, biased = int(tested.sum()), int(tested.max())
    unequal = biased * (1 - biased / total)
    shift = unequal * number_shift(frame, heavy_chance(main.size, main.picked, 1 - size))
    return chi_square_power((len(tested) - 1) * (main.size - 1), shift, alpha)


def catch_parts_max(frame: Frame, size: float, alpha: float, draws: Draws) -> float:
    """``weekdays_max``, ``months_max``: as above."""
    main = frame.game.main
    fair = main.picked / main.size
    parts = [Part(cells=main.size, trials=int(trials), fair=fair) for trials in often(frame, draws)]
    biased = max(parts, key=lambda part: part.trials)
    return largest_power(parts, biased, heavy_chance(main.size, main.picked, 1 - size), alpha)


def catch_drift(frame: Frame, size: float, alpha: float) -> float:
    """``drift`` when the weight of one number rises evenly from 1 - size to 1 + size."""
    main, draws = frame.game.main, frame.draws
    fair = main.picked / main.size
    places, weights = np.polynomial.legendre.leggauss(DRIFT_POINTS)
    chances = [heavy_chance(main.size, main.picked, 1 + size * place) for place in places]
    moment = draws * (draws - 1) / 4 * float((weights * places) @ chances)
    shift = moment**2 / (fair * (1 - fair) * draws * (draws**2 - 1) / 12)
    return chi_square_power(main.size - 1, shift, alpha)
