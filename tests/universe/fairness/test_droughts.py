"""The longest drought: exact for one number, bracketed for all, and the figures that a game's page gives."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.universe.fairness.chance import frame_by_turns, game_of, tally_every
from universe.fairness.droughts import (
    _exact_tail,
    _feller_tail,
    drought_tail,
    longest_drought,
    longest_drought_of_number,
    measure_drought,
)


def longest_run(history: tuple[bool, ...]) -> int:
    return max(len(run) for run in "".join("01"[absent] for absent in history).split("0"))


@given(draws=st.integers(1, 8), absent=st.floats(0.05, 0.95))
@settings(max_examples=40)
def test_one_number_is_exact(draws: int, absent: float) -> None:
    """Against all 2**n ways to come up or stay out."""
    histories = list(product([False, True], repeat=draws))
    chances = [np.prod([absent if out else 1 - absent for out in history]) for history in histories]
    for length in range(draws + 2):
        exact = sum(
            chance for chance, history in zip(chances, histories, strict=True) if longest_run(history) >= length
        )
        assert drought_tail(length, draws, absent) == pytest.approx(exact, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(("picked", "size", "draws"), [(1, 3, 7), (2, 4, 5), (2, 5, 4), (3, 4, 6)])
def test_all_numbers_lie_between_the_bounds(picked: int, size: int, draws: int) -> None:
    """Over all histories: independent numbers are a lower bound, the sum over them an upper one."""
    game = game_of(picked, size)
    frame = frame_by_turns(game, draws)
    droughts = tally_every(frame).drought
    independent = longest_drought(game, draws).probabilities
    for length in range(draws + 1):
        true = float(np.mean(droughts >= length))
        alone = drought_tail(length, draws, 1 - picked / size)
        assert independent[length:].sum() <= true + 1e-12
        assert true <= min(1.0, size * alone) + 1e-12


@given(length=st.integers(1, 300), picked=st.integers(1, 8), size=st.integers(9, 80))
@settings(max_examples=40)
def test_the_asymptotic_formula_is_good_for_long_histories(length: int, picked: int, size: int) -> None:
    absent = 1 - picked / size
    exact = _exact_tail(length, 5_001, absent)
    assert _feller_tail(length, 5_001, absent) == pytest.approx(exact, rel=1e-6)


def test_the_longest_drought_of_a_game() -> None:
    """5/47: about 86 draws in 2,000, about 175 in 40 million."""
    game = game_of(5, 47)
    some, many = longest_drought(game, 2_000), longest_drought(game, 40_000_000)
    assert (round(some.mean, 1), some.mode) == (86.2, 81)
    assert (round(many.mean, 1), many.mode) == (174.6, 169)
    assert some.probabilities.sum() == pytest.approx(1)
    alone = longest_drought_of_number(game, 2_000).probabilities
    assert alone[60:].sum() == pytest.approx(drought_tail(60, 2_000, 42 / 47))


def test_short_histories_are_all_drought() -> None:
    game = game_of(1, 6)
    assert longest_drought(game, 1).probabilities == pytest.approx([6**-6, 1 - 6**-6])
    assert longest_drought(game_of(6, 6), 50).probabilities == pytest.approx([1])


def test_the_probability_is_a_bound_and_the_naive_one_that_of_one_number() -> None:
    frame = frame_by_turns(game_of(2, 5), 4)
    tallies = tally_every(frame)
    measured = measure_drought(frame, tallies)
    assert measured.naive is not None
    assert measured.p_value == pytest.approx(np.minimum(5 * measured.naive, 1))
    for p in np.unique(measured.p_value):
        assert np.mean(measured.p_value <= p) <= p + 1e-12
