"""Confidence sequences: intervals for each number's true chance that hold at all times together."""

from math import log

import numpy as np
import numpy.typing as npt

from universe.evidence.subsets import PSEUDO_COUNTS

HALVINGS = 60  # then an end is known to the last bit

Floats = npt.NDArray[np.float64]


def confidence_sequence(
    counts: npt.NDArray[np.int64], draws: npt.NDArray[np.int64] | int, picked_probability: float, alpha: float
) -> tuple[Floats, Floats]:
    """Return the lower and upper ends, shaped as ``counts`` [..., N], of each number's chance to be in a draw.

    ``counts`` out of ``draws`` [...]. While the chances stay the same, all N intervals hold at all times at once with
    probability 1 - ``alpha`` at least: each is {theta : E(theta) < N/alpha} of the beta-binomial mixture (Robbins, Ann.
    Math. Stat. 41:1397, 1970; Lindon & Malek), its prior centred on ``picked_probability`` so that intervals are
    narrowest where draws are fair. A count's standard interval, by contrast, errs sooner or later.
    """
    from scipy.special import betaln, xlog1py, xlogy

    if picked_probability >= 1:  # every draw has every number
        return np.zeros(counts.shape), np.ones(counts.shape)
    n = np.asarray(draws)[..., None]
    inside = PSEUDO_COUNTS
    outside = inside * (1 - picked_probability) / picked_probability
    log_bound = log(counts.shape[-1] / alpha)
    log_marginal = betaln(inside + counts, outside + n - counts) - betaln(inside, outside)

    def excluded(theta: Floats) -> npt.NDArray[np.bool_]:
        told: npt.NDArray[np.bool_] = log_marginal - xlogy(counts, theta) - xlog1py(n - counts, -theta) >= log_bound
        return told

    middle = np.divide(counts, n, out=np.full(counts.shape, picked_probability), where=n > 0)
    ends = []
    for edge in (0.0, 1.0):  # E falls towards the observed share and rises beyond it, so one end lies on either side
        far, near = np.full(counts.shape, edge), middle
        for _ in range(HALVINGS):
            half = (far + near) / 2
            out = excluded(half)
            far, near = np.where(out, half, far), np.where(out, near, half)
        ends.append(np.where(excluded(np.full(counts.shape, edge)), far, edge))
    return ends[0], ends[1]
