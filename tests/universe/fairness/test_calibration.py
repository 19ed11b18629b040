"""Calibrated p-values: what the definition says, on small pools; exactly valid under fairness; fast on large ones."""

from collections.abc import Sequence
from fractions import Fraction
from math import sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, kstest

from universe.fairness.battery import Measurements
from universe.fairness.calibration import (
    CalibrationError,
    benjamini_yekutieli,
    calibrate,
    calibrate_with,
    holm,
    sorted_null,
)


def measurements(statistics: Any, p_values: Any = None) -> Measurements:
    values = np.asarray(statistics, dtype=np.float64)
    names = tuple(f"test_{place}" for place in range(values.shape[1]))
    plain = np.exp(-values) if p_values is None else np.asarray(p_values, dtype=np.float64)
    return Measurements(names=names, statistics=values, p_values=plain, naive=plain)


def part(whole: Measurements, histories: Any) -> Measurements:
    return measurements(whole.statistics[histories], whole.p_values[histories])


@st.composite
def pools(draw: st.DrawFn) -> tuple[Measurements, Measurements]:
    """Small pools full of ties: (null, observed)."""
    tests, histories = draw(st.integers(1, 4)), draw(st.integers(0, 9))
    rows = st.lists(st.integers(0, 4), min_size=tests, max_size=tests)
    table = draw(st.lists(rows, min_size=histories + 1, max_size=histories + 1))
    chances = draw(st.lists(st.sampled_from([0.01, 0.2, 0.7]), min_size=5 * tests, max_size=5 * tests))
    plain = [[chances[5 * test + value] for test, value in enumerate(row)] for row in table]
    return measurements(np.array(table[1:]).reshape(-1, tests), np.array(plain[1:]).reshape(-1, tests)), measurements(
        table[:1], plain[:1]
    )


def keys(pool: Sequence[Sequence[float]], plain: Sequence[Sequence[float]]) -> list[tuple[int, float]]:
    """Return how each member is judged: its smallest rank in any test, then the smallest plain p at that rank."""
    found = []
    for row, chances in zip(pool, plain, strict=True):
        ranks = [sum(other[test] >= row[test] for other in pool) for test in range(len(row))]
        least = min(ranks)
        found.append((least, min(p for p, rank in zip(chances, ranks, strict=True) if rank == least)))
    return found


@given(pools(), st.integers(0, 2**32))
def test_it_is_what_the_definition_says(pool: tuple[Measurements, Measurements], seed: int) -> None:
    null, observed = pool
    found, rolls = calibrate(null, observed, seed), np.random.default_rng(seed).random(9)
    size = len(null.statistics) + 1
    table = [*observed.statistics.tolist(), *null.statistics.tolist()]
    own, *others = keys(table, [*observed.p_values.tolist(), *null.p_values.tolist()])
    assert found.global_p == (1 + sum(key <= own for key in others)) / size
    for test, p_value in enumerate(found.p_values):
        above = sum(row[test] > table[0][test] for row in table)
        ties = sum(row[test] == table[0][test] for row in table)
        assert p_value == (above + ties) / size
        assert found.randomised[test] == pytest.approx((above + rolls[test] * ties) / size)
    assert found.p_values[found.smallest] == found.p_values.min() == own[0] / size
    assert observed.p_values[0, found.smallest] == own[1]
    assert found.floor == 1 / size
    assert found.histories == size - 1
    assert found.global_randomised <= found.global_p


@settings(max_examples=20)
@given(pools(), st.integers(0, 2**32))
def test_equal_seeds_roll_equal_p_values(pool: tuple[Measurements, Measurements], seed: int) -> None:
    one, other = (calibrate(*pool, seed) for _ in range(2))
    assert np.array_equal(one.randomised, other.randomised)
    assert one.global_randomised == other.global_randomised


@settings(max_examples=30)
@given(pools())
def test_the_global_p_of_all_members_is_exactly_valid(pool: tuple[Measurements, Measurements]) -> None:
    """Whichever member is taken for the observed one: p <= j/(B + 1) for at most j of them, ties or none."""
    null, observed = pool
    whole = measurements(
        np.concatenate([observed.statistics, null.statistics]), np.concatenate([observed.p_values, null.p_values])
    )
    members = np.arange(len(whole.statistics))
    for values in np.array(
        [
            [calibrated.global_p, *calibrated.p_values]
            for member in members
            for calibrated in [calibrate(part(whole, members != member), part(whole, members == member), 0)]
        ]
    ).T:
        assert all((values <= level).sum() <= round(level * len(members)) for level in values)


def test_the_randomised_p_is_uniform_even_of_a_statistic_with_three_values() -> None:
    source = np.random.default_rng(1)
    statistics = np.stack([source.integers(0, 3, 3_400), source.poisson(0.1, 3_400), source.random(3_400)], axis=1)
    blocks = measurements(statistics).statistics.reshape(100, 34, 3)
    found = [calibrate(measurements(block[1:]), measurements(block[:1]), seed) for seed, block in enumerate(blocks)]
    for test in range(3):
        assert kstest([one.randomised[test] for one in found], "uniform").pvalue > 1e-3
    assert kstest([one.global_randomised for one in found], "uniform").pvalue > 1e-3


def test_the_global_p_answers_for_having_looked_at_many_tests() -> None:
    """Dependent tests, a fifth of them copies: some test is below 5 % in most histories, the global p in 5 %."""
    source = np.random.default_rng(2)
    shared = source.standard_normal((2_400, 1))
    looks = np.abs(
        np.concatenate([shared + source.standard_normal((2_400, 16)), shared, shared, shared, shared], axis=1)
    )
    null = sorted_null(measurements(looks[:1_600]))
    found = [calibrate_with(null, measurements(looks[history, None]), 0) for history in range(1_600, 2_400)]
    assert np.mean([one.p_values.min() <= 0.05 for one in found]) > 0.3
    rate, error = np.mean([one.global_p <= 0.05 for one in found]), sqrt(0.05 * 0.95 * (1 / 1_600 + 1 / 800))
    assert abs(rate - 0.05) < 4 * error
    assert np.mean([one.holm.min() <= 0.05 for one in found]) <= 0.05 + 4 * error


def test_what_no_history_reaches_gets_the_floor() -> None:
    """Although each test gives its first rank to some history: the plain p-value tells which is the most unlikely."""
    statistics = np.random.default_rng(3).chisquare(4, (999, 6))
    null = measurements(statistics, chi2.sf(statistics, 4))
    observed = np.array([[3.0, 4.0, 60.0, 1.0, 2.0, 5.0]])
    found = calibrate(null, measurements(observed, chi2.sf(observed, 4)), 0)
    assert (found.global_p, found.floor, found.smallest) == (1 / 1_000, 1 / 1_000, 2)


def test_rounding_errors_break_no_ties() -> None:
    """The same tallies may be summed in another order for one history than for many."""
    null = measurements(np.full((99, 1), 0.1 + 0.2), np.full((99, 1), 0.4))
    found = calibrate(null, measurements([[0.3 * (1 + 1e-14)]], [[0.4 * (1 - 1e-14)]]), 0)
    assert (found.p_values[0], found.global_p) == (1.0, 1.0)


def test_a_large_null_is_compared_at_once() -> None:
    """Memory, not time, can be asserted: no array is larger than the measurements, and the answer is right."""
    source = np.random.default_rng(4)
    null = measurements(source.random((20_000, 21)))
    found = calibrate(null, measurements(np.full((1, 21), 0.75)), 0)
    assert found.p_values == pytest.approx((null.statistics >= 0.75).mean(axis=0), abs=1e-4)
    assert found.global_p == pytest.approx(1 - 0.75**21, abs=0.01)


p_lists = st.lists(st.floats(1e-6, 1), min_size=1, max_size=12).map(np.array)


@settings(max_examples=40)
@given(p_lists)
def test_holm_and_benjamini_yekutieli_by_their_definitions(p_values: np.ndarray) -> None:
    tests, order = len(p_values), np.argsort(p_values)
    harmonic = float(sum(Fraction(1, place) for place in range(1, tests + 1)))
    for place, test in enumerate(order):
        steps = [p_values[order[earlier]] * (tests - earlier) for earlier in range(place + 1)]
        assert holm(p_values)[test] == pytest.approx(min(1, max(steps)))
        later = [p_values[order[last]] * tests * harmonic / (last + 1) for last in range(place, tests)]
        assert benjamini_yekutieli(p_values)[test] == pytest.approx(min(1, *later))


def test_no_p_values_give_none() -> None:
    assert len(benjamini_yekutieli(np.array([]))) == len(holm(np.array([]))) == 0


def test_what_cannot_be_compared_is_refused() -> None:
    null = measurements(np.ones((5, 2)))
    with pytest.raises(CalibrationError, match="observed are the tests test_0, the null has test_0 test_1"):
        calibrate(null, measurements(np.ones((1, 1))), 0)
    with pytest.raises(CalibrationError, match="2 histories, 2 tests: one history is compared"):
        calibrate(null, measurements(np.ones((2, 2))), 0)
    with pytest.raises(CalibrationError, match="1 histories, 0 tests"):
        calibrate(measurements(np.ones((5, 0))), measurements(np.ones((1, 0))), 0)
    with pytest.raises(CalibrationError, match="test test_1: a statistic is no number"):
        calibrate(null, measurements([[1.0, np.nan]]), 0)
