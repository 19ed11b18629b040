"""Distinct outcomes after n draws: exact moments, published figures of GAME_001, and rejection as promised."""

from fractions import Fraction
from itertools import product
from math import isclose, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from universe.fairness.occupancy import OccupancyError, distinct_variance, expected_distinct, occupancy

OUTCOMES = 41_416_353


@pytest.mark.parametrize(
    ("draws", "expected", "deviation"), [(40_000_000, 25_650_069, 1_992), (100_000_000, 37_713_252, 1_604)]
)
def test_the_largest_shipped_universes(draws: int, expected: int, deviation: int) -> None:
    assert round(expected_distinct(draws, OUTCOMES)) == expected
    assert round(sqrt(distinct_variance(draws, OUTCOMES))) == deviation
    found = occupancy(draws=draws, outcomes=OUTCOMES, distinct=expected + 2 * deviation)
    assert found.z == pytest.approx(2, abs=0.01)
    assert found.p_value == pytest.approx(0.0455, abs=0.001)
    assert found.effect == pytest.approx(2 * deviation / expected, rel=0.01)


@given(st.integers(1, 60), st.integers(1, 60))
def test_mean_and_variance_are_the_exact_fractions(draws: int, outcomes: int) -> None:
    one, two = Fraction(outcomes - 1, outcomes) ** draws, max(Fraction(outcomes - 2, outcomes), Fraction(0)) ** draws
    mean = outcomes * (1 - one)
    variance = outcomes * one + outcomes * (outcomes - 1) * two - (outcomes * one) ** 2
    assert isclose(expected_distinct(draws, outcomes), mean, rel_tol=1e-12)
    assert isclose(distinct_variance(draws, outcomes), variance, rel_tol=1e-12)


@pytest.mark.parametrize(("draws", "outcomes"), [(5, 4), (3, 6), (1, 3)])
def test_mean_and_variance_are_those_of_all_ways_to_draw(draws: int, outcomes: int) -> None:
    seen = [len(set(way)) for way in product(range(outcomes), repeat=draws)]
    assert expected_distinct(draws, outcomes) == pytest.approx(np.mean(seen))
    assert distinct_variance(draws, outcomes) == pytest.approx(np.var(seen))


def test_the_variance_survives_its_terms_cancelling() -> None:
    """n**2 / 2M to first order: 42 digits below the terms it is the difference of."""
    assert distinct_variance(10**6, 9 * 10**18) == pytest.approx(10**12 / (18 * 10**18), rel=1e-5)
    assert expected_distinct(10**6, 9 * 10**18) == pytest.approx(10**6)


@pytest.mark.parametrize(("draws", "outcomes"), [(150, 500), (1_500, 500), (60, 100_000), (3_000, 500)])
def test_the_p_value_rejects_no_more_often_than_it_says(draws: int, outcomes: int) -> None:
    """The middle is normal; few repeats, or few outcomes still missing, are Poisson."""
    source = np.random.default_rng(1)
    balls = np.sort(source.integers(0, outcomes, (1_000, draws)), axis=1)
    distinct = 1 + (np.diff(balls, axis=1) > 0).sum(axis=1)
    p_values = np.array([occupancy(draws=draws, outcomes=outcomes, distinct=int(d)).p_value for d in distinct])
    assert np.mean(distinct) == pytest.approx(
        expected_distinct(draws, outcomes), abs=4 * sqrt(distinct_variance(draws, outcomes) / 1_000)
    )
    assert (p_values < 0.05).mean() <= 0.05 + 4 * sqrt(0.05 * 0.95 / 1_000)
    assert p_values.max() > 0.9


@given(st.integers(0, 100), st.integers(1, 50))
def test_what_cannot_vary_is_no_surprise(draws: int, outcomes: int) -> None:
    if draws <= 1 or outcomes == 1:
        found = occupancy(draws=draws, outcomes=outcomes, distinct=min(draws, 1))
        assert (found.z, found.p_value, found.standard_deviation) == (None, 1.0, 0.0)


@pytest.mark.parametrize(("draws", "outcomes", "distinct"), [(5, 3, 4), (5, 3, 0), (2, 9, 3), (-1, 3, 0), (1, 0, 1)])
def test_impossible_counts_are_refused(draws: int, outcomes: int, distinct: int) -> None:
    with pytest.raises(OccupancyError, match=f"{outcomes} "):
        occupancy(draws=draws, outcomes=outcomes, distinct=distinct)
