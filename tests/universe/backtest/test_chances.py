"""What tickets hit by chance, against every draw there can be."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from universe.backtest import chances
from universe.backtest.chances import match_probabilities, second_moments
from universe.game import Pool

small = st.integers(1, 4).flatmap(lambda k: st.builds(Pool, picked=st.just(k), size=st.integers(k, k + 5)))


def test_published_chances() -> None:
    assert match_probabilities(Pool(picked=6, size=49))[3] == pytest.approx(1 / 56.66, rel=1e-4)
    assert match_probabilities(Pool(picked=5, size=35))[3] == 4_350 / 324_632
    assert match_probabilities(Pool(picked=5, size=47)).sum() == pytest.approx(1)


@given(small, st.integers(1, 4), st.integers(0, 2**32))
def test_mean_and_square_are_those_over_all_draws(pool: Pool, count: int, seed: int) -> None:
    """Mean: tickets times chance, whatever they share. Square: what they share decides."""
    dice = np.random.default_rng(seed)
    tickets = np.array([[dice.permutation(pool.size)[: pool.picked] + 1 for _ in range(count)] for _ in range(3)])
    draws = [set(draw) for draw in combinations(range(1, pool.size + 1), pool.picked)]
    for matches, chance in enumerate(match_probabilities(pool)):
        hits = np.array([[sum(len(draw & set(one)) == matches for one in row) for draw in draws] for row in tickets])
        assert hits.mean(axis=1) == pytest.approx(count * chance)
        moments = second_moments(pool, matches, np.sort(tickets, axis=2).astype(np.uint8))
        assert moments == pytest.approx((hits**2).mean(axis=1))


def test_pieces_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = np.random.default_rng(1)
    pool = Pool(picked=3, size=10)
    tickets = np.sort(dice.random((20, 4, 10)).argsort(axis=2)[:, :, :3] + 1, axis=2).astype(np.uint8)
    whole = second_moments(pool, 2, tickets)
    monkeypatch.setattr(chances, "PIECE_CELLS", 1)
    assert np.array_equal(second_moments(pool, 2, tickets), whole)
    assert len(set(whole.round(9))) > 1
    assert comb(10, 3) == pool.outcomes
