"""What the rank of a draw costs: on the compiled kernels, by numpy, in plain Python, beside this machine's SHA-256.

One thread, in memory, in turns. Before they are measured the ways are compared: different draws are no benchmark.
"""

from collections.abc import Callable
from functools import partial
from time import perf_counter, process_time
from typing import Any

import numpy as np

from actors.simulator import batch_draws_max
from ops.bench_draws import bench_clock
from ops.bench_measure import BenchmarkError, in_turns, significant, times
from ops.bench_reference import LONG_INPUT_BYTES, SHA256_BLOCK_BYTES, draw_plainly, hash_long_input
from ops.bench_scale import Amounts
from universe.calendar import LogicalClock
from universe.compiled import kernel_state, plain_only
from universe.game import Game
from universe.seed import ranks_of_draws

FIRST_DRAW = 10_000_001  # of eight digits, as most draws of a large universe are
BIG_BATCH_DRAWS = 2**20
CHECKED_DRAWS = 40_000


def has_kernels() -> bool:
    """Whether the compiled kernels serve in this process."""
    return kernel_state().state == "ready"


def generation(game: Game, amounts: Amounts) -> dict[str, Any]:
    """Return what the rank of a draw costs, three ways, beside this machine's SHA-256."""
    clock, data = bench_clock(game), bytes(LONG_INPUT_BYTES)
    _require_same_ranks(clock)
    tasks: dict[str, Callable[[], object]] = {
        "sha256": partial(hash_long_input, data),
        "plain": partial(rank_plainly, clock, amounts.plain_draws),
        "python": partial(draw_plainly, clock, FIRST_DRAW, FIRST_DRAW + amounts.python_draws - 1),
    }
    if has_kernels():
        tasks["kernel"] = partial(rank_on_kernels, clock, amounts.kernel_draws)
    timed = in_turns(amounts.repeats, tasks)
    blocks = LONG_INPUT_BYTES / SHA256_BLOCK_BYTES / timed["sha256"].median
    plain, python = amounts.plain_draws / timed["plain"].median, amounts.python_draws / timed["python"].median
    kernel = amounts.kernel_draws / timed["kernel"].median if "kernel" in timed else None
    return {
        "outcomes": game.outcomes,
        "kernel_ns": kernel and significant(1e9 / kernel),
        "plain_ns": significant(1e9 / plain),
        "python_ns": significant(1e9 / python),
        "sha256_block_ns": significant(1e9 / blocks),
        "kernel_draws_per_second": kernel and round(kernel),
        "sha256_blocks_per_second": round(blocks),
        "kernel_to_sha256": kernel and times(kernel, blocks),
        "kernel_to_plain": kernel and times(kernel, plain),
        "kernel_to_python": kernel and times(kernel, python),
        "kernel_cores": kernel and _cores(partial(rank_on_kernels, clock, amounts.kernel_draws)),
        "kernel_spread": timed["kernel"].spread if kernel else None,
    }


def rank_on_kernels(clock: LogicalClock, draws: int) -> None:
    """Make the ranks of so many draws, in big batches, each into an array of its own."""
    _rank(clock, draws, BIG_BATCH_DRAWS)


def rank_plainly(clock: LogicalClock, draws: int) -> None:
    """Do the same by numpy, in the batches that it is quickest in."""
    with plain_only():
        _rank(clock, draws, batch_draws_max(clock))


def _rank(clock: LogicalClock, draws: int, batch: int) -> None:
    end = FIRST_DRAW + draws
    for first in range(FIRST_DRAW, end, batch):
        ranks_of_draws(clock, first, min(end, first + batch) - 1)


def _cores(task: Callable[[], object]) -> float:
    """Return how many cores a task keeps busy: about 1.0 for one thread."""
    wall, cpu = perf_counter(), process_time()
    task()
    return significant((process_time() - cpu) / (perf_counter() - wall))


def _require_same_ranks(clock: LogicalClock) -> None:
    """Raise BenchmarkError unless kernels, numpy and the rule itself agree, across a change of digits and of days."""
    first = FIRST_DRAW - CHECKED_DRAWS // 2
    last = first + CHECKED_DRAWS - 1
    with plain_only():
        plain = ranks_of_draws(clock, first, last)
    if not np.array_equal(ranks_of_draws(clock, first, last), plain):
        raise BenchmarkError(f"{clock.game.game_id}: kernels and numpy make different draws")
    if draw_plainly(clock, first, first + 9) != plain[:10].tolist():
        raise BenchmarkError(f"{clock.game.game_id}: numpy and the seed rule make different draws")
