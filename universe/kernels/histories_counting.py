"""Counting histories: passes over the columns of a block of them.

``columns[history, place, t]`` are the main numbers of draw t, in ascending order. Several short loops over a block that
stays near the core take a fraction of the time of one long one. One history is counted in working memory of 32-bit
cells, and those are written out when it is done. Arrays that counts are written to hold zeros.
"""

import numpy as np
import numpy.typing as npt
from numba import int64, uint32, uint64

from universe.kernels.jit import inlined, kernel

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint32]

SHARED_BITS = 5  # up to 20 numbers are picked
SHARED_MASK = 2**SHARED_BITS - 1
SUM_BITS, PATTERN_BITS = 13, 12  # 20 * 255 at most; 4,096 patterns at most
SUM_MASK, PATTERN_MASK = 2**SUM_BITS - 1, 2**PATTERN_BITS - 1
GOLDEN = (
    0x9E3779B97F4A7C15  # 2**64 by the golden ratio: its multiples spread neighbours far apart (Knuth, TAOCP 3, 6.4)
)


@kernel
def write_columns(high: Bytes, low: Words, low_numbers: Bytes, columns: Bytes) -> None:
    """Write the main numbers of draws that were split (``universe.kernels.counting``)."""
    histories, picked, draws = columns.shape
    lows = low_numbers.shape[1]
    for history in range(histories):
        start = history * draws
        for t in range(draws):
            rank = low[start + t]
            for place in range(lows):
                columns[history, place, t] = low_numbers[rank, place]
        for place in range(lows, picked):
            for t in range(draws):
                columns[history, place, t] = high[picked - 1 - place, start + t]


@inlined
def _count(rows: Words, column: Bytes, cells: Words) -> None:
    """Add one for each draw, at the cell of its number in its row."""
    for t in range(len(rows)):
        cells[rows[t] + column[t]] += uint32(1)


@kernel
def count_numbers(
    columns: Bytes, weekdays: Bytes, months: Bytes, numbers: Integers, by_weekday: Integers, by_month: Integers
) -> None:
    """Count every number: by weekday and month together, so that each is met once."""
    histories, picked, draws = columns.shape
    size, all_months = numbers.shape[1], by_month.shape[1]
    rows = np.empty(draws, dtype=np.uint32)
    for t in range(draws):
        rows[t] = uint32((weekdays[t] * all_months + months[t]) * size)
    cells = np.empty(by_weekday.shape[1] * all_months * size + 1, dtype=np.uint32)  # numbers run from 1
    for history in range(histories):
        cells[:] = 0
        for place in range(picked):
            _count(rows, columns[history, place], cells)
        cell = 1
        for weekday in range(by_weekday.shape[1]):
            for month in range(all_months):
                for number in range(size):
                    numbers[history, number] += cells[cell + number]
                    by_weekday[history, weekday, number] += cells[cell + number]
                    by_month[history, month, number] += cells[cell + number]
                cell += size


@kernel
def count_bonus(bonus: Words, entry_numbers: Bytes, draws: int, counts: Integers) -> None:
    """Count every bonus number; ``entry_numbers`` are those that an entry of ``bonus`` stands for."""
    for history in range(len(counts)):
        for j in range(len(bonus)):
            for entry in bonus[j, history * draws : (history + 1) * draws]:
                for i in range(entry_numbers.shape[1]):
                    counts[history, entry_numbers[entry, i] - 1] += 1


@kernel
def count_subsets(columns: Bytes, binomial: Integers, pairs: Integers, triple_squares: Integers) -> None:
    """Count every pair, and every triple for the sum of squares; ``binomial[k, n]`` is C(n, k)."""
    histories, picked, draws = columns.shape
    size = binomial.shape[1] - 1
    pair_rows, triple_rows = np.empty(draws, dtype=np.uint32), np.empty(draws, dtype=np.uint32)
    pair_cells = np.empty(binomial[2, size] + 1, dtype=np.uint32)  # the lowest number of a set runs from 1
    triple_cells = np.empty(binomial[3, size] + 1 if picked >= 3 else 0, dtype=np.uint32)
    for history in range(histories):
        pair_cells[:] = 0
        triple_cells[:] = 0
        for middle in range(1, picked):
            column = columns[history, middle]
            for t in range(draws):
                pair_rows[t] = uint32(binomial[2, column[t] - 1])
            for lowest in range(middle):
                _count(pair_rows, columns[history, lowest], pair_cells)
            for highest in range(middle + 1, picked):
                above = columns[history, highest]
                for t in range(draws):
                    triple_rows[t] = uint32(pair_rows[t] + binomial[3, above[t] - 1])
                for lowest in range(middle):
                    _count(triple_rows, columns[history, lowest], triple_cells)
        for pair in range(pairs.shape[1]):
            pairs[history, pair] = pair_cells[pair + 1]
        squares = int64(0)
        for count in triple_cells[1:]:
            squares += int64(count) * int64(count)
        triple_squares[history] = squares


@kernel
def follow_numbers(
    columns: Bytes,
    numbers: Integers,
    lags: Integers,
    shared_by: Words,
    moments: Integers,
    overlaps: Integers,
    gaps: Integers,
    drought: Integers,
) -> None:
    """Follow each number through time: where it was, how long it stayed away, which draws close by had it too.

    ``numbers`` are their counts. ``lags`` ascend. Bit i of ``seen`` says that a number came up i draws ago too;
    ``shared_by[seen]`` has a one for each lag at which it did, SHARED_BITS for each lag: so the overlaps of a draw add
    up.
    """
    histories, picked, draws = columns.shape
    size, longest, near = moments.shape[1], gaps.shape[1], len(shared_by) - 1
    last = np.empty(size + 1, dtype=np.int64)
    total = np.empty(size + 1, dtype=np.int64)
    seen = np.empty(size + 1, dtype=np.int64)
    for history in range(histories):
        last[:] = -1
        total[:] = 0
        seen[:] = 0
        away = int64(0)
        for row in range(len(lags)):  # the first draws have none so long before them, and are counted below
            overlaps[history, row, 0] -= min(lags[row], draws)
        for t in range(draws):
            shared = uint32(0)
            for place in range(picked):
                number = columns[history, place, t]
                gap = t - last[number]
                away = max(away, gap)
                if last[number] >= 0:
                    gaps[history, min(gap, longest) - 1] += 1
                last[number] = t
                total[number] += t
                seen[number] = (seen[number] << min(gap, lags[-1] + 1)) & near | 1
                shared += shared_by[seen[number]]
            for row in range(len(lags)):
                overlaps[history, row, shared & uint32(SHARED_MASK)] += 1
                shared >>= uint32(SHARED_BITS)
        for number in range(1, size + 1):
            away = max(away, draws - last[number])
            moments[history, number - 1] = 2 * total[number] - (draws - 1) * numbers[history, number - 1]
        drought[history] = away - 1


@kernel
def count_shapes(columns: Bytes, shapes: Words, sums: Integers, parity: Integers, patterns: Integers) -> None:
    """Count sums, odd numbers and digit patterns: sums over places of what ``shapes[place, number]`` packs together."""
    histories, picked, draws = columns.shape
    least = picked * (picked + 1) // 2
    shape_of = np.empty(draws, dtype=np.uint32)
    for history in range(histories):
        shape_of[:] = 0
        for place in range(picked):
            column = columns[history, place]
            for t in range(draws):
                shape_of[t] += shapes[place, column[t]]
        for shape in shape_of:
            sums[history, int64(shape & uint32(SUM_MASK)) - least] += 1
            parity[history, shape >> uint32(SUM_BITS + PATTERN_BITS)] += 1
        if patterns.shape[1]:
            for shape in shape_of:
                patterns[history, (shape >> uint32(SUM_BITS)) & uint32(PATTERN_MASK)] += 1


@kernel
def count_repeats(ranks: Words, start: int, draws: int, bonus_outcomes: int, repeats: Integers) -> None:
    """Count the pairs of draws with the same main numbers, from position ``start`` on: in an open hash table."""
    bits = 1
    while 1 << bits < 2 * draws:
        bits += 1
    keys = np.zeros(1 << bits, dtype=np.int64)  # of another history: as good as empty
    counts = np.empty(1 << bits, dtype=np.uint32)
    inverse = 1.0 / bonus_outcomes
    for history in range(len(repeats)):
        pairs = int64(0)
        for i in range(start + history * draws, start + (history + 1) * draws):
            rank = int64((int64(ranks[i]) + 0.5) * inverse)
            key = ((history + 1) << 32) | rank
            slot = int64(uint64(uint64(rank) * uint64(GOLDEN)) >> uint64(64 - bits))
            while keys[slot] != key and keys[slot] >> 32 == history + 1:
                slot = (slot + 1) & ((1 << bits) - 1)
            if keys[slot] != key:
                keys[slot] = key
                counts[slot] = uint32(0)
            pairs += counts[slot]
            counts[slot] += uint32(1)
        repeats[history] = pairs
