"""The whole look at one history: every test beside its exact expectation, calibrated by synthetic histories.

One global p-value answers for all tests at once: how often does pure chance, looked at in just this way, look at least
as odd somewhere? (Westfall & Young 1993; Phipson & Smyth 2010.) The tests follow in the order of what matters, Holm's
and Benjamini and Yekutieli's corrections beside each.
"""

import hashlib
from datetime import date

import attrs
import numpy as np

from universe.evidence.intervals import confidence_sequence
from universe.fairness.battery import Measured, Measurements, Test, measure_each, tests_of
from universe.fairness.calibration import Calibrated, benjamini_yekutieli, calibrate
from universe.fairness.extreme_cells import extreme_cell
from universe.fairness.history import History
from universe.fairness.matrix_change import MatrixChange, WeekdayChange, matrix_changes, weekday_changes
from universe.fairness.power import Power, power_of
from universe.fairness.tallies import Frame, tally
from universe.statistics import expected_count, z_scores

NULL_HISTORIES_MIN = 100  # fewer calibrate nothing worth saying
ALPHA = 0.05


@attrs.frozen(kw_only=True)
class BatteryFigures:
    """One test's figures. p-values are None where nothing calibrates them; ``naive`` where it would be the same."""

    test: str
    title: str
    question: str
    statistic: float
    expected: float | None
    degrees_of_freedom: float | None
    effect: float
    effect_unit: str
    p_value: float | None
    p_randomised: float | None
    p_uncalibrated: float
    p_naive: float | None
    p_holm: float | None
    p_by: float | None
    where: str | None  # the cell that decides a test of extremes
    power: Power


@attrs.frozen(kw_only=True)
class NumberFigures:
    """One main number: its count beside its expectation, and what the look at all numbers leaves of its p-value.

    ``low`` and ``high`` hold its chance in a draw, with 95 % for all numbers together, whenever one looks.
    """

    number: int
    count: int
    expected: float
    z: float
    p_by: float
    low: float
    high: float


@attrs.frozen(kw_only=True)
class Global:
    """One p-value for the whole battery; ``floor`` is the least that so many histories can show."""

    p_value: float
    p_randomised: float
    floor: float
    smallest_test: str


@attrs.frozen(kw_only=True)
class Analysis:
    """What a history shows. ``newer`` results came after it; ``histories`` synthetic ones calibrate the tests."""

    game_id: str
    draws: int
    first: date
    last: date
    newer: int
    histories: int
    tests: tuple[BatteryFigures, ...]  # what matters first
    numbers: tuple[NumberFigures, ...]
    verdict: Global | None
    rule_changes: tuple[MatrixChange, ...]
    weekday_changes: tuple[WeekdayChange, ...]


def analyse(history: History, frame: Frame, null: Measurements | None) -> Analysis:
    """Test the first ``frame.draws`` draws of a history, all of which is searched for changes of rules.

    Without a null of at least NULL_HISTORIES_MIN histories p-values stay uncalibrated and there is no verdict.
    """
    tested = history[: frame.draws]
    tallies = tally(frame, tested.main[None], tested.bonus[None])
    measured = measure_each(frame, tallies)
    tests = tests_of(frame)
    calibrated = None
    if tests and null is not None and len(null.statistics) >= NULL_HISTORIES_MIN:
        assert null.names == tuple(measured)
        calibrated = calibrate(null, _as_measurements(measured), seed_of(tested))
    figures = [_figures(frame, test, measured[test.name], calibrated, place) for place, test in enumerate(tests)]
    figures = [attrs.evolve(one, where=extreme_cell(one.test, frame, tallies, tested)) for one in figures]
    return Analysis(
        game_id=history.game.game_id,
        draws=frame.draws,
        first=tested.dates[0].astype(object),
        last=tested.dates[-1].astype(object),
        newer=len(history) - frame.draws,
        histories=0 if null is None else len(null.statistics),
        tests=tuple(sorted(figures, key=_matters)),
        numbers=_numbers(tested),
        verdict=None if calibrated is None else _verdict(calibrated, tests),
        rule_changes=matrix_changes(history),
        weekday_changes=weekday_changes(history),
    )


def seed_of(history: History) -> int:
    """Return the seed of the rolls that make discrete p-values uniform: the same for the same history, no other's."""
    digest = hashlib.sha256(history.dates.tobytes() + history.main.tobytes() + history.bonus.tobytes()).digest()
    return int.from_bytes(digest[:8], "big")


def _as_measurements(measured: dict[str, Measured]) -> Measurements:
    naive = [one.naive if one.naive is not None else np.full_like(one.p_value, np.nan) for one in measured.values()]
    return Measurements(
        names=tuple(measured),
        statistics=np.stack([one.statistic for one in measured.values()], axis=1),
        p_values=np.stack([one.p_value for one in measured.values()], axis=1),
        naive=np.stack(naive, axis=1),
    )


def _figures(frame: Frame, test: Test, measured: Measured, calibrated: Calibrated | None, place: int) -> BatteryFigures:
    expected = None if np.isnan(measured.expected) else float(measured.expected)
    return BatteryFigures(
        test=test.name,
        title=test.title,
        question=test.question,
        statistic=float(measured.statistic[0]),
        expected=expected,
        degrees_of_freedom=measured.degrees_of_freedom,
        effect=float(measured.effect[0]),
        effect_unit=measured.effect_unit,
        p_value=None if calibrated is None else float(calibrated.p_values[place]),
        p_randomised=None if calibrated is None else float(calibrated.randomised[place]),
        p_uncalibrated=float(measured.p_value[0]),
        p_naive=None if measured.naive is None else float(measured.naive[0]),
        p_holm=None if calibrated is None else float(calibrated.holm[place]),
        p_by=None if calibrated is None else float(calibrated.benjamini_yekutieli[place]),
        where=None,
        power=power_of(frame, test.name),
    )


def _matters(figures: BatteryFigures) -> tuple[float, float]:
    first = figures.p_uncalibrated if figures.p_value is None else figures.p_value
    return first, figures.p_uncalibrated


def _verdict(calibrated: Calibrated, tests: tuple[Test, ...]) -> Global:
    return Global(
        p_value=calibrated.global_p,
        p_randomised=calibrated.global_randomised,
        floor=calibrated.floor,
        smallest_test=tests[calibrated.smallest].name,
    )


def _numbers(history: History) -> tuple[NumberFigures, ...]:
    from scipy.special import ndtr

    main = history.game.main
    counts = np.bincount(history.main.ravel(), minlength=main.size + 1)[1:].tolist()
    scores = [z or 0.0 for z in z_scores(counts, len(history), main.picked)]
    corrected = benjamini_yekutieli(2 * ndtr(-np.abs(scores)))
    low, high = confidence_sequence(np.array(counts), len(history), main.picked / main.size, ALPHA)
    return tuple(
        NumberFigures(
            number=number,
            count=count,
            expected=expected_count(len(history), main.picked, main.size),
            z=z,
            p_by=float(p_by),
            low=float(low[number - 1]),
            high=float(high[number - 1]),
        )
        for number, (count, z, p_by) in enumerate(zip(counts, scores, corrected, strict=True), start=1)
    )
