"""A figure as a piece of the page: drawn once for wide pages and once for narrow ones, lean, colours left open."""

import io
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs

from ops.report.palette import drawn, on_page

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TAG = re.compile(r"<[^>]*>")
_DECIMALS = re.compile(r"(\d\.\d\d)\d+")
_ZEROS = re.compile(r"(\d\.\d*[1-9]|\d(?=\.))\.?0+(?!\d)")
_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_HEAD = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_OPENING = re.compile(r"<svg[^>]*>")
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_STYLE = re.compile(r"<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)
_ID = re.compile(r' id="([^"]*)"')
_FONT = re.compile(r"font-family: [^;\"]*;? ?")


@attrs.frozen
class Shape:
    """The room that a picture has; text is as large on every page, so a narrow one holds less."""

    inches: float
    narrow: bool


WIDE = Shape(7.2, narrow=False)
NARROW = Shape(3.5, narrow=True)

Plot = Callable[[Shape], "Figure"]


@attrs.frozen(kw_only=True)
class Picture:
    """A picture in both shapes, and in words for whoever cannot see it."""

    name: str
    alt: str
    wide: str
    narrow: str


def picture(name: str, alt: str, plot: Plot) -> Picture:
    """Draw a picture; the same data give the same bytes."""
    with _drawing(name):
        wide, narrow = (_inline(plot(shape), name, alt, shape) for shape in (WIDE, NARROW))
    return Picture(name=name, alt=alt, wide=wide, narrow=narrow)


def new_figure(shape: Shape, height: float) -> "Figure":
    """Return an empty figure, ``height`` in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(shape.inches, height), layout="constrained")
    figure.patch.set_visible(False)
    return figure


def new_axes(shape: Shape, height: float) -> "tuple[Figure, Axes]":
    """Return a figure with one pair of axes."""
    figure = new_figure(shape, height)
    return figure, clear(figure.subplots())


def clear(axes: "Axes") -> "Axes":
    """Take away what is no data: background, and ticks that stick out."""
    axes.patch.set_visible(False)
    axes.tick_params(length=0)
    return axes


@contextmanager
def _drawing(name: str) -> Iterator[None]:
    """Style of all figures, for as long as one is drawn."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it tells users of its caches
    from matplotlib import rc_context

    ink, muted, line = drawn("ink"), drawn("muted"), drawn("line")
    style: Any = {
        "font.size": 8,
        "font.family": "DejaVu Sans",  # comes with matplotlib, and is wide: what fits in it fits in the page's font
        "text.color": ink,
        "axes.edgecolor": line,
        "axes.labelcolor": ink,
        "axes.titlecolor": ink,
        "axes.titlesize": 8.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.linewidth": 0.7,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.formatter.use_mathtext": False,
        "xtick.color": line,
        "ytick.color": line,
        "xtick.labelcolor": muted,
        "ytick.labelcolor": muted,
        "grid.color": drawn("grid"),
        "grid.linewidth": 0.7,
        "legend.frameon": False,
        "svg.fonttype": "none",
        "svg.hashsalt": name,
    }
    with rc_context(style):
        yield


def _inline(figure: "Figure", name: str, alt: str, shape: Shape) -> str:
    from html import escape

    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = lean(buffer.getvalue(), f"{name}-{'narrow' if shape.narrow else 'wide'}")
    width, height = (72 * inches for inches in figure.get_size_inches())  # matplotlib draws in points
    opening = f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(alt)}">'
    return on_page(_OPENING.sub(lambda _: opening, text, count=1))


def lean(svg: str, name: str) -> str:
    """Return a figure's SVG as part of a page: no head, no names that another picture has too, fewer digits."""
    svg = _HEAD.sub("", svg)
    for nothing in (_COMMENT, _METADATA, _STYLE):
        svg = nothing.sub("", svg)
    svg = svg.replace("xlink:href", "href")
    used = set(re.findall(r"#([\w.-]+)", svg))
    svg = _ID.sub(lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "", svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = _FONT.sub("", svg)  # the page has its own
    svg = _TAG.sub(lambda found: _ZEROS.sub(r"\1", _DECIMALS.sub(r"\1", found[0])), svg)
    return re.sub(r">\s+<", "><", re.sub(r"[ \t]*\n[ \t]*", " ", svg)).replace(' d="M ', ' d="M').strip()
