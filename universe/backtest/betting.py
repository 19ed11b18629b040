"""E-values of hits: bets on what a hypothesis calls dear. If it is true, money does not grow in the mean.

X_t hits among S tickets have the exact mean mu = S P(tier) under fairness. Whoever claims a factor c says that the mean
is at least c mu. A bet may depend on the tickets, which the past chose; the running product is an e-process, so its
value may be read after any draw (Ville; Shafer, JRSS-A 184:407, 2021).

How much to bet is settled by one picture that fits the mean and the mean square of X_t exactly: v hits at once with
the chance mu / v, else none, v the mean square over the mean. One ticket has v = 1, S equal ones have v = S, different
ones about 1. For that picture the bets below grow fastest (Kelly 1956); they are valid whether it holds or not.
"""

from math import log

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

EDGES = (1.1, 1.3, 2.0, 4.0)  # factors that the test of "no edge" looks for, each with a quarter of the money
STAKE_MAX = 0.95  # of what may be bet at most: nothing is lost for ever
LEAST = 1e-12  # of a divisor that would be 0 but for rounding


def log_e_no_edge(hits: npt.NDArray[np.int64], mean: float, squares: Floats) -> Floats:
    """Return the running log e-value float64[draws] against "no edge", that is a mean of at most ``mean``.

    prod (1 + b (X_t / mu - 1)) with 0 <= b < 1, averaged over bets for the factors ``EDGES``. ``squares``
    float64[draws] are the means of X_t² under fairness. A large value says that the strategy has an edge.
    """
    from scipy.special import logsumexp

    at_once = squares / mean
    stakes = [np.minimum((edge - 1) * mean / np.maximum(at_once - mean, LEAST), STAKE_MAX) for edge in EDGES]
    paths = [np.cumsum(np.log1p(stake * (hits / mean - 1))) for stake in stakes]
    mixture: Floats = logsumexp(paths, axis=0) - log(len(EDGES))
    return mixture


def log_e_against(claim: float, hits: npt.NDArray[np.int64], mean: float, squares: Floats, tickets: int) -> Floats:
    """Return the running log e-value float64[draws] against a mean of at least ``claim`` times ``mean``.

    prod (1 + b (c mu - X_t)) with 0 <= b < 1 / (S - c mu) for S ``tickets``. A large value refutes the claim. If chance
    alone decides, one ticket gains log(1/c) mu + (1 - mu) log((1 - mu) / (1 - c mu)) a draw in the mean.
    """
    claimed = claim * mean
    stake_max = STAKE_MAX / max(tickets - claimed, LEAST)
    margin = squares / mean - claimed
    stakes = np.minimum((1 - 1 / claim) / np.maximum(margin, LEAST), stake_max)
    path: Floats = np.cumsum(np.log1p(stakes * (claimed - hits)))
    return path
