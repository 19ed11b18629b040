"""Counting many draws in an index at once: ranks sorted by radix, sparse chunks merged, dense ones counted in place.

``universe.cells`` says what a chunk is; what is rare there (counts beyond one byte) is left to it.
"""

import numpy as np
import numpy.typing as npt
from numba import int64, uint8, uint32

from universe.kernels.jit import kernel

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Offsets = npt.NDArray[np.unsignedinteger]
Words = npt.NDArray[np.uint32]

HALF_BITS = 9  # so many counters stay in the nearest cache
LOW_BITS = 2 * HALF_BITS
NOT_DENSE = -1
HALF_MAX, BYTE_MAX = 15, 255


@kernel
def count_buckets(ranks: Words, shift: int, counts: Integers) -> None:
    """Add how many ranks fall into each bucket: their bits from ``shift`` upwards."""
    for rank in ranks:
        counts[rank >> uint32(shift)] += 1


@kernel
def fill_buckets(ranks: Words, shift: int, places: Integers, ordered: Words) -> None:
    """Put each rank into its bucket of ``ordered``; ``places``, where each bucket goes on, move along."""
    for rank in ranks:
        bucket = int64(rank >> uint32(shift))
        ordered[places[bucket]] = rank
        places[bucket] += 1


@kernel
def sort_buckets(ordered: Words, bounds: Integers, spare: Words) -> None:
    """Sort each bucket by its low LOW_BITS, in two passes over half of them; ``spare`` holds the longest bucket."""
    digits = 1 << HALF_BITS
    mask = uint32(digits - 1)
    low, high = np.empty(digits, dtype=np.int64), np.empty(digits, dtype=np.int64)
    for bucket in range(len(bounds) - 1):
        start, end = bounds[bucket], bounds[bucket + 1]
        low[:] = 0
        high[:] = 0
        for i in range(start, end):
            low[ordered[i] & mask] += 1
            high[(ordered[i] >> uint32(HALF_BITS)) & mask] += 1
        below_low, below_high = int64(0), start
        for digit in range(digits):
            below_low, low[digit] = below_low + low[digit], below_low
            below_high, high[digit] = below_high + high[digit], below_high
        for i in range(start, end):
            digit = int64(ordered[i] & mask)
            spare[low[digit]] = ordered[i]
            low[digit] += 1
        for i in range(end - start):
            digit = int64((spare[i] >> uint32(HALF_BITS)) & mask)
            ordered[high[digit]] = spare[i]
            high[digit] += 1


@kernel
def fold_cells(
    cells: Words,
    starts: Integers,
    firsts: Integers,
    ends: Integers,
    held: Offsets,
    held_bounds: Integers,
    dense: Bytes,
    dense_starts: Integers,
    halves: Bytes,
    merged: Offsets,
    merged_bounds: Integers,
    overflown: Bytes,
) -> None:
    """Count ascending ``cells`` of an index in some chunks; chunk i begins at cell ``starts[i]``.

    Its news are ``cells[firsts[i] : ends[i]]``, its sparse entries ``held`` between ``held_bounds``. Both are merged
    into ``merged``, whose bounds are written; or, unless ``dense_starts[i]`` is NOT_DENSE, added to what ``dense``
    holds from there on, half a byte a cell where ``halves[i]``, else a byte. Where that does not hold a count the chunk
    is marked in ``overflown``, and what was made of it is worthless.
    """
    for i in range(len(starts)):
        entry, entries = held_bounds[i], held_bounds[i + 1]
        at, end, start = firsts[i], ends[i], starts[i]
        written = merged_bounds[i]
        if dense_starts[i] == NOT_DENSE:
            while entry < entries and at < end:
                offset, new = int64(held[entry]), int64(cells[at]) - start
                older = int64(offset <= new)  # no branch: which comes next is a coin toss
                merged[written] = offset if older else new
                entry += older
                at += 1 - older
                written += 1
            while entry < entries:
                merged[written] = held[entry]
                entry += 1
                written += 1
            while at < end:
                merged[written] = int64(cells[at]) - start
                at += 1
                written += 1
        else:
            counts = dense[dense_starts[i] :]
            full = uint8(0)
            while entry < entries or at < end:
                if entry < entries:
                    offset = int64(held[entry])
                    entry += 1
                else:
                    offset = int64(cells[at]) - start
                    at += 1
                if halves[i]:
                    shift = uint8(4 * (offset & 1))
                    full |= uint8((counts[offset >> 1] >> shift) & HALF_MAX == HALF_MAX)
                    counts[offset >> 1] += uint8(1 << shift)
                else:
                    full |= uint8(counts[offset] == BYTE_MAX)
                    counts[offset] += uint8(1)
            overflown[i] = full
        merged_bounds[i + 1] = written
