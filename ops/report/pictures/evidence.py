"""Evidence against fair draws as it came in, and what it leaves possible for each number."""

from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ops.report.palette import drawn
from ops.report.pictures.matches import POINTS_MAX
from ops.report.series import Evidence, Floats
from ops.report.svg import Picture, Shape, clear, new_axes, new_figure, picture
from ops.report.wording import MINUS, axis_percent, count, percent, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def evidence_picture(evidence: tuple[Evidence, ...]) -> Picture:
    """Draw the e-processes of all streams, each in a panel, with the alarm line."""
    alt = "Evidence against fair draws over time, as powers of ten; an alarm is at 3. " + " ".join(
        f"{one.stream.capitalize()} draws: main numbers end at {one.log10_main[-1]:.1f}, their highest is"
        f" {one.log10_main.max():.1f}{_bonus_words(one)}."
        for one in evidence
    )
    return picture("evidence", alt, lambda shape: _plot(evidence, shape))


def _bonus_words(one: Evidence) -> str:
    return "" if one.log10_bonus is None else f"; bonus numbers end at {one.log10_bonus[-1]:.1f}"


def _plot(evidence: tuple[Evidence, ...], shape: Shape) -> "Figure":
    rows, columns = (len(evidence), 1) if shape.narrow else (1, len(evidence))
    figure = new_figure(shape, 2.2 * rows + 0.3)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, one in zip(panels, evidence, strict=True):
        clear(axes)
        _draw_paths(axes, one)
    panels[0].set_ylabel("evidence, powers of ten")
    return figure


def _draw_paths(axes: "Axes", one: Evidence) -> None:
    kept, x = _kept(one), _places(one)
    x = np.concatenate([x[:1], x[1:][kept]])
    paths = [("main", one.log10_main, "solid"), ("bonus", one.log10_bonus, (0, (4, 2)))]
    held = [(name, np.concatenate([[0.0], path[kept]]), style) for name, path, style in paths if path is not None]
    for name, y, style in held:
        axes.plot(x, y, color=drawn(one.stream), linestyle=style, linewidth=1.2)
        late, upper = y[-(len(y) * 9 // 20) :], all(y[-1] >= other[-1] for _, other, _ in held)
        axes.annotate(
            f"{name} numbers", (x[-1], late.max() if upper else late.min()), xytext=(0, 4 if upper else -4),
            textcoords="offset points", ha="right", va="bottom" if upper else "top", color=drawn(one.stream),
        )  # fmt: skip  # one label
    axes.axhline(0, color=drawn("line"), linewidth=0.7)
    axes.axhline(one.alarm_log10, color=drawn("alarm"), linewidth=1.1)
    axes.annotate(
        "alarm: 1,000 to 1", (x[0], one.alarm_log10), xytext=(3, 2), textcoords="offset points", color=drawn("alarm"),
        weight="bold", va="bottom",
    )  # fmt: skip  # one mark
    highest = max(float(path.max()) for path in (one.log10_main, one.log10_bonus) if path is not None)
    low = min(float(y.min()) for _, y, _ in held)
    high = max(highest, one.alarm_log10)
    axes.set_ylim(low - 0.16 * (high - low), high + 0.16 * (high - low))
    axes.set_xlim(x[0], x[-1])
    axes.set_title(f"{one.stream} draws")
    _scale_time(axes, one)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}".replace("-", MINUS))


def _kept(one: Evidence) -> npt.NDArray[np.integer]:
    """Return the steps to draw: evenly some, and wherever a path is at its height."""
    paths = [path for path in (one.log10_main, one.log10_bonus) if path is not None]
    evenly = np.linspace(0, len(one.draws) - 1, POINTS_MAX).astype(int)
    return np.unique([*evenly, *(int(path.argmax()) for path in paths)])


def _places(one: Evidence) -> Floats:
    """Return where the beginning and each step lie: in days where there are dates, else in draws."""
    if one.dates is None:
        return np.concatenate([[0.0], one.draws])
    days = one.dates.astype("datetime64[D]").astype(np.float64)
    return np.concatenate([days[:1] - 1, days])


def _scale_time(axes: "Axes", one: Evidence) -> None:
    if one.dates is None:
        axes.set_xlabel("draws")
        axes.locator_params(axis="x", nbins=5)
        axes.xaxis.set_major_formatter(lambda value, _: short(value))
        return
    axes.set_xlabel("draw date")
    first, last = one.dates[[0, -1]].astype("datetime64[Y]")
    step = ceil(((last - first).astype(int) + 1) / 5)
    if (last - first).astype(int) < 3:
        axes.locator_params(axis="x", nbins=3)
        axes.xaxis.set_major_formatter(lambda value, _: str(np.datetime64(int(value), "D"))[:7])
        return
    years = np.arange(first + 1, last + 1, step)
    axes.set_xticks(years.astype("datetime64[D]").astype(np.float64), [str(year) for year in years])


def intervals_picture(one: Evidence) -> Picture:
    """Draw the interval of each number's probability, relative to the fair one."""
    low, high = one.low / one.fair - 1, one.high / one.fair - 1
    without = np.flatnonzero((low > 0) | (high < 0)) + 1
    alt = (
        f"For each main number what its probability may be after {count(one.draws[-1])} {one.stream} draws, from"
        f" {percent(float(low.min()))} to +{percent(float(high.max()))} of the fair one."
        f" {f'Not fair: {without.tolist()}' if len(without) else 'Every interval holds the fair value'}."
    )
    return picture(f"intervals-{one.stream}", alt, lambda shape: _intervals(one, low, high, shape))


def _intervals(one: Evidence, low: Floats, high: Floats, shape: Shape) -> "Figure":
    figure, axes = new_axes(shape, 1.9)
    numbers = np.arange(1, len(low) + 1)
    axes.vlines(numbers, low, high, color=drawn(one.stream), linewidth=2 if shape.narrow else 3.2, alpha=0.75)
    axes.axhline(0, color=drawn("ink"), linewidth=0.9)
    axes.set_xlim(0.2, len(low) + 0.8)
    step = 10 if shape.narrow and len(low) > 30 else 5
    axes.set_xticks([1, *range(step, len(low) + 1, step)])
    axes.set_xlabel("main number")
    axes.set_title(f"{one.stream}: probability against the fair one")
    axes.yaxis.set_major_formatter(lambda value, _: axis_percent(value))
    axes.locator_params(axis="y", nbins=5)
    return figure
