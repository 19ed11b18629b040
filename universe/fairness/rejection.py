"""How often each test rejects fair histories at 5 %: calibrated, uncalibrated, and as a naive textbook test would."""

from math import sqrt

import attrs
import numpy as np

from universe.fairness.battery import Measurements
from universe.fairness.calibration import calibrate_with, sorted_null
from universe.fairness.controls import ALPHA
from universe.fairness.synthetic import one_of

TOGETHER = "all together"  # the global p-value; beside it the share in which some test rejects
SIGMAS_MAX = 4.5  # hundreds of rates are looked at: one in a thousand such runs strays as far by chance


@attrs.frozen(kw_only=True)
class Rate:
    """Shares of fair histories that one test rejects at alpha.

    ``randomised`` must be alpha within the Monte-Carlo error, ``plain`` at most that; ``holds`` says so. ``error`` is
    the standard error of both: that of the histories tested, and of those they were compared with. ``uncalibrated`` is
    the test's own p-value, ``naive`` a textbook test that forgets the lack of replacement or the look at many.
    """

    test: str
    randomised: float
    plain: float
    uncalibrated: float
    naive: float | None
    error: float
    holds: bool


def rejection_rates(null: Measurements, fair: Measurements) -> tuple[Rate, ...]:
    """Calibrate each history of ``fair`` with the ``null`` and count what is rejected; the last row is the global p."""
    ready = sorted_null(null)
    found = [calibrate_with(ready, one_of(fair, history), history) for history in range(len(fair))]
    randomised = np.array([[*one.randomised, one.global_randomised] for one in found])
    plain = np.array([[*one.p_values, one.global_p] for one in found])
    missing = np.isnan(fair.naive)
    naive = np.where(missing, fair.p_values, fair.naive)  # where no naive test differs, it is the test itself
    error = sqrt(ALPHA * (1 - ALPHA) * (1 / len(fair) + 1 / len(null)))
    return tuple(
        _rate(
            name,
            _share(randomised[:, place]),
            _share(plain[:, place]),
            _share(_with_smallest(fair.p_values)[:, place]),
            None if place < len(fair.names) and missing[:, place].all() else _share(_with_smallest(naive)[:, place]),
            error,
        )
        for place, name in enumerate((*fair.names, TOGETHER))
    )


def _rate(test: str, randomised: float, plain: float, uncalibrated: float, naive: float | None, error: float) -> Rate:
    allowed = SIGMAS_MAX * error
    return Rate(
        test=test,
        randomised=randomised,
        plain=plain,
        uncalibrated=uncalibrated,
        naive=naive,
        error=error,
        holds=abs(randomised - ALPHA) <= allowed and plain <= ALPHA + allowed,
    )


def _with_smallest(p_values: np.ndarray) -> np.ndarray:
    return np.concatenate([p_values, p_values.min(axis=1, keepdims=True)], axis=1)


def _share(p_values: np.ndarray) -> float:
    return float((p_values <= ALPHA).mean())
