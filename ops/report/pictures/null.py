"""One statistic: what fair histories give, what theory says, and where the real one stands."""

from typing import TYPE_CHECKING

import numpy as np

from ops.report.findings import NullDistribution
from ops.report.palette import drawn
from ops.report.series import Floats
from ops.report.svg import Picture, Shape, new_axes, picture
from ops.report.wording import count, figure, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BINS = 60


def null_picture(name: str, label: str, null: NullDistribution) -> Picture:
    """Draw the distribution of one statistic over the synthetic histories."""
    share = null.as_large / len(null.statistics)
    alt = (
        f"{label} of {count(len(null.statistics))} synthetic histories, as a histogram. The real history has"
        f" {figure(null.observed)}; {count(null.as_large)} of the synthetic ones ({percent(share)}) have at least that."
    )
    return picture(f"null-{name}", alt, lambda shape: _plot(label, null, shape))


def _plot(label: str, null: NullDistribution, shape: Shape) -> "Figure":
    drawing, axes = new_axes(shape, 2.4)
    edges = _edges(null)
    heights, _ = np.histogram(null.statistics, edges, density=True)
    axes.stairs(heights, edges, fill=True, color=drawn("synthetic"), alpha=0.3)
    axes.stairs(heights, edges, color=drawn("synthetic"), linewidth=0.8)
    top = float(heights.max())
    if null.degrees_of_freedom:
        grid = np.linspace(max(edges[0], 1e-6), edges[-1], 200)
        density = chi_square_density(grid, null.degrees_of_freedom)
        axes.plot(grid, density, color=drawn("ink"), linewidth=1.1)
        top = max(top, float(density.max()))
    _mark(axes, null, top)
    axes.set_ylim(0, 1.22 * top)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_xlabel(label)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    return drawing


def _edges(null: NullDistribution) -> Floats:
    """Return bins over both: of width 1 or whole numbers where the statistic is whole."""
    low, high = (float(end) for end in (null.statistics.min(), null.statistics.max()))
    low, high = min(low, null.observed), max(high, null.observed)
    if np.array_equal(null.statistics, np.rint(null.statistics)):
        step = max(1, round((high - low) / BINS))
        return np.arange(low - 0.5, high + step + 0.5, step)
    margin = 0.02 * (high - low) or 1.0
    return np.linspace(low - margin, high + margin, BINS + 1)


def _mark(axes: "Axes", null: NullDistribution, top: float) -> None:
    """Mark the real value, named on the side where there is room."""
    axes.vlines(null.observed, 0, 1.06 * top, color=drawn("real"), linewidth=1.8)
    left, right = axes.get_xlim()
    beyond = null.observed > (left + right) / 2
    axes.annotate(
        f"real: {figure(null.observed)}", (null.observed, 1.06 * top), xytext=(-4 if beyond else 4, 0),
        textcoords="offset points", ha="right" if beyond else "left", va="bottom", weight="bold", color=drawn("real"),
    )  # fmt: skip  # one mark


def chi_square_density(x: Floats, degrees_of_freedom: float) -> Floats:
    """Return the density of chi-square at positive ``x``."""
    from scipy.special import gammaln, xlogy

    half = degrees_of_freedom / 2
    log_density: Floats = xlogy(half - 1, x) - x / 2 - half * np.log(2) - gammaln(half)
    return np.exp(log_density)
