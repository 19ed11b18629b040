"""Positive controls: planted biases, the power predicted for the test that should see them, and what it caught."""

from functools import partial
from math import sqrt

import attrs
import numpy as np

from universe.fairness import planted
from universe.fairness.battery import Measurements, measure_ranks, tests_of
from universe.fairness.calibration import Null, calibrate_with
from universe.fairness.planted import Plant, Planted
from universe.fairness.power import ALTERNATIVES, power_at, power_of, told_of
from universe.fairness.synthetic import Tick, joined_measurements, one_of
from universe.fairness.tallies import Frame
from universe.ranking import rank_all

ALPHA = 0.05
CURVE = (0.0, 0.5, 0.75, 1.0, 1.5)  # sizes in units of the visible one
LARGEST_CURVE = (0.0, 0.25, 0.5, 0.75, 1.0)  # in units of the largest possible size, where none is visible
SIGMAS_MAX = 4.0  # Monte-Carlo errors between what is predicted and what was caught
APPROXIMATION = 0.05  # of the power: limits of large numbers, and variances taken as fairness gives them
PLANTED_AT_ONCE = 50


@attrs.frozen(kw_only=True)
class Control:
    """A bias, and the test that should see it."""

    bias: str
    test: str
    plant: Plant


@attrs.frozen(kw_only=True)
class Caught:
    """One size of one bias: the share of ``histories`` that the calibrated test caught, beside its predicted power.

    ``overall`` is the share that the global p-value caught. At size 0 nothing is there to be caught: both must keep to
    alpha. ``error`` is the Monte-Carlo standard error of ``caught``, ``as_predicted`` the verdict on both.
    """

    bias: str
    test: str
    size: float
    alternative: str
    histories: int
    predicted: float
    caught: float
    error: float
    overall: float
    as_predicted: bool


def _lighter(frame: Frame, size: float, histories: int, source: np.random.Generator) -> Planted:
    return planted.heavy_ball(frame, -size, histories, source)


CONTROLS = (
    Control(bias="a heavy ball", test="numbers_max", plant=planted.heavy_ball),
    Control(bias="a ball missing on a weekday", test="weekdays_max", plant=planted.missing_on_weekday),
    Control(bias="repeats of an earlier draw", test="repeats", plant=planted.repeated_draws),
    Control(bias="a drifting weight", test="drift", plant=planted.drifting_weight),
)
MORE_CONTROLS = (
    Control(bias="a heavy ball", test="numbers", plant=planted.heavy_ball),
    Control(bias="a heavy bonus ball", test="bonus", plant=planted.heavy_bonus),
    Control(bias="a frequent pair", test="pairs", plant=planted.frequent_pair),
    Control(bias="a frequent pair", test="pairs_max", plant=planted.frequent_pair),
    Control(bias="a frequent set of three", test="triples", plant=planted.frequent_triple),
    Control(bias="numbers that return", test="overlap_1", plant=planted.returning_numbers),
    Control(bias="numbers that return", test="overlap_2", plant=partial(planted.returning_numbers, lag=2)),
    Control(bias="numbers that return", test="overlap_3", plant=partial(planted.returning_numbers, lag=3)),
    Control(bias="numbers that return", test="gaps", plant=planted.returning_numbers),
    Control(bias="a light ball", test="drought", plant=_lighter),
    Control(bias="rising weights", test="sums", plant=planted.rising_weights),
    Control(bias="heavy odd balls", test="parity", plant=planted.heavy_odd_numbers),
    Control(bias="rising weights", test="patterns", plant=planted.rising_weights),
    Control(bias="a ball missing on a weekday", test="weekdays", plant=planted.missing_on_weekday),
    Control(bias="a ball missing in a month", test="months", plant=planted.missing_in_month),
    Control(bias="a ball missing in a month", test="months_max", plant=planted.missing_in_month),
)


def controls_of(frame: Frame, *, more: bool) -> tuple[Control, ...]:
    """Return the controls whose test this game and length can be asked."""
    asked = {test.name for test in tests_of(frame)}
    return tuple(control for control in (CONTROLS + MORE_CONTROLS if more else CONTROLS) if control.test in asked)


def sizes_of(frame: Frame, control: Control) -> tuple[float, ...]:
    """Return the sizes of a control's power curve, of two digits: fair, hardly visible, …, hardly to be missed."""
    visible, largest = power_of(frame, control.test, ALPHA).visible, ALTERNATIVES[control.test].size_max
    sizes = [part * visible for part in CURVE] if visible else [part * largest for part in LARGEST_CURVE]
    return tuple(sorted({float(f"{min(size, largest):.2g}") for size in sizes}))


def plant_and_catch(
    frame: Frame, null: Null, control: Control, size: float, histories: int, seed: int, tick: Tick
) -> Caught:
    """Plant one size of a bias in so many histories, and calibrate each with the null."""
    measured = _measured(frame, control, size, histories, seed, tick)
    place = null.names.index(control.test)
    found = [calibrate_with(null, one_of(measured, history), history) for history in range(histories)]
    caught = float(np.mean([one.p_values[place] <= ALPHA for one in found]))
    overall = float(np.mean([one.global_p <= ALPHA for one in found]))
    predicted = power_at(frame, control.test, size, ALPHA)
    return Caught(
        bias=control.bias,
        test=control.test,
        size=size,
        alternative=told_of(frame, control.test, size) if size else "nothing planted",
        histories=histories,
        predicted=predicted,
        caught=caught,
        error=_error(caught, histories),
        overall=overall,
        as_predicted=_as_predicted(frame, null, control, size, caught, histories)
        and (size > 0 or overall <= ALPHA + _allowed(ALPHA, histories) + _critical_error(null)),
    )


def _measured(frame: Frame, control: Control, size: float, histories: int, seed: int, tick: Tick) -> Measurements:
    source, game, pieces = np.random.default_rng(seed), frame.game, []
    for first in range(0, histories, PLANTED_AT_ONCE):
        count = min(PLANTED_AT_ONCE, histories - first)
        main, bonus = (
            numbers.reshape(count * frame.draws, numbers.shape[2])
            for numbers in control.plant(frame, size, count, source)
        )
        ranks = rank_all(game, main, bonus)
        pieces.append(measure_ranks(frame, ranks))
        tick(len(ranks))
    return joined_measurements(pieces)


def _as_predicted(frame: Frame, null: Null, control: Control, size: float, caught: float, histories: int) -> bool:
    """Whether the share lies where the prediction and all errors put it.

    So many null histories put the critical value not exactly at alpha: a discrete statistic may take one value more
    or less, and the power is that at either.
    """
    low = power_at(frame, control.test, size, ALPHA - _critical_error(null))
    high = power_at(frame, control.test, size, ALPHA + _critical_error(null))
    slack = APPROXIMATION if size else 0.0
    return low - _allowed(low, histories) - slack <= caught <= high + _allowed(high, histories) + slack


def _critical_error(null: Null) -> float:
    return min(3 * _error(ALPHA, len(null.statistics)), 0.9 * ALPHA)


def _allowed(chance: float, histories: int) -> float:
    return SIGMAS_MAX * _error(chance, histories)


def _error(chance: float, histories: int) -> float:
    """Return the standard error of a share; of one that is nearly 0 or 1, as if it were one history away from it."""
    inside = min(max(chance, 1 / histories), 1 - 1 / histories)
    return sqrt(inside * (1 - inside) / histories)
