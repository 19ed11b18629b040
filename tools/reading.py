"""What an analysis of fairness means, in words: for hosts that show a model the text alone, and for people."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field
from typing_extensions import TypedDict

from tools.wire import DateText
from tools.words import counted, heading

if TYPE_CHECKING:
    from tools.questions.fairness import FairnessAnswer

ORDINARY, ODD = 0.05, 0.01
LEVELS = (  # of a global p-value: above it, the sentence
    (0.1, "Nothing sets {} apart from pure chance."),
    (ORDINARY, "That makes {} a little unusual, as one fair history in ten to twenty is."),
    (ODD, "That makes {} unusual for pure chance, but not beyond doubt."),
    (-1.0, "Pure chance rarely makes {} look like this."),
)


class Verdict(TypedDict):
    """The battery in one figure."""

    p_value: Annotated[float, Field(description="Share of fair histories that look at least as odd somewhere.")]
    p_randomised: Annotated[float, Field(description="The same, exactly uniform under chance.")]
    floor: Annotated[float, Field(description="The least p-value that so many histories can show.")]
    smallest_test: Annotated[str, Field(description="The test that decides it.")]


class BatteryRow(TypedDict):
    """One test."""

    test: Annotated[str, Field(description="Its name.")]
    question: Annotated[str, Field(description="What it asks.")]
    statistic: Annotated[float, Field(description="Large when fairness is doubtful.")]
    expected: Annotated[float | None, Field(description="Exact mean of the statistic under pure chance.")]
    degrees_of_freedom: Annotated[float | None, Field(description="Of a chi-square.")]
    effect: Annotated[float, Field(description="Effect size.")]
    effect_unit: Annotated[str, Field(description="What the effect is.")]
    p_value: Annotated[float | None, Field(description="Calibrated by synthetic histories.")]
    p_holm: Annotated[float | None, Field(description="Corrected for all tests by Holm.")]
    p_by: Annotated[float | None, Field(description="As a false discovery rate, by Benjamini and Yekutieli.")]
    p_uncalibrated: Annotated[float, Field(description="Exact, a bound, or asymptotic.")]
    p_naive: Annotated[float | None, Field(description="What a textbook test would print; null if the same.")]
    where: Annotated[str | None, Field(description="The number, pair or date that a test of extremes is about.")]
    alternative: Annotated[str, Field(description="A departure from chance, for power.")]
    power: Annotated[float | None, Field(description="Probability that it is caught at 5 %.")]


class NumberRow(TypedDict):
    """One main number."""

    number: Annotated[int, Field(description="The number.")]
    count: Annotated[int, Field(description="Draws that held it.")]
    expected: Annotated[float, Field(description="Exact expectation.")]
    z: Annotated[float, Field(description="In standard deviations.")]
    p_by: Annotated[float, Field(description="p-value, corrected for looking at all numbers.")]
    low: Annotated[float, Field(description="Its chance in a draw: 95 % for all numbers, whenever one looks.")]
    high: Annotated[float, Field(description="The upper end.")]


class RuleChange(TypedDict):
    """Numbers that left a drum or joined it."""

    drum: Annotated[str, Field(description="main or bonus.")]
    numbers: Annotated[list[int], Field(description="The numbers.")]
    direction: Annotated[str, Field(description="left, joined or never.")]
    seen: Annotated[str | None, Field(description="Last date before they left, first after they joined.")]
    draws_silent: Annotated[int, Field(description="Draws without them.")]
    p_value: Annotated[float, Field(description="Of such a silence by chance.")]


class WeekdayRow(TypedDict):
    """A weekday on which draws begin or end."""

    weekday: Annotated[str, Field(description="The weekday.")]
    direction: Annotated[str, Field(description="begins or ends.")]
    seen: Annotated[DateText, Field(description="First or last draw on it.")]


class Evidence(TypedDict):
    """An e-process: fair draws bring its e-value to 1,000 with a chance of at most one in a thousand, ever."""

    stream: Annotated[str, Field(description="real or synthetic.")]
    drum: Annotated[str, Field(description="main or bonus.")]
    draws: Annotated[int, Field(description="Draws looked at.")]
    log10_e: Annotated[float, Field(description="Evidence against chance; 3 is an alarm.")]
    log10_e_highest: Annotated[float, Field(description="The highest so far.")]
    alarm: Annotated[bool, Field(description="Whether it was ever 3 or more.")]
    discovery: Annotated[bool, Field(description="By e-BH over these streams as they stand, at 5 %.")]


def fairness_text(answer: "FairnessAnswer") -> str:
    """Return the whole analysis in words, the verdict first."""
    return "\n".join(
        [
            heading(answer.snapshot),
            *_verdict(answer),
            *_changes(answer),
            *_tests(answer),
            *_numbers(answer),
            *_evidence(answer),
        ]
    )


def _verdict(answer: "FairnessAnswer") -> Iterator[str]:
    span, verdict = answer.history, answer.global_
    yield f"{span.draws} {answer.scope} draws, {span.first} to {span.last}."
    if span.newer:
        yield f"{counted(span.newer, 'newer results')} will join the tests when the history has grown by 5 %."
    if answer.conflicts:
        yield f"Another source contradicts {counted(answer.conflicts, 'results')}: one of the two has an error."
    if answer.rule_changes:
        yield "These results do not seem to come from one and the same game: see the changes of rules below."
    if verdict is None:
        yield _why_no_verdict(answer)
        return
    p, draws = verdict["p_value"], f"these {span.draws} draws"
    if answer.null is None:
        tests = sum(test["p_holm"] is not None for test in answer.tests)
        yield f"Global p = {p:.3g} (Holm, over the {tests} tests of the stream alone). {meaning(p, draws)}"
        yield "It is a p-value of this moment: looked at often, one will be small. Watch the evidence below instead."
        return
    histories = answer.null["histories"]
    yield (
        f"Global p = {p:.3g} (floor {verdict['floor']:.2g}, from {histories} synthetic histories):"
        f" {_of_histories(p, histories)} at least as odd somewhere. {meaning(p, draws)}"
    )
    yield f"The test that decides it: {verdict['smallest_test']}."
    if p < ODD:
        yield "Look for an ordinary cause first, a change of rules or errors in a file; then at draws still to come."


def _why_no_verdict(answer: "FairnessAnswer") -> str:
    if not answer.tests:
        return "No test of the battery can be asked of this game: its draws have nothing to differ in."
    held = answer.null["histories"] if answer.null else 0
    return (
        f"No verdict: {held} synthetic histories of this length are measured, 100 are needed. No single test below is"
        f" one. `universe simulate --game {answer.game_id}` makes the draws for them."
    )


def _of_histories(p: float, histories: int) -> str:
    """Return a share as a count out of 100, or of as many as make it one, with no more digits than it is known to."""
    if p * (histories + 1) < 1.5:
        return f"none of {histories} fair histories looks"
    out_of = 100 if p >= ORDINARY else 1_000 if p >= ODD / 10 else 100_000
    return f"about {out_of * p:.0f} of {out_of:,} fair histories look"


def meaning(p: float, draws: str) -> str:
    """Return what a global p-value says of draws: a sentence."""
    return next(sentence for above, sentence in LEVELS if p > above).format(draws)


def _changes(answer: "FairnessAnswer") -> Iterator[str]:
    for change in answer.rule_changes:
        numbers = " ".join(map(str, change["numbers"]))
        how = {"left": f"left, last drawn {change['seen']}", "joined": f"joined, first drawn {change['seen']}"}
        what = how.get(change["direction"], "never drawn")
        yield (
            f"A change of rules, not of chance: {change['drum']} numbers {numbers} {what}"
            f" ({change['draws_silent']} draws without them, p = {change['p_value']:.2g})."
        )
    for day in answer.weekday_changes:
        yield f"What is drawn on {day['weekday']} {day['direction']} on {day['seen']}."


def _tests(answer: "FairnessAnswer") -> Iterator[str]:
    yield (
        "Tests, what matters first: statistic (expected under chance), p by itself, Holm: p corrected for all tests,"
        " the one to quote; effect; power: of this test by itself at 5 %, the verdict over all of them sees less."
    )
    for test in answer.tests:
        expected = "" if test["expected"] is None else f" (expected {test['expected']:.6g})"
        named = [("p", "p_value"), ("Holm", "p_holm"), ("uncalibrated", "p_uncalibrated")]
        p_values = ", ".join(f"{name} {abs(test[key]):.3g}" for name, key in named if test[key] is not None)  # type: ignore[literal-required]
        power = "" if test["power"] is None else f", caught with probability {test['power']:.2f}"
        yield f"{test['test']}: {test['statistic']:.6g}{expected}, {p_values}. {test['question']}"
        where = "" if test["where"] is None else f"; {test['where']}"
        yield f"  effect {test['effect']:.3g} ({test['effect_unit']}){where}" + (
            f"; power: {test['alternative']}{power}" if test["alternative"] else ""
        )


def _numbers(answer: "FairnessAnswer") -> Iterator[str]:
    if answer.numbers:
        yield f"Main numbers, number:count(z), each expected {answer.numbers[0]['expected']:.8g}:"
        yield " ".join(f"{one['number']}:{one['count']}({one['z']:+.2f})" for one in answer.numbers)


def _evidence(answer: "FairnessAnswer") -> Iterator[str]:
    for one in answer.evidence:
        alarm = "ALARM: it has passed 3" if one["alarm"] else "the line is 3"
        alarm += "; a discovery by e-BH" if one["discovery"] else ""
        yield (
            f"Evidence against fair {one['stream']} {one['drum']} numbers after {one['draws']} draws:"
            f" log10 e = {one['log10_e']:.2f}, highest {one['log10_e_highest']:.2f}; {alarm}."
        )
