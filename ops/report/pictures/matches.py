"""How the synthetic draws met the real results, added up date by date, against the binomial expectation."""

from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ops.report.palette import drawn
from ops.report.series import Floats, Matches
from ops.report.svg import Picture, Shape, clear, new_figure, picture
from ops.report.wording import count, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS_MAX = 6
EXPECTED_MIN = 5.0  # below it a level is too rare for a path; the table has it
POINTS_MAX = 400  # of a path: more cannot be told apart


def matches_picture(matches: Matches) -> Picture:
    """Draw the paths of the highest levels that are common enough."""
    shown = shown_levels(matches)
    ends = "; ".join(f"{matches.levels[level]}: {_standing(matches, level)[-1]:+.2f}" for level in shown)
    alt = (
        f"Matches counted against expectation over {count(matches.compared[-1])} compared draws, for each level in"
        f" standard deviations of its final count. The paths end at {ends}."
    )
    return picture("matches", alt, lambda shape: _plot(matches, shown, shape))


def shown_levels(matches: Matches) -> list[int]:
    """Return the highest levels that are expected often enough, highest first."""
    expected = matches.probabilities * matches.compared[-1]
    return [level for level in reversed(range(len(matches.levels))) if expected[level] >= EXPECTED_MIN][:PANELS_MAX]


def _standing(matches: Matches, level: int) -> Floats:
    """Return count minus expectation after each date, in standard deviations of the last count."""
    chance, compared = matches.probabilities[level], matches.compared
    deviation = np.sqrt(compared[-1] * chance * (1 - chance))
    standing: Floats = (matches.counts[:, level] - compared * chance) / deviation
    return standing


def _plot(matches: Matches, shown: list[int], shape: Shape) -> "Figure":
    columns = 2 if shape.narrow else 3
    rows = ceil(len(shown) / columns)
    figure = new_figure(shape, 0.4 + 1.35 * rows)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    kept = np.unique(np.linspace(0, len(matches.compared) - 1, POINTS_MAX).astype(int))
    for axes, level in zip(panels, shown, strict=False):
        clear(axes)
        _draw_path(axes, matches, level, kept)
    for axes in panels[len(shown) :]:
        axes.remove()
    figure.supxlabel("compared draws", fontsize=8)
    return figure


def _draw_path(axes: "Axes", matches: Matches, level: int, kept: npt.NDArray[np.integer]) -> None:
    compared = matches.compared[kept]
    band = 1.96 * np.sqrt(compared / compared[-1])
    axes.fill_between(compared, -band, band, color=drawn("band"), linewidth=0)
    axes.axhline(0, color=drawn("ink"), linewidth=0.8)
    axes.plot(compared, _standing(matches, level)[kept], color=drawn("synthetic"), linewidth=1.1)
    axes.set_title(matches.levels[level])
    axes.set_ylim(-4, 4)
    axes.set_yticks([-3, 0, 3], ["\N{MINUS SIGN}3", "0", "+3"])
    axes.set_xlim(0, compared[-1])
    axes.locator_params(axis="x", nbins=3)
    axes.xaxis.set_major_formatter(lambda value, _: short(value))
