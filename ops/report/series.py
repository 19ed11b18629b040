"""What was counted, draw by draw or number by number: the arrays behind a report's pictures."""

from math import sqrt
from typing import Literal

import attrs
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Dates = npt.NDArray[np.datetime64]
Stream = Literal["real", "synthetic"]
Drum = Literal["main", "bonus"]


@attrs.frozen(kw_only=True, eq=False)
class Frequencies:
    """How often each number of one drum came up in ``draws`` draws of ``picked`` out of 1 to ``size``.

    ``simultaneous_z`` is what the largest |z| of all numbers exceeds in 5 % of fair histories.
    """

    stream: Stream
    drum: Drum
    draws: int
    picked: int
    counts: Counts  # [size]
    simultaneous_z: float

    @property
    def size(self) -> int:
        """The numbers in the drum."""
        return len(self.counts)

    @property
    def expected(self) -> float:
        """How often each number is expected: nk/N."""
        return self.draws * self.picked / self.size

    @property
    def deviation(self) -> float:
        """The standard deviation of one number's count: that of a binomial."""
        return sqrt(self.expected * (1 - self.picked / self.size))

    @property
    def z(self) -> Floats:
        """How many standard deviations each count lies from its expectation."""
        return np.asarray((self.counts - self.expected) / self.deviation, dtype=np.float64)

    @property
    def extremes(self) -> tuple[int, int]:
        """The number that came up most and the one that came up least."""
        return int(self.counts.argmax()) + 1, int(self.counts.argmin()) + 1

    @property
    def outside(self) -> list[int]:
        """The numbers beyond the simultaneous band."""
        found: list[int] = (np.flatnonzero(np.abs(self.z) > self.simultaneous_z) + 1).tolist()
        return found


@attrs.frozen(kw_only=True, eq=False)
class Gaps:
    """Draws from one appearance of a number to its next, all numbers pooled; the last cell holds all longer ones."""

    observed: Counts  # [G] gap 1 .. G-1, then G and more
    expected: Floats  # [G]
    band: tuple[Floats, Floats] | None  # [G] each: 95 % of synthetic histories lie between; None without them
    waiting: Counts  # [N] draws since each number's last appearance, 0 if it is in the newest draw


@attrs.frozen(kw_only=True, eq=False)
class Pairs:
    """Standardised residuals of all pairs, apart from how often their numbers came up (colex order)."""

    stream: Stream
    draws: int
    size: int
    expected: float  # how often each pair is expected
    residuals: Floats  # [C(N, 2)]


@attrs.frozen(kw_only=True, eq=False)
class Matches:
    """Synthetic draws compared with the real result of their date, added up date by date."""

    dates: Dates  # [T]
    compared: Counts  # [T] running
    levels: tuple[str, ...]  # "3+1" …, ascending
    probabilities: Floats  # [L]
    counts: Counts  # [T, L] running


@attrs.frozen(kw_only=True, eq=False)
class Evidence:
    """The e-processes of one stream, and the time-uniform intervals that every number's probability lies in."""

    stream: Stream
    draws: Counts  # [T]
    dates: Dates | None  # [T] of real results
    log10_main: Floats  # [T]
    log10_bonus: Floats | None
    alarm_log10: float
    fair: float  # the probability of each main number: k/N
    low: Floats  # [N]
    high: Floats  # [N]
    coverage: float  # of all intervals together, for ever
