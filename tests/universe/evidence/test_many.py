"""Many streams at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from universe.evidence.many import e_bh


@given(st.lists(st.floats(0, 1e9), max_size=30), st.floats(0.001, 0.5))
def test_as_many_are_chosen_as_the_rule_allows(values: list[float], alpha: float) -> None:
    """The definition, word by word: the most k for which k streams have at least K / (k alpha)."""
    streams = len(values)
    most = max((k for k in range(1, streams + 1) if sorted(values)[-k] * k * alpha >= streams), default=0)
    chosen = e_bh(np.array(values), alpha)
    if most:
        assert chosen.sum() >= most
        assert min(np.array(values)[chosen]) == sorted(values)[-most]
    else:
        assert not chosen.any()


def test_false_discoveries_stay_below_alpha() -> None:
    """40 streams, 8 of them with something in them: the mean share of false ones among the chosen."""
    dice, alpha, shares = np.random.default_rng(3), 0.1, []
    for _ in range(500):
        shift = np.where(np.arange(40) < 8, 3.0, 0.0)
        e_values = np.exp(3.0 * (dice.normal(size=40) + shift) - 4.5)
        chosen = e_bh(e_values, alpha)
        shares.append(chosen[8:].sum() / max(chosen.sum(), 1))
    assert np.mean(shares) <= alpha


@pytest.mark.parametrize("bad", [-1.0, float("nan")])
def test_what_is_no_e_value_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="from 0 up"):
        e_bh(np.array([1.0, bad]), 0.05)


def test_infinity_is_an_e_value() -> None:
    assert e_bh(np.array([np.inf, 1.0]), 0.05).tolist() == [True, False]
