"""The verdict in plain language: what the tests say of the real results, and what they cannot say."""

from ops.report.data import ReportData
from ops.report.findings import Fairness, Verdict
from ops.report.wording import count, of_many, percent
from tools.reading import ODD, meaning
from universe.statistics import visible_bias

DAYS_OF_YEAR = 365.2425


def headline(data: ReportData) -> str:
    """Return the verdict in one sentence."""
    fairness = data.fairness
    if data.real is None:
        return "There are no real results here to judge: this is what pure chance looks like."
    if fairness is None:
        return f"{count(data.real.draws)} real results are too few to judge."
    if fairness.rule_changes:
        return "These results do not seem to come from one and the same game."
    if fairness.verdict is None:
        return "No verdict yet: too few synthetic histories to hold the real one against."
    return _sentence(fairness.verdict, f"these {count(fairness.draws)} draws")


def _sentence(verdict: Verdict, draws: str) -> str:
    if verdict.at_floor and verdict.p_value <= ODD:
        return f"No fair history here was like {draws}."
    return meaning(verdict.p_value, draws)


def reasoning(data: ReportData) -> str:
    """Return why: what the global p-value says, in words, or what is missing for one."""
    fairness = data.fairness
    if data.real is None:
        draws = data.synthetic.draws if data.synthetic else 0
        return (
            f"The universe holds {count(draws)} synthetic draws of this game, made by a public rule that anyone can"
            " repeat. No real result is stored to set beside them."
        )
    if fairness is None:
        return "The battery of tests needs 100 real results. What there is stands below, each beside its expectation."
    if fairness.verdict is None:
        return (
            f"{count(fairness.histories)} synthetic histories of {count(fairness.draws)} draws are there, a verdict"
            " needs at least 100: “universe simulate” makes them. Until then each test stands alone, uncalibrated."
        )
    return _judged(fairness, fairness.verdict)


def _judged(fairness: Fairness, verdict: Verdict) -> str:
    if verdict.at_floor:
        says = f"Not one of {count(fairness.histories)} fair histories stands out as much"
    else:
        says = f"{of_many(verdict.p_value).capitalize()} fair histories look at least as conspicuous as this one"
    says += f", when all {len(fairness.tests)} tests are looked at together."
    decided = fairness.test(verdict.smallest_test)
    if decided:
        says += f" The test that stood out most was “{decided.title}”."
    if verdict.p_value <= ODD or fairness.rule_changes:
        says += " The usual reasons are a change of the rules or wrong rows in a file: look there first."
    return says


def blindness(data: ReportData) -> str | None:
    """Return what a history of this length could not have shown; None without one."""
    bias = smallest_visible(data)
    if data.real is None or bias is None:
        return None
    years = (data.real.last - data.real.first).days / DAYS_OF_YEAR
    return (
        f"{count(data.real.draws)} draws, {years:.0f} years of them, show a bias of one number only from about"
        f" {percent(bias)} on (three standard deviations). A smaller one may be there and cannot be seen: that nothing"
        " was found is no certificate."
    )


def smallest_visible(data: ReportData) -> float | None:
    """Return the smallest relative bias of one main number that the real results show; None without any."""
    main = data.game.main
    return visible_bias(data.real.draws, main.picked, main.size) if data.real else None
