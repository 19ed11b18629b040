"""Where the real history stands: on the whole, and in each test."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from ops.report.findings import Fairness, TestRow, Verdict
from ops.report.palette import drawn
from ops.report.svg import Picture, Shape, clear, new_axes, new_figure, picture
from ops.report.wording import count, probability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LANDMARKS = (1.0, 0.5, 0.1, 0.01, 0.001, 0.0001, 0.00001)
NAMES = ("always", "1 in 2", "1 in 10", "1 in 100", "1 in 1,000", "1 in 10,000", "1 in 100,000")


@attrs.frozen
class Mark:
    """How one kind of p-value is drawn; those that matter more are drawn later."""

    label: str
    shape: str
    colour: str
    p_value: Callable[[TestRow], float | None]

    @property
    def style(self) -> dict[str, Any]:
        """What matplotlib calls it."""
        filled = drawn(self.colour) if self.shape == "D" else "none"
        edge = drawn(self.colour)
        return {
            "linestyle": "", "marker": self.shape, "markersize": 4.8, "markerfacecolor": filled, "markeredgecolor": edge
        }  # fmt: skip  # one mark


MARKS = (
    Mark("naive textbook", "x", "muted", lambda row: row.p_naive),
    Mark("uncalibrated", "o", "line", lambda row: row.p_uncalibrated),
    Mark("calibrated", "D", "real", lambda row: row.p_value),
)


def verdict_picture(verdict: Verdict) -> Picture:
    """Draw how often fair histories are at least as conspicuous, from ordinary to extraordinary."""
    alt = (
        f"A scale from ordinary to extraordinary. The real history stands at {probability(verdict.p_value)}: that"
        f" share of fair histories is at least as conspicuous. The scale ends at {probability(verdict.floor)}."
    )
    return picture("verdict", alt, lambda shape: _scale(verdict.p_value, verdict.floor, shape))


def _scale(p_value: float, floor: float, shape: Shape) -> "Figure":
    figure, axes = new_axes(shape, 1.0)
    for start, end, name in ((1.0, 0.05, "wide-band"), (0.05, 0.01, "band"), (0.01, floor, "line")):
        axes.fill_between([start, end], 0, 0.35, color=drawn(name), linewidth=0)
    axes.plot([p_value], [0.52], "v", color=drawn("real"), markersize=9, clip_on=False)
    early = p_value > floor**0.5
    axes.annotate(
        f"this history: {probability(p_value)}", (p_value, 0.6), xytext=(8 if early else -8, 4), weight="bold",
        textcoords="offset points", ha="left" if early else "right", va="center", color=drawn("real"),
    )  # fmt: skip  # one mark
    axes.set(xscale="log", xlim=(1.15, floor / 1.15), ylim=(0, 1), yticks=[])
    axes.minorticks_off()
    shown = [(p, name) for p, name in zip(LANDMARKS, NAMES, strict=True) if p >= 0.9 * floor]
    shown = [mark for place, mark in enumerate(shown) if not shape.narrow or place != 1]
    if floor < 0.4 * shown[-1][0]:
        shown.append((floor, f"1 in {count(1 / floor)}"))
    axes.set_xticks([p for p, _ in shown], [name for _, name in shown], fontsize=6.5 if shape.narrow else 8)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    return figure


def tests_picture(fairness: Fairness) -> Picture:
    """Draw each test's p-value: calibrated, plain, and as a textbook test would print it."""
    rows = sorted(fairness.tests, key=lambda row: row.p_best)
    alt = "The p-value of each test, smallest first. " + "; ".join(
        f"{row.title}: {probability(row.p_best)}" for row in rows
    )
    floor = fairness.verdict.floor if fairness.verdict else min(0.001, rows[0].p_best)
    return picture("tests", f"{alt}.", lambda shape: _strips(rows, floor, shape))


def _strips(rows: list[TestRow], floor: float, shape: Shape) -> "Figure":
    figure = new_figure(shape, 0.75 + (0.29 if shape.narrow else 0.21) * len(rows))
    axes = clear(figure.subplots())
    smallest = min([floor, *(p for row in rows for p in (row.p_uncalibrated, row.p_naive) if p)])
    left = max(smallest, floor / 100) / 1.4
    for place, row in enumerate(rows):
        _strip(axes, place, row, left)
        if shape.narrow:
            axes.text(1.0, place - 0.24, row.title, va="bottom", ha="left", fontsize=7.5)
    axes.axvline(0.05, color=drawn("line"), linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set(xscale="log", xlim=(1.3, left), ylim=(len(rows) - 0.4, -0.9))
    axes.minorticks_off()
    ticks = [p for p in (1, 0.1, 0.01, 0.001, 0.0001, 0.00001, 1e-6) if p >= left]
    axes.set_xticks(ticks, [f"{p:.6f}".rstrip("0").rstrip(".") for p in ticks])
    axes.set_yticks([] if shape.narrow else range(len(rows)), [] if shape.narrow else [row.title for row in rows])
    axes.tick_params(axis="y", labelcolor=drawn("ink"))
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("p-value: the further right, the more conspicuous")
    _legend(figure, rows, shape)
    return figure


def _strip(axes: "Axes", place: int, row: TestRow, left: float) -> None:
    """Draw one test: a line, and on it a mark for each p-value."""
    axes.hlines(place, 1.3, left, color=drawn("grid"), linewidth=0.7, zorder=0)
    for mark in MARKS:
        p_value = mark.p_value(row)
        if p_value is not None:
            axes.plot([max(p_value, left)], [place], clip_on=False, **mark.style)


def _legend(figure: "Figure", rows: list[TestRow], shape: Shape) -> None:
    from matplotlib.lines import Line2D

    shown = [mark for mark in MARKS if any(mark.p_value(row) is not None for row in rows)]
    handles = [Line2D([], [], label=mark.label, **mark.style) for mark in reversed(shown)]
    columns = 2 if shape.narrow else 3
    figure.legend(handles=handles, loc="outside upper right", ncols=columns, handletextpad=0.1, columnspacing=1.2)
