"""Real against synthetic: whether both draw their numbers alike, and whether they match as often as they must.

The comparison of counts allows for draws without replacement by the same factor as the test of one sample (Joe 1993;
Genest, Lockhart & Stephens 2002). Match counts are an exact test of the generator: whatever the real result, each
synthetic draw compared with it reaches a level with that level's probability, independently of all others.
"""

from math import sqrt

import attrs
import numpy as np
import numpy.typing as npt

from universe.errors import UniverseError
from universe.game import Game
from universe.levels import expected_by_level
from universe.matching import Histogram

POOLED_EXPECTED_MIN = 5.0  # levels with less are one cell in the overall test


class SampleError(UniverseError):
    """Counts that no two samples of one drum can have."""


@attrs.frozen(kw_only=True)
class TwoSamples:
    """The statistic, chi-square with ``degrees_of_freedom`` under equal chances.

    ``effect`` is the root mean square difference of the numbers' relative frequencies, relative to k/N; fairness alone
    gives about ``effect_expected``. Without draws on either side there is no statistic and the p-value is 1.
    """

    statistic: float | None
    degrees_of_freedom: int
    p_value: float
    effect: float | None
    effect_expected: float | None


@attrs.frozen(kw_only=True)
class Level:
    """Synthetic draws on one match level. ``p_value`` is two-sided, exact by the binomial distribution."""

    main: int
    bonus: int
    observed: int
    expected: float
    p_value: float


@attrs.frozen(kw_only=True)
class Matches:
    """All levels, main first and bonus fastest, and one chi-square test over them, rare levels pooled.

    With a single cell left there is nothing to test: no statistic, p-value 1.
    """

    compared: int
    levels: tuple[Level, ...]
    statistic: float | None
    degrees_of_freedom: int
    p_value: float


def two_samples(
    real: npt.NDArray[np.integer], synthetic: npt.NDArray[np.integer], *, real_draws: int, synthetic_draws: int
) -> TwoSamples:
    """Compare the counts of the N numbers of one drum in two samples of draws; the k picked follow from the sums.

    T = [n_r n_s / (n_r + n_s)] (N - 1)/(N p (1 - p)) sum of d_i**2 with p = k/N and d_i the difference of the relative
    frequencies. SampleError unless both count the same drum.
    """
    size = len(real)
    picked = _picked(real, real_draws) or _picked(synthetic, synthetic_draws)
    if len(synthetic) != size or not _whole(real, real_draws, picked) or not _whole(synthetic, synthetic_draws, picked):
        raise SampleError(
            f"{size} numbers counted {int(real.sum())} times in {real_draws} draws and {len(synthetic)} numbers "
            f"{int(synthetic.sum())} times in {synthetic_draws}: both must be the same drum and as many numbers a draw"
        )
    if not (real_draws and synthetic_draws and 0 < picked < size):
        return TwoSamples(statistic=None, degrees_of_freedom=size - 1, p_value=1.0, effect=None, effect_expected=None)
    from scipy.special import chdtrc

    chance, weight = picked / size, real_draws * synthetic_draws / (real_draws + synthetic_draws)
    squares = float(np.square(real / real_draws - synthetic / synthetic_draws).sum())
    statistic = weight * (size - 1) / (size * chance * (1 - chance)) * squares
    return TwoSamples(
        statistic=statistic,
        degrees_of_freedom=size - 1,
        p_value=float(chdtrc(size - 1, statistic)),
        effect=sqrt(squares / size) / chance,
        effect_expected=sqrt((1 - chance) / (weight * chance)),
    )


def _picked(counts: npt.NDArray[np.integer], draws: int) -> int:
    return int(counts.sum()) // draws if draws else 0


def _whole(counts: npt.NDArray[np.integer], draws: int, picked: int) -> bool:
    return draws >= 0 and int(counts.sum()) == draws * picked


def match_levels(game: Game, histogram: Histogram) -> Matches:
    """Test the number of compared draws on each match level (a histogram as ``universe.matching`` has it)."""
    from scipy.stats import binomtest

    compared = int(histogram.sum())
    expected = expected_by_level(game, compared)
    if len(histogram) != len(expected):
        raise SampleError(f"{game.game_id}: {len(histogram)} levels are counted, the game has {len(expected)}")
    levels = tuple(
        Level(
            main=main,
            bonus=bonus,
            observed=int(observed),
            expected=mean,
            p_value=float(binomtest(int(observed), compared, mean / compared).pvalue) if compared else 1.0,
        )
        for (main, bonus, mean), observed in zip(expected, histogram, strict=True)
    )
    statistic, freedom = _pooled_chi_square(
        histogram.astype(np.float64), np.array([level.expected for level in levels])
    )
    return Matches(
        compared=compared,
        levels=levels,
        statistic=statistic,
        degrees_of_freedom=freedom,
        p_value=_tail(statistic, freedom),
    )


def _pooled_chi_square(
    observed: npt.NDArray[np.float64], expected: npt.NDArray[np.float64]
) -> tuple[float | None, int]:
    """Return the statistic and its freedom; cells that expect too little are one, with the next if need be."""
    order = np.argsort(expected)
    ascending = expected[order]
    rare = int(np.searchsorted(ascending, POOLED_EXPECTED_MIN))
    rare += bool(rare) and ascending[:rare].sum() < POOLED_EXPECTED_MIN
    cells = [
        np.append(values[order[rare:]], values[order[:rare]].sum()) if rare else values
        for values in (observed, expected)
    ]
    if len(cells[0]) < 2:
        return None, 0
    return float((np.square(cells[0] - cells[1]) / cells[1]).sum()), len(cells[0]) - 1


def _tail(statistic: float | None, freedom: int) -> float:
    from scipy.special import chdtrc

    return 1.0 if statistic is None else float(chdtrc(freedom, statistic))
