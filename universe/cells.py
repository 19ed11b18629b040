"""Counters of one index, cut into chunks of cells; each chunk is packed the way its own density pays.

Sparse: the offsets of the counted cells, ascending, one entry a count (2, 4 or 8 bytes wide, as the chunk's length
needs). Dense: one count a cell, half a byte to 8 bytes wide, widened before it overflows. A chunk starts sparse and
becomes dense, for good, once that is smaller.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import attrs
import numpy as np
import numpy.typing as npt

from universe.compiled import kernels_of_words

Cells = npt.NDArray[np.integer]
Counts = npt.NDArray[np.integer]

SPARSE = 0  # the width that marks a sparse chunk
HALF = -4  # the width of half a byte, in bits: two cells a byte, the first in the low half, and a byte to spare
BYTE = 1
HALF_MAX = 15  # the highest count that half a byte holds
_UNSIGNED: dict[int, np.dtype[np.unsignedinteger]] = {width: np.dtype(f"<u{width}") for width in (1, 2, 4, 8)}


@attrs.frozen
class Chunk:
    """Packed counts of one chunk: ``width`` bytes a cell, or HALF, or SPARSE."""

    width: int
    data: bytes | memoryview


EMPTY = Chunk(SPARSE, b"")


@cache
def offset_type(chunk_cells: int) -> np.dtype[np.unsignedinteger]:
    """Return how an offset into a chunk of so many cells is packed."""
    return _UNSIGNED[next(width for width in (2, 4, 8) if chunk_cells <= 256**width)]


def places_in(cells: Cells, bounds: Sequence[int]) -> list[int]:
    """Return for each bound how many of the ascending cells lie below it.

    Numpy would widen all cells to the type of the bounds; here the bounds become cells.
    """
    highest = int(np.iinfo(cells.dtype).max)
    fitting = np.array([min(bound, highest) for bound in bounds], dtype=cells.dtype)
    places: list[int] = np.searchsorted(cells, fitting).tolist()
    return [len(cells) if bound > highest else place for bound, place in zip(bounds, places, strict=True)]


def add_cells(chunks: Mapping[int, Chunk], chunk_cells: int, cells: Cells) -> Iterator[tuple[int, Chunk]]:
    """Count each of the ascending ``cells`` of an index once more; a cell may repeat.

    ``chunks`` holds the chunks that are there, by number; yields those that change, all sparse ones in one pass.
    """
    kernels = kernels_of_words()
    if kernels is not None and cells.dtype == np.uint32 and len(cells):
        changed, wide = kernels.add_cells(chunks, chunk_cells, cells)
        yield from changed
        cells = cells[np.isin(cells // chunk_cells, wide)]
    yield from _add_cells(chunks, chunk_cells, cells.astype(np.int64))


def _add_cells(chunks: Mapping[int, Chunk], chunk_cells: int, cells: Cells) -> Iterator[tuple[int, Chunk]]:
    numbers = cells // chunk_cells
    touched = numbers[np.flatnonzero(np.diff(numbers, prepend=-1))]
    stays = np.array([chunks.get(number, EMPTY).width == SPARSE for number in touched.tolist()], dtype=bool)
    bounds = np.searchsorted(cells, np.stack([touched, touched + 1]) * chunk_cells)
    if stays.all():
        sparse_cells = cells
    else:
        for number, start, end in zip(touched[~stays].tolist(), *bounds[:, ~stays].tolist(), strict=True):
            yield number, _add_to_dense(chunks[number], chunk_cells, cells[start:end] - number * chunk_cells)
        sparse_cells = cells[np.repeat(stays, bounds[1] - bounds[0])]
    yield from _add_to_sparse(chunks, chunk_cells, touched[stays], sparse_cells)


def _add_to_dense(chunk: Chunk, chunk_cells: int, offsets: Cells) -> Chunk:
    counts = counts_of(chunk, chunk_cells, 0, chunk_cells)
    np.add.at(counts, offsets, 1)
    return _packed_counts(counts)


def _add_to_sparse(
    chunks: Mapping[int, Chunk], chunk_cells: int, touched: Cells, cells: Cells
) -> Iterator[tuple[int, Chunk]]:
    """Merge new cells with those that the touched chunks hold, and cut the whole at the chunks' ends again."""
    kind = offset_type(chunk_cells)
    held = _entries({number: chunks.get(number, EMPTY) for number in touched.tolist()}, chunk_cells)
    merged = np.concatenate([held, cells])
    merged.sort()
    bounds = np.searchsorted(merged, np.stack([touched, touched + 1]) * chunk_cells)
    offsets = (merged - np.repeat(touched * chunk_cells, bounds[1] - bounds[0])).astype(kind)
    buffer, sparse_max = memoryview(offsets.tobytes()), half_bytes(chunk_cells) // kind.itemsize
    for number, start, end in zip(touched.tolist(), *bounds.tolist(), strict=True):
        if end - start > sparse_max:  # from here on a count for every cell may be smaller
            yield number, _packed_entries(offsets[start:end], chunk_cells)
        else:
            yield number, Chunk(SPARSE, buffer[start * kind.itemsize : end * kind.itemsize])


def add_counts(chunk: Chunk, chunk_cells: int, added: Counts) -> Chunk:
    """Add a count to each of the chunk's first ``len(added)`` cells."""
    counts = counts_of(chunk, chunk_cells, 0, chunk_cells)
    counts[: len(added)] += added
    if chunk.width == SPARSE and counts.sum() * offset_type(chunk_cells).itemsize <= half_bytes(chunk_cells):
        offsets = np.flatnonzero(counts)
        return _packed_entries(np.repeat(offsets, counts[offsets]), chunk_cells)
    return _packed_counts(counts)


def _packed_entries(offsets: npt.NDArray[np.integer], chunk_cells: int) -> Chunk:
    kind = offset_type(chunk_cells)
    dense = None
    if len(offsets) * kind.itemsize > half_bytes(chunk_cells):
        dense = _packed_counts(np.bincount(offsets.astype(np.int64), minlength=chunk_cells))
    if dense is not None and len(dense.data) < len(offsets) * kind.itemsize:
        return dense
    return Chunk(SPARSE, offsets.astype(kind).tobytes())


def _packed_counts(counts: Counts) -> Chunk:
    highest = int(counts.max(initial=0))
    if highest <= HALF_MAX:
        halves = np.zeros(2 * half_bytes(len(counts)), dtype=np.uint8)
        halves[: len(counts)] = counts
        return Chunk(HALF, (halves[::2] | halves[1::2] << 4).tobytes())
    width = next(width for width in (1, 2, 4, 8) if highest < 256**width)
    return Chunk(width, counts.astype(_UNSIGNED[width]).tobytes())


def half_bytes(cells: int) -> int:
    """Return the bytes of so many cells of width HALF; wherever a row of them begins, it ends within them."""
    return cells // 2 + 1


def unpacked(width: int, data: bytes | memoryview) -> Counts:
    """Return the counts of dense data; of width HALF one or two more than there are cells."""
    if width != HALF:
        return np.frombuffer(data, dtype=_UNSIGNED[width])
    pairs = np.frombuffer(data, dtype=np.uint8)
    halves = np.empty(2 * len(pairs), dtype=np.uint8)
    np.bitwise_and(pairs, HALF_MAX, out=halves[::2])
    np.right_shift(pairs, 4, out=halves[1::2])
    return halves


def counts_of(chunk: Chunk, chunk_cells: int, start: int, stop: int) -> Counts:
    """Return the counts of cells ``start`` to ``stop`` (exclusive) of a chunk."""
    if chunk.width == SPARSE:
        entries = np.frombuffer(chunk.data, dtype=offset_type(chunk_cells))
        low, high = np.searchsorted(entries, [start, stop]).tolist()
        return np.bincount(entries[low:high].astype(np.int64) - start, minlength=stop - start)
    return unpacked(chunk.width, chunk.data)[start:stop].astype(np.int64)


def counted_cells(chunks: Mapping[int, Chunk], chunk_cells: int) -> tuple[Cells, Counts]:
    """Return the cells of an index that were counted at all in these chunks, ascending, and their counts."""
    sparse = {number: chunk for number, chunk in chunks.items() if chunk.width == SPARSE}
    parts: list[tuple[Cells, Counts]] = [np.unique(_entries(sparse, chunk_cells), return_counts=True)]
    for number in sorted(chunks.keys() - sparse.keys()):
        counts = counts_of(chunks[number], chunk_cells, 0, chunk_cells)
        offsets = np.flatnonzero(counts)
        parts.append((offsets + number * chunk_cells, counts[offsets]))
    cells, counts = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
    order = np.argsort(cells, kind="stable")
    return cells[order], counts[order]


def _entries(sparse: Mapping[int, Chunk], chunk_cells: int) -> Cells:
    """Return the cells that sparse chunks hold, ascending if the chunks are, one entry a count."""
    kind = offset_type(chunk_cells)
    packed = [chunk.data for chunk in sparse.values()]
    entries = np.frombuffer(b"".join(packed), dtype=kind).astype(np.int64)
    starts = np.fromiter(sparse, dtype=np.int64, count=len(sparse)) * chunk_cells
    entries += np.repeat(starts, [len(data) // kind.itemsize for data in packed])
    return entries
