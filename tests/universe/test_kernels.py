"""Kernels draw, count and compare as the plain path does, for every game that they serve."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.kernels import kernels_serve
from tests.strategies import SINCE, kernel_games, ranks_of
from universe.calendar import LogicalClock
from universe.catalogue import shipped_games
from universe.compiled import BONUS_OUTCOMES_MAX, kernels_for, plain_only
from universe.counting import count_draws
from universe.game import WORD_OUTCOMES_MAX, Game, Period, Pool, RestOfDrum
from universe.kernels import path
from universe.matching import compare_ranks
from universe.ranking import rank_type, unrank
from universe.seed import draw_message, draw_rank, draw_ranks, ranks_of_draws
from universe.sha256 import MESSAGE_BYTES_MAX

SHIPPED = shipped_games()
BLOCK = path.BLOCK_DRAWS
DATES_MAX = 2_500_000  # so many logical days fit the calendar


@pytest.fixture(autouse=True, scope="module")
def _kernels() -> Iterator[None]:
    with kernels_serve():
        yield


def game_of(main: Pool, bonus: Pool | RestOfDrum | None = None, game_id: str = "EDGE") -> Game:
    return Game(
        game_id=game_id, since=SINCE, main=main, bonus=bonus, schedule=(Period(start=SINCE, days=("Wed", "Sat")),)
    )


EDGES = [
    game_of(Pool(picked=1, size=1)),
    game_of(Pool(picked=20, size=20)),
    game_of(Pool(picked=1, size=255), Pool(picked=1, size=255)),
    game_of(Pool(picked=1, size=255), RestOfDrum(picked=2)),
    game_of(Pool(picked=2, size=255), RestOfDrum(picked=1)),
    game_of(Pool(picked=3, size=255)),
    game_of(Pool(picked=17, size=28), Pool(picked=1, size=200)),  # 4,294,836,000 outcomes: no game has more
    game_of(Pool(picked=11, size=24), RestOfDrum(picked=6)),  # 4,283,383,104 outcomes: no other of this kind has more
    game_of(Pool(picked=5, size=222)),
    game_of(Pool(picked=1, size=30), Pool(picked=3, size=74)),  # 64,824 bonus outcomes: no pool has more up to 2**16
]
EVERY_GAME = pytest.mark.parametrize(
    "game", [*SHIPPED.values(), *EDGES], ids=lambda game: f"{game.game_id} {game.outcomes}"
)
BATCHES = st.sampled_from([0, 1, 7, 1_000, BLOCK, BLOCK + 1, 2 * BLOCK + 99])


def same_ranks(game: Game, per_day: int, first: int, last: int) -> None:
    """On both paths, and the two at the ends as the rule says."""
    clock = LogicalClock(game=game, epoch=SINCE, draws_per_day=max(per_day, last // DATES_MAX + 1))
    assert kernels_for(game) is path
    ranks = ranks_of_draws(clock, first, last)
    with plain_only():
        expected = ranks_of_draws(clock, first, last)
    assert ranks.dtype == expected.dtype == np.uint32
    assert np.array_equal(ranks, expected)
    assert [ranks[0], ranks[-1]] == [draw_rank(game, clock.draw_date(number), number) for number in (first, last)]


def same_totals(clock: LogicalClock, first: int, draws: int, seed: int) -> None:
    ranks = ranks_of(clock.game, draws, seed)
    delta = count_draws(clock, first, ranks)
    with plain_only():
        assert delta == count_draws(clock, first, ranks)
    assert sum(int(total.sum()) for total in delta.totals.values()) == len(ranks) * clock.game.picks


def same_comparison(game: Game, draws: int, seed: int, real: int) -> None:
    ranks = ranks_of(game, draws, seed)
    histogram, events = compare_ranks(game, ranks, *unrank(game, real))
    with plain_only():
        expected, expected_events = compare_ranks(game, ranks, *unrank(game, real))
    assert histogram.tolist() == expected.tolist()
    assert events == expected_events


@settings(max_examples=200)
@given(
    game=kernel_games(),
    first=st.integers(0, 13).flatmap(lambda k: st.integers(max(1, 10**k - 40), 10**k + 40)) | st.integers(1, 10**9),
    draws=st.integers(1, 200) | st.integers(4_000, 12_000),
    per_day=st.integers(1, 5_000),
)
def test_ranks_are_those_of_the_plain_path(game: Game, first: int, draws: int, per_day: int) -> None:
    """Numbers that gain a digit, dates that change inside a batch, messages of every length."""
    same_ranks(game, max(per_day, draws // 100), first, first + draws - 1)


@EVERY_GAME
def test_each_game_has_the_ranks_of_the_plain_path(game: Game) -> None:
    same_ranks(game, 3_000, 1, 12_000)
    same_ranks(game, 700, 998_900, 1_001_000)


def test_a_message_beyond_one_block_is_left_to_the_plain_path() -> None:
    """A block of SHA-256 takes 55 bytes of message: with the longest id, draw numbers of up to eleven digits."""
    game = game_of(Pool(picked=2, size=9), game_id="L" * 32)
    last = 10**11 - 1
    assert len(draw_message(game.game_id, SINCE, last)) == MESSAGE_BYTES_MAX
    assert path.ranks_of_spans(game, [(SINCE, last - 50, last)]) is not None
    assert path.ranks_of_spans(game, [(SINCE, last - 50, last + 1)]) is None
    for end in (last, last + 1, last + 60):
        expected = [draw_rank(game, SINCE, number) for number in range(last - 50, end + 1)]
        assert draw_ranks(game, SINCE, last - 50, end).tolist() == expected


@settings(max_examples=200)
@given(game=kernel_games(), draws=BATCHES, per_day=st.integers(300, 100_000), first=st.integers(1, 10**6), seed=...)
def test_totals_are_those_of_the_plain_path(game: Game, draws: int, per_day: int, first: int, seed: int) -> None:
    clock = LogicalClock(game=game, epoch=SINCE, draws_per_day=per_day)
    same_totals(clock, first, draws, abs(seed))


@EVERY_GAME
def test_each_game_has_the_totals_of_the_plain_path(game: Game) -> None:
    """Days of a few draws, of many, and one across several blocks: low numbers are counted in two ways."""
    for per_day, draws in ((10, 1_000), (5_000, 3 * BLOCK), (10**6, 3 * BLOCK)):
        same_totals(LogicalClock(game=game, epoch=SINCE, draws_per_day=per_day), 4, draws, 1)


def test_numbers_are_counted_whichever_integer_type_holds_the_ranks() -> None:
    """A batch that comes out of a store or a test need not be what kernels make."""
    game = SHIPPED["GAME_005"]
    clock, ranks = LogicalClock(game=game, epoch=SINCE, draws_per_day=100), ranks_of(game, 1_000, 5)
    assert count_draws(clock, 1, ranks.astype(np.int64)) == count_draws(clock, 1, ranks)
    assert count_draws(clock, 1, np.repeat(ranks, 2)[::2]) == count_draws(clock, 1, ranks)


@settings(max_examples=200)
@given(game=kernel_games(), draws=BATCHES, seed=st.integers(0, 10**6), data=st.data())
@example(game=EDGES[0], draws=BLOCK + 1, seed=1, data=None)
def test_comparisons_are_those_of_the_plain_path(game: Game, draws: int, seed: int, data: st.DataObject | None) -> None:
    """In a tiny game every draw is an event: blocks full of them."""
    real = data.draw(st.sampled_from([0, game.outcomes - 1]) | st.integers(0, game.outcomes - 1)) if data else 0
    same_comparison(game, draws, seed, real)


@EVERY_GAME
def test_each_game_has_the_comparisons_of_the_plain_path(game: Game) -> None:
    for real in (0, game.outcomes // 3, game.outcomes - 1):
        same_comparison(game, 2 * BLOCK + 5, 2, real)


def test_larger_games_are_left_to_the_plain_path() -> None:
    """Ranks beyond 32 bits, or too many bonus draws for a table of them."""
    keno = game_of(Pool(picked=20, size=80))
    many_bonus = game_of(Pool(picked=1, size=2), Pool(picked=3, size=75))
    assert keno.outcomes > WORD_OUTCOMES_MAX
    assert many_bonus.bonus_outcomes == BONUS_OUTCOMES_MAX + 1_989
    for game in (keno, many_bonus):
        assert kernels_for(game) is None
        assert rank_type(game).itemsize == (8 if game is keno else 4)
        same_totals(LogicalClock(game=game, epoch=SINCE, draws_per_day=100), 1, 500, 3)
        same_comparison(game, 500, 4, game.outcomes - 1)
