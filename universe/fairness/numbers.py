"""Single numbers: whether all of a drum come up equally often.

The numbers of one draw exclude each other, so Pearson's statistic is too small by (N - k)/(N - 1); divided by it, it is
asymptotically chi-square with N - 1 degrees of freedom, and its mean exactly that (Joe 1993; Genest, Lockhart &
Stephens, The Statistician 51:243, 2002).
"""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from universe.fairness.extremes import Binomials, largest_deviation
from universe.fairness.measured import COHENS_W, Floats, Measured, chi_square_tails
from universe.fairness.tallies import Counts, Frame, Tallies

Trials = TypeVar("Trials", int, npt.NDArray[np.int64])


def measure_numbers(frame: Frame, tallies: Tallies) -> Measured:
    """Test the counts of the main numbers."""
    return of_drum(tallies.numbers, frame.draws, frame.game.main.picked)


def measure_bonus(frame: Frame, tallies: Tallies) -> Measured:
    """Test the counts of the bonus numbers. One of the rest of the drum is, by itself, as likely as any other."""
    return of_drum(tallies.bonus, frame.draws, frame.game.bonus_picked)


def of_drum(counts: Counts, draws: int, picked: int) -> Measured:
    """Test counts[B, size] of a drum of which ``picked`` numbers are drawn, fewer than it holds."""
    size = counts.shape[-1]
    statistic = corrected_chi_square(counts, draws, picked)
    uncorrected = statistic * (size - picked) / (size - 1)
    return Measured(
        statistic=statistic,
        p_value=chi_square_tails(statistic, size - 1),
        naive=chi_square_tails(uncorrected, size - 1) if picked > 1 else None,
        expected=size - 1,
        degrees_of_freedom=size - 1,
        effect=np.sqrt(uncorrected / (draws * picked)),
        effect_unit=COHENS_W,
    )


def corrected_chi_square(counts: Counts, draws: Trials, picked: int) -> Floats:
    """Return X2 (N - 1)/(N - k) over the last axis; ``draws`` is one for all, or one for each row of counts[-2]."""
    size = counts.shape[-1]
    expected = np.asarray(draws, dtype=np.float64)[..., None] * picked / size
    statistic: Floats = ((counts - expected) ** 2 / expected).sum(axis=-1) * (size - 1) / (size - picked)
    return statistic


def measure_numbers_max(frame: Frame, tallies: Tallies) -> Measured:
    """Look for the one main number that is farthest off."""
    main = frame.game.main
    part = Binomials(counts=tallies.numbers, trials=frame.draws, probability=main.picked / main.size)
    return largest_deviation([part])


def numbers_apply(frame: Frame) -> bool:
    """Whether there is a choice, draws can differ, and every main number is expected at least once."""
    main = frame.game.main
    return frame.draws > 1 and main.picked < main.size <= frame.draws * main.picked


def bonus_applies(frame: Frame) -> bool:
    """Whether there is a choice, and every bonus number is expected at least once."""
    game = frame.game
    return game.bonus_picked < game.bonus_size <= frame.draws * game.bonus_picked
