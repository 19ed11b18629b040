"""analyze_fairness: the whole battery of tests over the real results, or over the synthetic stream."""

from datetime import date
from math import log
from typing import TYPE_CHECKING, Annotated, Literal

import attrs
from pydantic import Field
from typing_extensions import TypedDict

from tools.answers import SnapshotField, mark
from tools.arguments import GAME_ID, Arguments, GameId
from tools.question import Question
from tools.reading import BatteryRow, Evidence, NumberRow, RuleChange, Verdict, WeekdayRow, fairness_text
from tools.source import Snapshot, Witness
from tools.wire import date_text
from universe.errors import UniverseError

if TYPE_CHECKING:  # these modules import numpy, and the first answer must not wait for it
    from storage.views import GameView
    from universe.fairness.analysis import Analysis, BatteryFigures
    from universe.fairness.stream import StreamTest

Scope = Literal["real", "synthetic"]
STREAMS: tuple[Scope, ...] = ("real", "synthetic")
FALSE_DISCOVERIES = 0.05
LOG_E_MAX = 700.0  # beyond it a double holds no e-value


class FairnessArguments(Arguments):
    """Which draws of which game."""

    scope: Annotated[
        Scope, Field(description="real: the stored real results; synthetic: the whole synthetic stream.")
    ] = "real"
    game_id: Annotated[GameId | None, GAME_ID] = None


@attrs.frozen(kw_only=True)
class Span:
    """Which draws a battery looked at."""

    draws: Annotated[int, Field(description="How many.")]
    first: Annotated[date, Field(description="First date.")]
    last: Annotated[date, Field(description="Last date.")]
    newer: Annotated[int, Field(description="Later results not under test yet: they join when 5 % have come.")]


class Null(TypedDict):
    """The synthetic histories that calibrate the tests."""

    histories: Annotated[int, Field(description="How many.")]
    draws_each: Annotated[int, Field(description="Draws of each.")]


class FairnessError(UniverseError):
    """A game that has too little to be tested."""


@attrs.frozen(kw_only=True)
class FairnessAnswer:
    """The battery, what matters first."""

    snapshot: SnapshotField
    game_id: Annotated[str, Field(description="The game.")]
    scope: Annotated[Scope, Field(description="As asked.")]
    history: Annotated[Span, Field(description="The draws under test.")]
    null: Annotated[Null | None, Field(description="Synthetic histories as long as the real one; null if too few.")]
    global_: Annotated[
        Verdict | None, Field(description="One p-value for all tests at once; null without enough histories.")
    ]
    tests: Annotated[list[BatteryRow], Field(description="Every test, the smallest p-value first.")]
    numbers: Annotated[list[NumberRow], Field(description="Main numbers of a real history; [] for synthetic.")]
    rule_changes: Annotated[list[RuleChange], Field(description="Where the drum seems to have changed.")]
    weekday_changes: Annotated[list[WeekdayRow], Field(description="Draw days that begin or end in the history.")]
    evidence: Annotated[list[Evidence], Field(description="E-values, valid however often they are looked at.")]
    conflicts: Annotated[int, Field(description="Results for which another source says otherwise.")]


def ask(snapshot: Snapshot, asked: FairnessArguments, _: Witness) -> FairnessAnswer:
    """Return the analysis of a game's real results, or of its synthetic stream."""
    view = snapshot.game(asked.game_id)
    return (_real if asked.scope == "real" else _synthetic)(snapshot, view)


def _real(snapshot: Snapshot, view: "GameView") -> FairnessAnswer:
    analysis = snapshot.analysis(view)
    if analysis is None:
        raise FairnessError(
            f"{view.game.game_id}: {view.results_count} real results are stored, at least 100 are needed to test"
            " fairness; `universe ingest` adds results, scope synthetic tests the synthetic draws"
        )
    histories = analysis.histories
    return FairnessAnswer(
        snapshot=mark(view),
        game_id=view.game.game_id,
        scope="real",
        history=_span(analysis.draws, analysis.first, analysis.last, analysis.newer),
        null={"histories": histories, "draws_each": analysis.draws} if histories else None,
        global_=_verdict(analysis),
        tests=[_row(figures) for figures in analysis.tests],
        numbers=[
            {
                "number": one.number,
                "count": one.count,
                "expected": one.expected,
                "z": one.z,
                "p_by": one.p_by,
                "low": one.low,
                "high": one.high,
            }
            for one in analysis.numbers
        ],
        rule_changes=_rule_changes(analysis),
        weekday_changes=[
            {"weekday": change.weekday, "direction": change.direction, "seen": date_text(change.seen)}
            for change in analysis.weekday_changes
        ],
        evidence=_evidence(snapshot, view),
        conflicts=view.conflicts,
    )


def _verdict(analysis: "Analysis") -> Verdict | None:
    found = analysis.verdict
    if found is None:
        return None
    return {
        "p_value": found.p_value,
        "p_randomised": found.p_randomised,
        "floor": found.floor,
        "smallest_test": found.smallest_test,
    }


def _span(draws: int, first: date, last: date, newer: int = 0) -> Span:
    return Span(draws=draws, first=first, last=last, newer=newer)


def _row(figures: "BatteryFigures") -> BatteryRow:
    return {
        "test": figures.test,
        "question": figures.question,
        "statistic": figures.statistic,
        "expected": figures.expected,
        "degrees_of_freedom": figures.degrees_of_freedom,
        "effect": figures.effect,
        "effect_unit": figures.effect_unit,
        "p_value": figures.p_value,
        "p_holm": figures.p_holm,
        "p_by": figures.p_by,
        "p_uncalibrated": figures.p_uncalibrated,
        "p_naive": figures.p_naive,
        "where": figures.where,
        "alternative": figures.power.alternative,
        "power": figures.power.power,
    }


def _rule_changes(analysis: "Analysis") -> list[RuleChange]:
    return [
        {
            "drum": change.drum,
            "numbers": list(change.numbers),
            "direction": change.direction,
            "seen": None if change.last_or_first_seen is None else date_text(change.last_or_first_seen),
            "draws_silent": change.draws_silent,
            "p_value": change.p_value,
        }
        for change in analysis.rule_changes
    ]


def tests_of_stream(snapshot: Snapshot, view: "GameView") -> "tuple[StreamTest, ...]":
    """Return the tests of a game's synthetic stream, which has begun; the smallest p-value first."""
    from universe.fairness.stream import stream_tests

    counts, real = snapshot.number_counts(view, None, None), snapshot.real_counts(view, None, None)
    return stream_tests(
        view.game,
        draws=counts.draws,
        totals=counts.totals,
        occupied=snapshot.occupancy(view),
        real=None if real is None else (real.draws, real.totals),
        matches=snapshot.match_totals(view, None).levels,
    )


def _synthetic(snapshot: Snapshot, view: "GameView") -> FairnessAnswer:
    if view.clock is None or view.draw_date is None:
        raise FairnessError(f"{view.game.game_id}: it has no synthetic draw yet, so there is nothing to test")
    tests = tests_of_stream(snapshot, view)
    decisive = next(test for test in tests if test.p_holm is not None)
    global_p = decisive.p_holm or 0.0
    verdict: Verdict = {
        "p_value": global_p,
        "p_randomised": global_p,
        "floor": 0.0,
        "smallest_test": decisive.test,
    }
    return FairnessAnswer(
        snapshot=mark(view),
        game_id=view.game.game_id,
        scope="synthetic",
        history=_span(view.watermark, view.clock.draw_date(1), view.draw_date),
        null=None,
        global_=verdict,
        tests=[_stream_row(test) for test in tests],
        numbers=[],
        rule_changes=[],
        weekday_changes=[],
        evidence=_evidence(snapshot, view),
        conflicts=view.conflicts,
    )


def _stream_row(test: "StreamTest") -> BatteryRow:
    return {
        "test": test.test,
        "question": test.question,
        "statistic": test.statistic,
        "expected": test.expected,
        "degrees_of_freedom": test.degrees_of_freedom,
        "effect": test.effect,
        "effect_unit": test.effect_unit,
        "p_value": test.p_value,
        "p_holm": test.p_holm,
        "p_by": None,
        "p_uncalibrated": test.p_value,
        "p_naive": None,
        "where": None,
        "alternative": "" if test.visible is None else f"a relative effect of {test.visible:.3g} (three sigma)",
        "power": None,
    }


def _evidence(snapshot: Snapshot, view: "GameView") -> list[Evidence]:
    import numpy as np

    from universe.evidence.many import e_bh
    from universe.evidence.steps import ALARM_E

    drums = ("main", "bonus") if view.game.bonus is not None else ("main",)
    streams = [(stream, snapshot.evidence(view, stream)) for stream in STREAMS]
    paths = [
        (stream, drum, path.draws, path.main if drum == "main" else path.bonus)
        for stream, path in streams
        for drum in drums
        if len(path.draws)
    ]
    discoveries = e_bh(np.exp([min(logs[-1], LOG_E_MAX) for *_, logs in paths]), FALSE_DISCOVERIES)
    return [
        {
            "stream": stream,
            "drum": drum,
            "draws": int(draws[-1]),
            "log10_e": float(logs[-1]) / log(10),
            "log10_e_highest": float(logs.max()) / log(10),
            "alarm": bool(logs.max() >= log(ALARM_E)),
            "discovery": bool(discovered),
        }
        for (stream, drum, draws, logs), discovered in zip(paths, discoveries, strict=True)
    ]


ANALYZE_FAIRNESS = Question(
    name="analyze_fairness",
    title="Analyze fairness",
    description=(
        "Are the draws what pure chance makes? Some twenty tests over the real results, each beside its exact"
        " expectation, effect size, p-value and power, calibrated by thousands of synthetic histories of the same"
        " length and calendar; one global p-value that allows for looking at all of them; rule changes inside the"
        " data; evidence watched for ever. scope synthetic tests the stream of synthetic draws itself. p-values are"
        ' probabilities. Example: {"scope": "real", "game_id": "GAME_001"}.'
    ),
    arguments=FairnessArguments,
    answer=FairnessAnswer,
    ask=ask,
    tell=fairness_text,
    heavy=True,
)
