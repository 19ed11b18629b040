"""Overlaps, repeats and triples: what is compared with what, and plain p-values where counts are few or many."""

import numpy as np
import pytest
from scipy.stats import chi2, hypergeom, poisson

from tests.universe.fairness.chance import ALPHA, frame_by_turns, game_of, ranks_by_chance
from universe.fairness.mixture import mixture_tails, tails_of_three_moments
from universe.fairness.serial import measure_overlap, measure_repeats, repeat_moments
from universe.fairness.subsets import measure_triples, subset_moments, subset_terms
from universe.fairness.tallies import LAGS, tally_ranks


@pytest.mark.parametrize("lag", LAGS)
def test_overlaps_are_compared_with_their_own_pairs_of_draws(lag: int) -> None:
    """2 of 6, 30 draws: pairs of draws share 0, 1, 2 numbers with probability 6/15, 8/15, 1/15; 1 and 2 are pooled."""
    frame = frame_by_turns(game_of(2, 6), 30)
    tallies = tally_ranks(frame, ranks_by_chance(frame.game, 30, seed=lag))
    none = int(tallies.overlaps[0, lag - 1, 0])
    pairs = 30 - lag
    expected = pairs * hypergeom(6, 2, 2).pmf(0)
    statistic = (none - expected) ** 2 * (1 / expected + 1 / (pairs - expected))
    measured = measure_overlap(frame, tallies, lag)
    assert measured.statistic[0] == pytest.approx(statistic)
    assert measured.p_value[0] == pytest.approx(chi2.sf(statistic, 1))


def test_few_repeats_are_poisson() -> None:
    frame = frame_by_turns(game_of(5, 35), 2_000)
    tallies = tally_ranks(frame, ranks_by_chance(frame.game, 20 * 2_000, seed=1))
    measured = measure_repeats(frame, tallies)
    assert measured.expected == pytest.approx(2_000 * 1_999 / 2 / 324_632)
    assert measured.p_value == pytest.approx(poisson.sf(tallies.repeats - 1, measured.expected))
    assert measured.p_value[tallies.repeats == 0] == pytest.approx(1)


@pytest.mark.parametrize(("picked", "size", "draws"), [(2, 6, 60), (2, 12, 90), (1, 40, 200)])
def test_many_repeats_are_as_likely_as_they_are_said_to_be(picked: int, size: int, draws: int) -> None:
    """Where most outcomes come up several times the Poisson law would be far too narrow."""
    frame = frame_by_turns(game_of(picked, size), draws)
    assert repeat_moments(draws, frame.game.outcomes).mean > 10
    tallies = tally_ranks(frame, ranks_by_chance(frame.game, 4_000 * draws, seed=2))
    p_values = measure_repeats(frame, tallies).p_value
    for level in (ALPHA, 0.2, 0.5):
        assert np.mean(p_values <= level) == pytest.approx(level, abs=4 * np.sqrt(level / 4_000) + 0.01)


def test_rare_triples_are_judged_by_their_own_skewness() -> None:
    """5/70, 500 draws: 0.09 draws expected with each triple. The limit alone would be too sure."""
    frame = frame_by_turns(game_of(5, 70), 500)
    pool = frame.game.main
    tallies = tally_ranks(frame, ranks_by_chance(frame.game, 50 * 500, seed=3))
    measured, moments = measure_triples(frame, tallies), subset_moments(pool, 3, 500)
    limit = mixture_tails(measured.statistic, subset_terms(pool, 3))
    exact = tails_of_three_moments(measured.statistic, moments)
    assert measured.p_value == pytest.approx(np.maximum(limit, exact))
    far = moments.mean + 3 * np.sqrt(np.array([moments.variance]))
    assert tails_of_three_moments(far, moments)[0] > 1.3 * mixture_tails(far, subset_terms(pool, 3))[0]
    dense = frame_by_turns(game_of(20, 26), 40)
    assert measure_triples(dense, tally_ranks(dense, ranks_by_chance(dense.game, 40, 4))).p_value[0] > 0
