"""Counting in many histories at once: the leading axis is the history, and every function keeps it."""

from collections.abc import Iterator
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt

from universe.ranking import Numbers, binomials

Counts = npt.NDArray[np.int64]


def counted(cells: npt.NDArray[np.int64], width: int) -> Counts:
    """Count cells 0..width - 1 in each history, whatever the shape behind the leading axis."""
    histories = len(cells)
    offsets = np.arange(histories, dtype=np.int64).reshape(-1, *[1] * (cells.ndim - 1)) * width
    return np.bincount((cells + offsets).ravel(), minlength=histories * width).reshape(histories, width)


def by_part(main: Numbers, part_of: npt.NDArray[np.uint8], parts: int, size: int) -> Counts:
    """Count how often each number came up in each part of the draws, [B, parts, size]; ``part_of`` is uint8[n]."""
    cells = main.astype(np.int64) - 1 + part_of.astype(np.int64)[:, None] * size
    return counted(cells, parts * size).reshape(len(main), parts, size)


def weighed(main: Numbers, weights: npt.NDArray[np.int64], size: int) -> Counts:
    """Sum the weight of each draw over its numbers: in doubles, but every sum is whole and below 2**53."""
    histories, _, picked = main.shape
    cells = main.astype(np.int64) - 1 + np.arange(histories)[:, None, None] * size
    weight_of = np.broadcast_to(weights[:, None], (histories, len(weights), picked))
    sums = np.bincount(cells.ravel(), weights=weight_of.ravel(), minlength=histories * size)
    return sums.astype(np.int64).reshape(histories, size)


def subset_counts(main: Numbers, size: int, chosen: int) -> Counts:
    """Count every subset of ``chosen`` numbers, by its colexicographic rank."""
    width = comb(size, chosen)
    counts = np.zeros((len(main), width), dtype=np.int64)
    for cells in subset_cells(main, size, chosen):
        counts += counted(cells, width)
    return counts


def subset_cells(main: Numbers, size: int, chosen: int) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the rank of the subset in each choice of columns, [B, n]."""
    tables = [binomials(size, place + 1) for place in range(chosen)]
    for columns in combinations(range(main.shape[2]), chosen):
        yield sum(
            (table[main[:, :, column].astype(np.int64) - 1] for table, column in zip(tables, columns, strict=True)),
            start=np.zeros(main.shape[:2], dtype=np.int64),
        )


def run_squares(values: npt.NDArray[np.int64]) -> Counts:
    """Return the sum of count**2 over the distinct values of each row."""
    if not values.shape[1]:
        return np.zeros(len(values), dtype=np.int64)
    ascending = np.sort(values, axis=1)
    places = np.arange(values.shape[1], dtype=np.int64)
    starts = np.zeros(values.shape, dtype=np.int64)
    starts[:, 1:] = np.where(ascending[:, 1:] == ascending[:, :-1], 0, places[1:])
    in_run = places - np.maximum.accumulate(starts, axis=1)  # 0, 1, … in each run: their odd numbers sum to its square
    squares: Counts = (2 * in_run + 1).sum(axis=1)
    return squares
