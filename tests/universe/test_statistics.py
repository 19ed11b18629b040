"""Counts of numbers drawn without replacement, against simulation and exact arithmetic."""

from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from universe.statistics import chi_square_tail, expected_count, uniformity, visible_bias, z_scores

REPLICATES, DRAWS, LEVEL = 2_000, 500, 0.05


def simulated_counts(picked: int, size: int, seed: int) -> list[list[int]]:
    """Count each number in many histories of draws without replacement."""
    generator = np.random.default_rng(seed)
    histories = []
    for _ in range(REPLICATES):
        order = generator.random((DRAWS, size)).argpartition(picked, axis=1)[:, :picked]
        histories.append(np.bincount(order.ravel(), minlength=size).tolist())
    return histories


@pytest.mark.parametrize(("picked", "size"), [(5, 47), (6, 49), (5, 35), (7, 39)])
def test_the_corrected_test_rejects_as_often_as_it_says(picked: int, size: int) -> None:
    """The plain chi-square test would reject far less often: numbers of one draw exclude each other."""
    histories = simulated_counts(picked, size, seed=1)
    results = [uniformity(counts, DRAWS, picked) for counts in histories]
    rejected = sum(result.p_value is not None and result.p_value < LEVEL for result in results) / REPLICATES
    assert rejected == pytest.approx(LEVEL, abs=4 * sqrt(LEVEL * (1 - LEVEL) / REPLICATES))
    plain = [(result.statistic or 0) * (size - picked) / (size - 1) for result in results]
    naive = sum(chi_square_tail(statistic, size - 1) < LEVEL for statistic in plain) / REPLICATES
    assert naive < 0.03


def test_a_planted_bias_is_found() -> None:
    counts = simulated_counts(5, 47, seed=2)[0]
    counts[6] += 60
    assert (uniformity(counts, DRAWS, 5).p_value or 1) < 1e-6


counted = st.integers(2, 30).flatmap(
    lambda size: st.tuples(st.lists(st.integers(0, 10**8), min_size=size, max_size=size), st.integers(1, size - 1))
)


@given(counted, st.integers(1, 10**8))
def test_the_statistic_is_the_exact_fraction_rounded_once(case: tuple[list[int], int], draws: int) -> None:
    counts, picked = case
    size = len(counts)
    mean = Fraction(draws * picked, size)
    exact = sum((count - mean) ** 2 for count in counts) / mean * Fraction(size - 1, size - picked)
    assert uniformity(counts, draws, picked).statistic == float(exact)


@given(counted, st.integers(1, 10**8))
def test_z_is_the_distance_in_standard_deviations(case: tuple[list[int], int], draws: int) -> None:
    counts, picked = case
    p = picked / len(counts)
    for count, z in zip(counts, z_scores(counts, draws, picked), strict=True):
        assert z == pytest.approx((count - draws * p) / sqrt(draws * p * (1 - p)), rel=1e-6, abs=1e-6)


def test_one_number_a_draw_needs_no_factor() -> None:
    assert uniformity([12, 8, 10], 30, 1).statistic == pytest.approx(0.8)


def test_without_draws_or_without_choice_there_is_nothing_to_test() -> None:
    assert uniformity([0] * 47, 0, 5).statistic is None
    assert uniformity([9, 9], 9, 2).p_value is None
    assert z_scores([0, 0], 0, 1) == [None, None]
    assert z_scores([9, 9], 9, 2) == [None, None]
    assert visible_bias(0, 5, 47) is None


@given(st.floats(0, 500), st.integers(1, 300))
def test_the_tail_is_that_of_chi_square(statistic: float, degrees_of_freedom: int) -> None:
    assert chi_square_tail(statistic, degrees_of_freedom) == pytest.approx(chi2.sf(statistic, degrees_of_freedom))


def test_what_a_history_can_show() -> None:
    """2,000 draws of 5/47 leave a relative standard error of 6.5 % of one number's count, 40 million 0.046 %."""
    assert visible_bias(2_000, 5, 47) == pytest.approx(3 * 0.0648, rel=1e-3)
    assert visible_bias(40_000_000, 5, 47) == pytest.approx(3 * 0.000458, rel=1e-3)
    assert expected_count(2_000, 5, 47) == 2_000 * 5 / 47
