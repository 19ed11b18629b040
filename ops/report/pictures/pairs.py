"""All pairs at a glance: the real history below the diagonal, the synthetic draws above it."""

from itertools import pairwise
from typing import TYPE_CHECKING

import attrs
import numpy as np
import numpy.typing as npt

from ops.report.captions import pair_of
from ops.report.palette import DIVERGING, drawn
from ops.report.series import Pairs
from ops.report.svg import Picture, Shape, clear, new_figure, picture
from ops.report.wording import MINUS, count

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import PathPatch

EDGES = (-4.0, -3.0, -2.0, -1.0, 1.0, 2.0, 3.0, 4.0)  # of the classes, in standard deviations


def pairs_picture(pairs: tuple[Pairs, ...]) -> Picture:
    """Draw the residuals of one or two streams, as classes."""
    alt = " ".join(_in_words(one) for one in pairs)
    return picture("pairs", f"Heat map of all pairs of main numbers. {alt}", lambda shape: _plot(pairs, shape))


def _in_words(pairs: Pairs) -> str:
    where = "below" if pairs.stream == "real" else "above"
    largest = int(np.abs(pairs.residuals).argmax())
    first, second = pair_of(largest)
    return (
        f"{pairs.stream.capitalize()} draws {where} the diagonal: {count((np.abs(pairs.residuals) > 3).sum())} of"
        f" {count(len(pairs.residuals))} pairs beyond three standard deviations; the furthest is {first} with {second}"
        f" at {pairs.residuals[largest]:+.2f}."
    )


def _plot(pairs: tuple[Pairs, ...], shape: Shape) -> "Figure":
    figure = new_figure(shape if shape.narrow else attrs.evolve(shape, inches=6.0), 4.4 if shape.narrow else 4.9)
    axes = clear(figure.subplots())
    size = pairs[0].size
    for one in pairs:
        first, second = np.tril_indices(size, -1)[::-1]  # colex: by the larger number, then by the smaller
        x, y = (first + 1, second + 1) if one.stream == "real" else (second + 1, first + 1)
        _draw_classes(axes, x, y, one.residuals)
    axes.set(xlim=(0.5, size + 0.5), ylim=(size + 0.5, 0.5), aspect="equal")
    ticks = [1, *range(10 if shape.narrow else 5, size + 1, 10 if shape.narrow else 5)]
    axes.set_xticks(ticks)
    axes.set_yticks(ticks)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    streams = {one.stream for one in pairs}
    if "synthetic" in streams:
        axes.set_title("above the diagonal: synthetic", loc="right", color=drawn("synthetic"))
    if "real" in streams:
        axes.set_xlabel("below the diagonal: real", loc="left", color=drawn("real"), weight="bold", fontsize=8.5)
    _draw_key(figure, shape)
    return figure


def _draw_classes(
    axes: "Axes", x: npt.NDArray[np.integer], y: npt.NDArray[np.integer], residuals: npt.NDArray[np.float64]
) -> None:
    """One shape a class: a thousand cells of their own would weigh ten times as much.

    Limits are set elsewhere, so no patch has to be measured for them.
    """
    classes = np.digitize(residuals, EDGES)
    for place, name in enumerate(DIVERGING):
        held = classes == place
        if held.any():
            axes.add_artist(_squares(x[held], y[held], drawn(name)))


def _squares(x: npt.NDArray[np.integer], y: npt.NDArray[np.integer], colour: str) -> "PathPatch":
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    corners = np.array([(-0.46, -0.46), (0.46, -0.46), (0.46, 0.46), (-0.46, 0.46), (-0.46, -0.46)])
    vertices = (np.stack([x, y], axis=1)[:, None, :] + corners).reshape(-1, 2)
    codes = np.tile([Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY], len(x))
    return PathPatch(Path(vertices, codes), facecolor=colour, edgecolor="none", linewidth=0)


def _draw_key(figure: "Figure", shape: Shape) -> None:
    """Say what the colours mean, in standard deviations."""
    from matplotlib.patches import Patch

    marks = [f"{edge:+.0f}".replace("-", MINUS) for edge in EDGES]
    names = [f"below {marks[0]}", *(f"{low} to {high}" for low, high in pairwise(marks))]
    names.append(f"above {marks[-1]}")
    handles = [Patch(facecolor=drawn(name), label=label) for name, label in zip(DIVERGING, names, strict=True)]
    if shape.narrow:
        figure.legend(handles=handles, loc="outside lower center", ncols=3, handlelength=1, fontsize=7)
    else:
        figure.legend(
            handles=handles[::-1], loc="outside right center", handlelength=1, handleheight=1,
            title="standard\ndeviations", alignment="left",
        )  # fmt: skip  # one legend
