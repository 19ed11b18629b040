"""What one test makes of many histories, and what a test is. Nothing here knows a single test."""

from collections.abc import Callable

import attrs
import numpy as np
import numpy.typing as npt

from universe.fairness.tallies import Frame, Tallies

COHENS_W = "Cohen's w"  # sqrt(chi-square / trials): the root mean square of the cells' relative deviations

Floats = npt.NDArray[np.float64]


@attrs.frozen(kw_only=True, eq=False)
class Measured:
    """One test of B histories. Every statistic is large when fairness is doubtful.

    ``p_value`` is exact, a bound or asymptotic, but not calibrated; ``naive`` is what a textbook test prints that
    forgets that numbers are drawn without replacement, or that many were looked at: None where there is no such
    test. ``expected`` is the mean of the statistic under fairness, nan where it is not known.
    """

    statistic: Floats  # [B]
    p_value: Floats  # [B]
    naive: Floats | None = None  # [B]
    expected: float = float("nan")
    degrees_of_freedom: float | None = None
    effect: Floats  # [B]
    effect_unit: str


@attrs.frozen(kw_only=True)
class Test:
    """One question to a history, and how it is answered; ``applies`` says of which games and lengths it makes sense."""

    __test__ = False  # pytest: no test of this program

    name: str
    title: str
    question: str
    measure: Callable[[Frame, Tallies], Measured]
    applies: Callable[[Frame], bool]


def chi_square_tails(statistic: Floats, degrees_of_freedom: float) -> Floats:
    """Return the probability of at least each statistic under chi-square."""
    from scipy.special import chdtrc

    tails: Floats = chdtrc(degrees_of_freedom, statistic)
    return tails
