"""Gaps: how many draws pass until a number comes up again.

Of one number they are geometric; but numbers of one draw exclude each other, and a history cuts gaps off at its ends.
So expectations and covariances of the pooled counts are computed exactly, and Pearson's statistic is judged by the
second-order correction of Rao & Scott (Annals of Statistics 12:46, 1984): a multiple of a chi-square with the same
mean and, in the limit, the same variance. Its null distribution is an approximation, its mean is not.
"""

from functools import lru_cache

import attrs
import numpy as np
import numpy.typing as npt

from universe.fairness.measured import COHENS_W, Floats, Measured, chi_square_tails
from universe.fairness.multinomial import Groups, pearson, pooled, summed
from universe.fairness.numbers import numbers_apply
from universe.fairness.tallies import Frame, Tallies, gap_cells
from universe.game import Pool

CELLS_MAX = 160  # longer gaps are one cell: covariances take the cube of their number
UNSEEN_MAX = 0.05  # numbers expected not to come up: more, and the total of the gaps varies too much


@attrs.frozen(kw_only=True, eq=False)
class GapNull:
    """What chance expects of gap counts. ``groups`` pools gaps 1, 2, … and, as the last cell, all longer ones."""

    groups: Groups
    expected: Floats  # of each group, exact
    mean: float  # of Pearson's statistic, exact but for numbers that never came up
    scale: float
    degrees_of_freedom: float  # the statistic is about scale * chi-square


def expected_gaps(pool: Pool, draws: int, cells: int) -> Floats:
    """Return E_g = N (n - g) p**2 q**(g - 1) of the completed gaps g = 1..cells, and at the end that of all longer."""
    p = pool.picked / pool.size
    gap = np.arange(1, cells + 1)
    each = pool.size * np.maximum(draws - gap, 0) * p**2 * (1 - p) ** (gap - 1)
    total = pool.size * (draws * p - 1 + (1 - p) ** draws)
    return np.append(each, max(total - each.sum(), 0))


def gap_covariance(pool: Pool, draws: int, cells: int) -> Floats:
    """Return the exact covariance of the counts of completed gaps 1..cells, pooled over the numbers.

    Two gaps, g of one number from draw t on and h of another (or the same) from draw t + shift on, are independent
    where they have no draw in common; else every draw of both contributes one factor.
    """
    picked, size = pool.picked, pool.size
    p = picked / size
    q, both = 1 - p, p * (picked - 1) / max(size - 1, 1)
    one, none = p - both, 1 - 2 * p + both
    g, h = np.ogrid[1 : cells + 1, 1 : cells + 1]
    alone = p**2 * q ** (g - 1.0)
    product = alone * alone.T
    total = np.zeros((cells, cells))
    for shift in range(cells + 1):
        end = shift + h  # counted, like g, from the first draw of the first gap
        if shift:
            same = np.where(g == shift, p**3 * _power(q, g + h - 2), 0)
            inside = p * q ** (shift - 1) * one
            overlapping = inside * one * p * _power(none, g - shift - 1) * _power(q, end - g - 1)
            nested = inside * one * p * _power(none, h - 1) * _power(q, g - end - 1)
            together = inside * both * _power(none, h - 1)
            within = np.where(end > g, overlapping, np.where(end == g, together, nested))
            other = np.where(g == shift, p**2 * both * _power(q, g + h - 2), within)
        else:
            shorter, longer = np.minimum(g, h), np.maximum(g, h)
            same = np.where(g == h, alone, 0)
            unequal = both * one * p * _power(none, shorter - 1) * _power(q, longer - shorter - 1)
            other = np.where(g == h, both**2 * _power(none, g - 1), unequal)
        places = np.maximum(draws - np.maximum(g, end), 0)
        joint = size * (same - product) + size * (size - 1) * (other - product)
        part = np.where(shift <= g, places * joint, 0)
        total += part + part.T if shift else part
    return total


def _power(base: float, exponent: npt.NDArray[np.integer]) -> Floats:
    """Return powers; where a case does not occur its exponent is below 0, and the power is not used."""
    powers: Floats = np.float64(base) ** np.maximum(exponent, 0)
    return powers


@lru_cache(maxsize=64)
def gap_null(pool: Pool, draws: int, cells: int) -> GapNull:
    """Return what chance expects of gaps 1..cells and longer ones, pooled to groups that are not rare."""
    expected = expected_gaps(pool, draws, cells)
    groups = pooled(expected)
    shorter = gap_covariance(pool, draws, cells)
    rows = shorter.sum(axis=1)
    covariance = np.block([[shorter, -rows[:, None]], [-rows[None], rows.sum()]])  # the total of all gaps is constant
    relative = summed(summed(covariance, groups).T, groups) / summed(expected, groups)
    mean, square = float(np.trace(relative)), float(np.trace(relative @ relative))
    return GapNull(
        groups=groups,
        expected=summed(expected, groups),
        mean=mean,
        scale=square / mean if mean else 1,
        degrees_of_freedom=mean**2 / square if square else 0,
    )


def measure_gaps(frame: Frame, tallies: Tallies) -> Measured:
    """Test the completed gaps of all numbers. Naive: as if they were independent, chi-square with groups - 1."""
    cells = _cells(frame)
    null = gap_null(frame.game.main, frame.draws, cells)
    longer = tallies.gaps[:, cells:].sum(axis=1, keepdims=True)
    counts = np.concatenate([tallies.gaps[:, :cells], longer], axis=1)
    statistic = pearson(summed(counts, null.groups), null.expected)
    return Measured(
        statistic=statistic,
        p_value=chi_square_tails(statistic / null.scale, null.degrees_of_freedom),
        naive=chi_square_tails(statistic, len(null.expected) - 1),
        expected=null.mean,
        degrees_of_freedom=null.degrees_of_freedom,
        effect=np.sqrt(statistic / null.expected.sum()),
        effect_unit=COHENS_W,
    )


def _cells(frame: Frame) -> int:
    return min(gap_cells(frame.game) - 1, CELLS_MAX)


def gaps_apply(frame: Frame) -> bool:
    """Whether every number can be expected to come up, and gaps of several lengths."""
    pool = frame.game.main
    if not numbers_apply(frame):
        return False
    unseen = pool.size * (1 - pool.picked / pool.size) ** frame.draws
    return unseen <= UNSEEN_MAX and int(pooled(expected_gaps(pool, frame.draws, _cells(frame))).max()) > 0
