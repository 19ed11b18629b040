"""Random games for properties: every kind of pool, small enough to count by hand, or as large as kernels take."""

from collections.abc import Iterable
from datetime import date
from math import comb
from typing import TypeVar

import numpy as np
from hypothesis import strategies as st

from universe.compiled import BONUS_OUTCOMES_MAX
from universe.game import (
    GAME_ID_PATTERN,
    PICKED_MAX,
    POOL_SIZE_MAX,
    WEEKDAYS,
    WORD_OUTCOMES_MAX,
    Game,
    Period,
    Pool,
    RestOfDrum,
)
from universe.ranking import Ranks, rank_type

T = TypeVar("T")

SINCE = date(2020, 1, 1)


@st.composite
def games(draw: st.DrawFn, *, size_max: int = 20, picked_max: int = 5) -> Game:
    """A game with a bonus from its own drum, from the rest of the main drum, or none."""
    picked = draw(st.integers(1, picked_max))
    size = draw(st.integers(picked + 2, max(size_max, picked + 2)))
    kind = draw(st.sampled_from(["none", "own", "rest"]))
    bonus: Pool | RestOfDrum | None = None
    if kind == "own":
        bonus_picked = draw(st.integers(1, 3))
        bonus = Pool(picked=bonus_picked, size=draw(st.integers(bonus_picked, 10)))
    elif kind == "rest":
        bonus = RestOfDrum(picked=draw(st.integers(1, min(3, (size - picked) // 2))))
    days = draw(st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=7, unique=True))
    return Game(
        game_id=draw(st.from_regex(r"[A-Z][A-Z0-9_]{0,12}", fullmatch=True)),
        since=SINCE,
        main=Pool(picked=picked, size=size),
        bonus=bonus,
        schedule=(Period(start=SINCE, days=tuple(days)),),
    )


POOLS = [
    Pool(picked=picked, size=size)
    for picked in range(1, PICKED_MAX + 1)
    for size in range(picked, POOL_SIZE_MAX + 1)
    if comb(size, picked) <= WORD_OUTCOMES_MAX
]

FEW_SUBSETS = [
    pool for pool in POOLS if pool.picked <= 12 and sum(comb(pool.size, size) for size in range(pool.picked)) <= 10_000
]


def largest_or_any(choices: list[T]) -> st.SearchStrategy[T]:
    """One of the choices, the last one often."""
    return st.sampled_from(choices) | st.just(choices[-1])


@st.composite
def kernel_games(draw: st.DrawFn, *, few_subsets: bool = False) -> Game:
    """Any game that kernels serve: from one outcome to as many as they take, the bonus from anywhere."""
    kind = draw(st.sampled_from(["none", "own", "rest"]))
    low, high = draw(st.sampled_from([(1, 10), (1, 2**16), (2**16, 2**26), (1, WORD_OUTCOMES_MAX)]))
    pools = FEW_SUBSETS if few_subsets else [pool for pool in POOLS if low <= pool.outcomes <= high]
    main = draw(largest_or_any(by_outcomes(pools)))
    bonus: Pool | RestOfDrum | None = None
    bonus_max = min(30 if few_subsets else BONUS_OUTCOMES_MAX, WORD_OUTCOMES_MAX // main.outcomes)
    if kind == "own":
        bonus = draw(largest_or_any(by_outcomes(pool for pool in POOLS if pool.outcomes <= bonus_max)))
    elif kind == "rest":
        left = main.size - main.picked
        picks = [n for n in range(1, min(PICKED_MAX, left // 2) + 1) if comb(left, n) <= bonus_max]
        bonus = RestOfDrum(picked=draw(largest_or_any(picks))) if picks else None
    return Game(
        game_id=draw(st.from_regex(GAME_ID_PATTERN, fullmatch=True)),
        since=SINCE,
        main=main,
        bonus=bonus,
        schedule=(Period(start=SINCE, days=("Wed", "Sat")),),
    )


def by_outcomes(pools: Iterable[Pool]) -> list[Pool]:
    return sorted(pools, key=lambda pool: (pool.outcomes, pool.picked))


def ranks_of(game: Game, draws: int, seed: int) -> Ranks:
    """Ranks as a batch holds them, at random and at the edges: the first, the last, and where a number begins."""
    rows = [comb(number, size) for size in range(1, game.main.picked + 1) for number in range(game.main.size)]
    near = [row * game.bonus_outcomes + step for row in rows if row < game.main.outcomes for step in (-1, 0, 1)]
    edges = [rank for rank in (*near, game.outcomes - 1) if 0 <= rank < game.outcomes]
    source = np.random.default_rng(seed)
    ranks = np.concatenate([source.integers(0, game.outcomes, draws), np.array(edges)])
    return source.permutation(ranks)[:draws].astype(rank_type(game))
