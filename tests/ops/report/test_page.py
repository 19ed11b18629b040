"""The page as a document: alone in the world, accessible, whole, whatever the universe has or lacks."""

import re
from collections import Counter
from itertools import pairwise
from typing import Any

import attrs
import pytest

from ops.report.data import Contradiction, ReportData, Source
from ops.report.page import MARKER, page, sections
from ops.report.palette import COLOURS
from tests.ops.report.made import made_data
from tests.ops.report.markup import elements_of, tagged
from universe.catalogue import shipped_games

RUNS_OR_LOADS = {
    "script",
    "link",
    "iframe",
    "object",
    "embed",
    "img",
    "video",
    "audio",
    "form",
    "base",
    "foreignobject",
}
LOADS = {"src", "href", "srcset", "data", "poster", "action", "xlink:href", "background"}
BYTES_MAX = 3_000_000


def test_a_page_loads_and_runs_nothing(whole_page: str) -> None:
    for element in elements_of(whole_page):
        assert element.tag not in RUNS_OR_LOADS
        assert not [name for name in element.attributes if name.startswith("on")]
        for name in LOADS & set(element.attributes):
            assert element.attributes[name].startswith("#"), element
    style = "".join(element.text for element in tagged(whole_page, "style"))
    assert not re.search(r"url\(|@import", style)
    assert "default-src 'none'" in whole_page
    assert len(whole_page.encode()) < BYTES_MAX


def test_names_inside_a_page_are_unique_and_found(whole_page: str) -> None:
    elements = elements_of(whole_page)
    names = Counter(element.attributes["id"] for element in elements if "id" in element.attributes)
    assert [name for name, times in names.items() if times > 1] == []
    wanted = set(re.findall(r'(?:href="#|url\(#)([^")]+)', whole_page))
    assert wanted
    assert wanted <= set(names)
    labels = [element.attributes["aria-labelledby"] for element in elements if "aria-labelledby" in element.attributes]
    assert labels
    assert set(labels) <= set(names)


def test_every_picture_says_what_it_shows(whole_page: str) -> None:
    pictures = tagged(whole_page, "svg")
    assert len(pictures) == 2 * 15
    for picture in pictures:
        assert picture.attributes["role"] == "img"
        assert len(picture.attributes["aria-label"]) > 40


def test_every_table_has_headers_that_say_what_they_head(whole_page: str) -> None:
    heads, rows = tagged(whole_page, "th"), tagged(whole_page, "tr")
    assert len(heads) > len(rows) > 50
    assert all(head.attributes.get("scope") in {"row", "col"} and head.text.strip() for head in heads)
    assert not [cell.text for cell in tagged(whole_page, "td") if "thead" in cell.inside]
    bodies = [head for head in heads if "tbody" in head.inside]
    assert len(bodies) == len([row for row in rows if "tbody" in row.inside])


def test_a_page_has_one_title_and_headings_without_gaps(whole_page: str) -> None:
    levels = [int(element.tag[1]) for element in tagged(whole_page, "h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert whole_page.startswith("<!DOCTYPE html>")
    assert '<html lang="en">' in whole_page
    assert "width=device-width" in whole_page
    assert MARKER in whole_page[:400]


def test_the_verdict_comes_first_with_its_floor_and_its_blindness(whole_page: str) -> None:
    (header,) = tagged(whole_page, "header")
    words = " ".join(header.text.split())
    assert "Nothing sets these 2,000 draws apart from pure chance." in words
    assert "About 43 of 100 fair histories look at least as conspicuous" in words
    assert "1 in 501" in words
    assert "What this history cannot show" in words
    assert "19 %" in words  # 3 sqrt(42 / (5 * 2000))


def test_no_colour_of_a_figure_is_left(whole_page: str) -> None:
    assert "#0d0e" not in whole_page
    used = set(re.findall(r"var\(--([\w-]+)\)", whole_page)) - {"serif", "sans", "mono"}
    assert used <= {colour.name for colour in COLOURS}
    assert {"real", "synthetic", "band", "high4", "low4"} <= used


def luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_text_and_marks_stand_out_from_what_is_behind_them(shade: str) -> None:
    """WCAG 2.2: 4.5 to 1 for text, 3 to 1 for what a picture consists of."""
    light = {colour.name: luminance(getattr(colour, shade)) for colour in COLOURS}

    def contrast(one: str, other: str) -> float:
        high, low = sorted((light[one], light[other]), reverse=True)
        return (high + 0.05) / (low + 0.05)

    for behind in ("paper", "wide-band"):
        for text in ("ink", "muted", "real", "synthetic", "alarm"):
            assert contrast(text, behind) >= 4.5, (text, behind)
    for behind in ("paper", "band", "wide-band"):
        for mark in ("real", "synthetic", "alarm"):
            assert contrast(mark, behind) >= 3, (mark, behind)
    for end in ("low4", "high4"):
        assert contrast(end, "zero") >= 3


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("game_id", sorted(shipped_games()))
def test_every_game_has_a_page(game_id: str) -> None:
    assert tagged(page(made_data(game_id)), "section")


LACKS: dict[str, dict[str, Any]] = {
    "real results": {"real": None, "fairness": None, "nulls": {}, "gaps": None, "matches": None, "sources": ()},
    "synthetic draws": {"synthetic": None, "stream": (), "nulls": {}, "matches": None},
    "everything": {
        "real": None, "synthetic": None, "frequencies": (), "fairness": None, "stream": (), "nulls": {}, "gaps": None,
        "pairs": (), "matches": None, "evidence": (), "backtests": (), "sources": (), "contradictions": (),
    },
    **{name: {name: None} for name in ("gaps", "matches", "fairness")},
    **{name: {name: ()} for name in ("frequencies", "pairs", "evidence", "backtests", "sources", "contradictions")},
    "nulls": {"nulls": {}},
}  # fmt: skip  # one lack a line


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("lack", LACKS)
def test_what_a_universe_lacks_its_page_does_not_mention(lack: str) -> None:
    data = made_data(**LACKS[lack])
    if data.synthetic is None:
        nothing: Any = {"draw_number": None, "draw_date": None, "shell": None, "draws_root": None}
        data = attrs.evolve(data, checking=attrs.evolve(data.checking, **nothing))
    html = page(data)
    there = [element.attributes["id"] for element in tagged(html, "section")]
    assert there == [section.name for section in sections(data)]
    assert there[-1] == "checking"
    links = [element.attributes["href"] for element in tagged(html, "a")]
    assert links == [f"#{name}" for name in there]
    assert "None" not in re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)


@pytest.mark.usefixtures("no_pictures")
def test_without_enough_histories_tests_stand_alone() -> None:
    data = made_data()
    assert data.fairness is not None
    rows = tuple(attrs.evolve(row, p_value=None, p_holm=None) for row in data.fairness.tests)
    html = page(attrs.evolve(data, fairness=attrs.evolve(data.fairness, verdict=None, tests=rows, histories=74)))
    (header,) = tagged(html, "header")
    assert "No verdict yet" in header.text
    assert "74 synthetic histories of 2,000 draws are there, a verdict needs at least 100" in header.text
    assert "Global p-value" not in header.text


@pytest.mark.usefixtures("no_pictures")
def test_what_others_wrote_is_text_and_nothing_else() -> None:
    """A source is named by whoever brought it, a universe may come from anywhere."""
    evil = "<script src=https://evil.example/x.js></script>\"'><img src=x onerror=alert(1)>"
    contradiction = Contradiction(
        draw_date=made_data().contradictions[0].draw_date, stored=evil, stored_source=evil, offered=evil,
        offered_source=evil,
    )  # fmt: skip  # five times the same
    source = Source(name=evil, rows=1, first=None, last=None, conflicts=1)
    data: ReportData = made_data(sources=(source,), contradictions=(contradiction,), universe_id=evil)
    html = page(data)
    assert not tagged(html, *RUNS_OR_LOADS)
    shown = [element for element in tagged(html, "td", "th") if evil in element.text]
    assert len(shown) == 3


@pytest.mark.usefixtures("no_pictures")
def test_a_long_list_of_contradictions_says_how_many_there_are() -> None:
    assert "The first 1 of 4,321:" in page(made_data(conflicts=4_321))
    assert "of 4,321" not in page(made_data())
