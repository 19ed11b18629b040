"""Independent trials that fall into cells of known probability: Pearson's chi-square, rare cells pooled."""

import numpy as np
import numpy.typing as npt

from universe.fairness.measured import COHENS_W, Floats, Measured, chi_square_tails
from universe.fairness.tallies import Counts

EXPECTED_MIN = 5.0  # trials expected in a cell; rarer cells are pooled

Groups = npt.NDArray[np.intp]


def pooled(expected: Floats, least: float = EXPECTED_MIN) -> Groups:
    """Return the group of each cell: neighbours are pooled until ``least`` are expected, the rest joins the last."""
    groups, group, filled = np.zeros(len(expected), dtype=np.intp), 0, 0.0
    left = float(expected.sum())
    for cell, share in enumerate(expected):
        groups[cell] = group
        filled, left = filled + share, left - share
        if filled >= least and left >= least:
            group, filled = group + 1, 0.0
    return groups


def summed(cells: Counts | Floats, groups: Groups) -> Floats:
    """Add up the cells of each group along the last axis."""
    members = np.zeros((len(groups), groups.max() + 1))
    members[np.arange(len(groups)), groups] = 1
    sums: Floats = cells.astype(np.float64) @ members
    return sums


def pearson(counts: Counts | Floats, expected: Floats) -> Floats:
    """Return the sum of (count - expected)**2 / expected over the last axis."""
    statistic: Floats = ((counts - expected) ** 2 / expected).sum(axis=-1)
    return statistic


def group_count(probabilities: Floats, trials: int, least: float = EXPECTED_MIN) -> int:
    """Return how many groups the cells are pooled to."""
    return int(pooled(trials * probabilities, least).max()) + 1


def goodness_of_fit(
    counts: Counts,
    probabilities: Floats,
    trials: int,
    *,
    least: float = EXPECTED_MIN,
    mistaken: Floats | None = None,
) -> Measured:
    """Test counts[B, cells] of independent trials. The mean of the statistic is exact: groups - 1.

    ``mistaken`` are the probabilities that the naive test takes for true; they are pooled by themselves.
    """
    groups = pooled(trials * probabilities, least)
    expected = summed(trials * probabilities, groups)
    statistic, freedom = pearson(summed(counts, groups), expected), len(expected) - 1
    return Measured(
        statistic=statistic,
        p_value=chi_square_tails(statistic, freedom),
        naive=None if mistaken is None else goodness_of_fit(counts, mistaken, trials, least=least).p_value,
        expected=freedom,
        degrees_of_freedom=freedom,
        effect=np.sqrt(statistic / trials),
        effect_unit=COHENS_W,
    )
