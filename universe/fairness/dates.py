"""Does it matter when a draw is held? Weekdays, months, and a slow change over the whole history.

A fraud may fire on a few dates only: its numbers vanish in the total and show in a part.
"""

import numpy as np
import numpy.typing as npt

from universe.fairness.extremes import Binomials, largest_deviation
from universe.fairness.measured import COHENS_W, Measured, chi_square_tails
from universe.fairness.numbers import corrected_chi_square, numbers_apply
from universe.fairness.tallies import MONTHS, Counts, Frame, Tallies

PART_EXPECTED_MIN = 2.0  # of each number: rarer weekdays and months are left out

Draws = npt.NDArray[np.int64]


def draws_of_weekdays(frame: Frame) -> Draws:
    """Return how many draws were held on each weekday."""
    return np.bincount(frame.weekdays, minlength=len(frame.weekday_names))


def draws_of_months(frame: Frame) -> Draws:
    """Return how many draws were held in each month."""
    return np.bincount(frame.months, minlength=len(MONTHS))


def measure_weekdays(frame: Frame, tallies: Tallies) -> Measured:
    """Test whether numbers come up equally often on every weekday."""
    return _heterogeneity(frame, tallies.by_weekday, draws_of_weekdays(frame))


def measure_months(frame: Frame, tallies: Tallies) -> Measured:
    """Test whether numbers come up equally often in every month."""
    return _heterogeneity(frame, tallies.by_month, draws_of_months(frame))


def measure_weekdays_max(frame: Frame, tallies: Tallies) -> Measured:
    """Look for the number that is farthest off on one weekday."""
    return _largest(frame, tallies.by_weekday, draws_of_weekdays(frame))


def measure_months_max(frame: Frame, tallies: Tallies) -> Measured:
    """Look for the number that is farthest off in one month."""
    return _largest(frame, tallies.by_month, draws_of_months(frame))


def _heterogeneity(frame: Frame, counts: Counts, draws: Draws) -> Measured:
    """Sum the corrected statistics of the parts, less that of their total: what the parts differ by. Mean exact."""
    often, picked = often_enough(frame, draws), frame.game.main.picked
    counts, draws = counts[:, often], draws[often]
    total = int(draws.sum())
    parts = corrected_chi_square(counts, draws, picked).sum(axis=1)
    statistic = parts - corrected_chi_square(counts.sum(axis=1), total, picked)
    size = counts.shape[2]
    freedom = (len(draws) - 1) * (size - 1)
    uncorrected = statistic * (size - picked) / (size - 1)
    return Measured(
        statistic=statistic,
        p_value=chi_square_tails(statistic, freedom),
        naive=chi_square_tails(uncorrected, freedom) if picked > 1 else None,
        expected=freedom,
        degrees_of_freedom=freedom,
        effect=np.sqrt(np.maximum(uncorrected, 0) / (total * picked)),
        effect_unit=COHENS_W,
    )


def _largest(frame: Frame, counts: Counts, draws: Draws) -> Measured:
    main = frame.game.main
    chosen = np.flatnonzero(often_enough(frame, draws))
    share = main.picked / main.size
    parts = [Binomials(counts=counts[:, part], trials=int(draws[part]), probability=share) for part in chosen]
    return largest_deviation(parts)


def often_enough(frame: Frame, draws: Draws) -> npt.NDArray[np.bool_]:
    """Return which parts have enough draws."""
    main = frame.game.main
    often: npt.NDArray[np.bool_] = draws * main.picked >= PART_EXPECTED_MIN * main.size
    return often


def measure_drift(frame: Frame, tallies: Tallies) -> Measured:
    """Test for a linear trend of any number's chance; the effect is its relative change, root mean square."""
    main = frame.game.main
    share, spread = main.picked / main.size, frame.draws * (frame.draws**2 - 1) / 12
    squares = ((tallies.moments / 2) ** 2).sum(axis=1)
    uncorrected = squares / (share * spread)
    statistic, freedom = uncorrected * (main.size - 1) / (main.size - main.picked), main.size - 1
    return Measured(
        statistic=statistic,
        p_value=chi_square_tails(statistic, freedom),
        naive=chi_square_tails(uncorrected, freedom) if main.picked > 1 else None,
        expected=freedom,
        degrees_of_freedom=freedom,
        effect=np.sqrt(squares / main.size) / spread * (frame.draws - 1) / share,
        effect_unit="relative change from the first draw to the last, root mean square",
    )


def weekdays_apply(frame: Frame) -> bool:
    """Whether two weekdays or more have enough draws."""
    return numbers_apply(frame) and int(often_enough(frame, draws_of_weekdays(frame)).sum()) > 1


def months_apply(frame: Frame) -> bool:
    """Whether two months or more have enough draws."""
    return numbers_apply(frame) and int(often_enough(frame, draws_of_months(frame)).sum()) > 1


def drift_applies(frame: Frame) -> bool:
    """Whether there are numbers to choose from, and draws to see a trend over."""
    return numbers_apply(frame) and frame.draws > 1
