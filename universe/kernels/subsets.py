"""Counting every subset of every draw: those that lack one number draw by draw, all smaller ones from those."""

import numpy as np
import numpy.typing as npt
from numba import int64, uint8

from universe.kernels.jit import kernel

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Unsigned = npt.NDArray[np.unsignedinteger]
Words = npt.NDArray[np.uint32]


@kernel
def count_rows(
    draws: int,
    high: Bytes,
    low: Words,
    bonus: Words,
    binomials: Integers,
    low_subranks: Words,
    bonus_columns: Integers,
    row_cells: int,
    counts: Bytes,
    carried: Integers,
    carries: int,
) -> int:
    """Add, for every draw and every main number left out, one at the row of the rest and the column of the bonus.

    A count that comes back to 0 is worth 256 more for each time its cell stands in ``carried``; takes and returns how
    many do. Bytes, and ascending ranks, which touch neighbouring rows, are what makes this quick.
    """
    places = len(high)
    for i in range(draws):
        column = int64(0)
        for j in range(len(bonus)):
            column += bonus_columns[j, bonus[j, i]]
        above = int64(0)  # the rank of the high numbers so far, where one number below them is left out
        below = int64(low[i])  # the rank of all numbers below them
        for place in range(places):
            below += binomials[place, int64(high[place, i]) - 1]
        for left_out in range(places + low_subranks.shape[1]):
            if left_out < places:
                number = int64(high[left_out, i]) - 1
                below -= binomials[left_out, number]
                row = above + below
                above += binomials[left_out + 1, number]
            else:
                row = above + low_subranks[low[i], left_out - places]
            cell = row * row_cells + column
            counts[cell] += uint8(1)
            if counts[cell] == 0:
                carried[carries] = cell
                carries += 1
    return carries


@kernel
def add_rows(upper: Unsigned, row_cells: int, rest: Integers, binomials: Integers, lower: Words) -> None:
    """Add to each row of a smaller size all rows of ``upper`` whose sets hold its own.

    Rows in colexicographic order, ``row_cells`` counts each. ``rest`` is where to begin: all but the lowest number of
    the first set, (1, 2, …), from 0 as elsewhere here; ``binomials[n, k]`` is C(n, k). While the rest stays, the lowest
    number runs from 0 on: with another number left out, so do the rows below.
    """
    row, rows = 0, len(upper) // row_cells
    while row < rows:
        run = rest[0] if len(rest) else rows
        source = upper[row * row_cells : (row + run) * row_cells]
        target = int64(0)
        for place in range(len(rest)):
            target += binomials[rest[place], place + 1]
        for i in range(run):
            for column in range(row_cells):
                lower[target * row_cells + column] += source[i * row_cells + column]
        for left_out in range(len(rest)):
            target = int64(0)
            for place in range(len(rest)):
                if place != left_out:
                    target += binomials[rest[place], place + 1 + int64(place < left_out)]
            sums = lower[target * row_cells : (target + run) * row_cells]
            for i in range(len(source)):
                sums[i] += source[i]
        row += run
        place = 0
        while place < len(rest) - 1 and rest[place] + 1 == rest[place + 1]:
            rest[place] = place + 1
            place += 1
        if len(rest):
            rest[place] += 1
