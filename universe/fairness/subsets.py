"""Pairs and triples: whether numbers prefer each other's company.

Pearson's statistic over all r-subsets tends to a sum of chi-squares, one for each j = 1..r, weighted with lambda_j: a
draw is a point of the Johnson scheme J(N, k), and these are the eigenvalues of its r-subset counts. The term of j = 1
is the imbalance of single numbers again; a pair has to be judged apart from it.
"""

from math import comb

import numpy as np

from universe.fairness.extremes import Binomials, largest_deviation
from universe.fairness.measured import COHENS_W, Floats, Measured, chi_square_tails
from universe.fairness.mixture import Moments, Terms, mixture_mean, mixture_tails, tails_of_three_moments
from universe.fairness.numbers import numbers_apply
from universe.fairness.serial import overlap_probabilities
from universe.fairness.tallies import Frame, Tallies
from universe.game import Pool

PAIR_EXPECTED_MIN = 0.5  # draws that hold a pair
TRIPLE_EXPECTED_MIN = 0.05


def eigenvalue(pool: Pool, chosen: int, level: int) -> float:
    """Return lambda_j of the ``chosen``-subsets, j = ``level``; its multiplicity is C(N, j) - C(N, j - 1)."""
    size, picked = pool.size, pool.picked
    if size < picked + level:
        return 0.0
    ways = comb(picked - level, chosen - level) * comb(size - chosen - level, picked - chosen)
    return ways * comb(size, chosen) / (comb(size, picked) * comb(picked, chosen))


def subset_terms(pool: Pool, chosen: int) -> Terms:
    """Return (lambda_j, degrees of freedom) for j = 1..``chosen``, those that are not 0."""
    levels = range(1, chosen + 1)
    terms = [(eigenvalue(pool, chosen, j), comb(pool.size, j) - comb(pool.size, j - 1)) for j in levels]
    return [(weight, freedom) for weight, freedom in terms if weight > 0 and freedom > 0]


def expected_subset_count(pool: Pool, chosen: int, draws: int) -> float:
    """Return the draws that are expected to hold one given subset."""
    return draws * comb(pool.picked, chosen) / comb(pool.size, chosen)


def pair_squares(frame: Frame, tallies: Tallies) -> tuple[Floats, Floats]:
    """Return the sum of squared deviations of the pairs' counts, and what is left of it apart from single numbers.

    With d the deviation of a pair and s_i the sum of those with number i, d - (s_i + s_j)/(N - 2) is free of single
    numbers, and its squares sum to those of d less the sum of s_i**2 / (N - 2).
    """
    pool = frame.game.main
    expected = expected_subset_count(pool, 2, frame.draws)
    squares = ((tallies.pairs - expected) ** 2).sum(axis=1)
    sums = (pool.picked - 1) * (tallies.numbers - frame.draws * pool.picked / pool.size)
    return squares, squares - (sums**2).sum(axis=1) / (pool.size - 2)


def measure_pairs(frame: Frame, tallies: Tallies) -> Measured:
    """Test the counts of pairs apart from those of single numbers; the mean is exactly N(N - 3)/2."""
    pool = frame.game.main
    expected, freedom = expected_subset_count(pool, 2, frame.draws), pool.size * (pool.size - 3) // 2
    squares, apart = pair_squares(frame, tallies)
    statistic = apart / (expected * eigenvalue(pool, 2, 2))
    return Measured(
        statistic=statistic,
        p_value=chi_square_tails(statistic, freedom),
        naive=chi_square_tails(squares / expected, comb(pool.size, 2) - 1),
        expected=freedom,
        degrees_of_freedom=freedom,
        effect=np.sqrt(np.maximum(apart, 0) / (expected * frame.draws * comb(pool.picked, 2))),
        effect_unit=COHENS_W,
    )


def measure_pairs_max(frame: Frame, tallies: Tallies) -> Measured:
    """Look for the one pair that is farthest off."""
    pool = frame.game.main
    probability = expected_subset_count(pool, 2, 1)
    return largest_deviation([Binomials(counts=tallies.pairs, trials=frame.draws, probability=probability)])


def subset_moments(pool: Pool, chosen: int, draws: int) -> Moments:
    """Return mean, variance and third central moment of Pearson's statistic over ``chosen``-subsets. All exact.

    The statistic is a constant plus 2 / expected times the sum of f(numbers shared) over pairs of draws, f = C(shared,
    chosen) less its mean. Given one draw of a pair f has mean 0, so only pairs with themselves and triangles of draws
    contribute to the moments; triangles make those of the limit.
    """
    terms = subset_terms(pool, chosen)
    shared = np.array([comb(size, chosen) for size in range(pool.picked + 1)], dtype=np.float64)
    probabilities = overlap_probabilities(pool)
    cubes = probabilities @ (shared - probabilities @ shared) ** 3
    triangles = 8 * sum(weight**3 * freedom for weight, freedom in terms) * (draws - 1) * (draws - 2) / draws**2
    return Moments(
        mean=mixture_mean(terms),
        variance=2 * sum(weight**2 * freedom for weight, freedom in terms) * (draws - 1) / draws,
        third=triangles + 8 * comb(draws, 2) * float(cubes) / expected_subset_count(pool, chosen, draws) ** 3,
    )


def measure_triples(frame: Frame, tallies: Tallies) -> Measured:
    """Test the counts of triples, those of pairs and single numbers within; the mean is exact.

    Where triples are rare the statistic is more skewed than its limit: then the larger of two tail probabilities is
    given, that of the limit and that of the gamma distribution with the statistic's exact three moments.
    """
    pool = frame.game.main
    expected, terms = expected_subset_count(pool, 3, frame.draws), subset_terms(pool, 3)
    held = frame.draws * comb(pool.picked, 3)
    statistic = tallies.triple_squares / expected - held
    tails, moments = mixture_tails(statistic, terms), subset_moments(pool, 3, frame.draws)
    if moments.third > 8 * sum(weight**3 * freedom for weight, freedom in terms):
        tails = np.maximum(tails, tails_of_three_moments(statistic, moments))
    return Measured(
        statistic=statistic,
        p_value=tails,
        naive=chi_square_tails(statistic, comb(pool.size, 3) - 1),
        expected=mixture_mean(terms),
        effect=np.sqrt(np.maximum(statistic, 0) / held),
        effect_unit=COHENS_W,
    )


def pairs_apply(frame: Frame) -> bool:
    """Whether draws hold pairs that can vary apart from single numbers, often enough."""
    pool = frame.game.main
    varies = pool.picked >= 2 and pool.size >= max(4, pool.picked + 2) and numbers_apply(frame)
    return varies and expected_subset_count(pool, 2, frame.draws) >= PAIR_EXPECTED_MIN


def triples_apply(frame: Frame) -> bool:
    """Whether draws hold triples that can vary apart from pairs, often enough."""
    pool = frame.game.main
    varies = pool.picked >= 3 and pool.size >= pool.picked + 3 and numbers_apply(frame)
    return varies and expected_subset_count(pool, 3, frame.draws) >= TRIPLE_EXPECTED_MIN
