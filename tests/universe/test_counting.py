"""Counting: deltas are a commutative monoid, levels are exact, subset counters answer for any ticket."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import all_outcomes, level, level_counts, number_counts, oracle_draws
from tests.strategies import games
from universe.calendar import LogicalClock
from universe.catalogue import shipped_games
from universe.cells import EMPTY, SPARSE, Chunk, add_cells, add_counts, counted_cells, counts_of
from universe.counting import Delta, count_draws
from universe.game import Game
from universe.levels import expected_by_level, full_row, levels_from_rows, ticket_rows
from universe.matching import compare_ranks, event_level_min, level_outcomes, levels
from universe.ranking import rank_subset, unrank
from universe.seed import ranks_of_draws
from universe.subsets import count_subsets, occurrence_index, subset_indexes, why_no_levels

SHIPPED = shipped_games()


def delta_of(clock: LogicalClock, first: int, last: int) -> Delta:
    return count_draws(clock, first, ranks_of_draws(clock, first, last))


@given(game=games(), per_day=st.integers(1, 30), cuts=st.lists(st.integers(2, 199), max_size=6), data=st.data())
def test_deltas_add_up_whatever_the_batches_and_their_order(
    game: Game, per_day: int, cuts: list[int], data: st.DataObject
) -> None:
    clock = LogicalClock(game=game, epoch=game.since, draws_per_day=per_day)
    starts = [1, *sorted(set(cuts))]
    pieces = [delta_of(clock, start, end - 1) for start, end in zip(starts, [*starts[1:], 201], strict=True)]
    shuffled = data.draw(st.permutations(pieces))
    assert sum(shuffled, start=Delta()) == delta_of(clock, 1, 200)


@given(game=games(), per_day=st.integers(1, 50))
def test_totals_are_what_a_recount_says(game: Game, per_day: int) -> None:
    clock = LogicalClock(game=game, epoch=game.since, draws_per_day=per_day)
    delta = delta_of(clock, 1, 120)
    draws = oracle_draws(game, game.since, per_day, 120)
    for day, totals in delta.totals.items():
        main, bonus = number_counts(draw for draw in draws if clock.logical_day(draw.number) == day)
        assert totals.tolist() == [main[n] for n in range(1, game.main.size + 1)] + [
            bonus[n] for n in range(1, game.bonus_size + 1)
        ]


@given(game=games(size_max=9, picked_max=4), data=st.data())
def test_level_outcomes_are_what_counting_all_outcomes_says(game: Game, data: st.DataObject) -> None:
    outcomes = all_outcomes(game)
    main, bonus = data.draw(st.sampled_from(outcomes))
    counted = dict.fromkeys(levels(game), 0)
    for other_main, other_bonus in outcomes:
        counted[len(set(main) & set(other_main)), len(set(bonus) & set(other_bonus))] += 1
    assert counted == {pair: level_outcomes(game, *pair) for pair in levels(game)}


def test_expected_matches_are_the_published_ones() -> None:
    """The figures for 40M compared draws of 5/47 + 1/27."""
    game = SHIPPED["GAME_001"]
    rounded = {(main, bonus): round(draws, 1) for main, bonus, draws in expected_by_level(game, 40_000_000)}
    assert rounded[5, 1] == 1.0
    assert rounded[5, 0] == 25.1
    assert rounded[4, 1] == 202.8
    assert round(rounded[4, 0]) == 5_273
    assert round(rounded[3, 1]) == 8_316
    assert rounded[3, 0] == pytest.approx(216_205, abs=0.6)


@given(game=games(), data=st.data())
def test_comparing_finds_every_level_and_every_event(game: Game, data: st.DataObject) -> None:
    clock = LogicalClock(game=game, epoch=game.since, draws_per_day=1_000)
    draws = oracle_draws(game, game.since, 1_000, 300)
    real = data.draw(st.sampled_from(draws))
    histogram, events = compare_ranks(game, ranks_of_draws(clock, 1, 300), real.main, real.bonus)
    counted = level_counts(draws, real.main, real.bonus)
    assert histogram.tolist() == [counted[pair] for pair in levels(game)]
    assert events == [
        (draw.number - 1, *level(draw, real.main, real.bonus))
        for draw in draws
        if sum(level(draw, real.main, real.bonus)) >= event_level_min(game)
    ]


@given(game=games(), data=st.data())
def test_levels_of_any_ticket_follow_from_its_subsets(game: Game, data: st.DataObject) -> None:
    clock = LogicalClock(game=game, epoch=game.since, draws_per_day=1_000)
    ranks, draws = ranks_of_draws(clock, 1, 400), oracle_draws(game, game.since, 1_000, 400)
    main, bonus = unrank(game, data.draw(st.integers(0, game.outcomes - 1)))
    rows = {}
    for index, counted in count_subsets(game, np.sort(ranks)):
        counts = counted if len(counted) == index.cells else np.bincount(counted, minlength=index.cells)
        grid = counts.reshape(index.rows, index.row_cells)
        rows[index.size] = grid[ticket_rows(index, main)].sum(axis=0)
    grid = np.bincount(ranks, minlength=game.outcomes).reshape(-1, game.bonus_outcomes)
    rows[game.main.picked] = full_row(game, main, grid[rank_subset(main)])
    expected = level_counts(draws, main, bonus)
    assert levels_from_rows(game, bonus, rows).tolist() == [expected[pair] for pair in levels(game)]


def test_levels_are_kept_for_the_games_that_promise_them() -> None:
    kept = {game_id for game_id, game in SHIPPED.items() if subset_indexes(game)}
    assert kept == {"GAME_001", "GAME_002", "GAME_003", "GAME_004", "GAME_005"}
    assert "subset counters" in str(why_no_levels(SHIPPED["GAME_006"]))


@given(
    cells=st.sampled_from([1, 7, 300, 70_000]),
    rounds=st.lists(st.lists(st.integers(0, 10**6), min_size=1, max_size=200), max_size=5),
    chunk_cells=st.sampled_from([3, 50, 66_000]),
)
def test_chunks_hold_what_was_counted(cells: int, rounds: list[list[int]], chunk_cells: int) -> None:
    chunks: dict[int, Chunk] = {}
    expected = np.zeros(cells + chunk_cells, dtype=np.int64)
    for counted in rounds:
        added = np.sort(np.array(counted, dtype=np.int64) % cells)
        np.add.at(expected, added, 1)
        chunks.update(dict(add_cells(chunks, chunk_cells, added)))
    found, counts = counted_cells(chunks, chunk_cells)
    assert found.tolist() == np.flatnonzero(expected).tolist()
    assert counts.tolist() == expected[found].tolist()
    for number, chunk in chunks.items():
        start = number * chunk_cells
        assert counts_of(chunk, chunk_cells, 0, chunk_cells).tolist() == expected[start : start + chunk_cells].tolist()


def test_a_count_widens_before_it_overflows() -> None:
    chunk = EMPTY
    widths = []
    for repeats in (1, 255, 65_280, 100_000):
        chunk = dict(add_cells({0: chunk}, 4, np.full(repeats, 2, dtype=np.int64)))[0]
        widths.append(chunk.width)
    assert widths == [SPARSE, 2, 4, 4]
    assert counts_of(chunk, 4, 0, 4).tolist() == [0, 0, 1 + 255 + 65_280 + 100_000, 0]


@given(counts=st.lists(st.integers(0, 300), min_size=1, max_size=40), before=st.lists(st.integers(0, 39), max_size=60))
def test_adding_counts_equals_adding_cells(counts: list[int], before: list[int]) -> None:
    cells = 40
    start = np.sort(np.array(before, dtype=np.int64))
    chunk = dict(add_cells({}, cells, start)).get(0, EMPTY)
    added = np.array(counts, dtype=np.int64)
    by_counts = add_counts(chunk, cells, added)
    expected = np.bincount(start, minlength=cells)
    expected[: len(added)] += added
    assert counts_of(by_counts, cells, 0, cells).tolist() == expected.tolist()


@pytest.mark.parametrize("game", SHIPPED.values(), ids=SHIPPED)
def test_a_row_of_an_index_lies_in_one_chunk(game: Game) -> None:
    for index in (occurrence_index(game), *subset_indexes(game)):
        assert index.chunk_cells % index.row_cells == 0


def test_a_delta_knows_its_draws() -> None:
    clock = LogicalClock(game=SHIPPED["GAME_001"], epoch=date(2026, 11, 21), draws_per_day=10)
    assert delta_of(clock, 5, 25).draws == {0: 6, 1: 10, 2: 5}
