"""The cell that deviates most, and the price of having looked at all of them.

The bound is Bonferroni's over exact binomial tails: right whatever the dependence between cells, and close to the
truth where it matters, at small probabilities.
"""

from collections.abc import Sequence
from math import sqrt

import attrs
import numpy as np

from universe.fairness.measured import Floats, Measured
from universe.fairness.tallies import Counts

ROUNDING = 1e-9  # of a count: a deviation equal to the one observed is counted in, however it was rounded


@attrs.frozen(kw_only=True, eq=False)
class Binomials:
    """Cells that are each Binomial(trials, probability), dependent or not: counts[B, cells]."""

    counts: Counts
    trials: int
    probability: float

    @property
    def mean(self) -> float:
        """The expected count of a cell."""
        return self.trials * self.probability

    @property
    def deviation(self) -> float:
        """The standard deviation of a cell's count."""
        return sqrt(self.mean * (1 - self.probability))


def largest_deviation(parts: Sequence[Binomials]) -> Measured:
    """Measure the largest |z| over all cells of all parts. Its probability is bounded, not calibrated."""
    scores = np.stack([np.abs(part.counts - part.mean).max(axis=1) / part.deviation for part in parts])
    statistic = scores.max(axis=0)
    alone = np.stack([binomial_tails(part, statistic) for part in parts])
    cells = np.array([part.counts.shape[1] for part in parts])
    decisive = scores.argmax(axis=0)[None]
    effects = np.stack([_extreme(part) / part.mean - 1 for part in parts])
    return Measured(
        statistic=statistic,
        p_value=np.minimum(cells @ alone, 1),
        naive=np.take_along_axis(alone, decisive, axis=0)[0],
        effect=np.take_along_axis(effects, decisive, axis=0)[0],
        effect_unit="relative deviation of that count",
    )


def _extreme(part: Binomials) -> Counts:
    """Return the count that is farthest from its mean."""
    at = np.abs(part.counts - part.mean).argmax(axis=1)
    return np.take_along_axis(part.counts, at[:, None], axis=1)[:, 0]


def binomial_tails(part: Binomials, score: Floats) -> Floats:
    """Return the exact probability that one cell lies at least ``score`` standard deviations off, on either side."""
    from scipy.special import betainc

    n, p = part.trials, part.probability
    high = np.ceil(part.mean + score * part.deviation - ROUNDING)
    low = np.floor(part.mean - score * part.deviation + ROUNDING)
    above = np.where(high <= n, betainc(np.clip(high, 1, n), np.clip(n - high + 1, 1, n), p), 0)
    below = np.where(low >= 0, betainc(np.clip(n - low, 1, n), np.clip(low + 1, 1, n), 1 - p), 0)
    tails: Floats = np.minimum(above + below, 1)
    return tails
