"""The two e-processes of a game: what fairness promises, what a bias does, and going on from a step."""

from itertools import product
from math import log

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import games
from tests.universe.evidence.drawing import game_of, running_totals
from universe.counting import count_numbers
from universe.evidence import steps
from universe.evidence.steps import ALARM_E, evidence_steps
from universe.game import Game, Pool, RestOfDrum
from universe.ranking import unrank_all

PATHS, DRAWS = 400, 150


def evidence(game: Game, totals: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    return evidence_steps(game, totals, np.arange(1, len(totals) + 1))


@given(games(size_max=12), st.integers(0, 40), st.integers(1, 41), st.integers(0, 2**32))
def test_going_on_from_a_step_equals_doing_it_in_one_go_to_the_last_bit(
    game: Game, first: int, more: int, seed: int
) -> None:
    """The store keeps one row a day: a restart must not change what the next day says."""
    totals = running_totals(game, first + more, seed)
    whole = evidence(game, totals)
    before = (totals[first - 1], first, float(whole[first - 1, 0]), float(whole[first - 1, 1])) if first else None
    rest = evidence_steps(game, totals[first:], np.arange(first + 1, first + more + 1), before)
    assert np.array_equal(rest, whole[first:])


def test_pieces_of_bounded_memory_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    game = game_of(3, 12, RestOfDrum(picked=2))
    totals = running_totals(game, 60, seed=1)
    whole = evidence(game, totals)
    monkeypatch.setattr(steps, "PIECE_CELLS", 5 * totals.shape[1])
    assert np.array_equal(evidence(game, totals), whole)


@given(games(size_max=12), st.integers(2, 30), st.integers(0, 2**32))
def test_a_step_bets_on_the_past_alone(game: Game, draws: int, seed: int) -> None:
    """The first step knows nothing, so it bets nothing; and what comes later changes no earlier value."""
    totals = running_totals(game, draws, seed)
    other = running_totals(game, draws, seed + 1)
    other += totals[draws // 2 - 1] - other[draws // 2 - 1]
    one = evidence(game, totals)
    two = evidence(game, np.concatenate([totals[: draws // 2], other[draws // 2 :]]))
    assert one[0] == pytest.approx([0, 0], abs=1e-6)
    assert np.array_equal(one[: draws // 2], two[: draws // 2])


def test_no_steps_give_no_rows() -> None:
    game = game_of(5, 35)
    assert evidence_steps(game, np.empty((0, 35), dtype=np.int64), np.empty(0, dtype=np.int64)).shape == (0, 2)


def test_a_game_without_a_bonus_has_no_evidence_about_it() -> None:
    game = game_of(5, 35)
    assert not evidence(game, running_totals(game, 50, seed=3))[:, 1].any()


def test_a_game_that_draws_every_number_tells_nothing() -> None:
    game = game_of(4, 4)
    assert not evidence(game, running_totals(game, 50, seed=3)).any()


@pytest.mark.parametrize(
    "bonus", [Pool(picked=1, size=4), Pool(picked=2, size=6), RestOfDrum(picked=1), RestOfDrum(picked=2)]
)
def test_fair_draws_seldom_ever_reach_an_alarm(bonus: Pool | RestOfDrum) -> None:
    """Ville: whoever looks after every draw is alarmed with a chance of at most alpha, here 1/4, 1/10 and 1/20.

    Small pools, where bets are bold.
    """
    game = game_of(2, 9, bonus)
    paths = np.array([evidence(game, running_totals(game, DRAWS, seed)) for seed in range(PATHS)])
    highest = paths.max(axis=1)
    for alpha in (1 / 4, 1 / 10, 1 / 20):
        reached = (highest >= log(1 / alpha)).mean(axis=0)
        assert (reached <= alpha + 3 * (alpha * (1 - alpha) / PATHS) ** 0.5).all(), alpha


@pytest.mark.parametrize(
    ("game", "draws"),
    [
        (game_of(2, 4), 4),
        (game_of(1, 3, Pool(picked=2, size=3)), 3),
        (game_of(1, 4, RestOfDrum(picked=1)), 3),
        (game_of(1, 5, RestOfDrum(picked=2)), 2),
    ],
)
def test_the_mean_over_all_fair_histories_is_exactly_one(game: Game, draws: int) -> None:
    """Every history there can be, each as likely; also where the bonus comes out of what the main draw left."""
    main, bonus = unrank_all(game, np.arange(game.outcomes))
    each = np.array([count_numbers(game, main[[rank]], bonus[[rank]]) for rank in range(game.outcomes)])
    histories = [each[list(ranks)].cumsum(axis=0) for ranks in product(range(game.outcomes), repeat=draws)]
    e_values = np.exp([evidence(game, totals)[-1] for totals in histories])
    assert e_values.mean(axis=0) == pytest.approx(1, rel=1e-6)
    assert e_values.std(axis=0).max() > 0.001


def test_days_of_many_draws_keep_their_promise() -> None:
    """The same for steps of many draws, whose weights stand still within a step."""
    game = game_of(3, 20, Pool(picked=1, size=10))
    ends = np.arange(40, 1_201, 40)
    paths = np.array([evidence_steps(game, running_totals(game, 1_200, s)[ends - 1], ends) for s in range(200)])
    assert ((paths.max(axis=1) >= log(10)).mean(axis=0) <= 0.1 + 3 * (0.09 / 200) ** 0.5).all()


@pytest.mark.parametrize(("heavy", "draws"), [(2.0, 2_000), (1.5, 4_000)])
def test_a_heavy_ball_raises_the_alarm(heavy: float, draws: int) -> None:
    game = game_of(5, 47)
    weights = np.ones(47)
    weights[6] = heavy
    for seed in range(3):
        assert evidence(game, running_totals(game, draws, seed, weights))[:, 0].max() >= log(ALARM_E)


def test_a_missing_ball_raises_the_alarm() -> None:
    game = game_of(5, 47)
    weights = np.ones(47)
    weights[6] = 1e-9
    assert evidence(game, running_totals(game, 400, 1, weights))[-1, 0] >= log(ALARM_E)


def test_many_fair_draws_cost_little() -> None:
    """Evidence must be able to rise after millions of fair draws: it may not have sunk far below 1 until then."""
    game = game_of(5, 47, Pool(picked=1, size=27))
    dice = np.random.default_rng(5)
    days, per_day, chance = 175, 227_500, 5 / 47
    spread = per_day * chance * (1 - chance) * 47 / 46 * (np.eye(47) - 1 / 47)
    main = dice.multivariate_normal(np.full(47, per_day * chance), spread, days).round().astype(np.int64)
    bonus = dice.multinomial(per_day, np.full(27, 1 / 27), days)
    totals = np.concatenate([main, bonus], axis=1).cumsum(axis=0)
    log_e = evidence_steps(game, totals, np.arange(1, days + 1) * per_day)
    assert (log_e[-1] > -12).all()
    assert (log_e.max(axis=0) < log(ALARM_E)).all()


@settings(max_examples=20)
@given(st.integers(1, 20), st.integers(0, 50))
def test_large_picks_and_pools_stay_numbers(picked: int, more: int) -> None:
    game = game_of(picked, picked + more)
    totals = np.zeros((3, picked + more), dtype=np.int64)
    totals[:, :picked] = np.array([[1], [10**6], [10**9]])  # always the same draw
    log_e = evidence_steps(game, totals, np.array([1, 10**6, 10**9]))
    assert np.isfinite(log_e).all()
    assert (log_e[-1, 0] > 1e6) == (more > 0)
