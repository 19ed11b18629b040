"""The compiled path: what the plain functions hand over once kernels are loaded. Same arguments, same results.

``universe.compiled.Kernels`` lists the functions; they are dispatched in ``universe.seed``, ``counting``, ``matching``,
``ranking``, ``subsets`` and ``cells``.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import pairwise
from math import comb
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from universe.cells import BYTE, EMPTY, HALF, SPARSE, Cells, Chunk, Counts, half_bytes, offset_type, places_in
from universe.game import Game
from universe.kernels.counting import bonus_of_rest, match, split, tally
from universe.kernels.draws import DRAW_NUMBERS_END, FIRST_DRAW_MIN, draw_ranks
from universe.kernels.folding import LOW_BITS, NOT_DENSE, count_buckets, fill_buckets, fold_cells, sort_buckets
from universe.kernels.subsets import NOT_ASCENDING, add_rows, count_rows
from universe.kernels.tables import tables_of
from universe.ranking import Ranks
from universe.seed import draw_message, hashed_ranks
from universe.sha256 import MESSAGE_BYTES_MAX

BLOCK_DRAWS = 32_768  # their parts stay near the core
BYTE_COUNTS = 256
WIDENED_CELLS_MAX = 2**23  # above, another 3 bytes a cell would be felt: add_rows is compiled once more, for bytes
SUBSETS_DRAWS_MAX = 2**27  # at once: counted 20 times over, as many as a draw has numbers, they still fit 32 bits


def ranks_of_spans(game: Game, spans: Sequence[tuple[date, int, int]]) -> Ranks | None:
    """Return the ranks of consecutive spans of draws; None where a message would need a second block."""
    first, last = spans[0][1], spans[-1][2]
    if len(draw_message(game.game_id, date.max, last)) > MESSAGE_BYTES_MAX or last >= DRAW_NUMBERS_END:
        return None
    ranks = np.empty(last - first + 1, dtype=np.uint32)
    for day, start, end in spans:
        tabled = min(max(start, FIRST_DRAW_MIN), end + 1)
        if start < tabled:  # numbers of fewer digits than the kernel tables
            few = np.fromiter(hashed_ranks(game, day, start, tabled - 1), dtype=np.uint32)
            ranks[start - first : tabled - first] = few
        prefix = np.frombuffer(f"{game.game_id}|{day.isoformat()}|".encode("ascii"), dtype=np.uint8)
        draw_ranks(prefix, tabled, game.outcomes, ranks[tabled - first : end - first + 1])
    return ranks


class Block(NamedTuple):
    """Working memory: the parts of some draws, as ``universe.kernels.counting`` has them."""

    high: npt.NDArray[np.uint8]
    low: npt.NDArray[np.uint32]
    bonus: npt.NDArray[np.uint32]


def split_blocks(game: Game, ranks: Ranks, block_draws: int = BLOCK_DRAWS) -> Iterator[tuple[int, int, Block]]:
    """Yield the draws split, some at a time: (position of the first, how many, their parts, to be used at once)."""
    tables, words = tables_of(game), _words(ranks)
    room = min(len(ranks), block_draws)
    high = np.empty((len(tables.guess_shifts), room), dtype=np.uint8)
    low = np.empty(room, dtype=np.uint32)
    bonus = np.empty((tables.bonus_rows, room), dtype=np.uint32)
    for start in range(0, len(ranks), block_draws):
        draws = min(block_draws, len(ranks) - start)
        split(words, start, draws, *tables[:5], high, low, bonus)
        if tables.bonus_from_rest:
            bonus_of_rest(draws, high, low, tables.low_numbers, tables.bonus_numbers, bonus)
        yield start, draws, Block(high, low, bonus)


def count_spans(game: Game, ranks: Ranks, bounds: Sequence[int]) -> npt.NDArray[np.int64]:
    """Return a row of totals for each span of draws between neighbouring bounds."""
    tables, spans = tables_of(game), np.array(bounds, dtype=np.int64)
    main = np.zeros((len(bounds) - 1, game.main.size + 1), dtype=np.int64)
    bonus = np.zeros((len(bounds) - 1, game.bonus_size + 1), dtype=np.int64)
    for start, draws, block in split_blocks(game, ranks):
        inside = np.clip(spans - start, 0, draws)
        tally(inside, *block, tables.low_numbers, tables.entry_numbers, main, bonus)
    return np.concatenate([main[:, 1:], bonus[:, 1:]], axis=1)


def compare_ranks(
    game: Game, ranks: Ranks, real_main: Sequence[int], real_bonus: Sequence[int], level_min: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the draws on each match level, and the positions of those with ``level_min`` matches or more."""
    tables = tables_of(game)
    main_hits, bonus_hits = np.zeros(256, dtype=np.uint8), np.zeros(256, dtype=np.uint8)
    main_hits[list(real_main)] = 1
    bonus_hits[list(real_bonus)] = 1
    hits = main_hits, _hits(main_hits, tables.low_numbers), _hits(bonus_hits, tables.entry_numbers)
    levels = np.zeros((game.main.picked + 1) * (game.bonus_picked + 1), dtype=np.int64)
    close, parts = np.empty(min(len(ranks), BLOCK_DRAWS), dtype=np.int64), [np.empty(0, dtype=np.int64)]
    for start, draws, block in split_blocks(game, ranks):
        found = match(start, draws, *block, *hits, game.bonus_picked + 1, level_min, levels, close)
        parts.append(close[:found].copy())
    return levels, np.concatenate(parts)


def _hits(hits: npt.NDArray[np.uint8], numbers: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return how many numbers of each row are hit."""
    counts = np.zeros(len(numbers), dtype=np.uint8)
    for column in numbers.T:
        counts += hits[column]
    return counts


def sorted_ranks(game: Game, pieces: Sequence[Ranks]) -> Ranks:
    """Return the ranks of all pieces, ascending, in a new array; beside it no more memory than one bucket takes."""
    shift = min(LOW_BITS, (game.outcomes - 1).bit_length())
    counts = np.zeros(((game.outcomes - 1) >> shift) + 1, dtype=np.int64)
    for ranks in pieces:
        count_buckets(_words(ranks), shift, counts)
    bounds = np.concatenate([[0], np.cumsum(counts)])
    ordered, places = np.empty(bounds[-1], dtype=np.uint32), bounds[:-1].copy()
    for ranks in pieces:
        fill_buckets(_words(ranks), shift, places, ordered)
    sort_buckets(ordered, bounds, np.empty(counts.max(), dtype=np.uint32))
    return ordered


def count_subsets(game: Game, ascending: Ranks, row_cells: int) -> Iterator[tuple[int, Counts]]:
    """Yield (subset size, a count for every cell), from the largest size kept down to 0."""
    parts = [ascending[at : at + SUBSETS_DRAWS_MAX] for at in range(0, len(ascending), SUBSETS_DRAWS_MAX)]
    for counted in zip(*(_count_subsets(game, part, row_cells) for part in parts), strict=True):
        (size, counts), *others = counted
        yield size, sum((more.astype(np.int64) for _, more in others), start=counts)


def _count_subsets(game: Game, ascending: Ranks, row_cells: int) -> Iterator[tuple[int, Counts]]:
    picked, size = game.main.picked, game.main.size
    counted = np.zeros(comb(size, picked - 1) * row_cells, dtype=np.uint8)
    carried = np.empty(len(ascending) * picked // BYTE_COUNTS, dtype=np.int64)
    tables, binomials = tables_of(game), _binomials(size, picked)
    bonus = tables.bonus_numbers, tables.bonus_columns, tables.bonus_from_rest
    rest = np.arange(1, picked)
    carries = count_rows(_words(ascending), game.bonus_outcomes, row_cells, *bonus, rest, binomials, counted, carried)
    assert carries != NOT_ASCENDING
    counts: npt.NDArray[np.unsignedinteger] = counted
    if carries or len(counted) <= WIDENED_CELLS_MAX:
        counts = counted.astype(np.uint32)
        np.add.at(counts, carried[:carries], BYTE_COUNTS)
    yield picked - 1, counts
    for upper in range(picked - 1, 0, -1):
        lower = np.zeros(comb(size, upper - 1) * row_cells, dtype=np.uint32)
        add_rows(counts, row_cells, np.arange(1, upper), binomials, lower)
        counts = lower // np.uint32(picked - upper + 1)  # each draw has so many sets of this size above a smaller one
        yield upper - 1, counts


@lru_cache(maxsize=64)
def _binomials(size: int, picked: int) -> npt.NDArray[np.int64]:
    return np.array([[comb(n, k) for k in range(picked + 1)] for n in range(size + 1)], dtype=np.int64)


def add_cells(
    chunks: Mapping[int, Chunk], chunk_cells: int, cells: Cells
) -> tuple[Iterator[tuple[int, Chunk]], Sequence[int]]:
    """Count ascending cells in sparse chunks and in dense ones of up to a byte a cell.

    Returns those chunks as they are now, and the numbers of those that need wider counts and were left alone.
    """
    kind = offset_type(chunk_cells)
    numbers = np.arange(int(cells[0]) // chunk_cells, int(cells[-1]) // chunk_cells + 1)
    bounds = np.array([*places_in(cells, (numbers * chunk_cells).tolist()), len(cells)])
    touched = [(at, chunks.get(int(numbers[at]), EMPTY)) for at in np.flatnonzero(np.diff(bounds)).tolist()]
    chosen = [(at, chunk) for at, chunk in touched if chunk.width <= BYTE]
    at = np.array([at for at, _ in chosen], dtype=np.int64)
    firsts, ends, starts = bounds[at], bounds[at + 1], numbers[at] * chunk_cells
    sparse = [chunk.data if chunk.width == SPARSE else b"" for _, chunk in chosen]
    entries = np.array([len(data) for data in sparse], dtype=np.int64) // kind.itemsize
    is_sparse = np.array([chunk.width == SPARSE for _, chunk in chosen], dtype=bool)
    is_sparse &= (entries + ends - firsts) * kind.itemsize <= half_bytes(chunk_cells)
    widths = [SPARSE if sparse else chunk.width or HALF for (_, chunk), sparse in zip(chosen, is_sparse, strict=True)]
    dense, dense_starts = _laid_out([chunk for _, chunk in chosen], widths, chunk_cells)
    merged = np.empty(int((entries + ends - firsts)[is_sparse].sum()), dtype=kind)
    merged_bounds = np.zeros(len(chosen) + 1, dtype=np.int64)
    overflown = np.zeros(len(chosen), dtype=np.uint8)
    fold_cells(
        _words(cells),
        starts,
        firsts,
        ends,
        np.frombuffer(b"".join(sparse), dtype=kind),
        np.concatenate([[0], np.cumsum(entries)]),
        dense,
        dense_starts,
        np.array([width == HALF for width in widths], dtype=np.uint8),
        merged,
        merged_bounds,
        overflown,
    )
    packed = _packed(widths, chunk_cells, dense, dense_starts, merged, merged_bounds)
    wide = [int(numbers[at]) for at, chunk in touched if chunk.width > BYTE] + numbers[at[overflown > 0]].tolist()
    rows = zip(numbers[at].tolist(), packed, overflown.tolist(), strict=True)
    return ((number, chunk) for number, chunk, full in rows if not full), wide


def _laid_out(
    chunks: Sequence[Chunk], widths: Sequence[int], chunk_cells: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return dense counts end to end, those of chunks that were sparse still 0; and where each chunk begins."""
    sizes = {SPARSE: 0, HALF: half_bytes(chunk_cells), BYTE: chunk_cells}
    bounds = np.cumsum([0, *(sizes[width] for width in widths)])
    dense = np.empty(bounds[-1], dtype=np.uint8)
    for chunk, width, (start, end) in zip(chunks, widths, pairwise(bounds.tolist()), strict=True):
        if width != SPARSE:
            dense[start:end] = 0 if chunk.width == SPARSE else np.frombuffer(chunk.data, dtype=np.uint8)
    return dense, np.where(np.array(widths) == SPARSE, NOT_DENSE, bounds[:-1])


def _packed(
    widths: Sequence[int],
    chunk_cells: int,
    dense: npt.NDArray[np.uint8],
    dense_starts: Cells,
    merged: npt.NDArray[np.unsignedinteger],
    merged_bounds: Cells,
) -> Iterator[Chunk]:
    entries, counts = merged.data.cast("B"), dense.data
    bounds = (merged_bounds * merged.itemsize).tolist()
    for i, (width, start) in enumerate(zip(widths, dense_starts.tolist(), strict=True)):
        if width == SPARSE:
            yield Chunk(SPARSE, entries[bounds[i] : bounds[i + 1]])
        else:
            yield Chunk(width, counts[start : start + (half_bytes(chunk_cells) if width == HALF else chunk_cells)])


def _words(ranks: Ranks) -> npt.NDArray[np.uint32]:
    """Return ranks or cells as kernels take them; nothing is copied where they come from kernels."""
    return np.ascontiguousarray(ranks, dtype=np.uint32)
