"""Planted biases are what they say they are, and fair where their size is 0."""

from collections import Counter
from functools import partial
from itertools import permutations
from math import comb, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from tests.strategies import games
from tests.universe.fairness.frames import frame_of_length, game_of
from universe.fairness import planted
from universe.fairness.alternatives import heavy_chance
from universe.fairness.planted import Plant
from universe.fairness.weighted import weighted_draws
from universe.game import Game, Pool, RestOfDrum

PLANTS: dict[str, Plant] = {
    "heavy ball": planted.heavy_ball,
    "missing on a weekday": planted.missing_on_weekday,
    "missing in a month": planted.missing_in_month,
    "drifting weight": planted.drifting_weight,
    "rising weights": planted.rising_weights,
    "heavy odd numbers": planted.heavy_odd_numbers,
    "repeated draws": planted.repeated_draws,
    "frequent pair": planted.frequent_pair,
    "frequent triple": planted.frequent_triple,
    "returning numbers": planted.returning_numbers,
    "heavy bonus": planted.heavy_bonus,
}
SETS = {"frequent pair": 2, "frequent triple": 3}
HISTORIES, DRAWS = 40, 300


@pytest.mark.parametrize("name", PLANTS)
@settings(max_examples=12)
@given(game=games(size_max=12), seed=st.integers(0, 2**32), size=st.sampled_from([0.0, 0.3, 0.9]))
def test_every_planted_draw_is_a_draw_of_the_game(name: str, game: Game, seed: int, size: float) -> None:
    if game.main.picked < SETS.get(name, 1) or (name == "heavy bonus" and not game.bonus_size):
        return
    frame = frame_of_length(game, 14)
    main, bonus = PLANTS[name](frame, size, 3, np.random.default_rng(seed))
    assert main.shape == (3, 14, game.main.picked)
    assert bonus.shape == (3, 14, game.bonus_picked)
    assert main.dtype == bonus.dtype == np.uint8
    for numbers, top in ((main, game.main.size), (bonus, game.bonus_size)):
        assert (np.diff(numbers.astype(int), axis=2) > 0).all()
        assert numbers.size == 0 or (numbers.min() >= 1 and numbers.max() <= top)
    if game.bonus_from_rest:
        assert not (main[..., None] == bonus[:, :, None]).any()


@pytest.mark.parametrize("name", PLANTS)
def test_size_0_is_fair(name: str) -> None:
    """All outcomes of a small game alike, the bonus included; a draw of the rest of the drum too."""
    for bonus in (Pool(picked=1, size=2), RestOfDrum(picked=1)):
        game = game_of(3, 5, bonus)
        drawn = np.concatenate(
            PLANTS[name](frame_of_length(game, DRAWS), 0.0, HISTORIES, np.random.default_rng(5)), axis=2
        )
        counts = Counter(map(tuple, drawn.reshape(-1, 4).tolist()))
        assert len(counts) == game.outcomes
        assert chisquare(list(counts.values())).pvalue > 1e-4


def share(numbers: np.ndarray, number: int) -> float:
    return float((numbers == number).any(axis=-1).mean())


def near(chance: float, draws: int) -> object:
    return pytest.approx(chance, abs=4 * sqrt(chance * (1 - chance) / draws))


def test_a_heavy_ball_comes_up_as_its_weight_says() -> None:
    frame = frame_of_length(game_of(5, 20, RestOfDrum(picked=2)), DRAWS)
    main, _ = planted.heavy_ball(frame, 1.0, HISTORIES, np.random.default_rng(1))
    assert share(main, 1) == near(heavy_chance(20, 5, 2.0), HISTORIES * DRAWS)
    assert share(main, 2) == near((5 - heavy_chance(20, 5, 2.0)) / 19, HISTORIES * DRAWS)
    main, bonus = planted.heavy_bonus(frame, 1.0, HISTORIES, np.random.default_rng(2))
    assert share(main, 1) == near(5 / 20, HISTORIES * DRAWS)
    assert share(bonus, 1) == near(15 / 20 * heavy_chance(15, 2, 2.0), HISTORIES * DRAWS)


def test_a_ball_is_missing_where_it_is_said_to() -> None:
    frame = frame_of_length(game_of(5, 20), DRAWS)
    for plant, part_of in ((planted.missing_on_weekday, frame.weekdays), (planted.missing_in_month, frame.months)):
        main, _ = plant(frame, 1.0, HISTORIES, np.random.default_rng(1))
        busiest = part_of == np.bincount(part_of).argmax()
        assert share(main[:, busiest], 1) == 0
        assert share(main[:, ~busiest], 1) == near(5 / 20, HISTORIES * int((~busiest).sum()))


def test_a_drifting_weight_ends_twice_as_heavy_and_begins_without() -> None:
    frame = frame_of_length(game_of(5, 20), DRAWS)
    main, _ = planted.drifting_weight(frame, 1.0, 20 * HISTORIES, np.random.default_rng(1))
    assert share(main[:, 0], 1) == 0
    assert share(main[:, -1], 1) == near(heavy_chance(20, 5, 2.0), 20 * HISTORIES)


def test_repeats_copy_earlier_draws_with_their_bonus() -> None:
    """Of a game with far more outcomes than draws, nearly all equal draws are copies."""
    frame = frame_of_length(game_of(6, 60, Pool(picked=2, size=30)), DRAWS)
    drawn = np.concatenate(planted.repeated_draws(frame, 0.25, HISTORIES, np.random.default_rng(1)), axis=2)
    distinct = [len(np.unique(history, axis=0)) for history in drawn]
    assert 1 - np.mean(distinct) / DRAWS == near(0.25 * (DRAWS - 1) / DRAWS, HISTORIES * DRAWS)
    firsts, lasts = drawn[:, 0], drawn[:, -1]
    assert len(np.unique(firsts, axis=0)) == HISTORIES
    assert (
        0
        < np.mean([(last == history[:-1]).all(axis=1).any() for last, history in zip(lasts, drawn, strict=True)])
        < 0.5
    )


def test_where_every_draw_is_a_copy_all_are_the_first() -> None:
    """A draw copies an earlier one, never itself."""
    frame = frame_of_length(game_of(6, 60), 40)
    main, _ = planted.repeated_draws(frame, 1.0, 5, np.random.default_rng(1))
    assert (main == main[:, :1]).all()


@pytest.mark.parametrize(("plant", "chosen"), [(planted.frequent_pair, 2), (planted.frequent_triple, 3)])
def test_a_set_comes_up_so_much_more_often(plant: Plant, chosen: int) -> None:
    frame = frame_of_length(game_of(5, 12), DRAWS)
    main, _ = plant(frame, 2.0, HISTORIES, np.random.default_rng(1))
    holds = (main[:, :, :chosen] == np.arange(1, chosen + 1)).all(axis=2).mean()
    assert holds == near(3 * comb(5, chosen) / comb(12, chosen), HISTORIES * DRAWS)


@pytest.mark.parametrize("lag", [1, 3])
def test_numbers_return_after_the_lag_and_not_before(lag: int) -> None:
    frame = frame_of_length(game_of(4, 12), DRAWS)
    main, _ = partial(planted.returning_numbers, lag=lag)(frame, 3.0, HISTORIES, np.random.default_rng(1))
    shared = {
        apart: (main[:, apart:, :, None] == main[:, :-apart, None]).sum(axis=(2, 3)).mean() for apart in (1, 2, 3)
    }
    assert all(mean > 2 if apart == lag else mean < 1.9 for apart, mean in shared.items())


def test_weights_are_drawn_one_after_the_other_without_replacement() -> None:
    """Against the product of the shares of what is left, for every order of every draw."""
    weights = np.array([0.0, 1.0, 2.0, 4.0])
    drawn = weighted_draws(weights, 2, (1, 40_000), np.random.default_rng(1))[0]
    expected = Counter[tuple[int, ...]]()
    for order in permutations([2, 3, 4], 2):
        first, second = (weights[number - 1] for number in order)
        expected[tuple(sorted(order))] += 40_000 * first / 7 * second / (7 - first)
    counts = Counter(map(tuple, drawn.tolist()))
    assert counts.keys() == expected.keys()
    assert chisquare([counts[pair] for pair in expected], list(expected.values())).pvalue > 1e-4


def test_pieces_draw_for_every_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("universe.fairness.weighted.RACE_CELLS_MAX", 50)
    weights = np.array([[[1.0, 0.0, 1.0]], [[0.0, 1.0, 1.0]], [[1.0, 1.0, 0.0]]])
    drawn = weighted_draws(weights, 2, (3, 30), np.random.default_rng(1))
    assert (drawn == np.array([[[1, 3]], [[2, 3]], [[1, 2]]])).all()
