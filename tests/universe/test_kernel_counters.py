"""Kernels sort ranks, count subsets and fold cells as the plain path does, and as a dictionary says."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.kernels import kernels_serve
from tests.strategies import games, kernel_games, ranks_of
from universe.catalogue import shipped_games
from universe.cells import HALF, SPARSE, Cells, Chunk, add_cells, counted_cells, places_in
from universe.compiled import kernels_for, plain_only
from universe.game import Game, Pool, RestOfDrum
from universe.kernels import path
from universe.ranking import Ranks, rank_subset, sorted_ranks, unrank
from universe.subsets import bonus_axis, count_indexes, count_subsets, subset_indexes

SHIPPED = shipped_games()
SUBSET_GAMES = [game for game in SHIPPED.values() if subset_indexes(game)]
SEEDS = st.integers(0, 10**6)


@pytest.fixture(autouse=True, scope="module")
def _kernels() -> Iterator[None]:
    with kernels_serve():
        yield


def subset_counts(game: Game, ascending: Ranks) -> dict[int, Cells]:
    """A count for every cell of every subset index, by size."""
    return {
        index.size: counted.astype(np.int64)
        if len(counted) == index.cells
        else np.bincount(counted, minlength=index.cells)
        for index, counted in count_subsets(game, ascending)
    }


def same_subsets(game: Game, ranks: Ranks) -> dict[int, Cells]:
    ascending = np.sort(ranks)
    counts = subset_counts(game, ascending)
    with plain_only():
        expected = subset_counts(game, ascending)
    assert sorted(counts) == sorted(expected) == list(range(game.main.picked))
    for size, cells in expected.items():
        assert np.array_equal(counts[size], cells), size
    return counts


@settings(max_examples=200)
@given(game=kernel_games(), sizes=st.lists(st.sampled_from([0, 1, 2, 300, 5_000]), max_size=4), repeats=..., seed=SEEDS)
def test_ranks_are_sorted_out_of_any_pieces(game: Game, sizes: list[int], repeats: bool, seed: int) -> None:
    """Pieces of all sizes, empty ones, none at all; ranks that repeat; ranks of another integer type."""
    pieces = [ranks_of(game, size, seed + at) for at, size in enumerate(sizes)]
    pieces += pieces[:1] if repeats else []
    before = [piece.copy() for piece in pieces]
    ordered = sorted_ranks(game, pieces)
    with plain_only():
        expected = sorted_ranks(game, pieces)
    assert ordered.dtype == expected.dtype
    assert np.array_equal(ordered, expected)
    assert np.array_equal(sorted_ranks(game, [piece.astype(np.int64) for piece in pieces]), expected)
    assert all(np.array_equal(*pair) for pair in zip(pieces, before, strict=True))
    assert not any(np.shares_memory(ordered, piece) for piece in pieces)


@settings(max_examples=80)
@given(game=games(size_max=24, picked_max=7), draws=st.sampled_from([1, 40, 3_000, 70_000]), seed=SEEDS)
def test_subsets_are_those_of_the_plain_path(game: Game, draws: int, seed: int) -> None:
    assume(subset_indexes(game) and (draws < 70_000 or game.main.picked < 5))  # the plain path takes a while
    same_subsets(game, ranks_of(game, draws, seed))


@settings(max_examples=80)
@given(game=kernel_games(few_subsets=True), draws=st.sampled_from([1, 20]), seed=SEEDS)
def test_subsets_of_many_numbers_or_wide_pools_are_those_of_the_plain_path(game: Game, draws: int, seed: int) -> None:
    """So few draws of so many cells would not be handed to kernels, but they count them all the same."""
    ascending = np.sort(ranks_of(game, draws, seed))
    counts = dict(path.count_subsets(game, ascending, bonus_axis(game)))
    with plain_only():
        expected = subset_counts(game, ascending)
    assert counts.keys() == expected.keys()
    assert all(np.array_equal(counts[size], cells) for size, cells in expected.items())


@pytest.mark.parametrize("game", SUBSET_GAMES, ids=lambda game: game.game_id)
def test_each_game_that_keeps_subsets_has_those_of_the_plain_path(game: Game) -> None:
    same_subsets(game, ranks_of(game, 40_000, 1))


@given(game=games(size_max=9, picked_max=4), seed=SEEDS)
def test_subsets_are_what_a_dictionary_counts(game: Game, seed: int) -> None:
    """Number by number, without any of the arithmetic that both paths share."""
    drawn = ranks_of(game, 2_000, seed)
    counted: Counter[tuple[int, int]] = Counter()
    for rank, times in Counter(drawn.tolist()).items():
        main, bonus = unrank(game, rank)
        for size in range(game.main.picked):
            for chosen in combinations(main, size):
                row_cells = subset_indexes(game)[size].row_cells
                counted[size, rank_subset(chosen) * row_cells + rank_subset(bonus)] += times
    for size, cells in same_subsets(game, drawn).items():
        assert {at: count for at, count in enumerate(cells.tolist()) if count} == {
            at: count for (of_size, at), count in counted.items() if of_size == size
        }


@pytest.mark.parametrize("bonus", [None, Pool(picked=1, size=2), RestOfDrum(picked=1)], ids=["none", "own", "rest"])
@pytest.mark.parametrize(("picked", "size"), [(1, 3), (2, 4), (3, 5), (4, 6)])
def test_counts_far_beyond_a_byte_lose_nothing(picked: int, size: int, bonus: Pool | RestOfDrum | None) -> None:
    """Kernels count in bytes that wrap, some hundred times here; what was carried must be worth 256 each time."""
    game = Game(
        game_id="TINY",
        since=SHIPPED["GAME_001"].since,
        main=Pool(picked=picked, size=size),
        bonus=bonus,
        schedule=SHIPPED["GAME_001"].schedule,
    )
    counts = same_subsets(game, ranks_of(game, 200_000, picked))
    assert np.median(counts[picked - 1][counts[picked - 1] > 0]) > 2_000  # of the rest: no bonus number is a main one
    for draws in (255, 256, 257, 511, 512, 65_536):  # of one outcome
        same_subsets(game, np.full(draws, game.outcomes - 1, dtype=np.uint32))


def test_nothing_drawn_counts_nothing() -> None:
    increments = count_indexes(SHIPPED["GAME_004"], [])
    assert (len(increments.ascending), increments.subsets) == (0, ())


CHUNK_CELLS = [1, 3, 50, 300, 16_384, 65_536, 65_537, 200_000]  # beyond 65,536 an offset takes four bytes


def cells_of(chunk_cells: int, seed: int) -> Cells:
    """Ascending cells: a few anywhere, many in one chunk, many in one cell, and the ends of chunks."""
    source = np.random.default_rng(seed)
    parts = [
        source.integers(0, min(40 * chunk_cells, 2**32), source.integers(0, 400)),
        source.integers(0, 9) * chunk_cells + source.integers(0, chunk_cells, source.choice([0, 10, 3_000, 70_000])),
        np.full(source.choice([0, 1, 255, 256, 70_000]), 5 * chunk_cells + source.integers(0, chunk_cells)),
        source.integers(1, 40, 5) * chunk_cells - source.integers(0, 2),
    ]
    return np.sort(np.concatenate(parts)).astype(np.uint32)


def content(chunks: dict[int, Chunk]) -> dict[int, tuple[int, bytes]]:
    return {number: (chunk.width, bytes(chunk.data)) for number, chunk in chunks.items()}


@settings(max_examples=80)
@given(chunk_cells=st.sampled_from(CHUNK_CELLS), seeds=st.lists(SEEDS, min_size=1, max_size=5))
def test_chunks_hold_what_was_counted_packed_as_the_plain_path_packs_it(chunk_cells: int, seeds: Sequence[int]) -> None:
    """Sparse to dense, a byte to more, entry by entry: also a reader of the bytes cannot tell the paths apart."""
    chunks: dict[int, Chunk] = {}
    plain: dict[int, Chunk] = {}
    counted: Counter[int] = Counter()
    for seed in seeds:
        cells = cells_of(chunk_cells, seed)
        counted.update(cells.tolist())
        changed = list(add_cells(chunks, chunk_cells, cells))
        assert sorted(number for number, _ in changed) == np.unique(cells // chunk_cells).tolist()
        chunks |= dict(changed)
        with plain_only():
            plain |= dict(add_cells(plain, chunk_cells, cells))
    found, counts = counted_cells(chunks, chunk_cells)
    assert dict(zip(found.tolist(), counts.tolist(), strict=True)) == counted
    assert content(chunks) == content(plain)


def test_a_chunk_widens_step_by_step() -> None:
    """15 fits half a byte, 255 a byte, one more does not; the chunks beside it stay as they are."""
    chunks: dict[int, Chunk] = {}
    widths: list[int] = []
    for repeats in (1, 14, 1, 239, 1, 65_279, 1):
        cells = np.array([0] + [7] * repeats + [8], dtype=np.uint32)
        chunks |= dict(add_cells(chunks, 4, cells))
        widths.append(chunks[1].width)
        assert chunks[0].width == chunks[2].width
    assert widths == [SPARSE, HALF, 1, 1, 2, 2, 4]
    assert counted_cells(chunks, 4)[1].tolist() == [7, 65_536, 7]


def test_the_highest_cell_of_the_largest_index_is_counted() -> None:
    last = 2**32 - 1
    for chunk_cells in (65_536, 262_144):
        cells = np.array([0, last, last], dtype=np.uint32)
        chunks = dict(add_cells({}, chunk_cells, cells))
        found, counts = counted_cells(chunks, chunk_cells)
        assert (found.tolist(), counts.tolist()) == ([0, last], [1, 2])


def test_places_are_found_for_bounds_that_no_cell_can_hold() -> None:
    cells = np.array([0, 5, 5, 2**32 - 1], dtype=np.uint32)
    assert places_in(cells, [0, 1, 5, 6, 2**32 - 1, 2**32, 2**40]) == [0, 1, 1, 3, 3, 4, 4]
    assert places_in(cells.astype(np.int64), [2**32, 2**40]) == [4, 4]


def test_kernels_are_what_was_tested_here() -> None:
    """A dispatch that fell back to the plain path would leave every test above green."""
    assert all(kernels_for(game) is path for game in SHIPPED.values())
