"""Cells: pooled where they are rare, tested where independent, bounded where the largest is looked for."""

from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chisquare

from tests.universe.fairness.chance import every_history, frame_by_turns, game_of, tally_every
from universe.fairness.extremes import Binomials, binomial_tails, largest_deviation
from universe.fairness.multinomial import goodness_of_fit, pooled, summed
from universe.fairness.numbers import measure_numbers_max
from universe.fairness.serial import overlap_probabilities
from universe.fairness.shapes import (
    decade_sizes,
    parity_probabilities,
    pattern_counts,
    pattern_probabilities,
    sum_probabilities,
)
from universe.fairness.tallies import tally_ranks
from universe.game import Pool

shares = st.lists(st.floats(0, 100), min_size=1, max_size=30)


@given(expected=shares, least=st.floats(0.1, 20))
@settings(max_examples=40)
def test_pooled_cells_are_neighbours_and_not_rare(expected: list[float], least: float) -> None:
    groups = pooled(np.array(expected), least)
    assert groups[0] == 0
    assert set(np.diff(groups).tolist()) <= {0, 1}
    sums = summed(np.array(expected), groups)
    assert sums.sum() == pytest.approx(sum(expected))
    assert len(sums) == 1 or sums.min() >= least - 1e-9


def test_nothing_is_pooled_where_nothing_is_rare() -> None:
    assert pooled(np.full(7, 5.0)).tolist() == list(range(7))


@given(counts=st.lists(st.integers(5, 50), min_size=2, max_size=8))
@settings(max_examples=40)
def test_the_chi_square_is_the_usual_one(counts: list[int]) -> None:
    trials = sum(counts)
    weights = np.arange(len(counts)) + 10.0
    probabilities = weights / weights.sum()
    measured = goodness_of_fit(np.array([counts]), probabilities, trials, least=0.001)
    usual = chisquare(counts, trials * probabilities)
    assert measured.statistic[0] == pytest.approx(usual.statistic)
    assert measured.p_value[0] == pytest.approx(usual.pvalue)
    assert measured.effect[0] == pytest.approx(np.sqrt(usual.statistic / trials))


def test_sizes_of_overlap_are_the_published_ones() -> None:
    """Percentages of 5/47."""
    shown = [f"{100 * p:.4g}" for p in overlap_probabilities(Pool(picked=5, size=47))]
    assert shown == ["55.46", "36.48", "7.484", "0.5613", "0.01369", "6.519e-05"]


@pytest.mark.parametrize(("picked", "size"), [(1, 4), (2, 12), (3, 11), (5, 10), (4, 21)])
def test_shapes_are_counted_over_all_outcomes(picked: int, size: int) -> None:
    """A history in which every outcome comes once."""
    game = game_of(picked, size)
    tallies = tally_ranks(frame_by_turns(game, game.outcomes), np.arange(game.outcomes))
    assert game.outcomes * sum_probabilities(game) == pytest.approx(tallies.sums[0], abs=1e-9)
    assert game.outcomes * parity_probabilities(game.main) == pytest.approx(tallies.parity[0], abs=1e-9)
    assert game.outcomes * pattern_probabilities(game) == pytest.approx(tallies.patterns[0], abs=1e-9)


def test_patterns_of_numbers_put_back() -> None:
    """2 of 12, every ordered pair: nine numbers below ten, three from ten on."""
    game = game_of(2, 12)
    assert [pattern_counts(game, pattern) for pattern in range(3)] == [[2, 0], [1, 1], [0, 2]]
    assert pattern_probabilities(game, replaced=True) == pytest.approx([81 / 144, 54 / 144, 9 / 144])


@given(picked=st.integers(1, 6), size=st.integers(6, 60))
@settings(max_examples=40)
def test_probabilities_of_shapes_sum_to_one(picked: int, size: int) -> None:
    game = game_of(picked, size)
    for probabilities in (
        sum_probabilities(game),
        parity_probabilities(game.main),
        overlap_probabilities(game.main),
        pattern_probabilities(game),
        pattern_probabilities(game, replaced=True),
    ):
        assert probabilities.sum() == pytest.approx(1)
    places = np.arange(len(sum_probabilities(game))) + picked * (picked + 1) // 2
    mean = sum_probabilities(game) @ places
    assert mean == pytest.approx(picked * (size + 1) / 2)
    assert sum_probabilities(game) @ (places - mean) ** 2 == pytest.approx(picked * (size + 1) * (size - picked) / 12)


def test_the_most_frequent_patterns_have_the_most_combinations() -> None:
    """5/35: six patterns make 37.22 % of all outcomes."""
    game = game_of(5, 35)
    assert decade_sizes(game) == [9, 10, 10, 6]
    assert np.sort(pattern_probabilities(game))[-6:].sum() == pytest.approx(0.3722, abs=5e-5)


@given(trials=st.integers(1, 300), probability=st.floats(0.001, 0.999), score=st.floats(0, 12))
@settings(max_examples=40)
def test_both_tails_of_a_binomial(trials: int, probability: float, score: float) -> None:
    part = Binomials(counts=np.zeros((1, 1), dtype=np.int64), trials=trials, probability=probability)
    low, high = part.mean - score * part.deviation, part.mean + score * part.deviation
    exact = binom.cdf(np.floor(low + 1e-9), trials, probability) + binom.sf(
        np.ceil(high - 1e-9) - 1, trials, probability
    )
    tail = binomial_tails(part, np.array([score]))[0]
    assert tail == pytest.approx(min(exact, 1.0), rel=1e-9, abs=1e-14)


@pytest.mark.parametrize(("picked", "size", "draws"), [(1, 4, 5), (2, 4, 5), (2, 5, 4)])
def test_the_bound_holds_over_all_histories(picked: int, size: int, draws: int) -> None:
    frame = frame_by_turns(game_of(picked, size), draws)
    measured = measure_numbers_max(frame, tally_every(frame))
    for p in np.unique(measured.p_value):
        assert np.mean(measured.p_value <= p) <= p + 1e-12


def test_the_largest_deviation_names_its_size() -> None:
    parts = [
        Binomials(counts=np.array([[10, 10, 25], [10, 2, 11]]), trials=100, probability=0.1),
        Binomials(counts=np.array([[20, 21], [21, 20]]), trials=200, probability=0.1),
    ]
    measured = largest_deviation(parts)
    assert measured.statistic == pytest.approx([5, 8 / 3])
    assert measured.effect == pytest.approx([1.5, -0.8])
    alone = [np.stack([binomial_tails(part, measured.statistic) for part in parts])]
    assert measured.p_value == pytest.approx(3 * alone[0][0] + 2 * alone[0][1])
    assert measured.naive == pytest.approx(alone[0][0])


def test_every_history_is_there_once() -> None:
    game = game_of(2, 4)
    ranks = every_history(game, 3).reshape(-1, 3)
    assert sorted(map(tuple, ranks.tolist())) == sorted(product(range(comb(4, 2)), repeat=3))
