"""P-values that are exact whatever a test's distribution: a history among synthetic ones, drawn by the fair rule.

Under fairness the observed history and the B synthetic ones are exchangeable, so any statistic's rank among all of
them is uniform (Phipson & Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9:39). The global p-value asks how often a fair
history looks as suspicious in *some* test as the observed one does in its most suspicious (Westfall & Young 1993,
Resampling-Based Multiple Testing): that answers for having looked at many tests, however they depend on each other.
"""

from typing import Literal

import attrs
import numpy as np
import numpy.typing as npt

from universe.errors import UniverseError
from universe.fairness.battery import Measurements

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

ROUNDED_BITS = 16  # of a statistic's 52: rounding errors must not break ties
P_VALUE_SLACK = 1e-9  # relative; as above, on the side of the null


class CalibrationError(UniverseError):
    """Measurements that cannot be compared."""


@attrs.frozen(kw_only=True, eq=False)
class Calibrated:
    """What the observed history is worth among ``histories`` synthetic ones; one entry of each array a test.

    ``global_p`` reaches down to ``floor`` = 1/(B + 1), as every entry of ``p_values`` does. ``smallest`` is the place
    of the test that decides it. The randomised ones are exactly uniform under fairness, ties or none.
    """

    names: tuple[str, ...]
    histories: int
    p_values: Floats
    randomised: Floats
    global_p: float
    global_randomised: float
    floor: float
    smallest: int
    holm: Floats
    benjamini_yekutieli: Floats


@attrs.frozen(kw_only=True, eq=False)
class Null:
    """Measurements of B fair histories, sorted once, so that many observed ones can be compared with them."""

    names: tuple[str, ...]
    statistics: Floats  # [B, S], rounded
    p_values: Floats  # [B, S]
    ascending: Floats  # [S, B] each test's statistics


def calibrate(null: Measurements, observed: Measurements, seed: int) -> Calibrated:
    """Compare one observed history with the null; ``seed`` rolls the randomised p-values.

    CalibrationError if the two hold different tests, or none, if not exactly one history is observed, or if a value is
    no number.
    """
    return calibrate_with(sorted_null(null), observed, seed)


def sorted_null(null: Measurements) -> Null:
    """Sort a null's statistics; CalibrationError if one is no number."""
    statistics = _comparable(null)
    ascending = np.sort(np.ascontiguousarray(statistics.T), axis=1)
    return Null(names=null.names, statistics=statistics, p_values=null.p_values, ascending=ascending)


def calibrate_with(null: Null, observed: Measurements, seed: int) -> Calibrated:
    """Compare one observed history with a null that is sorted already: as ``calibrate``."""
    if observed.names != null.names:
        raise CalibrationError(
            f"observed are the tests {' '.join(observed.names)}, the null has {' '.join(null.names)}"
        )
    if len(observed.statistics) != 1 or not observed.names:
        raise CalibrationError(
            f"{len(observed.statistics)} histories, {len(observed.names)} tests: one history is compared, by some test"
        )
    (statistic,), (p_value,) = _comparable(observed), observed.p_values
    rolls = np.random.default_rng(seed).random(len(null.names) + 1)
    histories = len(null.statistics)
    above = _count(null, statistic, "right")
    at_least = _count(null, statistic, "left")
    pool = histories + 1
    p_values = (1 + at_least) / pool
    before, beside = _global_ranks(null, statistic, p_value, int(at_least.min()) + 1)
    return Calibrated(
        names=null.names,
        histories=histories,
        p_values=p_values,
        randomised=(above + rolls[:-1] * (1 + at_least - above)) / pool,
        global_p=(1 + before + beside) / pool,
        global_randomised=float((before + rolls[-1] * (1 + beside)) / pool),
        floor=1 / pool,
        smallest=int(np.lexsort((p_value, p_values))[0]),
        holm=holm(p_values),
        benjamini_yekutieli=benjamini_yekutieli(p_values),
    )


def _count(null: Null, statistic: Floats, side: Literal["left", "right"]) -> Counts:
    """Return how many null statistics of each test are above the observed one ("right"), or at least it ("left")."""
    places = [np.searchsorted(*pair, side=side) for pair in zip(null.ascending, statistic, strict=True)]
    return len(null.statistics) - np.array(places)


def _global_ranks(null: Null, statistic: Floats, p_value: Floats, rank: int) -> tuple[int, int]:
    """Return how many null histories look more suspicious than the observed one, and how many exactly as suspicious.

    Each member of the pool is judged by its smallest rank in any test, that of the observed one being ``rank``; then,
    since every test gives each rank to somebody, by the smallest plain p-value of the tests in which it has that rank.
    This treats all members alike, so the observed one's place among them is uniform under fairness.
    """
    before = (null.statistics > _largest_of_pool(null, statistic, rank)).any(axis=1)
    has_rank = null.statistics > _largest_of_pool(null, statistic, rank + 1)
    level = has_rank.any(axis=1) & ~before
    own = p_value[statistic > _largest_of_pool(null, statistic, rank + 1)].min()
    theirs = np.where(has_rank[level], null.p_values[level], np.inf).min(axis=1)
    beside = np.isclose(theirs, own, rtol=P_VALUE_SLACK, atol=0.0)
    return int(before.sum()) + int(((theirs < own) & ~beside).sum()), int(beside.sum())


def _largest_of_pool(null: Null, statistic: Floats, rank: int) -> Floats:
    """Return each test's ``rank``-th statistic from the top of the pool; what is above it has a smaller rank."""
    end = np.full((len(statistic), 1), np.inf)
    largest = null.ascending[:, max(0, len(null.statistics) - rank) :][:, ::-1]
    descending = np.concatenate([end, largest, -end, -end], axis=1)
    ranked: Floats = np.maximum(descending[:, rank], np.minimum(statistic, descending[:, rank - 1]))
    return ranked


def holm(p_values: Floats) -> Floats:
    """Return p-values whose family-wise error holds under any dependence (Holm 1979, Scand. J. Stat. 6:65)."""
    order = np.argsort(p_values)
    steps = np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1))
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def benjamini_yekutieli(p_values: Floats) -> Floats:
    """Return p-values whose false discovery rate holds under any dependence (Ann. Stat. 29:1165, 2001)."""
    from scipy.stats import false_discovery_control

    adjusted: Floats = false_discovery_control(p_values, method="by") if len(p_values) else p_values.copy()
    return adjusted


def _comparable(measured: Measurements) -> Floats:
    missing = np.isnan(measured.statistics).any(axis=0)
    if missing.any():
        name = measured.names[int(missing.argmax())]
        raise CalibrationError(f"test {name}: a statistic is no number, nothing compares with it")
    return _rounded(measured.statistics)


def _rounded(values: Floats) -> Floats:
    """Round to the nearest double that ends in ROUNDED_BITS zeros."""
    bits = np.ascontiguousarray(values, dtype=np.float64).view(np.int64)
    rounded: Floats = ((bits + (1 << ROUNDED_BITS - 1)) & -(1 << ROUNDED_BITS)).view(np.float64)
    return rounded
