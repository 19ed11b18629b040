"""What the report counts by itself, against brute force and against the battery."""

from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import DrawFn, composite, integers

from ops.report.counted import gap_counts, pair_counts, pair_residuals, simultaneous_z, waiting
from ops.report.rows import binomial_p, longest_waiting, match_rows, pair_rows
from tests.ops.report.made import made_data
from universe.fairness.battery import measure_each
from universe.fairness.history import History
from universe.fairness.tallies import frame_of, gap_cells, tally
from universe.game import Game, Period, Pool
from universe.ranking import Numbers, rank_subset


def small_game(size: int, picked: int) -> Game:
    schedule = (Period(start=date(2000, 1, 1), days=("Sat",)),)
    return Game(game_id="SMALL", since=date(2000, 1, 1), main=Pool(picked=picked, size=size), schedule=schedule)


@composite
def histories(draw: DrawFn) -> tuple[Game, Numbers]:
    """Some histories of a small game, [B, n, k]."""
    picked = draw(integers(1, 4))
    game = small_game(draw(integers(picked + 2, 12)), picked)
    rolls = np.random.default_rng(draw(integers(0, 2**32)))
    shape = (draw(integers(1, 4)), draw(integers(1, 60)))
    numbers = np.argsort(rolls.random((*shape, game.main.size)), axis=2)[:, :, :picked] + 1
    return game, np.sort(numbers, axis=2).astype(np.uint8)


@given(histories())
def test_gaps_are_those_of_the_battery(made: tuple[Game, Numbers]) -> None:
    game, main = made
    dates = np.array([date(2000, 1, 1) + timedelta(weeks=week) for week in range(main.shape[1])], dtype="datetime64[D]")
    nothing = np.empty((*main.shape[:2], 0), dtype=np.uint8)
    frame = frame_of(History(game=game, dates=dates, main=main[0], bonus=nothing[0]))
    found = gap_counts(main, game.main.size, gap_cells(game))
    assert np.array_equal(found, tally(frame, main, nothing).gaps)


def test_many_histories_of_a_wide_drum_have_gaps_of_their_own() -> None:
    """Their cells are more than the numbers of 16 bits, by which they are sorted."""
    main = np.random.default_rng(1).integers(1, 61, size=(300, 200, 1)).astype(np.uint8)
    found = gap_counts(main, 60, 300)
    assert np.array_equal(found, np.concatenate([gap_counts(one[None], 60, 300) for one in main]))


@given(histories())
def test_waiting_is_counted_back_from_the_newest_draw(made: tuple[Game, Numbers]) -> None:
    game, main = made
    newest_first = main[0][::-1].tolist()
    expected = [
        next((back for back, numbers in enumerate(newest_first) if number in numbers), len(newest_first))
        for number in range(1, game.main.size + 1)
    ]
    assert waiting(main[0], game.main.size).tolist() == expected


@given(histories())
def test_pairs_are_counted_in_colex_order(made: tuple[Game, Numbers]) -> None:
    game, main = made
    counted = Counter(rank_subset(pair) for numbers in main[0].tolist() for pair in combinations(numbers, 2))
    found = pair_counts(main[0], game.main.size)
    assert dict(enumerate(found.tolist())) == {rank: counted[rank] for rank in range(comb(game.main.size, 2))}


@settings(max_examples=10)
@given(seed=integers(0, 2**32))
def test_residuals_are_free_of_single_numbers_and_sum_to_the_test_of_pairs(seed: int) -> None:
    """(N - 3)/(N - 1) times the sum of their squares is Q2, chi-square with N(N - 3)/2 degrees of freedom."""
    game, rolls = small_game(20, 4), np.random.default_rng(seed)
    main = np.sort(np.argsort(rolls.random((400, 20)), axis=1)[:, :4] + 1, axis=1).astype(np.uint8)
    residuals = pair_residuals(pair_counts(main, 20), 400, game.main)
    table = np.zeros((20, 20))
    table[np.tril_indices(20, -1)] = residuals
    assert (table + table.T).sum(axis=0) == pytest.approx(np.zeros(20), abs=1e-9)
    dates = np.datetime64("2000-01-01") + 7 * np.arange(400)
    history = History(game=game, dates=dates, main=main, bonus=np.empty((400, 0), dtype=np.uint8))
    frame = frame_of(history)
    measured = measure_each(frame, tally(frame, main[None], history.bonus[None]))
    assert (residuals**2).sum() * 17 / 19 == pytest.approx(float(measured["pairs"].statistic[0]))


@pytest.mark.parametrize(("numbers", "z"), [(1, 1.959964), (47, 3.273078), (69, 3.380084)])
def test_the_simultaneous_band_is_bonferronis(numbers: int, z: float) -> None:
    assert simultaneous_z(numbers) == pytest.approx(z, abs=1e-6)


@given(trials=integers(1, 30), hits=integers(0, 30), parts=integers(1, 9))
def test_a_binomial_p_value_is_twice_the_smaller_exact_tail(trials: int, hits: int, parts: int) -> None:
    hits, chance = min(hits, trials), Fraction(parts, 10)
    mass = [comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in range(trials + 1)]
    tails = sum(mass[: hits + 1]), sum(mass[hits:])
    assert binomial_p(hits, trials, parts / 10) == pytest.approx(float(min(Fraction(1), 2 * min(tails))), rel=1e-9)


def test_levels_of_matches_stand_beside_their_expectation() -> None:
    matches = made_data().matches
    assert matches is not None
    rows = match_rows(matches)
    assert [row.level for row in rows] == [
        "5+1",
        "5+0",
        "4+1",
        "4+0",
        "3+1",
        "3+0",
        "2+1",
        "2+0",
        "1+1",
        "1+0",
        "0+1",
        "0+0",
    ]
    assert sum(row.matched for row in rows) == matches.compared[-1]
    assert sum(row.expected for row in rows) == pytest.approx(float(matches.compared[-1]))
    assert rows[0].expected == pytest.approx(48_000_000 / 41_416_353)
    assert all(abs(row.z) < 5 for row in rows)


def test_pairs_far_out_are_as_many_as_a_normal_distribution_has() -> None:
    rows = pair_rows(made_data().pairs)
    assert [row.expected for row in rows] == pytest.approx([343.0, 49.2, 2.92, 0.0685], rel=2e-3)
    assert all(len(row.counts) == 2 for row in rows)


def test_who_waits_longest_is_told_first() -> None:
    data = made_data()
    assert data.gaps is not None
    found = longest_waiting(data)
    assert [draws for _, draws, _ in found] == sorted(data.gaps.waiting.tolist(), reverse=True)[:5]
    assert all(share == pytest.approx((42 / 47) ** draws) for _, draws, share in found)
