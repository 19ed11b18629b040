"""The indexes of counters in chunks: folding draws into them. ``universe.subsets`` lays them out."""

from collections.abc import Iterator

import apsw

from universe.cells import EMPTY, Cells, Chunk, Counts, add_cells, add_counts, counted_cells, places_in
from universe.game import Game
from universe.subsets import Increments, Index, occurrence_index

GROUP_CHUNKS = 256  # read and written together: bounds the memory of a fold

_INDEX_BITS, _CHUNK_BITS = 8, 24
_REPLACE = "REPLACE INTO counter VALUES (?, ?, ?)"


def counter_key(key: int, index: Index, chunk: int) -> int:
    """Return the row of one chunk: game, index size and chunk number in one integer."""
    return ((key << _INDEX_BITS) + index.size << _CHUNK_BITS) + chunk


def fold(db: apsw.Connection, key: int, game: Game, increments: Increments) -> None:
    """Add to every index of the game what some draws count in it; runs inside the caller's transaction."""
    _add_cells(db, key, occurrence_index(game), increments.ascending)
    for index, counted in increments.subsets:
        if len(counted) == index.cells:
            _add_counts(db, key, index, counted)
        else:
            _add_cells(db, key, index, counted)


def _add_cells(db: apsw.Connection, key: int, index: Index, cells: Cells) -> None:
    """Count ascending cells, a group of chunks at a time; only chunks that the cells fall into are written."""
    zero = counter_key(key, index, 0)
    for first, end in _groups(index):
        low, high = places_in(cells, [first * index.chunk_cells, end * index.chunk_cells])
        if low < high:
            changed = add_cells(_read_chunks(db, zero, first, end), index.chunk_cells, cells[low:high])
            db.executemany(_REPLACE, ((zero + number, chunk.width, chunk.data) for number, chunk in changed))


def _groups(index: Index) -> Iterator[tuple[int, int]]:
    """Yield the numbers of the chunks that are handled together: first and end."""
    chunks = -(-index.cells // index.chunk_cells)
    for first in range(0, chunks, GROUP_CHUNKS):
        yield first, min(first + GROUP_CHUNKS, chunks)


def _read_chunks(db: apsw.Connection, zero: int, first: int, end: int) -> dict[int, Chunk]:
    """Return the chunks of a range of numbers that are there, ascending; ``zero`` is the key of chunk 0."""
    rows = db.execute(
        "SELECT counter_key, width, cells FROM counter WHERE counter_key BETWEEN ? AND ? ORDER BY counter_key",
        (zero + first, zero + end - 1),
    )
    return {row - zero: Chunk(width, data) for row, width, data in rows}


def _add_counts(db: apsw.Connection, key: int, index: Index, counts: Counts) -> None:
    """Add one count for every cell of a small index."""
    for number, start in enumerate(range(0, index.cells, index.chunk_cells)):
        row = counter_key(key, index, number)
        chunk = add_counts(_read_chunk(db, row), index.chunk_cells, counts[start : start + index.chunk_cells])
        db.execute(_REPLACE, (row, chunk.width, chunk.data))


def _read_chunk(db: apsw.Connection, row: int) -> Chunk:
    found = db.execute("SELECT width, cells FROM counter WHERE counter_key = ?", (row,)).get
    return EMPTY if found is None else Chunk(*found)


def stored_groups(db: apsw.Connection, key: int, index: Index) -> Iterator[tuple[int, int, dict[int, Chunk]]]:
    """Yield an index some chunks at a time: (first cell, end cell, chunks by number). A scan: not for answers."""
    zero = counter_key(key, index, 0)
    for first, end in _groups(index):
        last_cell = min(end * index.chunk_cells, index.cells)
        yield first * index.chunk_cells, last_cell, _read_chunks(db, zero, first, end)


def distinct_outcomes(db: apsw.Connection, key: int, game: Game) -> int:
    """Return how many different outcomes the occurrence index holds. A scan."""
    index = occurrence_index(game)
    groups = stored_groups(db, key, index)
    return sum(len(counted_cells(chunks, index.chunk_cells)[0]) for _, _, chunks in groups)
