"""Backtests: counts, means and intervals of a strategy walked forward; real history beside the claim."""

import csv
import json
from datetime import date
from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import games
from tests.universe.backtest.histories import CASH, fair_history
from universe.backtest.document import backtest_document, backtest_path
from universe.backtest.errors import StrategyError
from universe.backtest.patterns import pattern_share
from universe.backtest.strategies import STRATEGIES, Strategy, UserStrategy
from universe.backtest.walk import backtest
from universe.catalogue import shipped_games
from universe.fairness.history import History, history_of
from universe.game import Game
from universe.results.result import RealResult


def real_history(shared: Path, name: str, game_id: str) -> History:
    game = shipped_games()[game_id]
    with (shared / "results" / "normalised" / f"{name}.csv").open(encoding="utf-8") as file:
        rows = [(date.fromisoformat(row["draw_date"]), row["main"], row["bonus"]) for row in csv.DictReader(file)]
    return history_of(
        game,
        [
            RealResult(
                draw_date=day, main_numbers=tuple(map(int, main.split())), bonus_numbers=tuple(map(int, bonus.split()))
            )
            for day, main, bonus in rows
            if day >= game.since
        ],
    )


@settings(max_examples=40)
@given(games(), st.integers(1, 30), st.integers(1, 4), st.data())
def test_hits_are_those_counted_one_by_one(game: Game, draws: int, tickets: int, data: st.DataObject) -> None:
    history = fair_history(game, draws, seed=data.draw(st.integers(0, 2**32)))
    possible = [m for m in range(game.main.picked + 1) if game.main.size - game.main.picked >= game.main.picked - m]
    matches = data.draw(st.sampled_from(possible))
    dice = np.random.default_rng(draws)
    numbers = [[sorted(dice.permutation(game.main.size)[: game.main.picked] + 1) for _ in range(tickets)]] * draws
    mine = UserStrategy(name="mine", choose=lambda past: numbers[len(past)])
    try:
        found = backtest(history, mine, tickets, matches, claim=1.01)
    except StrategyError:  # a hit is all but certain here, so 1.01 times as many cannot be claimed
        return
    right = np.array([[len(set(row) & set(draw)) for row in numbers[0]] for draw in history.main.tolist()])
    assert found.hits.tolist() == (right == matches).sum(axis=1).tolist()
    assert [tier.observed for tier in found.tiers] == np.bincount(
        right.ravel(), minlength=game.main.picked + 1
    ).tolist()
    assert sum(tier.expected for tier in found.tiers) == pytest.approx(draws * tickets)
    low, high = found.interval
    assert low <= found.efficiency <= high


@pytest.mark.parametrize("strategy", [Strategy(name="hot", top=6), Strategy(name="random")])
def test_the_interval_holds_the_truth_as_often_as_it_says(strategy: Strategy) -> None:
    """Five tickets out of six hot numbers hit together, which a plain interval would forget."""
    tests = [backtest(fair_history(CASH, 400, seed), strategy, 5, seed=seed) for seed in range(300)]
    covered = np.mean([test.interval[0] <= 1 <= test.interval[1] for test in tests])
    assert 0.92 <= covered <= 1
    spread = np.std([test.observed for test in tests])
    assert spread == pytest.approx(np.mean([test.standard_deviation for test in tests]), rel=0.13)
    assert np.mean([test.efficiency for test in tests]) == pytest.approx(
        1, abs=4 * spread / tests[0].expected / 300**0.5
    )


@pytest.mark.parametrize("name", STRATEGIES)
def test_no_strategy_beats_synthetic_draws(name: str) -> None:
    strategy = next(Strategy(name=known) for known in STRATEGIES if known == name)
    found = backtest(fair_history(CASH, 10_000, seed=3), strategy, 5)
    assert abs(found.observed - found.expected) < 3.5 * found.standard_deviation
    assert found.edge_log_e[-1] < log(20)
    assert found.refuted_after is not None


def test_equal_arguments_give_equal_results_and_seeds_other_tickets() -> None:
    history = fair_history(CASH, 500, seed=3)
    one, two, other = (backtest(history, Strategy(name="random"), 5, seed=seed) for seed in (1, 1, 2))
    assert backtest_document(one) == backtest_document(two)
    assert not np.array_equal(one.hits, other.hits)


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        ({"tickets": 0}, "tickets 0 is not in 1..100"),
        ({"tickets": 101}, "tickets 101 is not in 1..100"),
        ({"matches": 6}, "matches 6 is not one of 0, 1, 2, 3, 4, 5"),
        ({"claim": 1.0}, "claim 1.0 is not between 1 and 74.6"),
        ({"claim": 75.0}, "claim 75.0 is not between 1 and 74.6"),
        ({"claim": float("nan")}, "claim nan is not between"),
    ],
)
def test_what_cannot_be_played_or_claimed_is_refused(asked: dict[str, int], wrong: str) -> None:
    with pytest.raises(StrategyError, match=wrong):
        backtest(fair_history(CASH, 5, seed=3), Strategy(name="hot"), **asked)


def test_without_draws_there_is_nothing_to_test() -> None:
    with pytest.raises(StrategyError, match="no draw"):
        backtest(fair_history(CASH, 5, seed=3)[:0], Strategy(name="hot"))


@pytest.mark.parametrize("draws", [1, 2, 99, 250])
def test_the_document_is_plain_and_its_path_ends_at_the_end(draws: int) -> None:
    found = backtest(fair_history(CASH, draws, seed=3), Strategy(name="hot"), 10)
    document = json.loads(json.dumps(backtest_document(found)))
    assert document["strategy"] == "hot 10"
    path = backtest_path(found)
    assert len(path) == min(draws, 100)
    assert path[-1]["draws"] == draws
    assert path[-1]["observed"] == found.observed == document["observed"]
    assert path[-1]["claim_log10_e"] == document["claim"]["log10_e"]


# real history


@pytest.mark.parametrize(
    ("name", "game_id", "tickets"), [("tx_cash_five", "GAME_004", 1), ("superlotto_plus", "GAME_001", 10)]
)
def test_hot_numbers_have_no_edge_and_the_claim_is_refuted(shared: Path, name: str, game_id: str, tickets: int) -> None:
    history = real_history(shared, name, game_id)
    found = backtest(history, Strategy(name="hot"), tickets)
    low, high = found.interval
    assert low <= 1 <= high < 1.5
    assert found.edge_log_e.max() < log(20)
    assert found.refuted_after is not None


def test_six_common_patterns_came_up_as_often_as_they_must(shared: Path) -> None:
    share = pattern_share(real_history(shared, "tx_cash_five", "GAME_004"), 6)
    assert share.probability == pytest.approx(0.3722, abs=5e-5)
    assert share.efficiency == pytest.approx(1, abs=0.03)
