"""What was found: tests and strategies, each beside what chance expects."""

from datetime import date

import attrs

from ops.report.series import Floats, Stream


@attrs.frozen(kw_only=True)
class Power:
    """What a history of this length shows: the chance to catch ``alternative``, and the bias it begins to show."""

    alternative: str
    power: float | None
    visible: float | None


@attrs.frozen(kw_only=True)
class TestRow:
    """One test of the battery. ``p_value`` is calibrated by synthetic histories; None where there are none."""

    __test__ = False  # no test of ours, whatever pytest makes of the name

    name: str
    title: str
    question: str
    statistic: float
    expected: float | None
    degrees_of_freedom: float | None
    effect: float | None
    effect_unit: str
    p_value: float | None
    p_uncalibrated: float | None
    p_naive: float | None
    p_holm: float | None
    power: Power | None

    @property
    def p_best(self) -> float:
        """The p-value to go by: the calibrated one where there is one."""
        found = self.p_uncalibrated if self.p_value is None else self.p_value
        return 1.0 if found is None else found


@attrs.frozen(kw_only=True)
class Verdict:
    """One p-value for all tests together; ``floor`` is the least that so many synthetic histories can show."""

    p_value: float
    floor: float
    smallest_test: str

    @property
    def at_floor(self) -> bool:
        """Whether not one synthetic history stands out as much."""
        return self.p_value <= self.floor


@attrs.frozen(kw_only=True)
class Fairness:
    """The battery on ``draws`` real results; ``histories`` synthetic ones, each as long, are its null, 0 for none."""

    draws: int
    first: date
    last: date
    newer: int  # real results after those that were tested: fewer than make a new null worth while
    histories: int
    verdict: Verdict | None  # None for too few synthetic histories
    tests: tuple[TestRow, ...]
    rule_changes: tuple[str, ...]

    def test(self, name: str) -> TestRow | None:
        """Return a test by name; None where it does not apply to this game."""
        return next((row for row in self.tests if row.name == name), None)


@attrs.frozen(kw_only=True)
class StreamRow:
    """One test of the synthetic draws as a whole; ``visible`` is the relative effect they show at three sigma."""

    title: str
    question: str
    statistic: float
    expected: float
    p_value: float
    p_holm: float | None  # None: it says as much of the real results as of the stream
    visible: float | None


@attrs.frozen(kw_only=True, eq=False)
class NullDistribution:
    """One statistic over the synthetic histories, and its value for the real one."""

    statistics: Floats  # [B]
    observed: float
    expected: float | None
    degrees_of_freedom: float | None  # of the chi-square that theory gives it; None where it gives none

    @property
    def as_large(self) -> int:
        """How many synthetic histories have at least the value of the real one."""
        return int((self.statistics >= self.observed).sum())


@attrs.frozen(kw_only=True)
class Backtest:
    """One strategy walked forward over one stream: hits beside their exact expectation.

    ``claimed`` is the factor by which it is said to beat chance; the e-values weigh against "no edge" and against it.
    """

    strategy: str
    description: str
    stream: Stream
    draws: int
    tickets: int  # a draw
    matches: int  # main numbers right that make a hit
    hits: int
    expected: float
    low: float
    high: float
    log10_e_edge: float
    claimed: float
    log10_e_claim: float
    refuted_after: int | None  # draws

    @property
    def efficiency(self) -> float:
        """Hits by their expectation: 1 is chance."""
        return self.hits / self.expected
