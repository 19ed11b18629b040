"""get_frequency_stats: how often each number came up, beside what chance expects, synthetic and real."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import attrs
from pydantic import Field
from typing_extensions import TypedDict

from tools.answers import FirstDrawDate, SnapshotField, mark
from tools.arguments import GAME_ID, Arguments, GameId
from tools.as_of import AsOf, AsOfArgument, view_as_of
from tools.question import Question
from tools.source import Snapshot, Witness
from tools.windows import (
    ALL_TIME,
    Window,
    WindowName,
    first_draw_date,
    real_counts,
    real_dates,
    synthetic_counts,
    window_of,
)
from tools.words import counted, heading

if TYPE_CHECKING:  # these modules import numpy, and the first answer must not wait for it
    from storage.views import GameView, NumberCounts
    from universe.game import Game


EXPECTED_MIN = 5.0  # of each number: below, no normal or chi-square approximation holds


class FrequencyArguments(Arguments):
    """Which dates, which game."""

    window: WindowName = ALL_TIME
    as_of: AsOfArgument = None
    game_id: Annotated[GameId | None, GAME_ID] = None


class NumberFrequency(TypedDict):
    """One number of a drum."""

    number: Annotated[int, Field(ge=1, description="The number.")]
    count: Annotated[int, Field(ge=0, description="Draws that held it.")]
    expected: Annotated[float, Field(ge=0, description="Exact expectation of the count: draws times picked over size.")]
    z: Annotated[
        float | None,
        Field(description="(count - expected) in standard deviations; beyond 3 is rare. Null if undefined."),
    ]


@attrs.frozen(kw_only=True)
class UniformityTest:
    """Do all numbers of a drum have equal chances? A chi-square test that is right for draws without replacement."""

    statistic: Annotated[float | None, Field(description="X² (N-1)/(N-k) of the counts; null without draws.")]
    degrees_of_freedom: Annotated[int, Field(description="N - 1.")]
    p_value: Annotated[
        float | None,
        Field(description="Probability of a statistic at least this large under pure chance; null without draws."),
    ]
    visible_bias_percent: Annotated[
        float | None,
        Field(
            description="Power: the smallest bias of one number, in percent of its expected count, that shows at"
            " three sigma; smaller ones cannot be told from chance. Null without draws."
        ),
    ]


MainField = Annotated[list[NumberFrequency], Field(description="Main numbers 1..N, each once.")]
BonusField = Annotated[list[NumberFrequency], Field(description="Bonus numbers 1..N; [] without a bonus.")]
MainTestField = Annotated[UniformityTest, Field(description="Equal chances of the main numbers?")]
BonusTestField = Annotated[
    UniformityTest | None, Field(description="Equal chances of the bonus numbers? Null without a bonus.")
]
TotalField = Annotated[int, Field(ge=0, description="Draws in the window: n of every expectation.")]


@attrs.frozen(kw_only=True)
class RealFrequencies:
    """The same figures for the real results of the same dates (of all dates for all_time)."""

    first: Annotated[date | None, Field(description="Their first date; null without any.")]
    last: Annotated[date | None, Field(description="Their last date; null without any.")]
    total_draws: TotalField
    main: MainField
    bonus: BonusField
    main_test: MainTestField
    bonus_test: BonusTestField


@attrs.frozen(kw_only=True)
class FrequencyAnswer:
    """Counts of every number beside their expectations."""

    snapshot: SnapshotField
    window: Annotated[Window, Field(description="The draw dates looked at, ends included.")]
    as_of: Annotated[AsOf | None, Field(description="The moment asked for; null for now.")]
    first_draw_date: FirstDrawDate
    total_draws: TotalField
    main: MainField
    bonus: BonusField
    main_test: MainTestField
    bonus_test: BonusTestField
    real: Annotated[
        RealFrequencies | None, Field(description="The same for the real results; null if the game has none stored.")
    ]


def ask(snapshot: Snapshot, asked: FrequencyArguments, _: Witness) -> FrequencyAnswer:
    """Return the frequencies of a window."""
    now = snapshot.game(asked.game_id)
    view, as_of = view_as_of(now, asked.as_of)
    window = window_of(view, asked.window)
    return FrequencyAnswer(
        snapshot=mark(now),
        window=window,
        as_of=as_of,
        first_draw_date=first_draw_date(view),
        real=_real(snapshot, view, window, as_of.draw_date if as_of else None),
        **_figures(view.game, synthetic_counts(snapshot, view, window)),
    )


def _real(snapshot: Snapshot, view: "GameView", window: Window, until: date | None) -> RealFrequencies | None:
    counts = real_counts(snapshot, view, window, until)
    if counts is None:
        return None
    first, last = real_dates(snapshot, view, window, until)
    return RealFrequencies(first=first, last=last, **_figures(view.game, counts))


def _figures(game: "Game", counts: "NumberCounts") -> dict[str, Any]:
    totals = counts.totals.tolist()
    main, bonus = totals[: game.main.size], totals[game.main.size :]
    return {
        "total_draws": counts.draws,
        "main": _numbers(main, counts.draws, game.main.picked),
        "bonus": _numbers(bonus, counts.draws, game.bonus_picked),
        "main_test": _test(main, counts.draws, game.main.picked),
        "bonus_test": _test(bonus, counts.draws, game.bonus_picked) if bonus else None,
    }


def _numbers(counts: Sequence[int], draws: int, picked: int) -> list[NumberFrequency]:
    from universe.statistics import expected_count, z_scores

    if not counts:
        return []
    expected = expected_count(draws, picked, len(counts))
    return [
        {"number": number, "count": count, "expected": expected, "z": z}
        for number, (count, z) in enumerate(zip(counts, z_scores(counts, draws, picked), strict=True), start=1)
    ]


def _test(counts: Sequence[int], draws: int, picked: int) -> UniformityTest:
    from universe.statistics import uniformity, visible_bias

    result, bias = uniformity(counts, draws, picked), visible_bias(draws, picked, len(counts))
    return UniformityTest(
        statistic=result.statistic,
        degrees_of_freedom=result.degrees_of_freedom,
        p_value=result.p_value,
        visible_bias_percent=None if bias is None else 100 * bias,
    )


def tell(answer: FrequencyAnswer) -> str:
    """Return counts, expectations and tests in words."""
    lines = [heading(answer.snapshot), *_synthetic_text(answer), *_real_text(answer.window, answer.real)]
    return "\n".join(lines)


def _synthetic_text(answer: FrequencyAnswer) -> list[str]:
    window, first, last = answer.window, answer.first_draw_date, answer.snapshot.draw_date
    if last is None:
        return [f"Window {window.name}: no synthetic draw has been made yet, so nothing is counted."]
    moment = answer.as_of
    then = f" As of draw {moment.draw_number} ({moment.draw_date})." if moment else ""
    if not answer.total_draws:
        return [f"No synthetic draws in {window.from_}..{window.to}; draws lie on {first}..{last}.{then}"]
    lie = "" if window.name == ALL_TIME else f"; all draws lie on {first}..{last}"
    opening = f"Window {window.name}: {window.from_} to {window.to}{lie}.{then}"
    return [opening, f"{counted(answer.total_draws, 'synthetic draws')}.", *_told("synthetic", answer)]


def _real_text(window: Window, real: RealFrequencies | None) -> list[str]:
    if real is None:
        return ["No real results are stored for this game."]
    if not real.total_draws:
        return [f"No real draws in window {window.name}."]
    dates = f"of {real.first}" if real.first == real.last else f"of {real.first} to {real.last}"
    return [f"{counted(real.total_draws, 'real draws')}, {dates}.", *_told("real", real)]


def _told(origin: str, figures: FrequencyAnswer | RealFrequencies) -> list[str]:
    lines = []
    for drum, numbers, test in (
        ("main", figures.main, figures.main_test),
        ("bonus", figures.bonus, figures.bonus_test),
    ):
        if test:
            lines.append(f"{origin} {drum}, number:count(z), each expected {numbers[0]['expected']:.8g}:")
            lines.append(" ".join([f"{one['number']}:{one['count']}({_figure(one['z'], '+.2f')})" for one in numbers]))
            lines.append(_test_text(test))
            if 0 < numbers[0]["expected"] < EXPECTED_MIN:
                lines.append("So few draws can show nothing: below 5 expected of each number z and p mean little.")
    return lines


def _test_text(test: UniformityTest) -> str:
    return (
        f"Equal chances: statistic {_figure(test.statistic, '.6g')}, {test.degrees_of_freedom} degrees of freedom,"
        f" p = {_figure(test.p_value, '.6g')}; visible at three sigma: a bias of"
        f" {_figure(test.visible_bias_percent, '.3g')} % of one number."
    )


def _figure(value: float | None, form: str) -> str:
    return "undefined" if value is None else format(value, form)


FREQUENCY_STATS = Question(
    name="get_frequency_stats",
    title="Number frequencies",
    description=(
        "How often each main and bonus number came up in a window of draw dates, each count beside its exact"
        " expectation and z-score, with a chi-square test of equal chances that is right for draws without"
        " replacement, and the real results' figures beside the synthetic ones. Use it to judge claims about hot and"
        ' cold numbers. Counts are in draws. Example: {"window": "last_30_days"} or'
        ' {"window": "2026-01-01..2026-03-31", "game_id": "GAME_001"}.'
    ),
    arguments=FrequencyArguments,
    answer=FrequencyAnswer,
    ask=ask,
    tell=tell,
)
