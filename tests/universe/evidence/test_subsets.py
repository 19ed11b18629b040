"""Bets on subsets: a mean of exactly 1 under fairness, whatever the weights; and what weights learn."""

from itertools import combinations, product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.universe.evidence.drawing import draw_subsets
from universe.evidence.subsets import kept_share, learned_log_weights, log_bets, log_factors, mean_product

pools = st.integers(1, 5).flatmap(lambda k: st.tuples(st.just(k), st.integers(k, k + 5)))


@given(pools, st.integers(0, 2**32))
def test_the_mean_product_is_that_of_all_subsets(pool: tuple[int, int], seed: int) -> None:
    picked, size = pool
    weights = np.exp(np.random.default_rng(seed).normal(0, 2, (3, size)))
    every = [[np.prod(row[list(subset)]) for subset in combinations(range(size), picked)] for row in weights]
    assert mean_product(weights, picked) == pytest.approx(np.mean(every, axis=1))


@given(pools, st.integers(0, 2**32))
def test_a_factor_has_a_mean_of_one_under_fairness(pool: tuple[int, int], seed: int) -> None:
    """Every outcome of two draws that share weights, enumerated: the weights are any numbers at all."""
    picked, size = pool
    weights = np.random.default_rng(seed).normal(0, 1, (1, size))
    draws = np.array(
        [np.bincount(subset, minlength=size) for subset in combinations(range(size), picked)], dtype=np.int64
    )
    pairs = np.array([one + two for one, two in product(draws, draws)]) if len(draws) <= 60 else draws
    many = np.full(len(pairs), 2 if len(draws) <= 60 else 1)
    assert np.exp(log_bets(np.repeat(weights, len(pairs), axis=0), pairs, many, picked)).mean() == pytest.approx(1)


@given(pools, st.integers(0, 60), st.integers(0, 2**32))
def test_learned_weights_make_such_factors(pool: tuple[int, int], past: int, seed: int) -> None:
    picked, size = pool
    dice = np.random.default_rng(seed)
    totals = draw_subsets(dice.random(size) + 0.1, picked, past, dice).sum(axis=0)
    draws = np.array(
        [np.bincount(subset, minlength=size) for subset in combinations(range(size), picked)], dtype=np.int64
    )
    pasts = np.repeat(totals[None], len(draws), axis=0)
    one = np.ones(len(draws), dtype=np.int64)
    assert np.exp(log_factors(pasts, one * past, draws, one, picked)).mean() == pytest.approx(1)


def test_large_pools_keep_their_precision() -> None:
    """9/255: C(N, k) is 1e16, and a step multiplies by the 227,500th power."""
    assert np.abs(np.log(mean_product(np.ones((1, 255)), 9))).max() * 227_500 < 1e-8
    odd = np.ones((1, 255))
    odd[0, 0] = 3.0
    assert mean_product(odd, 9)[0] == pytest.approx((3 * comb(254, 8) + comb(254, 9)) / comb(255, 9), rel=1e-13)


def test_weights_tend_to_the_truth() -> None:
    """Counts as conditional Bernoulli sampling with known odds expects them give these odds back, to first order."""
    picked, size, draws = 5, 47, 10**9
    tilt = np.linspace(-0.05, 0.05, size)
    chance = picked / size
    inclusion = chance + chance * (1 - chance) * size / (size - 1) * tilt
    learned = learned_log_weights((inclusion * draws).round().astype(np.int64)[None], np.array([draws]), picked)
    assert learned[0] == pytest.approx(tilt, abs=2e-3)


def test_counts_that_look_fair_are_not_believed() -> None:
    size, picked, draws = 47, 5, 47 * 1_000
    even = np.full((1, size), 5_000)
    assert not kept_share(even, np.array([draws]), picked / size).any()
    assert not learned_log_weights(even, np.array([draws]), picked).any()


def test_one_large_deviation_is_believed_alone() -> None:
    size, picked, draws = 47, 5, 47 * 1_000
    counts = np.full((1, size), 5_000)
    counts[0, 7] += 67 * 4  # four sigma
    kept = kept_share(counts, np.array([draws]), picked / size)[0]
    assert kept[7] == pytest.approx(1 - 6 / 16, abs=0.01)
    assert not kept[np.arange(size) != 7].any()


def test_without_a_past_nothing_is_bet() -> None:
    assert not learned_log_weights(np.zeros((1, 47), dtype=np.int64), np.array([0]), 5).any()
