"""Pictures become a lean part of the page: nothing in them clashes, and their words stay as they were."""

import re

import pytest

from ops.report.palette import COLOURS, drawn, on_page
from ops.report.pictures.null import chi_square_density
from ops.report.svg import Shape, lean, new_axes, picture
from tests.ops.report.markup import tagged


def plot(shape: Shape) -> object:
    figure, axes = new_axes(shape, 2)
    axes.plot([0, 1.23456789], [0, 1], "o", color=drawn("real"))
    axes.set_xlabel("1.500 of 2.0000 <& more>")
    return figure


def test_two_shapes_with_words_for_all() -> None:
    made = picture("one", 'says "so" & <so>', plot)  # type: ignore[arg-type]  # a figure
    for text in (made.wide, made.narrow):
        (svg,) = tagged(text, "svg")
        assert svg.attributes["aria-label"] == 'says "so" & <so>'
        assert "1.500 of 2.0000 <& more>" in svg.text
        assert "var(--real)" in text
        assert "#0d0e" not in text
        assert not re.search(r"<\?xml|<!--|<metadata|<style|xlink|DejaVu|http", text)
    assert made.wide != made.narrow


def test_names_inside_two_pictures_never_clash() -> None:
    def names(text: str) -> set[str]:
        return set(re.findall(r' id="([^"]+)"', text))

    one, other = (picture(name, name, plot) for name in ("one", "other"))  # type: ignore[arg-type]  # as above
    held = [names(text) for text in (one.wide, one.narrow, other.wide, other.narrow)]
    assert all(held)
    assert len(set().union(*held)) == sum(map(len, held))
    for text in (one.wide, other.narrow):
        assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', text)) <= names(text)


def test_the_same_data_give_the_same_bytes() -> None:
    assert picture("one", "words", plot) == picture("one", "words", plot)  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    ("svg", "left"),
    [
        ('<svg><path d="M 1.239999 2.000000 L 10.10 100"/></svg>', '<svg><path d="M1.23 2 L 10.1 100"/></svg>'),
        ("<svg><text>1.239999 and 2.000</text></svg>", "<svg><text>1.239999 and 2.000</text></svg>"),
        ('<?xml?>\n<svg><!-- 5 -->\n<g id="unused"><text>5</text></g></svg>', "<svg><g><text>5</text></g></svg>"),
    ],
)
def test_what_nobody_sees_goes(svg: str, left: str) -> None:
    assert lean(svg, "x") == left


def test_every_colour_is_told_from_every_other() -> None:
    assert len({drawn(colour.name) for colour in COLOURS}) == len(COLOURS)
    for colour in COLOURS:
        assert on_page(f"fill: {drawn(colour.name)}") == f"fill: var(--{colour.name})"


def test_the_density_of_chi_square() -> None:
    import numpy as np
    from scipy.stats import chi2

    grid = np.linspace(0.5, 120, 50)
    assert chi_square_density(grid, 46) == pytest.approx(chi2.pdf(grid, 46))
