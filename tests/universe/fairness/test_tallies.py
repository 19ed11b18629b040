"""Tallies are what counting by hand says, for every kind of game, whatever the path and the pieces."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations, pairwise
from math import comb

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import games, ranks_of
from universe.calendar import LogicalClock
from universe.fairness import tallies as module
from universe.fairness.history import History, history_of_draws
from universe.fairness.tallies import (
    LAGS,
    FairnessError,
    Frame,
    Tallies,
    decades,
    frame_of,
    gap_cells,
    joined,
    pattern_cells,
    sum_cells,
    tally,
    tally_ranks,
)
from universe.game import Game
from universe.ranking import rank_subset, unrank_all

NAMES = [field.name for field in attrs.fields(Tallies)]
Draws = Sequence[tuple[int, ...]]


def equal(one: Tallies, other: Tallies) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in NAMES)


def frame(game: Game, draws: int, seed: int = 0) -> Frame:
    """A frame with a calendar by chance: what the dates are does not matter to counting."""
    source = np.random.default_rng(seed)
    return Frame(
        game=game,
        draws=draws,
        weekdays=source.integers(0, 3, draws, dtype=np.uint8),
        months=source.integers(0, 12, draws, dtype=np.uint8),
        weekday_names=("Mon", "Wed", "Sat"),
    )


def counter(values: Counter[int], first: int, cells: int) -> list[int]:
    return [values[value] for value in range(first, first + cells)]


def gaps_and_drought(draws: Draws, size: int, cells: int) -> tuple[list[int], int]:
    gaps, runs = Counter[int](), [0]
    for number in range(1, size + 1):
        at = [place for place, main in enumerate(draws) if number in main]
        gaps.update(min(later - earlier, cells) for earlier, later in pairwise(at))
        marks = [-1, *at, len(draws)]
        runs += [later - earlier - 1 for earlier, later in pairwise(marks)]
    return counter(gaps, 1, cells), max(runs)


def pattern_rank(main: Sequence[int]) -> int:
    return rank_subset(number // 10 + place for place, number in enumerate(sorted(main), start=1))


def by_hand(frame: Frame, draws: Draws, bonus: Draws) -> dict[str, object]:
    """One history, draw by draw."""
    game, n = frame.game, frame.draws
    size, picked = game.main.size, game.main.picked
    triples = Counter(triple for main in draws for triple in combinations(main, 3))
    pairs = Counter(rank_subset(pair) for main in draws for pair in combinations(main, 2))
    gaps, drought = gaps_and_drought(draws, size, gap_cells(game))
    patterns = Counter(map(pattern_rank, draws)) if pattern_cells(game) else Counter[int]()

    def numbers_where(chosen: Sequence[bool]) -> list[int]:
        return counter(
            Counter(number for main, yes in zip(draws, chosen, strict=True) if yes for number in main), 1, size
        )

    return {
        "numbers": numbers_where([True] * n),
        "bonus": counter(Counter(number for row in bonus for number in row), 1, game.bonus_size),
        "by_weekday": [numbers_where(frame.weekdays == day) for day in range(len(frame.weekday_names))],
        "by_month": [numbers_where(frame.months == month) for month in range(12)],
        "moments": [
            sum(2 * place - (n - 1) for place, main in enumerate(draws) if number in main)
            for number in range(1, size + 1)
        ],
        "pairs": counter(pairs, 0, comb(size, 2)),
        "triple_squares": sum(count**2 for count in triples.values()),
        "overlaps": [
            counter(Counter(len(set(draws[t]) & set(draws[t - lag])) for t in range(lag, n)), 0, picked + 1)
            for lag in LAGS
        ],
        "gaps": gaps,
        "drought": drought,
        "sums": counter(Counter(sum(main) - picked * (picked + 1) // 2 for main in draws), 0, sum_cells(game)),
        "parity": counter(Counter(sum(number % 2 for number in main) for main in draws), 0, picked + 1),
        "patterns": counter(patterns, 0, pattern_cells(game)),
        "repeats": sum(one == other for one, other in combinations(draws, 2)),
    }


@given(game=games(), draws=st.integers(1, 60), histories=st.integers(1, 3), seed=st.integers(0, 99))
@settings(max_examples=40)
def test_tallies_are_what_counting_by_hand_says(game: Game, draws: int, histories: int, seed: int) -> None:
    shared = frame(game, draws, seed)
    main, bonus = unrank_all(game, ranks_of(game, draws * histories, seed))
    shape = (histories, draws)
    tallied = tally(shared, main.reshape(*shape, -1), bonus.reshape(*shape, game.bonus_picked))
    for row in range(histories):
        part = slice(row * draws, (row + 1) * draws)
        counted = by_hand(shared, [tuple(r) for r in main[part].tolist()], [tuple(r) for r in bonus[part].tolist()])
        assert {name: getattr(tallied, name)[row].tolist() for name in NAMES} == counted


@given(game=games(size_max=200, picked_max=8), draws=st.integers(1, 40), seed=st.integers(0, 99))
@settings(max_examples=40)
def test_large_drums_too(game: Game, draws: int, seed: int) -> None:
    """Beyond 64 numbers a mask takes several words."""
    shared = frame(game, draws, seed)
    main, bonus = unrank_all(game, ranks_of(game, draws, seed))
    tallied = tally(shared, main[None], bonus[None])
    counted = by_hand(shared, [tuple(r) for r in main.tolist()], [tuple(r) for r in bonus.tolist()])
    assert {name: getattr(tallied, name)[0].tolist() for name in NAMES} == counted


@given(game=games(), draws=st.integers(1, 30), histories=st.integers(0, 7), seed=st.integers(0, 99))
@settings(max_examples=40)
def test_pieces_do_not_show(game: Game, draws: int, histories: int, seed: int) -> None:
    shared, ranks = frame(game, draws, seed), ranks_of(game, draws * histories, seed)
    whole = tally_ranks(shared, ranks)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "histories_of_a_piece", lambda _: 2)
        assert equal(tally_ranks(shared, ranks), whole)
    assert len(whole) == histories
    if histories:
        pieces = [tally_ranks(shared, ranks[i * draws : (i + 1) * draws]) for i in range(histories)]
        assert equal(joined(pieces), whole)


@given(game=games(), seed=st.integers(0, 99))
@settings(max_examples=40)
def test_every_array_holds_int64(game: Game, seed: int) -> None:
    tallied = tally_ranks(frame(game, 5), ranks_of(game, 10, seed))
    assert {getattr(tallied, name).dtype for name in NAMES} == {np.dtype(np.int64)}


@given(game=games(), per_day=st.integers(1, 40), seed=st.integers(0, 9))
@settings(max_examples=40)
def test_a_frame_tells_weekdays_and_months(game: Game, per_day: int, seed: int) -> None:
    clock = LogicalClock(game=game, epoch=game.since, draws_per_day=per_day)
    history = history_of_draws(clock, 1 + seed, 150 + seed)
    told = frame_of(history)
    days = [clock.draw_date(number) for number in range(1 + seed, 151 + seed)]
    assert history.dates.tolist() == days
    assert [told.weekday_names[index] for index in told.weekdays] == [f"{day:%a}" for day in days]
    assert [month + 1 for month in told.months.tolist()] == [day.month for day in days]
    assert set(told.weekday_names) <= set(game.schedule[0].days)


@given(game=games())
@settings(max_examples=40)
def test_a_history_without_draws_is_refused(game: Game) -> None:
    clock = LogicalClock(game=game, epoch=game.since, draws_per_day=5)
    nothing: History = history_of_draws(clock, 1, 5)[5:]
    with pytest.raises(FairnessError, match="without draws"):
        frame_of(nothing)


@given(game=games(size_max=250, picked_max=7))
@settings(max_examples=40)
def test_every_pattern_has_its_cell(game: Game) -> None:
    picked, size = game.main.picked, game.main.size
    cells = pattern_cells(game)
    assert decades(game) == len({number // 10 for number in range(size + 1)})
    if cells:
        assert pattern_rank(range(size - picked + 1, size + 1)) < cells
