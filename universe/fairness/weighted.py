"""Weighted draws without replacement, many at once: as balls of unequal weight leave a drum, one after the other.

By an exponential race: number i arrives after Exp(1) / w_i, and the first k are drawn. The next to arrive is always
one of those left, each in proportion to its weight (Efraimidis & Spirakis 2006, Inf. Process. Lett. 97:181).
"""

import numpy as np
import numpy.typing as npt

from universe.ranking import Numbers

RACE_CELLS_MAX = 4_000_000  # arrival times held at once

Weights = npt.NDArray[np.floating]


def weighted_draws(weights: Weights, picked: int, shape: tuple[int, int], source: np.random.Generator) -> Numbers:
    """Return uint8[B, n, picked], rows ascending; ``shape`` is (B, n).

    ``weights`` is [N], or [n, N] to differ from draw to draw, or [B, n, N]. A number of weight 0 is not in the drum;
    every draw must have ``picked`` others.
    """
    assert (weights >= 0).all()
    assert ((weights > 0).sum(axis=-1) >= picked).all()
    size = weights.shape[-1]
    numbers = np.empty((*shape, picked), dtype=np.uint8)
    weights = np.broadcast_to(weights, (*shape, size))
    step = max(1, RACE_CELLS_MAX // max(1, shape[1] * size))
    for first in range(0, shape[0], step):
        part = slice(first, first + step)
        arrivals = source.standard_exponential(weights[part].shape, dtype=np.float32)
        with np.errstate(divide="ignore", invalid="ignore"):
            arrivals /= weights[part]  # never, or no number at all, for weight 0: both come last
        earliest = arrivals.argpartition(np.arange(min(picked, size - 1)), axis=2)[:, :, :picked]
        numbers[part] = np.sort(earliest, axis=2) + 1
    return numbers
