"""The battery: every test there is, in order, and what all of them make of many histories."""

from functools import partial

import attrs
import numpy as np

from universe.fairness.dates import (
    drift_applies,
    measure_drift,
    measure_months,
    measure_months_max,
    measure_weekdays,
    measure_weekdays_max,
    months_apply,
    weekdays_apply,
)
from universe.fairness.droughts import measure_drought
from universe.fairness.gaps import gaps_apply, measure_gaps
from universe.fairness.measured import Floats, Measured, Test
from universe.fairness.numbers import (
    bonus_applies,
    measure_bonus,
    measure_numbers,
    measure_numbers_max,
    numbers_apply,
)
from universe.fairness.serial import measure_overlap, measure_repeats, overlap_applies, repeats_apply
from universe.fairness.shapes import (
    measure_parity,
    measure_patterns,
    measure_sums,
    parity_applies,
    patterns_apply,
    sums_apply,
)
from universe.fairness.subsets import (
    measure_pairs,
    measure_pairs_max,
    measure_triples,
    pairs_apply,
    triples_apply,
)
from universe.fairness.tallies import LAGS, Frame, Tallies, histories_of_a_batch, tally_ranks
from universe.ranking import Ranks

__all__ = ["TESTS", "Measured", "Measurements", "Test", "measure", "measure_each", "measure_ranks", "tests_of"]


def _overlap(lag: int) -> Test:
    ago = {1: "the draw before", 2: "the draw before the last", 3: "the draw three places before"}[lag]
    return Test(
        name=f"overlap_{lag}",
        title=f"Overlap with {ago}",
        question=f"Do draws share more or fewer numbers with {ago} than any two draws do?",
        measure=partial(measure_overlap, lag=lag),
        applies=partial(overlap_applies, lag=lag),
    )


TESTS: tuple[Test, ...] = (
    Test(
        name="numbers",
        title="Single numbers",
        question="Do all main numbers come up equally often?",
        measure=measure_numbers,
        applies=numbers_apply,
    ),
    Test(
        name="numbers_max",
        title="The most unusual number",
        question="Is any one main number too frequent or too rare?",
        measure=measure_numbers_max,
        applies=numbers_apply,
    ),
    Test(
        name="bonus",
        title="Bonus numbers",
        question="Do all bonus numbers come up equally often?",
        measure=measure_bonus,
        applies=bonus_applies,
    ),
    Test(
        name="pairs",
        title="Pairs apart from singles",
        question="Do numbers come up together more or less often than their own counts explain?",
        measure=measure_pairs,
        applies=pairs_apply,
    ),
    Test(
        name="pairs_max",
        title="The most unusual pair",
        question="Is any one pair of main numbers too frequent or too rare?",
        measure=measure_pairs_max,
        applies=pairs_apply,
    ),
    Test(
        name="triples",
        title="Triples",
        question="Do all sets of three main numbers come up equally often?",
        measure=measure_triples,
        applies=triples_apply,
    ),
    *(_overlap(lag) for lag in LAGS),
    Test(
        name="repeats",
        title="Repeated draws",
        question="Do the same main numbers come up again, as a whole, too often?",
        measure=measure_repeats,
        applies=repeats_apply,
    ),
    Test(
        name="gaps",
        title="Gaps",
        question="Is the wait until a number comes up again as long as chance makes it?",
        measure=measure_gaps,
        applies=gaps_apply,
    ),
    Test(
        name="drought",
        title="The longest drought",
        question="Did any number stay out for too long?",
        measure=measure_drought,
        applies=numbers_apply,
    ),
    Test(
        name="sums",
        title="Sums",
        question="Are the sums of the main numbers spread as the number of combinations with each sum says?",
        measure=measure_sums,
        applies=sums_apply,
    ),
    Test(
        name="parity",
        title="Odd and even",
        question="Are there as many draws with 0, 1, 2, … odd numbers as there should be?",
        measure=measure_parity,
        applies=parity_applies,
    ),
    Test(
        name="patterns",
        title="Digit patterns",
        question="Do patterns of tens come up as often as their combinations say?",
        measure=measure_patterns,
        applies=patterns_apply,
    ),
    Test(
        name="weekdays",
        title="Weekdays",
        question="Do the chances of numbers differ from weekday to weekday?",
        measure=measure_weekdays,
        applies=weekdays_apply,
    ),
    Test(
        name="weekdays_max",
        title="The most unusual number of a weekday",
        question="Is any one number too frequent or too rare on one weekday?",
        measure=measure_weekdays_max,
        applies=weekdays_apply,
    ),
    Test(
        name="months",
        title="Months",
        question="Do the chances of numbers differ from month to month of the year?",
        measure=measure_months,
        applies=months_apply,
    ),
    Test(
        name="months_max",
        title="The most unusual number of a month",
        question="Is any one number too frequent or too rare in one month of the year?",
        measure=measure_months_max,
        applies=months_apply,
    ),
    Test(
        name="drift",
        title="Drift",
        question="Does the chance of any number rise or fall over the whole history?",
        measure=measure_drift,
        applies=drift_applies,
    ),
)


@attrs.frozen(kw_only=True, eq=False)
class Measurements:
    """What the battery made of B histories, a column for each test: float64[B, tests]; ``naive`` is nan where none."""

    names: tuple[str, ...]
    statistics: Floats
    p_values: Floats
    naive: Floats

    def __len__(self) -> int:
        return len(self.statistics)


def tests_of(frame: Frame) -> tuple[Test, ...]:
    """Return the tests that this game and this length of history can be asked, in order; none for a few draws."""
    return tuple(test for test in TESTS if test.applies(frame))


def measure_each(frame: Frame, tallies: Tallies) -> dict[str, Measured]:
    """Return what each test makes of the histories, by name and in order."""
    return {test.name: test.measure(frame, tallies) for test in tests_of(frame)}


def measure(frame: Frame, tallies: Tallies) -> Measurements:
    """Return what the battery makes of the histories, as arrays."""
    each = measure_each(frame, tallies)
    histories = len(tallies)
    nothing = np.full(histories, np.nan)

    def columns(values: list[Floats]) -> Floats:
        return np.stack(values, axis=1) if values else np.empty((histories, 0))

    return Measurements(
        names=tuple(each),
        statistics=columns([measured.statistic for measured in each.values()]),
        p_values=columns([measured.p_value for measured in each.values()]),
        naive=columns([nothing if measured.naive is None else measured.naive for measured in each.values()]),
    )


def measure_ranks(frame: Frame, ranks: Ranks) -> Measurements:
    """Measure consecutive histories of ``frame.draws`` ranks each, in pieces: however many, memory stays bounded."""
    step = histories_of_a_batch(frame) * frame.draws
    firsts = range(0, max(len(ranks), 1), step)
    pieces = [measure(frame, tally_ranks(frame, ranks[first : first + step])) for first in firsts]
    return Measurements(
        names=pieces[0].names,
        statistics=np.concatenate([piece.statistics for piece in pieces]),
        p_values=np.concatenate([piece.p_values for piece in pieces]),
        naive=np.concatenate([piece.naive for piece in pieces]),
    )
