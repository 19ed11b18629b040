"""The synthetic stream as a whole under test: its numbers, its outcomes, its matches with real results.

With millions of draws asymptotic p-values need no calibration (with a few draws they are rough); Holm's correction is
for looking at several.
"""

from collections.abc import Sequence

import attrs
import numpy as np

from universe.counting import Totals
from universe.fairness.calibration import holm
from universe.fairness.occupancy import occupancy
from universe.fairness.two_samples import match_levels, two_samples
from universe.game import Game
from universe.matching import Histogram
from universe.statistics import uniformity, visible_bias


@attrs.frozen(kw_only=True)
class StreamTest:
    """One test of the stream. ``visible`` is the relative effect that so many draws show at three sigma.

    ``p_holm`` is None for a test that is not of the stream alone.
    """

    test: str
    title: str
    question: str
    statistic: float
    expected: float
    degrees_of_freedom: float | None
    effect: float
    effect_unit: str
    p_value: float
    p_holm: float | None = None
    visible: float | None = None


def stream_tests(
    game: Game,
    *,
    draws: int,
    totals: Totals,
    occupied: tuple[int, int],
    real: tuple[int, Totals] | None,
    matches: Histogram,
) -> tuple[StreamTest, ...]:
    """Test a stream of ``draws`` draws; the smallest p-value first.

    The comparison with real results says as much of these as of the stream, so Holm's correction leaves it out.
    ``occupied``: draws that the occurrence index holds, and how many outcomes among them differ. ``real``: real results
    and their totals. ``matches``: compared draws on each match level.
    """
    tests = [_equal_chances(game, "numbers", totals[: game.main.size], draws, game.main.picked)]
    if game.bonus is not None:
        tests.append(_equal_chances(game, "bonus", totals[game.main.size :], draws, game.bonus_picked))
    if occupied[0]:
        tests.append(_occupancy(game, *occupied))
    if matches.sum():
        tests.append(_matches(game, matches))
    corrected = holm(np.array([test.p_value for test in tests])).tolist()
    held = [attrs.evolve(test, p_holm=p) for test, p in zip(tests, corrected, strict=True)]
    if real is not None and real[0]:
        held.append(_against_real(game, draws, totals, *real))
    return tuple(sorted(held, key=lambda test: test.p_value))


def _equal_chances(game: Game, name: str, totals: Totals, draws: int, picked: int) -> StreamTest:
    counts: Sequence[int] = totals.tolist()
    result = uniformity(counts, draws, picked)
    relative = np.asarray(counts) * len(counts) / (draws * picked) - 1
    return StreamTest(
        test=name,
        title=f"Equal chances of the {'main' if name == 'numbers' else 'bonus'} numbers",
        question=f"Does every number of {game.game_id} come up equally often?",
        statistic=result.statistic or 0.0,
        expected=float(result.degrees_of_freedom),
        degrees_of_freedom=result.degrees_of_freedom,
        effect=float(np.sqrt(np.mean(relative**2))),
        effect_unit="root mean square relative deviation of a number's count",
        p_value=1.0 if result.p_value is None else result.p_value,
        visible=visible_bias(draws, picked, len(counts)),
    )


def _occupancy(game: Game, draws: int, distinct: int) -> StreamTest:
    found = occupancy(draws=draws, outcomes=game.outcomes, distinct=distinct)
    return StreamTest(
        test="occupancy",
        title="Distinct outcomes",
        question="Are as many different outcomes drawn as chance makes of so many draws?",
        statistic=float(distinct),
        expected=found.expected,
        degrees_of_freedom=None,
        effect=found.effect,
        effect_unit="relative excess of distinct outcomes",
        p_value=found.p_value,
        visible=3 * found.standard_deviation / found.expected if found.expected else None,
    )


def _against_real(game: Game, draws: int, totals: Totals, real_draws: int, real: Totals) -> StreamTest:
    size = game.main.size
    found = two_samples(real[:size], totals[:size], real_draws=real_draws, synthetic_draws=draws)
    return StreamTest(
        test="real_against_synthetic",
        title="Real against synthetic numbers",
        question="Do real results and synthetic draws hold every main number equally often?",
        statistic=found.statistic or 0.0,
        expected=float(found.degrees_of_freedom),
        degrees_of_freedom=found.degrees_of_freedom,
        effect=found.effect or 0.0,
        effect_unit="root mean square relative difference of a number's frequency",
        p_value=found.p_value,
        visible=3 * found.effect_expected if found.effect_expected else None,
    )


def _matches(game: Game, matches: Histogram) -> StreamTest:
    found = match_levels(game, matches)
    return StreamTest(
        test="match_levels",
        title="Matches with real results",
        question="Do synthetic draws match the real result of their date as often as they must?",
        statistic=found.statistic or 0.0,
        expected=float(found.degrees_of_freedom),
        degrees_of_freedom=found.degrees_of_freedom,
        effect=float(np.sqrt((found.statistic or 0.0) / found.compared)),
        effect_unit="Cohen's w",
        p_value=found.p_value,
    )
