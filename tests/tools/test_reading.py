"""What a p-value and a backtest are told as: never more than they say."""

import pytest

from tools.reading import _of_histories as of_histories
from tools.reading import meaning
from universe.backtest.reading import claim_reading, reading


@pytest.mark.parametrize(
    ("p", "says"),
    [(0.5, "Nothing sets X apart"), (0.07, "a little unusual"), (0.02, "not beyond doubt"), (0.003, "rarely makes X")],
)
def test_a_verdict_says_no_more_than_its_p_value(p: float, says: str) -> None:
    assert says in meaning(p, "X")


@pytest.mark.parametrize(
    ("p", "histories", "says"),
    [
        (0.368, 113, "about 37 of 100 fair histories look"),
        (0.02, 5_000, "about 20 of 1,000 fair histories look"),
        (0.0003, 20_000, "about 30 of 100,000 fair histories look"),
        (1 / 227, 226, "none of 226 fair histories looks"),
    ],
)
def test_a_share_of_histories_has_no_digits_that_nobody_knows(p: float, histories: int, says: str) -> None:
    assert of_histories(p, histories) == says


def test_a_backtest_is_told_as_what_it_is() -> None:
    assert "nothing can be judged" in reading(expected=0.2, no_edge_log10_e=0.0)
    assert "one in twenty such intervals" in reading(expected=70, no_edge_log10_e=0.4)
    assert "look for an error" in reading(expected=70, no_edge_log10_e=3.2)
    assert "undecided" in claim_reading(2.11, None)
    assert "refuted after 1162 draws" in claim_reading(2.11, 1_162)
