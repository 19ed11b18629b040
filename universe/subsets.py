"""Which counters are kept for a game; ``universe.levels`` says how match levels of any ticket follow from them.

Index ``size`` counts, for every set of ``size`` main numbers and every bonus draw, the draws that hold them. The
index of full size is the occurrence count of each rank.
"""

from collections.abc import Iterator, Sequence
from functools import cache, cached_property, lru_cache
from itertools import combinations
from math import comb

import attrs
import numpy as np
import numpy.typing as npt

from universe.cells import Cells, Counts
from universe.compiled import kernels_for
from universe.game import Game
from universe.ranking import Numbers, Ranks, binomials, rank_subsets, sorted_ranks, unrank_all

SUBSET_CELLS_MAX = 32_000_000  # more would not fit beside the other counters of a game in memory and on disk
SMALL_CHUNK_CELLS = 16_384  # an answer reads a whole chunk
LARGE_CHUNK_CELLS = 65_536  # an offset takes two bytes; for indexes so large that their chunks stay sparse
LARGE_INDEX_CELLS = 2**26
CELLS_PER_DRAW_MAX = 512  # kernels count every cell of an index: with fewer draws, counting subset by subset is quicker
CHUNKS_MAX = 16_384  # every fold of some size touches them all, and pays for each


@attrs.frozen
class Index:
    """Layout of one index: ``rows`` sets of ``size`` main numbers, ``row_cells`` bonus draws each, cut into chunks."""

    size: int
    rows: int
    row_cells: int

    @property
    def cells(self) -> int:
        """All cells of the index."""
        return self.rows * self.row_cells

    @cached_property
    def chunk_cells(self) -> int:
        """Cells of one chunk: whole rows, so that a row lies in one chunk."""
        wanted = LARGE_CHUNK_CELLS if self.cells > LARGE_INDEX_CELLS else SMALL_CHUNK_CELLS
        wanted = max(wanted, -(-self.cells // CHUNKS_MAX))
        return max(wanted // self.row_cells, 1) * self.row_cells


@cache
def bonus_axis(game: Game) -> int:
    """Return the bonus draws that a row of a subset index tells apart; a rest-of-drum bonus counts as its numbers."""
    return comb(game.bonus_size, game.bonus_picked)


@cache
def occurrence_index(game: Game) -> Index:
    """Return the layout of the occurrence counts: a cell is a rank."""
    return Index(game.main.picked, game.main.outcomes, game.bonus_outcomes)


@cache
def subset_indexes(game: Game) -> tuple[Index, ...]:
    """Return the subset indexes from size 0 up to picked - 1, or none where they exceed the budget."""
    sizes = range(game.main.picked)
    indexes = tuple(Index(size, comb(game.main.size, size), bonus_axis(game)) for size in sizes)
    return indexes if sum(index.cells for index in indexes) <= SUBSET_CELLS_MAX else ()


def why_no_levels(game: Game) -> str | None:
    """Return why match levels of any ticket are not kept for this game; None where they are."""
    if subset_indexes(game):
        return None
    cells = sum(comb(game.main.size, size) for size in range(game.main.picked)) * bonus_axis(game)
    return f"match levels need {cells:,} subset counters, more than the {SUBSET_CELLS_MAX:,} that are kept for a game"


@attrs.frozen(eq=False)
class Increments:
    """What some draws add to the indexes of their game: their ranks, ascending, and ``count_subsets`` of them."""

    ascending: Ranks
    subsets: tuple[tuple[Index, Cells | Counts], ...]


def count_indexes(game: Game, ranks: Sequence[Ranks]) -> Increments:
    """Return what these draws, in pieces and in any order, add to every index."""
    ascending = sorted_ranks(game, ranks)
    return Increments(ascending, tuple(count_subsets(game, ascending)))


def count_subsets(game: Game, ascending: Ranks) -> Iterator[tuple[Index, Cells | Counts]]:
    """Return what draws with these ascending ranks count in each subset index: one cell for each subset of each draw.

    A large index comes as its counted cells, ascending and repeated as often as counted; a small one, where that is
    cheaper, as one count for every cell (then the array is ``index.cells`` long).
    """
    indexes = subset_indexes(game)
    if not indexes or not len(ascending):
        return
    kernels = kernels_for(game)
    if kernels is not None and indexes[-1].cells <= CELLS_PER_DRAW_MAX * len(ascending):
        for size, counts in kernels.count_subsets(game, ascending, bonus_axis(game)):
            yield indexes[size], counts
        return
    main, bonus = unrank_all(game, ascending)
    bonus_rank = rank_subsets(bonus, game.bonus_size)
    columns = [np.ascontiguousarray(column) for column in main.T]
    for index in indexes:
        cells = _subset_cells(columns, bonus_rank, index, game.main.size)
        if index.cells <= cells.size:  # so that the two kinds of array differ in length
            yield index, np.bincount(cells.ravel(), minlength=index.cells)
        else:
            yield index, np.sort(cells, axis=None)


def _subset_cells(columns: list[Numbers], bonus_rank: Ranks, index: Index, size: int) -> Cells:
    """Return the cell of every subset, one row of cells for each choice of columns."""
    cells = np.empty((comb(len(columns), index.size), len(bonus_rank)), dtype=np.int64)
    weighed = {}
    for row, chosen in zip(cells, combinations(range(len(columns)), index.size), strict=True):
        row[:] = bonus_rank
        for place, column in enumerate(chosen, start=1):
            if (place, column) not in weighed:
                weighed[place, column] = _weights(size, place, index.row_cells)[columns[column]]
            np.add(row, weighed[place, column], out=row)
    return cells


@lru_cache(maxsize=256)
def _weights(size: int, place: int, row_cells: int) -> npt.NDArray[np.int64]:
    """Return what a number in this place of a subset adds to the cell."""
    return np.concatenate([[0], binomials(size, place)[:-1]]) * row_cells
