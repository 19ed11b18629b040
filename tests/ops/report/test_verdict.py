"""Plain language says what the p-value says, and no more."""

from datetime import date

import attrs
import pytest

from ops.report.captions import change_words, claim_words, frequency_words, furthest_words
from ops.report.findings import Verdict
from ops.report.verdict import blindness, headline, reasoning
from tests.ops.report.made import made_data
from universe.fairness.matrix_change import MatrixChange

FLOOR = 1 / 501


def judged(p_value: float, floor: float = FLOOR) -> tuple[str, str]:
    """Headline and reason of a verdict."""
    data = made_data()
    assert data.fairness is not None
    verdict = Verdict(p_value=p_value, floor=floor, smallest_test="gaps")
    data = attrs.evolve(data, fairness=attrs.evolve(data.fairness, verdict=verdict))
    return headline(data), reasoning(data)


@pytest.mark.parametrize(
    ("p_value", "words"),
    [
        (1.0, "Nothing sets"),
        (0.11, "Nothing sets"),
        (0.1, "a little unusual"),
        (0.051, "a little unusual"),
        (0.05, "unusual for pure chance, but not beyond doubt"),
        (0.011, "unusual for pure chance, but not beyond doubt"),
        (0.01, "Pure chance rarely makes"),
        (2 * FLOOR, "Pure chance rarely makes"),
        (FLOOR, "No fair history here was like"),
    ],
)
def test_the_headline_follows_the_global_p_value(p_value: float, words: str) -> None:
    assert words in judged(p_value)[0]


def test_few_histories_condemn_nobody() -> None:
    """At a floor of one in twenty the floor is no rarity."""
    assert "not beyond doubt" in judged(0.05, 0.05)[0]


def test_the_reason_counts_histories_and_names_the_test() -> None:
    assert judged(0.43)[1] == (
        "About 43 of 100 fair histories look at least as conspicuous as this one, when all 8 tests are looked at"
        " together. The test that stood out most was “Gaps”."
    )
    assert judged(0.004)[1].startswith("About 4 of 1,000 fair histories look")
    assert judged(0.004)[1].endswith("look there first.")
    assert judged(FLOOR)[1].startswith("Not one of 500 fair histories stands out as much")


def test_results_of_two_games_are_not_judged_as_one() -> None:
    data = made_data()
    assert data.fairness is not None
    changed = attrs.evolve(data, fairness=attrs.evolve(data.fairness, rule_changes=("Main number 47: never drawn.",)))
    assert headline(changed) == "These results do not seem to come from one and the same game."
    assert "look there first" in reasoning(changed)


def test_too_few_results_and_none() -> None:
    few = made_data(fairness=None, nulls={})
    assert headline(few) == "2,000 real results are too few to judge."
    none = attrs.evolve(few, real=None)
    assert "no real results" in headline(none)
    assert "5,000,000 synthetic draws" in reasoning(none)
    assert blindness(none) is None


def test_what_could_not_be_seen_is_told_with_the_length_of_the_history() -> None:
    said = blindness(made_data())
    assert said is not None
    assert said.startswith("2,000 draws, 19 years of them")
    assert "19" in said.partition("about")[2][:4]  # 3 sqrt(42 / (5 * 2000)) = 19.4 %


@pytest.mark.parametrize(
    ("direction", "words"),
    [("left", "not drawn after 1 May 2010"), ("joined", "not drawn before 1 May 2010"), ("never", "never drawn")],
)
def test_a_change_of_the_matrix_in_words(direction: str, words: str) -> None:
    change = MatrixChange(
        drum="main", numbers=(36, 37, 38, 39), direction=direction, last_or_first_seen=date(2010, 5, 1),  # type: ignore[arg-type]  # as given
        draws_silent=900, p_value=1e-40,
    )  # fmt: skip  # one change
    said = change_words(change)
    assert said.startswith("Main numbers 36 to 39: ")
    assert words in said
    assert "900 draws" in said


def test_a_caption_names_the_ends_and_who_is_out() -> None:
    (real, *_) = made_data().frequencies
    assert "none outside of both" in frequency_words(real)
    counts = real.counts.copy()
    counts[12] += 200
    loaded = attrs.evolve(real, counts=counts)
    said = frequency_words(loaded)
    assert said.startswith(f"Number 13 leads with {counts[12]}, ")
    assert said.endswith("number 13 outside of both.")


def test_strategies_are_summed_up() -> None:
    data = made_data()
    assert "0 of 8 intervals leave out 1, where 0.40 are expected to. No run shows an edge" in claim_words(data)
    assert claim_words(data).endswith("refuted at 1,000 to 1 in 8 of 8 runs.")
    winner = attrs.evolve(data.backtests[0], low=1.2, log10_e_edge=3.0, refuted_after=None)
    said = claim_words(attrs.evolve(data, backtests=(winner, *data.backtests[1:])))
    assert "1 of 8 intervals leaves out 1" in said
    assert "1 of 8 show an edge" in said
    assert said.endswith("in 7 of 8 runs.")


def test_the_furthest_pair_is_told_with_how_far_the_furthest_is_by_chance() -> None:
    data = made_data()
    assert furthest_words(data) is None  # no such test was made
    assert data.fairness is not None
    row = attrs.evolve(data.fairness.tests[0], name="pairs_max", p_value=0.22)
    residuals = data.pairs[0].residuals.copy()
    residuals[1] = 9.5  # colex: {1, 2}, {1, 3}
    pairs = (attrs.evolve(data.pairs[0], residuals=residuals), *data.pairs[1:])
    said = furthest_words(attrs.evolve(data, pairs=pairs, fairness=attrs.evolve(data.fairness, tests=(row,))))
    assert said is not None
    assert said.startswith("The furthest real pair is 1 with 3, +9.50 standard deviations")
    assert "in about 22 of 100 fair histories" in said
