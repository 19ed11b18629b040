"""get_null_distribution: what one statistic looks like under pure chance, and where the real one stands in it."""

from typing import Annotated

import attrs
from pydantic import Field
from typing_extensions import TypedDict

from tools.answers import SnapshotField, mark
from tools.arguments import GAME_ID, Arguments, GameId
from tools.question import Question
from tools.source import Snapshot, Witness
from tools.words import counted, heading
from universe.errors import UniverseError

QUANTILES = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
BINS = 20


class NullArguments(Arguments):
    """Which statistic."""

    statistic: Annotated[
        str, Field(max_length=32, description="A test's name, as in analyze_fairness.", examples=["numbers"])
    ]
    game_id: Annotated[GameId | None, GAME_ID] = None


class Quantile(TypedDict):
    """One quantile."""

    probability: Annotated[float, Field(description="Share of histories at or below.")]
    value: Annotated[float, Field(description="The statistic.")]


class Bin(TypedDict):
    """One bin of the histogram."""

    from_value: Annotated[float, Field(description="Lower end.")]
    to_value: Annotated[float, Field(description="Upper end.")]
    histories: Annotated[int, Field(description="How many lie in it.")]


class NullError(UniverseError):
    """No such statistic, or nothing measured of it yet."""


@attrs.frozen(kw_only=True)
class NullAnswer:
    """One statistic over many fair histories."""

    snapshot: SnapshotField
    statistic: Annotated[str, Field(description="The test's name.")]
    histories: Annotated[int, Field(description="Synthetic histories measured.")]
    draws_each: Annotated[int, Field(description="Draws of each: as many as the real history had.")]
    mean: Annotated[float, Field(description="Mean of the statistic.")]
    standard_deviation: Annotated[float, Field(description="Its standard deviation.")]
    expected: Annotated[float | None, Field(description="Exact mean under pure chance; null where none is known.")]
    quantiles: Annotated[list[Quantile], Field(description="Of the histories.")]
    histogram: Annotated[list[Bin], Field(description="Equal bins from the smallest to the largest value.")]
    real: Annotated[float | None, Field(description="The statistic of the real history; null if it differs in length.")]
    p_value: Annotated[float | None, Field(description="(1 + histories at or above the real one) / (1 + histories).")]
    p_holm: Annotated[float | None, Field(description="The same, corrected for all tests: the one to quote.")]
    p_global: Annotated[float | None, Field(description="The global p-value of the whole battery.")]
    share_at_5_percent: Annotated[
        float,
        Field(description="Share of histories whose uncalibrated p-value is at most 0.05."),
    ]


def ask(snapshot: Snapshot, asked: NullArguments, _: Witness) -> NullAnswer:
    """Return the distribution of a statistic."""
    import numpy as np

    view = snapshot.game(asked.game_id)
    null = snapshot.null(view)
    if null is None or not len(null.measurements.statistics):
        raise NullError(
            f"{view.game.game_id}: no synthetic history is measured yet; that takes 100 real results, and draws for at"
            " least one history of their length: a running universe or `universe fairness` then measures them"
        )
    names = null.measurements.names
    if asked.statistic not in names:
        raise NullError(f"statistic {asked.statistic!r} is not one of {', '.join(names)}")
    place = names.index(asked.statistic)
    values, p_values = null.measurements.statistics[:, place], null.measurements.p_values[:, place]
    analysis = snapshot.analysis(view)
    tested = {} if analysis is None else {one.test: one for one in analysis.tests}
    figures = tested.get(asked.statistic) if analysis is not None and analysis.draws == null.frame.draws else None
    counts, edges = np.histogram(values, bins=BINS)
    return NullAnswer(
        snapshot=mark(view),
        statistic=asked.statistic,
        histories=len(values),
        draws_each=null.frame.draws,
        mean=float(values.mean()),
        standard_deviation=float(values.std()),
        expected=None if figures is None else figures.expected,
        quantiles=[
            {"probability": at, "value": float(value)}
            for at, value in zip(QUANTILES, np.quantile(values, QUANTILES), strict=True)
        ],
        histogram=[
            {"from_value": float(low), "to_value": float(high), "histories": int(count)}
            for low, high, count in zip(edges, edges[1:], counts, strict=False)
        ],
        real=None if figures is None else figures.statistic,
        p_value=None if figures is None else figures.p_value,
        p_holm=None if figures is None else figures.p_holm,
        p_global=None if figures is None or analysis is None or not analysis.verdict else analysis.verdict.p_value,
        share_at_5_percent=float((p_values <= 0.05).mean()),
    )


def tell(answer: NullAnswer) -> str:
    """Return the distribution in words."""
    quantiles = ", ".join(f"{one['probability']:g}: {one['value']:.6g}" for one in answer.quantiles)
    expected = "" if answer.expected is None else f", exact expectation {answer.expected:.6g}"
    lines = [
        heading(answer.snapshot),
        (
            f"{answer.statistic} over {counted(answer.histories, 'synthetic histories')} of {answer.draws_each} draws:"
            f" mean {answer.mean:.6g}{expected}, standard deviation {answer.standard_deviation:.6g}."
        ),
        f"Quantiles {quantiles}.",
        f"Uncalibrated, {100 * answer.share_at_5_percent:.2f} % of fair histories would be rejected at 5 %.",
    ]
    if answer.real is not None:
        lines.append(f"The real history has {answer.real:.6g}{_p_text(answer)}.")
    lines.append("Histogram (from..to: histories):")
    lines += [f"{one['from_value']:.6g}..{one['to_value']:.6g}: {one['histories']}" for one in answer.histogram]
    return "\n".join(lines)


def _p_text(answer: NullAnswer) -> str:
    if answer.p_value is None or answer.p_holm is None or answer.p_global is None:
        return ""
    return (
        f": p = {answer.p_value:.3g} by itself. It is one test of many: corrected for all of them (Holm) it is"
        f" {answer.p_holm:.3g}, and the global p-value is {answer.p_global:.3g}. Quote these"
    )


NULL_DISTRIBUTION = Question(
    name="get_null_distribution",
    title="Null distribution",
    description=(
        "What one test statistic looks like over thousands of synthetic histories as long as the real one: quantiles,"
        " histogram, exact expectation, and where the real history stands. Use it to judge a figure that"
        ' analyze_fairness or anybody else names. Example: {"statistic": "numbers", "game_id": "GAME_001"}.'
    ),
    arguments=NullArguments,
    answer=NullAnswer,
    ask=ask,
    tell=tell,
    heavy=True,
)
