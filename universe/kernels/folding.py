"""Counting many draws in an index at once: ranks sorted, sparse chunks merged, dense ones counted in place.

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

RADIX_BITS_MAX = 9  # so many buckets at once stay in the nearest cache
NOT_DENSE = -1


@kernel
def sort_ranks(ranks: Words, spare: Words, highest: int) -> Words:
    """Sort by radix, least digit first; ``ranks`` and ``spare`` are used up, one of them is returned."""
    bits = 0
    while highest >> bits:
        bits += 1
    passes = max(1, -(-bits // RADIX_BITS_MAX))
    digit_bits = -(-bits // passes)
    mask = uint32((1 << digit_bits) - 1)
    source, target = ranks, spare
    for step in range(passes):
        shift = uint32(step * digit_bits)
        places = np.zeros((1 << digit_bits) + 1, dtype=np.int64)
        for i in range(len(source)):
            places[int64((source[i] >> shift) & mask) + 1] += 1
        for digit in range(1, len(places)):
            places[digit] += places[digit - 1]
        for i in range(len(source)):
            digit = int64((source[i] >> shift) & mask)
            target[places[digit]] = source[i]
            places[digit] += 1
        source, target = target, source
    return source


@kernel
def fold_cells(
    cells: Words,
    starts: Integers,
    firsts: Integers,
    ends: Integers,
    held: Offsets,
    held_bounds: Integers,
    dense: Bytes,
    dense_rows: Integers,
    merged: Offsets,
    merged_bounds: Integers,
    overflown: Bytes,
) -> None:
    """Count ascending ``cells`` of an index in some chunks; chunk i begins at cell ``starts[i]``.

    Its news are ``cells[firsts[i] : ends[i]]``, its sparse entries ``held`` between ``held_bounds``. Both are
    counted in its row of ``dense``, which keeps what is there, or else merged into ``merged``, whose bounds are
    written. A row where a byte does not hold a count is marked in ``overflown``, and its content is worthless.
    """
    for i in range(len(starts)):
        start, row = starts[i], dense_rows[i]
        entry, entries = held_bounds[i], held_bounds[i + 1]
        at, end = firsts[i], ends[i]
        written = merged_bounds[i]
        if row == NOT_DENSE:
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
            counts = dense[row]
            full = uint8(0)
            for k in range(entry, entries):
                full |= uint8(counts[held[k]] == 255)
                counts[held[k]] += uint8(1)
            for k in range(at, end):
                offset = int64(cells[k]) - start
                full |= uint8(counts[offset] == 255)
                counts[offset] += uint8(1)
            overflown[i] = full
        merged_bounds[i + 1] = written
