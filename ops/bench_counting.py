"""What counting the numbers of a draw costs, and comparing it with a real result: on the kernels and by numpy.

One thread, in memory, in turns, in the batches that the actors work on; the two ways are compared first.
"""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any

import numpy as np

from actors.simulator import batch_draws_max
from ops.bench_draws import NEVER_DRAWN, bench_clock
from ops.bench_generation import CHECKED_DRAWS, FIRST_DRAW, has_kernels
from ops.bench_measure import BenchmarkError, in_turns, nanoseconds, times
from ops.bench_scale import Amounts
from universe.calendar import LogicalClock
from universe.compiled import plain_only
from universe.counting import count_draws
from universe.game import Game
from universe.matching import compare_ranks
from universe.ranking import Ranks, unrank
from universe.seed import draw_rank, ranks_of_draws

Work = Callable[[int, Ranks], object]  # what is done to a batch: its first draw, and its ranks


def counting(game: Game, amounts: Amounts) -> dict[str, Any]:
    """Return what counting a draw's numbers costs, and comparing it with a real result, on kernels and plainly."""
    clock = bench_clock(game)
    real_main, real_bonus = unrank(game, draw_rank(game, clock.draw_date(FIRST_DRAW), NEVER_DRAWN))
    _require_same_counts(clock)
    count: Work = partial(count_draws, clock)

    def compare(_: int, ranks: Ranks) -> object:
        return compare_ranks(game, ranks, real_main, real_bonus)

    return {**_both_ways("count", count, clock, amounts), **_both_ways("compare", compare, clock, amounts)}


def _both_ways(name: str, work: Work, clock: LogicalClock, amounts: Amounts) -> dict[str, Any]:
    """Return nanoseconds a draw of some work on kernels and plainly, and their ratio."""
    draws, size = amounts.plain_draws, batch_draws_max(clock)
    ranks = ranks_of_draws(clock, FIRST_DRAW, FIRST_DRAW + draws - 1)
    timed = in_turns(
        amounts.repeats,
        {
            "kernel": partial(_by_batches, work, ranks, size, plain=False),
            "plain": partial(_by_batches, work, ranks, size, plain=True),
        },
    )
    kernel, plain = (nanoseconds(timed[way].median, draws) for way in ("kernel", "plain"))
    if not has_kernels():
        return {f"{name}_kernel_ns": None, f"{name}_plain_ns": plain, f"{name}_kernel_to_plain": None}
    return {f"{name}_kernel_ns": kernel, f"{name}_plain_ns": plain, f"{name}_kernel_to_plain": times(plain, kernel)}


def _by_batches(work: Work, ranks: Ranks, size: int, *, plain: bool) -> None:
    """Do the work on batch after batch, as the actors cut them."""
    with plain_only() if plain else nullcontext():
        for start in range(0, len(ranks), size):
            work(FIRST_DRAW + start, ranks[start : start + size])


def _require_same_counts(clock: LogicalClock) -> None:
    """Raise BenchmarkError unless kernels and numpy count and compare alike."""
    game, ranks = clock.game, ranks_of_draws(clock, FIRST_DRAW, FIRST_DRAW + CHECKED_DRAWS - 1)
    main, bonus = unrank(game, int(ranks[0]))
    with plain_only():
        counted = count_draws(clock, FIRST_DRAW, ranks)
        levels, events = compare_ranks(game, ranks, main, bonus)
    if count_draws(clock, FIRST_DRAW, ranks) != counted:
        raise BenchmarkError(f"{game.game_id}: kernels and numpy count differently")
    levels_again, events_again = compare_ranks(game, ranks, main, bonus)
    if not np.array_equal(levels_again, levels) or events_again != events:
        raise BenchmarkError(f"{game.game_id}: kernels and numpy compare differently")
