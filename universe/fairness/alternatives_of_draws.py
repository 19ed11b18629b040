"""Biased sets and whole draws: how likely each test is to catch them, by the size of the bias.

As in ``universe.fairness.alternatives``: noncentral chi-squares where counts are many, the exact law of the biased
count where they are few. Numbers that are heavier as a group come up by Wallenius' noncentral hypergeometric
distribution (Fog 2008, Communications in Statistics, Simulation and Computation 37:241).
"""

from functools import lru_cache
from math import comb

import numpy as np
import numpy.typing as npt

from universe.fairness.alternatives import Part, chi_square_power, largest_power
from universe.fairness.gaps import CELLS_MAX, expected_gaps, gap_null
from universe.fairness.measured import Floats
from universe.fairness.mixture import mixture_mean, mixture_tails
from universe.fairness.multinomial import EXPECTED_MIN, pooled, summed
from universe.fairness.serial import MANY_REPEATS, overlap_probabilities, repeat_moments
from universe.fairness.shapes import (
    SUM_BINS,
    decade_sizes,
    parity_probabilities,
    pattern_counts,
    pattern_probabilities,
    sum_probabilities,
)
from universe.fairness.subsets import eigenvalue, subset_terms
from universe.fairness.tallies import Frame, gap_cells
from universe.game import Game, Pool

COUNT_LEFT_OUT = 1e-9  # of the distribution of a count
COUNTS_MAX = 1_001  # points at which a wide distribution of a count is looked at
BISECTIONS = 60


def subset_chance(pool: Pool, chosen: int) -> float:
    """Return the chance that a draw holds one given set of ``chosen`` numbers."""
    return comb(pool.picked, chosen) / comb(pool.size, chosen)


def catch_pairs(frame: Frame, size: float, alpha: float) -> float:
    """``pairs`` when one of them comes up 1 + size times as often, in draws that are otherwise fair."""
    pool = frame.game.main
    return chi_square_power(pool.size * (pool.size - 3) // 2, frame.draws * pair_shift(pool, size), alpha)


def pair_shift(pool: Pool, size: float) -> float:
    """Return what one draw adds to the noncentrality of ``pairs``.

    The draws planted with the pair shift the counts of all pairs; of that shift, the part apart from single numbers is
    an eigenvector of the covariance: lambda_2 times the projection of the pair, whose square is d_2 / C(N, 2).
    """
    fair, freedom = subset_chance(pool, 2), pool.size * (pool.size - 3) // 2
    planted = size * fair / (1 - fair)
    return planted**2 * eigenvalue(pool, 2, 2) * freedom / comb(pool.size, 2) / fair


def catch_pairs_max(frame: Frame, size: float, alpha: float) -> float:
    """``pairs_max``: as above."""
    pool = frame.game.main
    part = Part(cells=comb(pool.size, 2), trials=frame.draws, fair=subset_chance(pool, 2))
    return largest_power([part], part, min(1.0, part.fair * (1 + size)), alpha)


def catch_triples(frame: Frame, size: float, alpha: float) -> float:
    """``triples`` when one of them comes up 1 + size times as often, in draws that are otherwise fair.

    A triple is rare, so its count is taken as it may fall; two draws that hold it share ``gain`` more triples than any
    two, on average.
    """
    from scipy.stats import binom

    pool, draws = frame.game.main, frame.draws
    fair, terms = subset_chance(pool, 3), subset_terms(pool, 3)
    gain = sum(weight**2 * freedom for weight, freedom in terms) / comb(pool.size, 3)
    planted = binom(draws, min(1.0, fair * (1 + size)))
    lowest, highest = planted.ppf(COUNT_LEFT_OUT), planted.isf(COUNT_LEFT_OUT)
    edges = np.unique(np.linspace(lowest - 1, highest, COUNTS_MAX).round())
    weights, held = np.diff(planted.cdf(edges)), (edges[1:] + edges[:-1] + 1) / 2
    odds, others = fair / (1 - fair), draws - held
    together = held * (held - 1) / 2 - held * others * odds + others * (others - 1) / 2 * odds**2
    tails = mixture_tails(_critical_mixture(pool, alpha) - 2 * gain * together / (draws * fair), terms)
    return float(weights @ tails)


@lru_cache(maxsize=64)
def _critical_mixture(pool: Pool, alpha: float) -> float:
    terms = subset_terms(pool, 3)
    low, high = 0.0, 10 * mixture_mean(terms) + 100 * max(weight for weight, _ in terms)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if mixture_tails(np.array([middle]), terms)[0] > alpha else (low, middle)
    return high


def heavy_group(pool: Pool, members: int, size: float) -> Floats:
    """Return P(0..k of ``members`` numbers are picked) when each of them weighs 1 + size."""
    from scipy.stats import nchypergeom_wallenius

    chances: Floats = nchypergeom_wallenius(pool.size, members, pool.picked, 1 + size).pmf(np.arange(pool.picked + 1))
    return chances


def catch_cells(fair: Floats, biased: Floats, trials: int, alpha: float, least: float = EXPECTED_MIN) -> float:
    """Return the power of a chi-square test over cells, pooled as ``universe.fairness.multinomial`` pools them."""
    groups = pooled(trials * fair, least)
    expected, shifted = summed(trials * fair, groups), summed(trials * biased, groups)
    return chi_square_power(len(expected) - 1, float(((shifted - expected) ** 2 / expected).sum()), alpha)


def catch_overlap(frame: Frame, size: float, alpha: float, lag: int) -> float:
    """``overlap_1`` and others, when each number of the draw ``lag`` before weighs 1 + size."""
    pool = frame.game.main
    return catch_cells(overlap_probabilities(pool), heavy_group(pool, pool.picked, size), frame.draws - lag, alpha)


def catch_gaps(frame: Frame, size: float, alpha: float) -> float:
    """``gaps`` when each number of the draw before weighs 1 + size: of one number draws are then a Markov chain."""
    pool, draws = frame.game.main, frame.draws
    cells = min(gap_cells(frame.game) - 1, CELLS_MAX)
    null, gap = gap_null(pool, draws, cells), np.arange(1, cells + 1)
    again = float(heavy_group(pool, pool.picked, size) @ np.arange(pool.picked + 1)) / pool.picked
    anew = pool.picked * (1 - again) / (pool.size - pool.picked)
    lengths = np.where(gap == 1, again, (1 - again) * anew * (1 - anew) ** np.maximum(gap - 2, 0))
    biased = pool.picked * np.maximum(draws - gap, 0) * lengths
    biased = summed(np.append(biased, expected_gaps(pool, draws, cells).sum() - biased.sum()), null.groups)
    shift = float(((biased - null.expected) ** 2 / null.expected).sum())
    return chi_square_power(null.degrees_of_freedom, shift / null.scale, alpha)


def catch_repeats(frame: Frame, size: float, alpha: float) -> float:
    """``repeats`` when a draw copies an earlier one with probability ``size``; copies of copies count once."""
    from scipy.stats import binom, norm, pearson3, poisson

    mean, variance, third = repeat_moments(frame.draws, frame.game.main.outcomes)
    copies = binom(frame.draws - 1, size)
    if mean < MANY_REPEATS:
        critical = int(poisson.isf(alpha, mean)) + 1
        by_chance = np.arange(critical)
        return float(copies.sf(critical - 1) + poisson.sf(critical - 1 - by_chance, mean) @ copies.pmf(by_chance))
    critical = pearson3.isf(alpha, third / variance**1.5, mean, variance**0.5)
    return float(norm.sf(critical, mean + copies.mean(), (variance + copies.var()) ** 0.5))


def _tilt(pool: Pool) -> float:
    """Return how much faster than a number's log-weight the log-chance of a set with it grows, weights nearly equal."""
    return 1 + sum(place / (pool.size - place) for place in range(1, pool.picked)) / pool.picked


def _tilted(chances: Floats, log_weights: npt.NDArray[np.floating]) -> Floats:
    tilted = chances * np.exp(log_weights - log_weights.max())
    normed: Floats = tilted / tilted.sum()
    return normed


def catch_sums(frame: Frame, size: float, alpha: float) -> float:
    """See ``sums`` when weights rise evenly from 1 - size for the lowest number to 1 + size for the highest."""
    pool, fair = frame.game.main, sum_probabilities(frame.game)
    slope = 2 * size / (pool.size - 1) * _tilt(pool)
    least = max(EXPECTED_MIN, frame.draws / (SUM_BINS + 1))
    return catch_cells(fair, _tilted(fair, np.arange(len(fair)) * slope), frame.draws, alpha, least)


def catch_parity(frame: Frame, size: float, alpha: float) -> float:
    """``parity`` when each odd number weighs 1 + size."""
    pool = frame.game.main
    biased = heavy_group(pool, (pool.size + 1) // 2, size)
    return catch_cells(parity_probabilities(pool), biased, frame.draws, alpha)


def catch_patterns(frame: Frame, size: float, alpha: float) -> float:
    """``patterns`` when weights rise as for ``sums``: of a decade they are taken at its middle."""
    game, fair = frame.game, pattern_probabilities(frame.game)
    order = np.argsort(-fair, kind="stable")
    slope = 2 * size / (game.main.size - 1) * _tilt(game.main)
    return catch_cells(fair[order], _tilted(fair, slope * _pattern_sums(game))[order], frame.draws, alpha)


@lru_cache(maxsize=64)
def _pattern_sums(game: Game) -> Floats:
    """Return the mean sum of the numbers of each pattern."""
    ends = np.cumsum(decade_sizes(game))
    middles = (ends + np.append(0, ends[:-1]) + 1) / 2
    counts = [pattern_counts(game, pattern) for pattern in range(len(pattern_probabilities(game)))]
    sums: Floats = np.array(counts) @ middles
    return sums
