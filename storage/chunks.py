"""The counters' chunks under examination: each of a form that this program writes, and no row beside them."""

from collections.abc import Iterator
from math import comb

import apsw
import numpy as np

from storage.checking import Check
from storage.counters import counter_key, stored_groups
from storage.differences import found, reading
from universe.cells import HALF, SPARSE, Chunk, half_bytes, offset_type, unpacked
from universe.game import Game
from universe.subsets import Index, occurrence_index, subset_indexes

WIDTHS = (HALF, 1, 2, 4, 8)
OCCURRENCES = "counter, occurrences"


def subset_table(index: Index) -> str:
    """Return how a subset index is named."""
    return f"counter, subsets of {index.size}"


def sound_groups(check: Check, index: Index, table: str) -> Iterator[tuple[int, int, dict[int, Chunk]]]:
    """Yield ``stored_groups`` once every chunk in them is seen to be well formed."""
    groups, key = stored_groups(check.db, check.key, index), "first chunks"
    while True:
        with check.reading(table, key):
            group = next(groups, None)
        if group is None:
            return
        for number, chunk in group[2].items():
            with check.reading(table, f"chunk {number}"):
                fault = chunk_fault(chunk, index, number)
                check.require(table, f"chunk {number}", fault, "well formed", holds=fault is None)
        key = f"after cell {group[1] - 1}"
        yield group


def chunk_fault(chunk: Chunk, index: Index, number: int) -> str | None:
    """Return what of a chunk cannot have been written; None if nothing."""
    cells = index.chunk_cells
    held = min(cells, index.cells - number * cells)
    if chunk.width == SPARSE:
        entries = np.frombuffer(chunk.data, dtype=offset_type(cells))
        if not len(entries):
            return "an empty row"
        return None if int(entries[-1]) < held and bool((entries[:-1] <= entries[1:]).all()) else "offsets out of order"
    if chunk.width not in WIDTHS:
        return "no width"
    if len(chunk.data) != (half_bytes(cells) if chunk.width == HALF else chunk.width * cells):
        return f"{len(chunk.data)} bytes of width {chunk.width}"
    return "counts beyond its cells" if unpacked(chunk.width, chunk.data)[held:].any() else None


def check_sums(check: Check) -> None:
    """Hold the sum of every index against the draws that it counts."""
    for index in _indexes(check.game):
        table = subset_table(index) if index.size < check.game.main.picked else OCCURRENCES
        total = sum(
            _total(chunk, index) for _, _, chunks in sound_groups(check, index, table) for chunk in chunks.values()
        )
        check.differs(table, "sum", total, comb(check.game.main.picked, index.size) * check.folded)


def _total(chunk: Chunk, index: Index) -> int:
    if chunk.width == SPARSE:
        return len(chunk.data) // offset_type(index.chunk_cells).itemsize
    return int(unpacked(chunk.width, chunk.data).sum(dtype=np.int64))


def check_no_others(db: apsw.Connection, games: dict[int, Game]) -> None:
    """Raise DifferenceFoundError for a counter row that belongs to no index of these games."""
    spans = sorted(
        (counter_key(key, index, 0), counter_key(key, index, -(-index.cells // index.chunk_cells) - 1))
        for key, game in games.items()
        for index in _indexes(game)
    )
    after = -(2**63)
    with reading(None, "counter", "keys"):
        for first, last in [*spans, (2**63 - 1, 2**63 - 1)]:
            sql = "SELECT counter_key FROM counter WHERE counter_key >= ? AND counter_key < ? LIMIT 1"
            stray = db.execute(sql, (after, first)).get
            if stray is not None:
                found(None, "counter", f"row {stray}", "a row", "none: no index has it")
            after = last + 1 if last < 2**63 - 1 else last


def _indexes(game: Game) -> tuple[Index, ...]:
    return (*subset_indexes(game), occurrence_index(game))
