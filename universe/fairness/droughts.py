"""The longest drought: the most draws in a row without some number.

Of one number its distribution is exact. Numbers of one draw exclude each other: they are negatively associated
(Joag-Dev & Proschan, Annals of Statistics 11:286, 1983), so for the longest of all numbers the independent case is a
lower bound of the tail, and the sum over the numbers an upper one; at 5 % they are less than 3 % of that apart.
"""

from functools import lru_cache
from math import exp, expm1, log1p

import attrs
import numpy as np

from universe.fairness.measured import Floats, Measured
from universe.fairness.tallies import Frame, Tallies
from universe.game import Game, Pool

EXACT_DRAWS_MAX = 5_000  # beyond it by Feller's asymptotic formula, which is then good to 1e-8 of the tail
ROOT_STEPS_MAX = 200
TAIL_LEFT_OUT = 1e-12


@attrs.frozen(kw_only=True, eq=False)
class LongestDrought:
    """How long the longest drought of a history is: the probability of every length from 0 on, its mean and mode."""

    probabilities: Floats
    mean: float
    mode: int


@lru_cache(maxsize=4_096)
def drought_tail(length: int, draws: int, absent: float) -> float:
    """Return the probability that one number stays out for ``length`` draws in a row or more, ``absent`` each time.

    Exact up to 5,000 draws: a first run can only end where a number came up and no run was before. Beyond by Feller
    (An Introduction to Probability Theory and Its Applications I, XIII.7).
    """
    if length <= 0:
        return 1.0
    if length > draws or absent <= 0:
        return 0.0
    if absent >= 1:
        return 1.0
    return _exact_tail(length, draws, absent) if draws <= EXACT_DRAWS_MAX else _feller_tail(length, draws, absent)


def _exact_tail(length: int, draws: int, absent: float) -> float:
    """Add up where the first run ends: tail(m) = tail(m - 1) + p q**length (1 - tail(m - length - 1))."""
    first = absent**length
    step = (1 - absent) * first
    before, last = np.zeros(length), first  # tails of 0..length - 1 draws, of length draws
    for start in range(length + 1, draws + 1, length + 1):
        block = np.append(before, last)
        tails = last + np.cumsum(step * (1 - block[: draws + 1 - start]))
        before, last = tails[:-1], float(tails[-1])
    return min(last, 1.0)


def _feller_tail(length: int, draws: int, absent: float) -> float:
    """Take the smallest root x > 1 of x = 1 + p q**length x**(length + 1), as its excess over 1, from below."""
    present = 1 - absent
    rare, excess = present * absent**length, 0.0
    for _ in range(ROOT_STEPS_MAX):
        grown = rare * exp((length + 1) * log1p(excess))
        if grown <= excess * (1 + 1e-15) or length * grown >= 1 or absent * grown >= present:
            break
        excess = grown
    factor = log1p(-absent * excess / present) - log1p(-length * excess)
    return min(max(-expm1(factor - (draws + 1) * log1p(excess)), 0.0), 1.0)


def longest_drought(game: Game, draws: int) -> LongestDrought:
    """Return the longest drought to expect of any main number: as if numbers were independent, which is near exact."""
    return _longest(game.main, draws, game.main.size)


def longest_drought_of_number(game: Game, draws: int) -> LongestDrought:
    """Return the longest drought to expect of one given main number: exact up to 5,000 draws."""
    return _longest(game.main, draws, 1)


@lru_cache(maxsize=64)
def _longest(pool: Pool, draws: int, numbers: int) -> LongestDrought:
    absent, tails = 1 - pool.picked / pool.size, [1.0]
    while tails[-1] > TAIL_LEFT_OUT:
        alone = drought_tail(len(tails), draws, absent)
        tails.append(-expm1(numbers * log1p(-alone)) if alone < 1 else 1.0)
    probabilities = -np.diff(tails)
    return LongestDrought(
        probabilities=probabilities,
        mean=float(probabilities @ np.arange(len(probabilities))),
        mode=int(probabilities.argmax()),
    )


def measure_drought(frame: Frame, tallies: Tallies) -> Measured:
    """Measure the longest drought. Its probability is bounded by a sum over the numbers; naive: that of one number."""
    pool = frame.game.main
    lengths, place = np.unique(tallies.drought, return_inverse=True)
    absent = 1 - pool.picked / pool.size
    alone = np.array([drought_tail(length, frame.draws, absent) for length in lengths.tolist()], dtype=np.float64)[
        place
    ]
    expected = longest_drought(frame.game, frame.draws).mean
    return Measured(
        statistic=tallies.drought.astype(np.float64),
        p_value=np.minimum(pool.size * alone, 1),
        naive=alone,
        expected=expected,
        effect=tallies.drought.astype(np.float64) - expected,
        effect_unit="draws more than expected",
    )
