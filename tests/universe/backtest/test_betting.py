"""E-values of hits: fair in the mean, quick where a claim is wrong."""

from math import ceil, log

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from universe.backtest.betting import EDGES, log_e_against, log_e_no_edge
from universe.backtest.chances import match_probabilities
from universe.game import Pool

THREE = float(match_probabilities(Pool(picked=5, size=35))[3])


@given(st.integers(1, 20), st.floats(0.001, 0.5), st.floats(1.01, 10), st.floats(0, 1), st.integers(0, 2**32))
def test_a_bet_does_not_gain_in_the_mean_where_its_hypothesis_is_true(
    tickets: int, chance: float, claim: float, spread: float, seed: int
) -> None:
    """Any distribution of hits on 0..S with the mean in question, whatever the bet is told of its square."""
    assume(claim * chance < 0.99)
    mean = tickets * chance
    square = mean**2 + spread * (tickets * mean - mean**2)
    weights = np.random.default_rng(seed).dirichlet(np.full(tickets + 1, 0.5))
    hits = np.arange(tickets + 1)[:, None]
    squares = np.full(1, square)
    no_edge = [log_e_no_edge(hit, mean, squares)[0] for hit in hits]
    against = [log_e_against(claim, hit, mean, squares, tickets)[0] for hit in hits]
    for target, log_e in ((mean, no_edge), (claim * mean, against)):
        factors = np.exp(log_e)
        assert (factors > 0).all()
        assert with_mean(weights, target) @ factors == pytest.approx(1, rel=1e-6)


def with_mean(weights: npt.NDArray[np.float64], mean: float) -> npt.NDArray[np.float64]:
    """The law moved towards none or all hits until it has this mean."""
    most = len(weights) - 1
    now = weights @ np.arange(most + 1)
    corner = np.zeros(most + 1)
    corner[most if now < mean else 0] = 1
    share = (mean - now) / ((most if now < mean else 0) - now) if now != mean else 0.0
    law: npt.NDArray[np.float64] = (1 - share) * weights + share * corner
    return law


def test_one_ticket_at_three_matches_refutes_2_11_within_1390_draws() -> None:
    """Growth is the divergence of the two chances, the most there is: 1,387 draws of 5/35 are worth e = 1000."""
    no, yes = (log_e_against(2.11, np.array([hits]), THREE, np.array([THREE]), 1)[0] for hits in (0, 1))
    growth = THREE * yes + (1 - THREE) * no
    assert growth == pytest.approx(THREE * log(1 / 2.11) + (1 - THREE) * log((1 - THREE) / (1 - 2.11 * THREE)))
    assert ceil(log(1_000) / growth) == 1_387


def paths(chance: float, count: int, draws: int) -> npt.NDArray[np.float64]:
    dice = np.random.default_rng(7)
    hits = (dice.random((count, draws)) < chance).astype(np.int64)
    return np.array([log_e_against(2.11, row, THREE, np.full(draws, THREE), 1) for row in hits])


def test_the_claim_falls_by_simulation() -> None:
    highest = np.maximum.accumulate(paths(THREE, 300, 3_000), axis=1) >= log(1_000)
    assert highest[:, 1_389].mean() == pytest.approx(0.56, abs=0.1)
    assert highest[:, 2_999].mean() > 0.95


@given(st.integers(1, 5), st.integers(6, 60), st.integers(1, 100), st.data())
def test_a_claim_that_all_but_every_ticket_hits_is_judged_too(
    picked: int, size: int, tickets: int, data: st.DataObject
) -> None:
    """Rounding may make its mean that of all tickets, or more: nothing is divided by 0, nothing is bet against it."""
    chance = float(data.draw(st.sampled_from(match_probabilities(Pool(picked=picked, size=size)).tolist())))
    assume(0 < chance < 1)
    mean = tickets * chance
    hits, squares = np.array([0, tickets]), np.full(2, tickets * mean)
    log_e = log_e_against(float(np.nextafter(1 / chance, 0)), hits, mean, squares, tickets)
    assert np.isfinite(log_e).all()
    assert log_e[0] > 0


def test_a_true_claim_stands() -> None:
    """With a chance of at least 1 - 1/20 it is never refuted at e = 20."""
    assert (paths(2.11 * THREE, 300, 2_000).max(axis=1) >= log(20)).mean() <= 0.05 + 3 * (0.05 * 0.95 / 300) ** 0.5


@pytest.mark.parametrize("edge", EDGES[2:])
def test_a_real_edge_would_show(edge: float) -> None:
    hits = (np.random.default_rng(8).random(6_000) < edge * THREE).astype(np.int64)
    assert log_e_no_edge(hits, THREE, np.full(6_000, THREE)).max() > log(1_000)
