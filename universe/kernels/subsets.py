"""Counting every subset of every draw: those that lack one number draw by draw, all smaller ones from those."""

import numpy as np
import numpy.typing as npt
from numba import int64, uint8, uint32

from universe.kernels.jit import inlined, kernel

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Unsigned = npt.NDArray[np.unsignedinteger]
Words = npt.NDArray[np.uint32]


NOT_ASCENDING = -1


@kernel
def count_rows(
    ascending: Words,
    bonus_outcomes: int,
    row_cells: int,
    bonus_numbers: Bytes,
    bonus_columns: Integers,
    bonus_from_rest: bool,
    rest: Integers,
    binomials: Integers,
    counts: Bytes,
    carried: Integers,
) -> int:
    """Add, for every draw and every main number left out, one at the row of the others and the column of the bonus.

    A count that comes back to 0 is worth 256 more for each time its cell stands in ``carried``; returns how many do, or
    NOT_ASCENDING.
    ``rest`` and ``binomials`` are those of ``add_rows``: the draws are walked through run by run, so each costs little
    more than its counts, and these lie close to those of the draws before.
    """
    targets = np.empty(len(rest) + 1, dtype=np.int64)  # row of the run's first set with number i left out
    carries, at, start = 0, 0, int64(0)
    while at < len(ascending):
        rows = rest[0] if len(rest) else int64(len(counts))  # without a rest one run holds all
        end = start + rows * bonus_outcomes
        if int64(ascending[at]) < end:
            targets[0] = 0
            for place in range(len(rest)):
                targets[0] += binomials[rest[place], place + 1]
                targets[place + 1] = 0
                for other in range(len(rest)):
                    if other != place:
                        targets[place + 1] += binomials[rest[other], other + 1 + int64(other < place)]
        while at < len(ascending) and int64(ascending[at]) < end:
            offset = int64(ascending[at]) - start
            if offset < 0:
                return NOT_ASCENDING
            row = uint32(offset) // uint32(bonus_outcomes)
            column = offset - int64(row) * bonus_outcomes
            if bonus_from_rest:
                column = _column_of_rest(column, int64(row), rest, bonus_numbers, bonus_columns)
            for left_out in range(len(targets)):
                target = targets[left_out] + int64(row) if left_out else targets[0]
                cell = target * row_cells + column
                counts[cell] += uint8(1)
                if counts[cell] == 0:
                    carried[carries] = cell
                    carries += 1
            at += 1
        start = end
        _next_rest(rest)
    return carries


@inlined
def _column_of_rest(bonus_rank: int, lowest: int, rest: Integers, bonus_numbers: Bytes, columns: Integers) -> int:
    """Return the column of a bonus draw from the rest of the drum: each of its numbers steps over the main ones."""
    column = int64(0)
    for j in range(bonus_numbers.shape[1]):
        number = int64(bonus_numbers[bonus_rank, j])
        number += int64(number >= lowest + 1)
        for main in rest:
            number += int64(number >= main + 1)
        column += columns[j, number]
    return int(column)


@inlined
def _next_rest(rest: Integers) -> None:
    """Go on to the next set in colexicographic order; its lowest number is at least 1."""
    place = 0
    while place < len(rest) - 1 and rest[place] + 1 == rest[place + 1]:
        rest[place] = place + 1
        place += 1
    if len(rest):
        rest[place] += 1


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
        _next_rest(rest)
