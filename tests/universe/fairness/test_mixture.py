"""Tails of weighted sums of chi-squares, against quadrature, simulation, and published weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import chi2

from universe.fairness.mixture import Moments, Terms, mixture_mean, mixture_tails, tails_of_three_moments
from universe.fairness.subsets import eigenvalue, subset_moments, subset_terms
from universe.game import Pool

QUANTILES = (0.5, 0.9, 0.99, 0.9999, 1 - 1e-9)

terms = st.lists(st.tuples(st.floats(0.1, 10), st.integers(3, 2_000)), min_size=1, max_size=3)


def convolved_tail(statistic: float, first: tuple[float, int], second: tuple[float, int]) -> float:
    """P(a X + b Y >= statistic) as one integral over X."""
    a, freedom = first
    b, other = second
    low, high = chi2.ppf(1e-14, freedom), min(chi2.isf(1e-14, freedom), statistic / a)

    def density(x: float) -> float:
        return float(chi2.pdf(x, freedom) * chi2.sf((statistic - a * x) / b, other))

    inside, _ = quad(density, low, high, epsabs=0, epsrel=1e-10, limit=500)
    return float(inside + chi2.sf(statistic / a, freedom))


def test_weights_of_pairs_are_the_published_ones() -> None:
    """Pairs of 5/47."""
    (first, singles), (second, pairs) = subset_terms(Pool(picked=5, size=47), 2)
    assert (round(first, 4), singles) == (3.7333, 46)
    assert (round(second, 4), pairs) == (0.8697, 1034)


@given(size=st.integers(2, 60), picked=st.integers(1, 8))
@settings(max_examples=40)
def test_weights_sum_to_what_one_draw_deviates_by(size: int, picked: int) -> None:
    """The mean of Pearson's statistic is that of one draw: (cells - held) of cells of which a draw holds some."""
    if picked > size:
        return
    pool = Pool(picked=picked, size=size)
    for chosen in range(1, min(picked, 3) + 1):
        cells = np.prod([(size - i) / (i + 1) for i in range(chosen)])
        held = np.prod([(picked - i) / (i + 1) for i in range(chosen)])
        assert mixture_mean(subset_terms(pool, chosen)) == pytest.approx(cells - held, abs=1e-6 * float(cells))
        for level in range(1, chosen + 1):
            assert eigenvalue(pool, chosen, level) >= 0


@given(statistic=st.floats(0, 500), weight=st.floats(0.1, 5), freedom=st.integers(1, 300))
@settings(max_examples=40)
def test_one_term_is_a_chi_square(statistic: float, weight: float, freedom: int) -> None:
    exact = chi2.sf(statistic / weight, freedom)
    assert mixture_tails(np.array([statistic]), [(weight, freedom)])[0] == pytest.approx(exact, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize(
    ("first", "second", "accuracy"),
    [
        ((3.7333, 46), (0.8697, 1034), 1e-3),
        (*subset_terms(Pool(picked=6, size=49), 2), 1e-3),
        ((1.0, 12), (0.5, 20), 2e-3),
        ((2.0, 3), (0.3, 2), 2e-2),
    ],
)
def test_two_terms_agree_with_quadrature(first: tuple[float, int], second: tuple[float, int], accuracy: float) -> None:
    mean = mixture_mean([first, second])
    spread = np.sqrt(2 * (first[0] ** 2 * first[1] + second[0] ** 2 * second[1]))
    statistics = mean + spread * np.array([-1.0, 0.0, 1.0, 3.0, 6.0, 12.0])
    statistics = statistics[statistics > 0]
    exact = [convolved_tail(float(statistic), first, second) for statistic in statistics]
    assert mixture_tails(statistics, [first, second]) == pytest.approx(np.array(exact), rel=accuracy)


@pytest.mark.parametrize("pool", [Pool(picked=5, size=47), Pool(picked=6, size=49), Pool(picked=7, size=39)])
def test_triples_agree_with_simulation(pool: Pool) -> None:
    weights = subset_terms(pool, 3)
    source, replicates = np.random.default_rng(3), 200_000
    drawn = sum((weight * source.chisquare(freedom, replicates) for weight, freedom in weights), np.zeros(replicates))
    for quantile in (0.5, 0.95, 0.999):
        tail = mixture_tails(np.quantile(drawn, [quantile]), weights)[0]
        spread = np.sqrt(quantile * (1 - quantile) / replicates)
        assert tail == pytest.approx(1 - quantile, abs=5 * spread)


@given(weights=terms, places=st.lists(st.floats(-5, 40), min_size=2, max_size=20))
@settings(max_examples=40)
def test_a_larger_statistic_has_no_larger_tail(weights: Terms, places: list[float]) -> None:
    spread = np.sqrt(2 * sum(weight**2 * freedom for weight, freedom in weights))
    statistics = mixture_mean(weights) + spread * np.sort(np.array(places))
    tails = mixture_tails(statistics, weights)
    assert np.all((tails >= 0) & (tails <= 1))
    assert np.all(np.diff(tails) <= 1e-7)


@given(weights=terms, nudge=st.floats(-1e-3, 1e-3))
@settings(max_examples=40)
def test_the_tail_is_smooth_at_the_mean(weights: Terms, nudge: float) -> None:
    """There the formula is 0/0."""
    mean, spread = mixture_mean(weights), np.sqrt(2 * sum(weight**2 * freedom for weight, freedom in weights))
    tails = mixture_tails(mean + spread * np.array([nudge - 1e-3, nudge, nudge + 1e-3]), weights)
    assert tails[1] == pytest.approx((tails[0] + tails[2]) / 2, abs=1e-6)


def test_tails_hold_far_out() -> None:
    """Down to where no double is left, and no further."""
    far = mixture_tails(np.array([-1.0, 0.0, 1e4, 1e7]), [(3.7333, 46), (0.8697, 1034)])
    assert far[:2].tolist() == [1, 1]
    assert far[2] == pytest.approx(convolved_tail(1e4, (3.7333, 46), (0.8697, 1034)), rel=1e-3)
    assert far[3] == 0


@given(freedom=st.integers(1, 500), quantile=st.sampled_from(QUANTILES))
@settings(max_examples=40)
def test_a_chi_square_is_given_by_three_moments(freedom: int, quantile: float) -> None:
    statistic = chi2.ppf(quantile, freedom)
    tail = tails_of_three_moments(np.array([statistic]), Moments(freedom, 2 * freedom, 8 * freedom))[0]
    assert tail == pytest.approx(chi2.sf(statistic, freedom), rel=1e-6)


@given(draws=st.sampled_from([10**6, 10**8]))
@settings(max_examples=40)
def test_many_draws_have_the_moments_of_the_limit(draws: int) -> None:
    pool = Pool(picked=5, size=35)
    weights = subset_terms(pool, 3)
    moments = subset_moments(pool, 3, draws)
    assert moments.variance == pytest.approx(2 * sum(weight**2 * freedom for weight, freedom in weights), rel=1e-5)
    assert moments.third == pytest.approx(8 * sum(weight**3 * freedom for weight, freedom in weights), rel=1e-2)
