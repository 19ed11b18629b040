"""How often each number came up, with what chance allows one number and all of them together."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ops.report.captions import POINTWISE_Z
from ops.report.palette import drawn
from ops.report.series import Frequencies
from ops.report.svg import Picture, Shape, new_axes, picture
from ops.report.wording import axis_percent, count, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def frequency_picture(frequencies: Frequencies) -> Picture:
    """Draw the counts of one drum of one stream."""
    alt = _in_words(frequencies)
    name = f"frequency-{frequencies.stream}-{frequencies.drum}"
    return picture(name, alt, lambda shape: _plot(frequencies, shape))


def _in_words(frequencies: Frequencies) -> str:
    most, least = frequencies.extremes
    beyond = frequencies.outside
    band = f"{listed(list(map(str, beyond)))} beyond it" if beyond else "all of them inside"
    return (
        f"How often each of {frequencies.size} {frequencies.drum} numbers came up in {count(frequencies.draws)}"
        f" {frequencies.stream} draws. Expected: {count(frequencies.expected)} times each. Most often number {most},"
        f" {count(frequencies.counts[most - 1])} times; least often number {least},"
        f" {count(frequencies.counts[least - 1])} times. The band for all numbers together: {band}."
    )


def _plot(frequencies: Frequencies, shape: Shape) -> "Figure":
    figure, axes = new_axes(shape, 2.5)
    _draw_bands(axes, frequencies)
    numbers, colour = np.arange(1, frequencies.size + 1), drawn(frequencies.stream)
    axes.vlines(numbers, frequencies.expected, frequencies.counts, color=colour, linewidth=0.9, alpha=0.55)
    axes.plot(numbers, frequencies.counts, "o", color=colour, markersize=3.2 if shape.narrow else 4)
    for number in {*frequencies.extremes, *frequencies.outside}:
        above = frequencies.counts[number - 1] > frequencies.expected
        axes.annotate(
            str(number), (number, frequencies.counts[number - 1]), xytext=(0, 4 if above else -4),
            textcoords="offset points", ha="center", va="bottom" if above else "top", weight="bold",
        )  # fmt: skip  # one mark
    _scale(axes, frequencies, shape)
    return figure


def _draw_bands(axes: "Axes", frequencies: Frequencies) -> None:
    for z, name in ((frequencies.simultaneous_z, "wide-band"), (POINTWISE_Z, "band")):
        half = z * frequencies.deviation
        axes.axhspan(frequencies.expected - half, frequencies.expected + half, color=drawn(name), linewidth=0)
    axes.axhline(frequencies.expected, color=drawn("ink"), linewidth=0.9)


def _scale(axes: "Axes", frequencies: Frequencies, shape: Shape) -> None:
    """Show times drawn on the left, per cent of the expectation on the right, round the same middle."""
    reach = 1.18 * max(float(np.abs(frequencies.z).max()), frequencies.simultaneous_z) * frequencies.deviation
    axes.set_ylim(frequencies.expected - reach, frequencies.expected + reach)
    axes.set_xlim(0.2, frequencies.size + 0.8)
    step = 10 if shape.narrow and frequencies.size > 30 else 5
    axes.set_xticks([1, *range(step, frequencies.size + 1, step)])
    axes.set_xlabel(f"{frequencies.drum} number")
    axes.set_ylabel("times drawn")
    axes.yaxis.set_major_formatter(lambda value, _: count(value))
    axes.locator_params(axis="y", nbins=5)
    expected = frequencies.expected
    shares: Any = (lambda times: times / expected - 1, lambda share: (share + 1) * expected)
    right = axes.secondary_yaxis("right", functions=shares)
    right.tick_params(length=0)
    right.spines["right"].set_visible(False)
    right.yaxis.set_major_formatter(lambda value, _: axis_percent(value))
    right.locator_params(axis="y", nbins=5)
