"""What pure chance allows for counts of numbers that are drawn without replacement.

k of N numbers a draw, n draws, O_i the count of number i. The numbers of one draw exclude each other, so the plain
chi-square statistic is too small by (N - k)/(N - 1); divided by it, it has N - 1 degrees of freedom (Joe 1993; Genest,
Lockhart & Stephens, The Statistician 51:243, 2002). For one number a draw the factor is 1.
"""

from collections.abc import Sequence
from math import sqrt

import attrs

SIGMAS_VISIBLE = 3


@attrs.frozen(kw_only=True)
class Uniformity:
    """How well counts agree with equal chances. Without draws there is no statistic."""

    statistic: float | None
    degrees_of_freedom: int
    p_value: float | None


def expected_count(draws: int, picked: int, size: int) -> float:
    """Return how often one number is expected: nk/N, rounded once."""
    return draws * picked / size


def z_scores(counts: Sequence[int], draws: int, picked: int) -> list[float | None]:
    """Return (count - np) / sqrt(np(1 - p)) of each number, p = k/N; None where nothing can vary."""
    size = len(counts)
    variance = draws * picked * (size - picked) / size**2
    if not variance:
        return [None] * size
    deviation = size * sqrt(variance)
    return [(size * count - draws * picked) / deviation for count in counts]


def uniformity(counts: Sequence[int], draws: int, picked: int) -> Uniformity:
    """Test equal chances: the chi-square statistic corrected for draws without replacement.

    The statistic is one fraction of integers, rounded once.
    """
    size = len(counts)
    if not draws or size == picked:
        return Uniformity(statistic=None, degrees_of_freedom=size - 1, p_value=None)
    squares = sum((size * count - draws * picked) ** 2 for count in counts)
    statistic = squares * (size - 1) / (size * draws * picked * (size - picked))
    return Uniformity(statistic=statistic, degrees_of_freedom=size - 1, p_value=chi_square_tail(statistic, size - 1))


def chi_square_tail(statistic: float, degrees_of_freedom: int) -> float:
    """Return the probability of at least this statistic under chi-square."""
    from scipy.special import chdtrc

    return float(chdtrc(degrees_of_freedom, statistic))


def visible_bias(draws: int, picked: int, size: int) -> float | None:
    """Return the smallest relative bias of one number's count that so many draws show at three sigma."""
    if not draws or size == picked:
        return None
    return SIGMAS_VISIBLE * sqrt((size - picked) / (picked * draws))
