"""Draws from one appearance of a number to its next, against the geometric expectation."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ops.report.palette import drawn
from ops.report.series import Floats, Gaps
from ops.report.svg import Picture, Shape, clear, new_figure, picture
from ops.report.wording import MINUS, count

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def gaps_picture(gaps: Gaps) -> Picture:
    """Draw how many gaps of each length there were."""
    inside = "" if gaps.band is None else f" {_inside(gaps, *gaps.band)} of {len(gaps.observed)} lie in their band."
    alt = (
        f"How many gaps of each length lie between two appearances of a number: {count(gaps.observed.sum())} in all."
        f" A gap of 1 came {count(gaps.observed[0])} times, expected {gaps.expected[0]:,.1f}.{inside}"
    )
    return picture("gaps", alt, lambda shape: _plot(gaps, shape))


def _inside(gaps: Gaps, low: Floats, high: Floats) -> int:
    return int(((gaps.observed >= low) & (gaps.observed <= high)).sum())


def _plot(gaps: Gaps, shape: Shape) -> "Figure":
    """Show counts above, and below how far they are off: on the scale of the counts nobody could see that."""
    figure = new_figure(shape, 3.4)
    upper, lower = map(clear, figure.subplots(2, 1, sharex=True, height_ratios=(3, 2)))
    cells = len(gaps.observed) - 1
    upper.step(_lengths(cells), gaps.expected[:-1], where="mid", color=drawn("ink"), linewidth=1, label="expected")
    upper.plot(_lengths(cells), gaps.observed[:-1], "o", color=drawn("real"), markersize=3.2, label="real")
    upper.set_ylim(0, 1.08 * float(max(gaps.observed[:-1].max(), gaps.expected[:-1].max())))
    upper.set_ylabel("how many")
    upper.yaxis.set_major_formatter(lambda value, _: count(value))
    upper.legend(loc="upper right")
    _draw_differences(lower, gaps, cells)
    lower.set_xlim(0.2, cells + 0.8)
    lower.set_xlabel(f"draws from one appearance to the next, up to {cells}")
    figure.align_ylabels([upper, lower])
    return figure


def _lengths(cells: int) -> npt.NDArray[np.int64]:
    return np.arange(1, cells + 1)


def _draw_differences(axes: "Axes", gaps: Gaps, cells: int) -> None:
    """Real minus expected, in square roots of the expectation: about standard deviations."""
    expected = gaps.expected[:-1]
    scale = np.sqrt(expected)
    if gaps.band is not None:
        low, high = ((edge[:-1] - expected) / scale for edge in gaps.band)
        axes.fill_between(_lengths(cells), low, high, step="mid", color=drawn("band"), linewidth=0)
    differences = (gaps.observed[:-1] - expected) / scale
    axes.axhline(0, color=drawn("ink"), linewidth=0.9)
    axes.vlines(_lengths(cells), 0, differences, color=drawn("real"), linewidth=0.9, alpha=0.55)
    axes.plot(_lengths(cells), differences, "o", color=drawn("real"), markersize=3)
    axes.set_ylabel(f"real {MINUS} expected")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:+g}".replace("-", MINUS) if value else "0")
