"""How many different outcomes have come up: the sharpest test of a generator, since every draw takes part in it.

n draws over M equally likely outcomes are balls thrown into boxes (Kolchin, Sevast'yanov & Chistyakov, Random
Allocations, 1978). Distinct outcomes have the exact mean M(1 - q1) and variance M q1 + M(M - 1) q2 - (M q1)**2 with
q1 = (1 - 1/M)**n, q2 = (1 - 2/M)**n.
"""

from decimal import Decimal, localcontext
from math import erfc, expm1, log1p, sqrt

import attrs

from universe.errors import UniverseError

DIGITS = 100  # the terms of the variance may cancel down to n**2 / 2M out of M**2, M up to 2**63
RARE_EXPECTED_MAX = 400  # so few repeats, or outcomes still missing, are counted as Poisson rather than normal


class OccupancyError(UniverseError):
    """Counts that no draws can have."""


@attrs.frozen(kw_only=True)
class Occupancy:
    """Distinct outcomes seen beside those to expect. ``effect`` is the relative excess of distinct outcomes.

    ``z`` is None where nothing can vary: up to one draw, or a single outcome. ``p_value`` is two-sided.
    """

    draws: int
    outcomes: int
    distinct: int
    expected: float
    standard_deviation: float
    z: float | None
    p_value: float
    effect: float


def occupancy(*, draws: int, outcomes: int, distinct: int) -> Occupancy:
    """Test the number of distinct outcomes after ``draws`` draws; OccupancyError if it is impossible."""
    if outcomes < 1 or draws < 0:
        raise OccupancyError(f"{draws} draws over {outcomes} outcomes: at least 0 draws and 1 outcome are needed")
    least, most = min(draws, 1), min(draws, outcomes)
    if not least <= distinct <= most:
        raise OccupancyError(f"{distinct} distinct outcomes: {draws} draws over {outcomes} show {least} to {most}")
    expected, deviation = expected_distinct(draws, outcomes), sqrt(distinct_variance(draws, outcomes))
    z = (distinct - expected) / deviation if deviation else None
    return Occupancy(
        draws=draws,
        outcomes=outcomes,
        distinct=distinct,
        expected=expected,
        standard_deviation=deviation,
        z=z,
        p_value=1.0 if z is None else _p_value(draws, outcomes, distinct, z),
        effect=distinct / expected - 1 if draws else 0.0,
    )


def expected_distinct(draws: int, outcomes: int) -> float:
    """Return M(1 - (1 - 1/M)**n), without loss where n is far below M."""
    if outcomes == 1:
        return float(min(draws, 1))
    return -outcomes * expm1(draws * log1p(-1 / outcomes))


def distinct_variance(draws: int, outcomes: int) -> float:
    """Return the exact variance, rounded once: its terms are far larger than their sum."""
    if outcomes == 1 or draws <= 1:
        return 0.0
    with localcontext(prec=DIGITS):
        boxes = Decimal(outcomes)
        one_empty, two_empty = (1 - 1 / boxes) ** draws, (1 - 2 / boxes) ** draws
        return float(boxes * one_empty + boxes * (boxes - 1) * two_empty - (boxes * one_empty) ** 2)


def _p_value(draws: int, outcomes: int, distinct: int, z: float) -> float:
    """Return the two-sided p-value: Poisson where repeats or missing outcomes are rare, else normal."""
    expected = expected_distinct(draws, outcomes)
    rare = min((draws - expected, draws - distinct), (outcomes - expected, outcomes - distinct))
    if rare[0] > RARE_EXPECTED_MAX:
        return erfc(abs(z) / sqrt(2))
    from scipy.special import pdtr, pdtrc

    mean, seen = rare
    at_most, at_least = float(pdtr(seen, mean)), float(pdtrc(seen - 1, mean)) if seen else 1.0
    return min(1.0, 2 * min(at_most, at_least))
