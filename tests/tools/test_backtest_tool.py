"""backtest_strategy on a real database: what the walk through the past gives, and what cannot be played."""

from collections.abc import Iterator
from math import comb
from typing import Any, get_args

import pytest

from tests.tools.fakes import call, refusal, text_of
from tests.tools.measured import (
    DRAWS,
    MEASURED,
    Universe,
    clock_of,
    document,
    measured_universe,
    results_of_measured,
)
from tools.questions.backtest import StrategyName
from universe.backtest import strategies
from universe.backtest.document import backtest_document
from universe.backtest.strategies import Strategy
from universe.backtest.walk import backtest
from universe.fairness.history import history_of, history_of_draws

TICKETS, MATCHES, PLAYED = 7, 2, 600


@pytest.fixture(scope="module")
def universe() -> Iterator[Universe]:
    with measured_universe() as made:
        yield made


def test_every_strategy_there_is_can_be_asked_for() -> None:
    assert get_args(StrategyName) == strategies.STRATEGIES


@pytest.mark.parametrize("source", ["real", "synthetic"])
@pytest.mark.parametrize("strategy", strategies.STRATEGIES)
def test_a_strategy_is_walked_through_the_draws_that_are_asked_for(
    universe: Universe, strategy: Any, source: str
) -> None:
    asked = {"strategy": strategy, "source": source, "tickets": TICKETS, "matches": MATCHES, "seed": 5}
    found = document(universe, "backtest_strategy", game_id="MEASURED", draws=PLAYED, **asked)
    history = history_of(MEASURED, results_of_measured())
    if source == "synthetic":
        history = history_of_draws(clock_of(MEASURED), 1, PLAYED)
    expected = backtest_document(backtest(history, Strategy(name=strategy), TICKETS, MATCHES, 2.11, 5))
    shared = found.keys() & expected.keys()
    assert len(shared) >= 14
    assert {key: found[key] for key in shared} == {key: expected[key] for key in shared}
    assert (found["source"], found["draws"]) == (source, len(history))
    assert (found["first_date"], found["last_date"]) == (str(history.dates[0]), str(history.dates[-1]))


def test_hits_stand_beside_their_exact_mean(universe: Universe) -> None:
    found = document(
        universe, "backtest_strategy", strategy="hot", game_id="MEASURED", tickets=TICKETS, matches=MATCHES
    )
    played = found["draws"] * TICKETS
    assert [tier["matches"] for tier in found["tiers"]] == [0, 1, 2, 3]
    assert sum(tier["observed"] for tier in found["tiers"]) == played
    for tier in found["tiers"]:
        chance = comb(3, tier["matches"]) * comb(9, 3 - tier["matches"]) / comb(12, 3)
        assert tier["probability"] == pytest.approx(chance)
        assert tier["expected"] == pytest.approx(played * chance)
    assert found["observed"] == found["tiers"][MATCHES]["observed"]
    assert found["efficiency"] == pytest.approx(found["observed"] / found["expected"])
    assert found["efficiency_low"] < found["efficiency"] < found["efficiency_high"]


def test_equal_seeds_choose_equal_tickets(universe: Universe) -> None:
    tiers = [
        document(universe, "backtest_strategy", strategy="random", game_id="MEASURED", seed=seed)["tiers"]
        for seed in (1, 1, 2)
    ]
    assert tiers[0] == tiers[1]
    assert tiers[0] != tiers[2]


def test_no_more_synthetic_draws_are_played_than_there_are(universe: Universe) -> None:
    asked = {"strategy": "overdue", "source": "synthetic", "game_id": "MEASURED", "tickets": 1}
    assert document(universe, "backtest_strategy", draws=20_000, **asked)["draws"] == DRAWS
    assert document(universe, "backtest_strategy", draws=1, **asked)["draws"] == 1


async def test_a_claim_that_is_refuted_is_told_with_the_draw_that_did_it(universe: Universe) -> None:
    asked = {"strategy": "hot", "source": "synthetic", "game_id": "MEASURED", "matches": 1, "claim": 1.5}
    result = await call(universe[1], "backtest_strategy", **asked)
    assert isinstance(result.structured_content, dict)
    claim = result.structured_content["claim"]
    assert claim["log10_e_highest"] >= 3
    assert f"refuted after {claim['refuted_after_draws']} draws." in text_of(result)
    asked |= {"claim": 1.0001}
    assert "is undecided: so many draws and tickets do not refute it" in text_of(
        await call(universe[1], "backtest_strategy", **asked)
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"strategy": "hot", "top": 2}, "MEASURED: top 2 is not in 3..12"),
        ({"strategy": "cold", "top": 13}, "MEASURED: top 13 is not in 3..12"),
        ({"strategy": "patterns", "top": 200}, "MEASURED: top 200 is not in 1.."),
        ({"strategy": "random", "top": 5}, "top 5: random has no order"),
        ({"strategy": "weighted", "top": 5}, "top 5: weighted has no order"),
        ({"strategy": "hot", "top": 256}, "top must be an integer from 1 to 255"),
        ({"strategy": "overdue", "window": 10}, "window 10: overdue looks at no counts"),
        ({"strategy": "hot", "window": 0}, "window must be an integer from 1"),
        ({"strategy": "hot", "matches": 4}, "MEASURED: matches 4 is not one of 0, 1, 2, 3"),
        ({"strategy": "hot", "matches": 0}, "matches must be an integer from 1 to 20"),
        ({"strategy": "hot", "claim": 1.0}, "claim 1.0 is not between 1 and"),
        ({"strategy": "hot", "claim": 0.5}, "claim 0.5 is not between 1 and"),
        ({"strategy": "hot", "claim": 900.0}, "where every ticket would hit"),
        ({"strategy": "hot", "claim": 0}, "claim must be a number"),
        ({"strategy": "hot", "tickets": 101}, "tickets must be an integer from 1 to 100"),
        ({"strategy": "hot", "draws": 20_001}, "draws must be an integer from 1 to 20000"),
        ({"strategy": "hot", "seed": "x"}, "seed must be an integer"),
        ({"strategy": "lucky"}, "strategy must be one of random, hot, cold, overdue, weighted, patterns"),
        ({"strategy": "hot", "source": "both"}, "source must be one of real, synthetic"),
        ({}, "strategy is missing"),
        ({"strategy": "hot", "game_id": "FRESH"}, "FRESH: no real result is stored; source synthetic plays"),
        ({"strategy": "hot", "game_id": "FRESH", "source": "synthetic"}, "FRESH: it has no synthetic draw yet"),
        ({"strategy": "hot", "game_id": "CHANGED", "source": "synthetic"}, "CHANGED: it has no synthetic draw yet"),
        ({"strategy": "hot", "game_id": "NONE"}, "unknown game NONE"),
    ],
    ids=str,
)
async def test_what_cannot_be_played_is_refused_in_one_line(
    universe: Universe, arguments: dict[str, Any], told: str
) -> None:
    assert told in await refusal(universe[1], "backtest_strategy", **{"game_id": "MEASURED", **arguments})
