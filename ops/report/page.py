"""The page of a report: its sections, in order, each only where there is something to show."""

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import attrs

from ops.report import captions, rows, verdict, wording
from ops.report.album import album
from ops.report.data import ReportData
from ops.report.palette import variables

if TYPE_CHECKING:
    from jinja2 import Environment

MARKER = "Synthetic Lottery Universe report"  # by which a file is known to be one


@attrs.frozen
class Section:
    """One section: its name in links and in ``parts.html``, its heading, and its name in the list of sections."""

    name: str
    title: str
    short: str


def page(data: ReportData) -> str:
    """Return the whole page: HTML that loads nothing and runs nothing."""
    return (
        _environment()
        .get_template("page.html")
        .render(
            data=data,
            fairness=data.fairness,
            judged=data.fairness.verdict if data.fairness else None,
            sections=sections(data),
            pictures=album(data),
            marker=MARKER,
            style=_style(),
            **_sentences(data),
            **_rows(data),
        )
    )


def sections(data: ReportData) -> list[Section]:
    """Return the sections that this universe can fill."""
    fairness = data.fairness
    wanted = (
        (data.frequencies, Section("numbers", "How often each number came up", "Numbers")),
        (fairness and "numbers" in data.nulls, Section("chisquare", "Are the counts too uneven?", "Chi-square")),
        (fairness and fairness.tests, Section("tests", "Every test, and what it could have seen", "Tests")),
        (data.gaps, Section("gaps", "Waiting for a number", "Gaps")),
        (data.pairs, Section("pairs", "Which numbers come together", "Pairs")),
        (data.matches and data.matches.compared[-1], Section("matches", "Synthetic tickets in real draws", "Matches")),
        (data.stream, Section("stream", "Are the synthetic draws themselves fair?", "The null itself")),
        (data.evidence, Section("evidence", "Watching without cheating", "Evidence")),
        (data.backtests, Section("backtests", "Would a strategy have helped?", "Strategies")),
        (fairness, Section("changes", "One game throughout?", "Rule changes")),
        (data.sources, Section("provenance", "Where the results come from", "Sources")),
        (True, Section("checking", "Check it yourself", "Check it")),
    )
    return [section for there, section in wanted if there]


def _sentences(data: ReportData) -> dict[str, Any]:
    """Return what is said about the data, in words."""
    main = data.game.main
    return {
        "headline": verdict.headline(data),
        "reasoning": verdict.reasoning(data),
        "blindness": verdict.blindness(data),
        "visible": verdict.smallest_visible(data),
        "frequency_words": captions.frequency_words,
        "band_words": captions.band_words(data),
        "pairs_words": captions.pairs_words(data),
        "furthest_words": captions.furthest_words(data),
        "claim_words": captions.claim_words(data),
        "expected_wait": main.size / main.picked - 1,
        "chance": main.picked / main.size,
    }


def _rows(data: ReportData) -> dict[str, Any]:
    """Return the tables that have to be computed."""
    return {
        "rows": sorted(data.fairness.tests, key=lambda row: row.p_best) if data.fairness else [],
        "waiting": rows.longest_waiting(data),
        "pair_rows": rows.pair_rows(data.pairs),
        "match_rows": rows.match_rows(data.matches) if data.matches else [],
        "evidence_rows": rows.evidence_rows(data.evidence),
    }


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("ops.report", ""), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip  # options
    for name in (
        "count",
        "figure",
        "fixed",
        "signed",
        "percent",
        "probability",
        "power_of_ten",
        "day",
        "moment",
        "pools",
    ):
        environment.filters[name] = getattr(wording, name)
    return environment


def _style() -> Any:
    """Return the style sheet with its colours; it is ours, and no text that could need escaping."""
    from markupsafe import Markup

    sheet = files("ops.report").joinpath("style.css").read_text(encoding="utf-8")
    return Markup(sheet.replace("@LIGHT@", variables(dark=False)).replace("@DARK@", variables(dark=True)))  # noqa: S704  as said
