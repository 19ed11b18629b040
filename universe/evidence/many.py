"""Many streams at once: which of them to believe, by e-BH."""

import numpy as np
import numpy.typing as npt


def e_bh(e_values: npt.NDArray[np.float64], alpha: float) -> npt.NDArray[np.bool_]:
    """Return which of K e-values are discoveries at false discovery rate ``alpha``, bool[K].

    The k largest, k the most for which the k-th largest is at least K / (k alpha) (Wang & Ramdas, arXiv 2009.02824).
    It holds however the streams depend on each other. The e-values are those of now, or of any stopping time: the
    maximum so far is not an e-value. Infinity counts as one; a negative number or nan is a ValueError.
    """
    if not (e_values >= 0).all():
        raise ValueError("an e-value is a number from 0 up")
    ranks = np.arange(1, len(e_values) + 1)
    falling = np.sort(e_values)[::-1]
    enough = np.flatnonzero(ranks * falling >= len(e_values) / alpha)
    if not len(enough):
        return np.zeros(len(e_values), dtype=bool)
    chosen: npt.NDArray[np.bool_] = e_values >= falling[enough[-1]]
    return chosen
