"""Strategies against chance: hits by their expectation, with intervals."""

from typing import TYPE_CHECKING

from ops.report.findings import Backtest
from ops.report.palette import drawn
from ops.report.svg import Picture, Shape, clear, new_figure, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def backtests_picture(backtests: tuple[Backtest, ...]) -> Picture:
    """Draw the efficiency of each strategy on each stream, the line of chance and the line of the claim."""
    alt = "Hits of each strategy by their expectation, where 1 is chance. " + "; ".join(
        f"{one.strategy}, {one.stream}: {one.efficiency:.3f}, between {one.low:.3f} and {one.high:.3f}"
        for one in backtests
    )
    return picture("backtests", f"{alt}.", lambda shape: _plot(backtests, shape))


def _plot(backtests: tuple[Backtest, ...], shape: Shape) -> "Figure":
    strategies = list(dict.fromkeys(one.strategy for one in backtests))
    figure = new_figure(shape, 0.8 + (0.42 if shape.narrow else 0.34) * len(strategies))
    axes = clear(figure.subplots())
    for one in backtests:
        _draw_interval(axes, strategies.index(one.strategy) + (-0.13 if one.stream == "real" else 0.13), one)
    axes.axvline(1, color=drawn("ink"), linewidth=1)
    claims = {one.claimed for one in backtests}
    for claim in claims:
        axes.axvline(claim, color=drawn("alarm"), linewidth=1, linestyle=(0, (4, 3)))
    lowest = min([0.9, *(one.low for one in backtests)])
    highest = max([1.1, *claims, *(one.high for one in backtests)])
    margin = 0.04 * (highest - lowest)
    axes.set(xlim=(lowest - margin, highest + margin), ylim=(len(strategies) - 0.4, -0.8))
    axes.set_yticks(range(len(strategies)), strategies)
    axes.tick_params(axis="y", labelcolor=drawn("ink"))
    axes.spines["left"].set_visible(False)
    axes.text(1, -0.75, "chance ", ha="right", va="top")
    for claim in claims:
        axes.text(claim, -0.75, f"claim {claim:g} ", ha="right", va="top", color=drawn("alarm"))
    axes.set_xlabel("hits by their exact expectation")
    _legend(figure, {one.stream for one in backtests})
    return figure


def _draw_interval(axes: "Axes", y: float, one: Backtest) -> None:
    axes.hlines(y, one.low, one.high, color=drawn(one.stream), linewidth=2)
    axes.plot([one.efficiency], [y], "D" if one.stream == "real" else "o", color=drawn(one.stream), markersize=4.5)


def _legend(figure: "Figure", streams: set[str]) -> None:
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], linestyle="", marker=mark, markersize=5, color=drawn(stream), label=stream)
        for stream, mark in (("real", "D"), ("synthetic", "o"))
        if stream in streams
    ]
    figure.legend(handles=marks, loc="outside upper right", ncols=2, handletextpad=0.1)
