"""Tail probabilities of a weighted sum of independent chi-squares, and of a variable of which three moments are known.

Counts of r-subsets have such a sum as their limit, one term for each size of subset up to r. The tail is that of
Lugannani & Rice (Advances in Applied Probability 12:475, 1980): a saddlepoint for each statistic, good to a relative
error that does not grow in the tail.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from universe.fairness.measured import Floats, chi_square_tails

BISECTIONS = 80  # halve the bracket of a saddlepoint until nothing of it is left in a double
NEAR_MEAN = 1e-3  # in standard deviations: closer to the mean the formula is 0/0, and tails are interpolated
SMALLEST = 1e-9  # of the mean: the tail of less is 1

Terms = Sequence[tuple[float, int]]  # (weight, degrees of freedom), all above 0


class Moments(NamedTuple):
    """The mean, and the second and third central moments, both above 0."""

    mean: float
    variance: float
    third: float


def mixture_mean(terms: Terms) -> float:
    """Return the mean of the sum."""
    return sum(weight * freedom for weight, freedom in terms)


def mixture_tails(statistic: Floats, terms: Terms) -> Floats:
    """Return P(sum of weight * chi-square(freedom) >= statistic), of any shape; statistics below 0 give 1.

    A single term is exact. Two or three are good to 0.2 % of the tail from a dozen degrees of freedom on, to 2 % from
    three.
    """
    if len(terms) == 1:
        ((weight, freedom),) = terms
        return chi_square_tails(np.maximum(statistic, 0) / weight, freedom)
    weights, freedoms = (np.array(column, dtype=np.float64) for column in zip(*terms, strict=True))
    spread = np.sqrt(2 * (weights**2 * freedoms).sum())
    edges = mixture_mean(terms) + NEAR_MEAN * spread * np.array([-1.0, 1.0])
    near = (statistic > edges[0]) & (statistic < edges[1])
    tails = _lugannani_rice(np.where(near, edges[1], np.maximum(statistic, SMALLEST * edges[0])), weights, freedoms)
    return np.where(near, np.interp(statistic, edges, _lugannani_rice(edges, weights, freedoms)), tails)


def _lugannani_rice(statistic: Floats, weights: Floats, freedoms: Floats) -> Floats:
    from scipy.special import log_ndtr

    point = _saddlepoints(statistic, weights, freedoms)
    taken = 2 * weights * point[..., None]
    cumulant: Floats = -(freedoms * np.log1p(-taken)).sum(axis=-1) / 2
    curvature = 2 * (freedoms * (weights / (1 - taken)) ** 2).sum(axis=-1)
    root = np.sign(point) * np.sqrt(2 * (point * statistic - cumulant))
    density = np.exp(-(root**2) / 2) / np.sqrt(2 * np.pi)
    tails: Floats = np.clip(np.exp(log_ndtr(-root)) + density * (1 / (point * np.sqrt(curvature)) - 1 / root), 0, 1)
    return tails


def _saddlepoints(statistic: Floats, weights: Floats, freedoms: Floats) -> Floats:
    """Return the s with sum(freedom * weight / (1 - 2 weight s)) = statistic, which rises in s: by bisection."""
    high: Floats = np.full(statistic.shape, 1 / (2 * weights.max()))
    low: Floats = high - freedoms.sum() / (2 * statistic)  # every denominator is at least that of the largest weight
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        reached = (freedoms * weights / (1 - 2 * weights * middle[..., None])).sum(axis=-1) >= statistic
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    return low


def tails_of_three_moments(statistic: Floats, moments: Moments) -> Floats:
    """Return the tail of the shifted gamma distribution with these moments (Pearson's type III)."""
    from scipy.special import gammaincc

    shape = 4 * moments.variance**3 / moments.third**2
    scale = moments.third / (2 * moments.variance)
    tails: Floats = gammaincc(shape, np.maximum(statistic - moments.mean + shape * scale, 0) / scale)
    return tails
