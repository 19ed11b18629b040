"""Small games, completely: the mean of a statistic over all histories is its expectation, to rounding."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.universe.fairness.chance import frame_by_turns, game_of, tally_every
from universe.fairness.dates import measure_drift, measure_months, measure_weekdays
from universe.fairness.gaps import expected_gaps, gap_covariance
from universe.fairness.measured import Measured
from universe.fairness.mixture import mixture_mean
from universe.fairness.multinomial import goodness_of_fit
from universe.fairness.numbers import measure_bonus, measure_numbers
from universe.fairness.serial import measure_repeats, overlap_probabilities, repeat_moments
from universe.fairness.shapes import parity_probabilities, pattern_probabilities, sum_probabilities
from universe.fairness.subsets import measure_pairs, measure_triples, subset_moments, subset_terms
from universe.fairness.tallies import LAGS, Frame, Tallies
from universe.game import Game, Pool, RestOfDrum

Measure = Callable[[Frame, Tallies], Measured]
Values = np.ndarray[tuple[int], np.dtype[np.float64]]


def third_moment(values: Values) -> float:
    return float(((values - values.mean()) ** 3).mean())


@pytest.mark.parametrize("measure", [measure_numbers, measure_pairs, measure_repeats, measure_drift])
@pytest.mark.parametrize(("picked", "size", "draws"), [(2, 5, 3), (2, 4, 4), (3, 5, 3)])
def test_means_over_all_histories(measure: Measure, picked: int, size: int, draws: int) -> None:
    if measure is measure_pairs and size < max(4, picked + 2):
        pytest.skip("pairs do not vary apart from numbers")
    frame = frame_by_turns(game_of(picked, size), draws)
    measured = measure(frame, tally_every(frame))
    assert measured.statistic.mean() == pytest.approx(measured.expected, rel=1e-12)


@pytest.mark.parametrize("measure", [measure_weekdays, measure_months])
def test_means_of_parts_over_all_histories(measure: Measure) -> None:
    frame = frame_by_turns(game_of(1, 4), 6, weekdays=1, months=1)
    shared = Frame(
        game=frame.game,
        draws=frame.draws,
        weekdays=np.array([0, 1, 1, 0, 1, 1], dtype=np.uint8),
        months=np.array([3, 3, 3, 7, 7, 7], dtype=np.uint8),
        weekday_names=("Tue", "Sun"),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("universe.fairness.dates.PART_EXPECTED_MIN", 0.5)
        measured = measure(shared, tally_every(shared))
    assert measured.expected == 3
    assert measured.statistic.mean() == pytest.approx(3, rel=1e-12)


@pytest.mark.parametrize("bonus", [Pool(picked=1, size=3), Pool(picked=2, size=4), RestOfDrum(picked=1)])
def test_means_of_any_bonus(bonus: Pool | RestOfDrum) -> None:
    """A number of the rest of the drum is by itself as likely as any of the whole drum."""
    frame = frame_by_turns(game_of(2, 4, bonus), 3)
    measured = measure_bonus(frame, tally_every(frame))
    assert measured.expected == frame.game.bonus_size - 1
    assert measured.statistic.mean() == pytest.approx(measured.expected, rel=1e-12)


def test_moments_of_triples() -> None:
    """Mean, variance and third moment: what the plain p-value of a sparse statistic is made of."""
    frame = frame_by_turns(game_of(3, 6), 3)
    statistic = measure_triples(frame, tally_every(frame)).statistic
    mean, variance, third = subset_moments(frame.game.main, 3, frame.draws)
    assert statistic.mean() == pytest.approx(mean, rel=1e-12)
    assert statistic.var() == pytest.approx(variance, rel=1e-12)
    assert third_moment(statistic) == pytest.approx(third, rel=1e-9)
    assert mean == mixture_mean(subset_terms(frame.game.main, 3))


@pytest.mark.parametrize(("picked", "size", "draws"), [(1, 3, 6), (2, 4, 5), (2, 5, 3)])
def test_moments_of_repeats(picked: int, size: int, draws: int) -> None:
    frame = frame_by_turns(game_of(picked, size), draws)
    statistic = measure_repeats(frame, tally_every(frame)).statistic
    mean, variance, third = repeat_moments(draws, frame.game.main.outcomes)
    assert statistic.mean() == pytest.approx(mean, rel=1e-12)
    assert statistic.var() == pytest.approx(variance, rel=1e-12)
    assert third_moment(statistic) == pytest.approx(third, rel=1e-9)


@pytest.mark.parametrize(("picked", "size"), [(2, 5), (3, 5), (1, 4)])
def test_shapes_and_overlaps_are_multinomial(picked: int, size: int) -> None:
    frame = frame_by_turns(game_of(picked, size), 3)
    game, tallies = frame.game, tally_every(frame)
    for counts, probabilities, trials in (
        (tallies.sums, sum_probabilities(game), 3),
        (tallies.parity, parity_probabilities(game.main), 3),
        (tallies.patterns, pattern_probabilities(game), 3),
        (tallies.overlaps[:, LAGS.index(1)], overlap_probabilities(game.main), 2),
        (tallies.overlaps[:, LAGS.index(2)], overlap_probabilities(game.main), 1),
    ):
        assert counts.mean(axis=0) == pytest.approx(trials * probabilities, abs=1e-12)
        measured = goodness_of_fit(counts, probabilities, trials, least=0.01)
        assert measured.statistic.mean() == pytest.approx(measured.expected, rel=1e-12)


@pytest.mark.parametrize(("picked", "size", "draws"), [(2, 4, 5), (1, 4, 6), (3, 4, 6), (2, 5, 4), (1, 2, 9)])
def test_gaps_have_these_expectations_and_covariances(picked: int, size: int, draws: int) -> None:
    game: Game = game_of(picked, size)
    cells = draws - 1
    tallies = tally_every(frame_by_turns(game, draws))
    counts = np.zeros((len(tallies), cells))
    counts[:, : tallies.gaps.shape[1]] = tallies.gaps[:, :cells]
    cells = min(cells, tallies.gaps.shape[1] - 1)  # the last cell of the tally holds all longer gaps
    counts = counts[:, :cells]
    expected = expected_gaps(game.main, draws, cells)
    assert counts.mean(axis=0) == pytest.approx(expected[:-1], abs=1e-12)
    assert tallies.gaps.sum(axis=1).mean() == pytest.approx(expected.sum(), rel=1e-12)
    assert np.cov(counts.T, ddof=0) == pytest.approx(gap_covariance(game.main, draws, cells), abs=1e-12)
