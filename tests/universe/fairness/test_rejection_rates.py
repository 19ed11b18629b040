"""Simulated histories: every mean is the expected one, and tests reject as often as they say, naive ones do not."""

from math import sqrt

import numpy as np
import pytest

from tests.universe.fairness.chance import ALPHA, frame_by_turns, game_of, ranks_by_chance
from universe.fairness.battery import Measurements, measure_each, measure_ranks
from universe.fairness.tallies import tally_ranks
from universe.game import Pool, RestOfDrum

HISTORIES, DRAWS = 700, 500
SPREAD = sqrt(ALPHA * (1 - ALPHA) / HISTORIES)
BOUNDED = {"numbers_max", "pairs_max", "weekdays_max", "months_max", "drought", "repeats"}
CORRECTED = ("numbers", "weekdays", "months", "drift")


def rates(p_values: Measurements, name: str) -> tuple[float, float]:
    column = p_values.names.index(name)
    return (
        float(np.mean(p_values.p_values[:, column] <= ALPHA)),
        float(np.mean(p_values.naive[:, column] <= ALPHA)),
    )


@pytest.mark.parametrize(
    ("picked", "size", "bonus"),
    [
        (5, 47, Pool(picked=1, size=27)),
        (6, 49, RestOfDrum(picked=1)),
        (5, 35, None),
        (7, 39, Pool(picked=2, size=12)),
    ],
)
def test_fair_histories(picked: int, size: int, bonus: Pool | RestOfDrum | None) -> None:
    """A bound or a discrete test may reject less often than it says, never more."""
    game = game_of(picked, size, bonus)
    frame = frame_by_turns(game, DRAWS)
    ranks = ranks_by_chance(game, HISTORIES * DRAWS, seed=size)
    measured = measure_ranks(frame, ranks)
    expected = {name: each.expected for name, each in measure_each(frame, tally_ranks(frame, ranks[:DRAWS])).items()}
    for column, name in enumerate(measured.names):
        statistic = measured.statistics[:, column]
        if not np.isnan(expected[name]):
            error = statistic.std() / sqrt(HISTORIES)
            assert statistic.mean() == pytest.approx(expected[name], abs=4.5 * error), name
        rejected, _ = rates(measured, name)
        assert rejected < ALPHA + 4 * SPREAD, name
        assert name in BOUNDED or rejected > ALPHA - 4 * SPREAD, name
    for name in CORRECTED:
        assert rates(measured, name)[1] < ALPHA - 2 * SPREAD, name
    for name in ("overlap_1", "parity", "patterns"):
        assert rates(measured, name)[1] > ALPHA + 2 * SPREAD, name
    for name in ("numbers_max", "pairs_max", "drought", "weekdays_max", "months_max"):
        assert rates(measured, name)[1] > 0.7, name
