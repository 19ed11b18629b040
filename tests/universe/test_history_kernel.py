"""Kernels tally histories as the plain path does, every field, for every game that they serve."""

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels import kernels_serve
from tests.strategies import SINCE, games, kernel_games, ranks_of
from universe.catalogue import shipped_games
from universe.compiled import plain_only
from universe.fairness import tallies
from universe.fairness.tallies import Frame, Tallies
from universe.game import WEEKDAYS, Game, Period, Pool, RestOfDrum
from universe.kernels import histories, histories_counting
from universe.kernels.path import BLOCK_DRAWS
from universe.ranking import Ranks

SHIPPED = shipped_games()
FEW = 30  # histories of a large game are tallied on the plain path in tens of milliseconds


@pytest.fixture(autouse=True, scope="module")
def _kernels() -> Iterator[None]:
    with kernels_serve("histories"):
        yield


def game_of(main: Pool, bonus: Pool | RestOfDrum | None = None) -> Game:
    schedule = (Period(start=SINCE, days=("Wed", "Sat")),)
    return Game(game_id="EDGE", since=SINCE, main=main, bonus=bonus, schedule=schedule)


def frame_of(game: Game, draws: int, weekdays: int, seed: int) -> Frame:
    source = np.random.default_rng(seed)
    return Frame(
        game=game,
        draws=draws,
        weekdays=source.integers(0, weekdays, draws, dtype=np.uint8),
        months=source.integers(0, 12, draws, dtype=np.uint8),
        weekday_names=WEEKDAYS[:weekdays],
    )


def same_tallies(frame: Frame, ranks: Ranks) -> Tallies:
    tallied = histories.tally_ranks(frame, ranks)
    with plain_only():
        expected = tallies.tally_ranks(frame, ranks)
    for field in attrs.fields(Tallies):
        counts, plain = getattr(tallied, field.name), getattr(expected, field.name)
        assert counts.dtype == plain.dtype == np.int64, field.name
        assert counts.shape == plain.shape, field.name
        assert np.array_equal(counts, plain), field.name
    return tallied


@settings(max_examples=100)
@given(
    game=games() | kernel_games(),
    draws=st.integers(1, 12) | st.integers(1, 150),
    count=st.integers(0, 4),
    weekdays=st.integers(1, 7),
    outcomes=st.sampled_from([1, 3, 50, 2**32]),
    seed=st.integers(0, 10**6),
)
def test_tallies_are_those_of_the_plain_path(
    game: Game, draws: int, count: int, weekdays: int, outcomes: int, seed: int
) -> None:
    """Draws that repeat, out of few different ones; numbers that never come up; histories shorter than a lag."""
    few = ranks_of(game, min(outcomes, draws * count), seed)
    ranks = np.random.default_rng(seed).choice(few, draws * count) if len(few) else few
    same_tallies(frame_of(game, draws, weekdays, seed), ranks)


@pytest.mark.parametrize("game", SHIPPED.values(), ids=SHIPPED)
def test_each_game_has_the_tallies_of_the_plain_path(game: Game) -> None:
    """Across the edges of blocks: each holds whole histories only."""
    frame = frame_of(game, BLOCK_DRAWS // FEW + 1, 2, 1)
    ranks = ranks_of(game, frame.draws * (FEW + 2), 2)
    tallied = same_tallies(frame, ranks)
    assert len(tallied) == FEW + 2
    assert np.array_equal(tallied.numbers.sum(axis=1), np.full(FEW + 2, frame.draws * game.main.picked))


@pytest.mark.parametrize(
    "game",
    [
        game_of(Pool(picked=1, size=1)),
        game_of(Pool(picked=2, size=2)),
        game_of(Pool(picked=20, size=20)),
        game_of(Pool(picked=3, size=255)),
        game_of(Pool(picked=1, size=255), RestOfDrum(picked=2)),
        game_of(Pool(picked=8, size=40), RestOfDrum(picked=1)),  # as many numbers as digit patterns are counted for
    ],
    ids=lambda game: f"{game.main.picked} of {game.main.size}",
)
def test_edges_have_the_tallies_of_the_plain_path(game: Game) -> None:
    same_tallies(frame_of(game, 90, 7, 3), ranks_of(game, 3 * 90, 4))


def test_a_history_may_be_longer_than_a_block() -> None:
    game = game_of(Pool(picked=3, size=30), Pool(picked=1, size=10))
    same_tallies(frame_of(game, BLOCK_DRAWS + 1, 2, 5), ranks_of(game, 2 * (BLOCK_DRAWS + 1), 6))


def test_nothing_is_compiled_that_was_not_compiled_beforehand() -> None:
    """Calendars and ranks out of a store are read-only, ranks may be wider: no other code is compiled for them."""
    game, source = SHIPPED["GAME_001"], frame_of(SHIPPED["GAME_001"], 100, 2, 7)
    frame = attrs.evolve(source, weekdays=np.frombuffer(source.weekdays.tobytes(), dtype=np.uint8))
    ranks = ranks_of(game, 300, 8)
    for same in (np.frombuffer(ranks.tobytes(), dtype=ranks.dtype), np.repeat(ranks.astype(np.int64), 2)[::2]):
        same_tallies(frame, same)
    kernels: list[Any] = [each for each in vars(histories_counting).values() if hasattr(each, "signatures")]
    assert len([each for each in kernels if each.signatures]) == 7
    assert all(len(each.signatures) <= 1 for each in kernels)
