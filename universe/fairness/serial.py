"""Does a draw depend on earlier ones? Numbers shared with the draw before, and draws that come back whole.

Given any set, a fair draw shares a hypergeometric number of its numbers; so the overlaps at one lag are independent,
and their counts multinomial, exactly.
"""

from math import comb

import numpy as np

from universe.fairness.measured import Floats, Measured
from universe.fairness.mixture import Moments, tails_of_three_moments
from universe.fairness.multinomial import goodness_of_fit, group_count
from universe.fairness.tallies import LAGS, Frame, Tallies
from universe.game import Pool

MANY_REPEATS = 10.0  # expected: fewer are Poisson, more are fitted by three moments


def overlap_probabilities(pool: Pool) -> Floats:
    """Return P(two draws share 0..k numbers): hypergeometric."""
    size, picked = pool.size, pool.picked
    ways = [comb(picked, shared) * comb(size - picked, picked - shared) for shared in range(picked + 1)]
    return np.array([way / comb(size, picked) for way in ways])


def binomial_probabilities(trials: int, probability: float) -> Floats:
    """Return P(0..trials successes)."""
    successes = range(trials + 1)
    return np.array([comb(trials, s) * probability**s * (1 - probability) ** (trials - s) for s in successes])


def measure_overlap(frame: Frame, tallies: Tallies, lag: int) -> Measured:
    """Test how many numbers draws share with the draw ``lag`` before; naive: as if they were drawn with replacement."""
    pool = frame.game.main
    return goodness_of_fit(
        tallies.overlaps[:, LAGS.index(lag)],
        overlap_probabilities(pool),
        frame.draws - lag,
        mistaken=binomial_probabilities(pool.picked, pool.picked / pool.size),
    )


def overlap_applies(frame: Frame, lag: int) -> bool:
    """Whether the sizes can be told apart in so many draws."""
    pool, pairs = frame.game.main, frame.draws - lag
    return pairs > 0 and group_count(overlap_probabilities(pool), pairs) > 1


def repeat_moments(draws: int, outcomes: int) -> Moments:
    """Return the moments of the number of equal pairs among so many draws. All exact.

    Pairs of draws are pairwise independent; three draws are dependent where each equals the next.
    """
    equal = 1 / outcomes
    pairs, threes = comb(draws, 2) * equal, comb(draws, 3) * equal**2
    mixed = pairs * (1 - equal)
    return Moments(pairs, mixed, mixed * (1 - 2 * equal) + 6 * threes * (1 - equal))


def measure_repeats(frame: Frame, tallies: Tallies) -> Measured:
    """Test how many pairs of draws have the same main numbers."""
    from scipy.special import gammainc

    moments = repeat_moments(frame.draws, frame.game.main.outcomes)
    repeats = tallies.repeats.astype(np.float64)
    if moments.mean < MANY_REPEATS:
        p_value = np.where(repeats > 0, gammainc(np.maximum(repeats, 1), moments.mean), 1)
    else:
        p_value = tails_of_three_moments(repeats - 0.5, moments)
    return Measured(
        statistic=repeats,
        p_value=p_value,
        expected=moments.mean,
        effect=repeats - moments.mean,
        effect_unit="repeats more than expected",
    )


def repeats_apply(frame: Frame) -> bool:
    """Whether draws can be equal, and different."""
    return frame.draws > 1 and frame.game.main.outcomes > 1
