"""Betting on k of N numbers drawn without replacement, with weights that learn.

A draw D multiplies the e-value by C(N, k) prod_{i in D} w_i / e_k(w), e_k the elementary symmetric polynomial. Every
subset has the chance 1 / C(N, k) under fairness and e_k is the sum of the products over all of them, so the factor has
a mean of exactly 1 whatever the weights are, as long as the past alone chose them. It is the likelihood ratio of
conditional Bernoulli sampling with odds w (Chen, Dempster & Liu, Biometrika 81:457, 1994) against fairness: it grows
fastest where the weights are true. m draws with counts x and the same weights multiply by prod w_i^{x_i} (C / e_k)^m.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

PSEUDO_COUNTS = 10.0  # draws of each number that the past is thought to begin with: keeps the first bets small
GARROTE = 6.0  # below 2.4 sigma a number's own count is not believed
LOG_WEIGHT_MAX = 30.0  # the product of 20 such weights is still a number


def log_factors(past: Counts, past_draws: Counts, counts: Counts, draws: Counts, picked: int) -> Floats:
    """Return the log factor of each step, float64[T].

    ``past`` int64[T, N] holds each number's count before the step, over ``past_draws`` int64[T]; ``counts`` and
    ``draws`` are what the step itself adds. ``picked`` numbers a draw.
    """
    if picked == past.shape[1]:
        return np.zeros(len(past))  # every draw is the same
    return log_bets(learned_log_weights(past, past_draws, picked), counts, draws, picked)


def log_bets(log_weights: Floats, counts: Counts, draws: Counts, picked: int) -> Floats:
    """Return sum_i x_i log w_i - m log(e_k(w) / C(N, k)), float64[T], of weights float64[T, N]."""
    gained = (counts * log_weights).sum(axis=1)
    factors: Floats = gained - draws * np.log(mean_product(np.exp(log_weights), picked))
    return factors


def mean_product(weights: Floats, picked: int) -> Floats:
    """Return e_k(w) / C(N, k), float64[T]: the mean product over all k-subsets of the weights float64[T, N].

    Number by number: the mean over the j-subsets of the first i is that over those without number i, weighted
    (i - j)/i, and those with it, j/i. Nothing is subtracted and nothing grows with C(N, k).
    """
    sizes = np.arange(1, picked + 1)[:, None]
    means = np.zeros((picked + 1, len(weights)))
    means[0] = 1.0
    for seen, weight in enumerate(np.ascontiguousarray(weights.T), start=1):
        with_it = (sizes / seen) * weight * means[:-1]
        means[1:] = ((seen - sizes) / seen) * means[1:] + with_it
    mean: Floats = means[-1]
    return mean


def learned_log_weights(past: Counts, past_draws: Counts, picked: int) -> Floats:
    """Return log weights float64[T, N] from the counts before each step: shrunken estimates of the tilt.

    To first order a weight exp(t) moves its number's inclusion by p(1 - p) N/(N - 1) t, p = k/N; so t is estimated by
    (N - 1)/N of the difference in log odds, each number starting with ``PSEUDO_COUNTS``.
    """
    size = past.shape[1]
    chance = picked / size
    out = (past_draws[:, None] - past) + PSEUDO_COUNTS * (1 - chance) / chance
    tilt = np.log((past + PSEUDO_COUNTS) / out * ((1 - chance) / chance)) * (size - 1) / size
    tilt *= kept_share(past, past_draws, chance)
    tilt -= tilt.mean(axis=1, keepdims=True)
    clipped: Floats = np.clip(tilt, -LOG_WEIGHT_MAX, LOG_WEIGHT_MAX)
    return clipped


def kept_share(past: Counts, past_draws: Counts, chance: float) -> Floats:
    """Return how much of each estimate is believed, 0 to 1, float64[T, N]: the larger of two shrinkages.

    Many small tilts show in all counts together: the positive-part James-Stein factor 1 - (N - 3)/X² (James & Stein
    1961), X² the chi-square statistic corrected for draws without replacement. One large tilt shows in its own count:
    the garrote 1 - ``GARROTE``/z² (Breiman, Technometrics 37:373, 1995). While counts look fair hardly anything is
    bet; so hardly anything is lost, and evidence can still rise after millions of fair draws.
    """
    size = past.shape[1]
    expected = past_draws.astype(np.float64) * chance
    squares = (past - expected[:, None]) ** 2
    variance = expected * (1 - chance)
    noise = max(size - 3, 0) * variance * size / (size - 1)
    together = _positive_part(noise, squares.sum(axis=1))
    alone = _positive_part(GARROTE * variance[:, None], squares)
    larger: Floats = np.maximum(together[:, None], alone)
    return larger


def _positive_part(noise: Floats, squares: Floats) -> Floats:
    return np.where(squares > noise, 1 - noise / np.where(squares > 0, squares, 1), 0.0)
