"""Real against synthetic: rejection as promised, exact binomial tails, published expectations of GAME_001."""

from itertools import combinations
from math import sqrt

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from tests.strategies import games
from universe.catalogue import shipped_games
from universe.fairness.two_samples import POOLED_EXPECTED_MIN, SampleError, match_levels, two_samples
from universe.game import Game
from universe.matching import level_outcomes, levels

REPLICATES = 1_000


def counts(source: np.random.Generator, picked: int, size: int, draws: int) -> np.ndarray:
    order = source.random((draws, size)).argpartition(picked - 1, axis=1)[:, :picked]
    return np.bincount(order.ravel(), minlength=size)


@pytest.mark.parametrize(("picked", "size"), [(5, 47), (7, 39), (1, 27)])
def test_it_rejects_as_often_as_it_says(picked: int, size: int) -> None:
    source = np.random.default_rng(3)
    p_values = [
        two_samples(
            counts(source, picked, size, 100), counts(source, picked, size, 300), real_draws=100, synthetic_draws=300
        ).p_value
        for _ in range(REPLICATES)
    ]
    rejected = np.mean(np.array(p_values) < 0.05)
    assert rejected == pytest.approx(0.05, abs=4 * sqrt(0.05 * 0.95 / REPLICATES))


def test_the_mean_of_the_statistic_is_its_degrees_of_freedom() -> None:
    """Exactly, over all pairs of one draw of 2 out of 4 and another."""
    draws = [np.bincount(numbers, minlength=4) for numbers in combinations(range(4), 2)]
    found = [two_samples(real, synthetic, real_draws=1, synthetic_draws=1) for real in draws for synthetic in draws]
    assert np.mean([one.statistic for one in found if one.statistic is not None]) == pytest.approx(3)


def test_the_effect_is_the_size_of_the_difference() -> None:
    """Half of the numbers 10 % up, half 10 % down, against even counts: a tenth; fairness alone gives about 6.5 %."""
    real = np.where(np.arange(40) % 2, 275, 225)
    found = two_samples(real, np.full(40, 250_000), real_draws=2_000, synthetic_draws=2_000_000)
    assert found.effect == pytest.approx(0.1)
    assert found.effect_expected == pytest.approx(sqrt((1 - 1 / 8) / (2_000 / 8)), rel=1e-3)
    assert found.statistic == pytest.approx(39 * (0.1 / (found.effect_expected or 1)) ** 2 * 40 / 39, rel=0.05)
    assert found.p_value < 1e-6


@given(st.lists(st.integers(0, 50), min_size=2, max_size=10), st.integers(1, 9))
def test_equal_frequencies_differ_in_nothing(one: list[int], times: int) -> None:
    draws = sum(one)  # one number a draw
    assume(draws)
    found = two_samples(np.array(one), np.array(one) * times, real_draws=draws, synthetic_draws=draws * times)
    assert found.statistic == pytest.approx(0, abs=1e-9)
    assert found.p_value == pytest.approx(1)


def test_without_draws_there_is_nothing_to_compare() -> None:
    found = two_samples(np.zeros(6, int), np.array([1, 1, 0, 0, 0, 0]), real_draws=0, synthetic_draws=1)
    assert (found.statistic, found.p_value, found.effect) == (None, 1.0, None)


@pytest.mark.parametrize(
    ("real", "synthetic", "draws"), [([2, 2, 2], [3, 3, 3], 3), ([2, 2], [2, 2, 2], 2), ([1, 1, 1], [1, 1, 1], 2)]
)
def test_different_drums_are_refused(real: list[int], synthetic: list[int], draws: int) -> None:
    with pytest.raises(SampleError, match=f"in {draws} draws"):
        two_samples(np.array(real), np.array(synthetic), real_draws=draws, synthetic_draws=draws)


def even_histogram(game: Game, compared: int) -> np.ndarray:
    expected = [compared * level_outcomes(game, *level) / game.outcomes for level in levels(game)]
    histogram = np.round(expected).astype(np.int64)
    histogram[0] += compared - histogram.sum()
    return histogram


def test_the_matches_to_expect_of_the_largest_universe() -> None:
    game = shipped_games()["GAME_001"]
    found = match_levels(game, even_histogram(game, 40_000_000))
    expected = {(level.main, level.bonus): level.expected for level in found.levels}
    assert round(expected[5, 1], 1) == 1.0
    assert round(expected[5, 0], 1) == 25.1
    assert round(expected[4, 1], 1) == 202.8
    assert [round(expected[level]) for level in [(4, 0), (3, 1), (3, 0)]] == [5_273, 8_316, 216_204]
    assert found.compared == 40_000_000
    assert found.p_value > 0.999
    assert found.degrees_of_freedom == 10  # twelve levels; 5+1, which expects one match, is pooled with 5+0


def test_a_level_has_its_exact_two_sided_tail() -> None:
    game = shipped_games()["GAME_001"]
    histogram = even_histogram(game, 1_000_000)
    chance = level_outcomes(game, 4, 0) / game.outcomes
    histogram[0] += histogram[8] - 190
    histogram[8] = 190
    found = match_levels(game, histogram).levels[8]
    assert (found.main, found.bonus, found.observed) == (4, 0, 190)
    distribution = binom(1_000_000, chance)
    outcomes = distribution.pmf(np.arange(1_000))
    assert found.p_value == pytest.approx(outcomes[outcomes <= distribution.pmf(190) * (1 + 1e-7)].sum())
    assert match_levels(game, histogram).p_value < 0.01


@settings(max_examples=40)
@given(games(size_max=9), st.integers(0, 400), st.integers(0, 2**32))
def test_every_level_is_told_and_rare_ones_are_pooled(game: Game, compared: int, seed: int) -> None:
    chances = np.array([level_outcomes(game, *level) for level in levels(game)]) / game.outcomes
    histogram = np.random.default_rng(seed).multinomial(compared, chances)
    found = match_levels(game, histogram)
    assert [level.observed for level in found.levels] == histogram.tolist()
    assert sum(level.expected for level in found.levels) == pytest.approx(compared)
    enough = sum(level.expected >= POOLED_EXPECTED_MIN for level in found.levels)
    assert max(0, enough - 2) <= found.degrees_of_freedom <= enough
    assert (found.statistic is None) == (found.degrees_of_freedom == 0)
    assert 0 <= found.p_value <= 1


def test_levels_of_another_game_are_refused() -> None:
    with pytest.raises(SampleError, match="GAME_001: 3 levels are counted, the game has 12"):
        match_levels(shipped_games()["GAME_001"], np.zeros(3, dtype=np.int64))
