"""Reading rows and cells of the indexes of counters, for answers: of a dense chunk no more than the row's own bytes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import apsw
import numpy as np

from storage.counters import counter_key
from universe.cells import EMPTY, HALF, SPARSE, Chunk, Counts, counts_of, half_bytes, unpacked
from universe.subsets import Index

Row = tuple[Index, int, int]  # of an index: in which chunk it lies, and from which cell of the chunk on


def sum_rows(db: apsw.Connection, key: int, wanted: Mapping[Index, Sequence[int]]) -> dict[int, Counts]:
    """Return for each index, by its size, the sum of some of its rows."""
    sums: dict[int, Counts] = {index.size: np.zeros(index.row_cells, dtype=np.int64) for index in wanted}
    dense: dict[tuple[int, int, int], list[bytes]] = {}  # by size, width, and cells before the row's in its first byte
    for (index, _, start), chunk in _read_rows(db, list(_rows(key, wanted))):
        if chunk.width == SPARSE:
            sums[index.size] += counts_of(chunk, index.chunk_cells, start, start + index.row_cells)
        else:
            skipped = start % 2 if chunk.width == HALF else 0
            dense.setdefault((index.size, chunk.width, skipped), []).append(bytes(chunk.data))
    for (size, width, skipped), parts in dense.items():  # at once: each call of numpy costs a microsecond
        counts = unpacked(width, b"".join(parts)).reshape(len(parts), -1)
        sums[size] += counts[:, skipped : skipped + len(sums[size])].sum(axis=0, dtype=np.int64)
    return sums


def _rows(key: int, wanted: Mapping[Index, Sequence[int]]) -> Iterator[Row]:
    for index, rows in wanted.items():
        zero, row_cells, chunk_cells = counter_key(key, index, 0), index.row_cells, index.chunk_cells
        for row in rows:
            chunk, start = divmod(row * row_cells, chunk_cells)
            yield index, zero + chunk, start


def _read_rows(db: apsw.Connection, rows: Sequence[Row]) -> Iterator[tuple[Row, Chunk]]:
    """Yield each row that has a chunk with that chunk; of a dense one only the cells of the row."""
    chunks = tuple({chunk for _, chunk, _ in rows})
    marks = ",".join("?" * len(chunks))
    found: list[Any] = db.execute(
        f"SELECT counter_key, width FROM counter WHERE counter_key IN ({marks})", chunks
    ).fetchall()
    widths: dict[int, int] = dict(found)
    if not widths:
        return
    with db.blob_open("main", "counter", "cells", next(iter(widths)), False) as blob:
        for row in rows:
            index, chunk, start = row
            width = widths.get(chunk)
            if width is None:
                continue
            blob.reopen(chunk)
            if width == SPARSE:
                yield row, Chunk(width, blob.read())
            elif width == HALF:
                blob.seek(start // 2)
                yield row, Chunk(width, blob.read(half_bytes(index.row_cells)))
            else:
                blob.seek(start * width)
                yield row, Chunk(width, blob.read(index.row_cells * width))


def read_cell(db: apsw.Connection, key: int, index: Index, cell: int) -> int:
    """Return the count of one cell."""
    chunk, start = divmod(cell, index.chunk_cells)
    found = db.execute("SELECT width, cells FROM counter WHERE counter_key = ?", (counter_key(key, index, chunk),)).get
    held = EMPTY if found is None else Chunk(*found)
    return int(counts_of(held, index.chunk_cells, start, start + 1)[0])
