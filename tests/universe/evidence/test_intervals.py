"""Confidence sequences: all numbers, all times at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betaln

from tests.universe.evidence.drawing import draw_subsets
from universe.evidence.intervals import confidence_sequence
from universe.evidence.subsets import PSEUDO_COUNTS

ALPHA = 0.2


@given(st.integers(1, 10**7), st.floats(0, 1), st.sampled_from([5 / 47, 6 / 49, 1 / 27, 0.5]))
def test_an_end_is_where_the_mixture_reaches_its_bound(draws: int, share: float, chance: float) -> None:
    count = round(draws * share)
    low, high = confidence_sequence(np.array([count]), draws, chance, ALPHA)
    assert 0 <= low[0] <= count / draws <= high[0] <= 1
    a, b = PSEUDO_COUNTS, PSEUDO_COUNTS * (1 - chance) / chance
    for end, edge in ((low[0], 0.0), (high[0], 1.0)):
        if end != edge:
            log_e = betaln(a + count, b + draws - count) - betaln(a, b)
            log_e -= count * np.log(end) + (draws - count) * np.log1p(-end)
            assert log_e == pytest.approx(np.log(1 / ALPHA), abs=1e-4 + 1e-7 * draws + 1e-15 * draws / (1 - end))


def test_nothing_seen_nothing_known() -> None:
    low, high = confidence_sequence(np.zeros(5, dtype=np.int64), 0, 0.4, 0.05)
    assert (low == 0).all()
    assert (high == 1).all()


def test_all_numbers_are_covered_at_all_times() -> None:
    """Fair draws and biased ones: the true chances lie inside after every draw in at least 1 - alpha of histories."""
    picked, size, draws, histories = 2, 8, 200, 100
    times = np.arange(1, draws + 1)
    for weights in (np.ones(size), np.array([3.0, *np.ones(size - 1)])):
        dice = np.random.default_rng(4)
        truth = draw_subsets(weights, picked, 200_000, dice).mean(axis=0)
        outside = 0
        for _ in range(histories):
            counts = draw_subsets(weights, picked, draws, dice).cumsum(axis=0)
            low, high = confidence_sequence(counts, times, picked / size, ALPHA)
            outside += bool(((low > truth) | (truth > high)).any())
        assert outside / histories <= ALPHA


def test_intervals_narrow_with_the_draws() -> None:
    counts = np.array([[500] * 47, [500_000] * 47])
    low, high = confidence_sequence(counts, np.array([4_700, 4_700_000]), 5 / 47, 0.001)
    assert (high - low)[1].max() < 0.05 * (high - low)[0].min()
