"""The mixture for one ball out of a drum."""

from itertools import product
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import dirichlet_multinomial, multinomial

from universe.evidence.categories import PSEUDO_COUNTS, log_mixture


@given(st.lists(st.integers(0, 50), min_size=2, max_size=12))
def test_it_is_the_ratio_of_published_likelihoods(counts: list[int]) -> None:
    """Dirichlet-multinomial over multinomial, as scipy has them, averaged over the priors."""
    x, n, size = np.array(counts), sum(counts), len(counts)
    fair = multinomial.pmf(x, n, np.full(size, 1 / size))
    mixed = np.mean([dirichlet_multinomial.pmf(x, np.full(size, prior), n) for prior in PSEUDO_COUNTS[:2]])
    both = [np.exp(log_mixture(x[None], np.array([n])))[0] * len(PSEUDO_COUNTS) * fair]
    wide = sum(dirichlet_multinomial.pmf(x, np.full(size, prior), n) for prior in PSEUDO_COUNTS[2:])
    assert both[0] == pytest.approx(2 * mixed + wide, rel=1e-4)


@given(st.integers(2, 4), st.integers(0, 4))
def test_its_mean_is_one_under_fairness(size: int, draws: int) -> None:
    every = (
        [np.bincount(balls, minlength=size) for balls in product(range(size), repeat=draws)]
        if draws
        else [np.zeros(size, dtype=np.int64)]
    )
    e_values = np.exp(log_mixture(np.array(every, dtype=np.int64), np.full(len(every), draws)))
    assert e_values.mean() == pytest.approx(1, rel=1e-6)


def test_a_heavy_ball_is_found_soon() -> None:
    chances = np.ones(27)
    chances[3] = 3
    balls = np.random.default_rng(1).multinomial(1, chances / chances.sum(), 2_000).cumsum(axis=0)
    assert log_mixture(balls, np.arange(1, 2_001)).max() > log(1_000)
