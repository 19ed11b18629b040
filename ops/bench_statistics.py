"""What statistics and proofs cost beside the draws they are of: histories tallied, leaves hashed into Merkle trees.

One thread, in memory, in turns, on kernels and plainly; the two ways are compared first.
"""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any

import attrs
import numpy as np

from ops.bench_draws import bench_clock
from ops.bench_generation import FIRST_DRAW, rank_on_kernels, rank_plainly
from ops.bench_measure import BenchmarkError, in_turns, nanoseconds, times
from ops.bench_scale import Amounts
from universe.calendar import draw_dates
from universe.compiled import load_kernel_module, plain_only
from universe.fairness.history import History
from universe.fairness.tallies import Frame, Tallies, frame_of, tally_ranks
from universe.game import Game
from universe.merkle import BLOCK_LEAVES, block_roots
from universe.ranking import Ranks, unrank_all
from universe.seed import ranks_of_draws

HISTORY_DRAWS = 2_000  # about twenty years of two draws a week
PIECE_HISTORIES = 250  # tallied at once
CHECKED_HISTORIES, CHECKED_BLOCKS = 10, 10


def statistics(game: Game, amounts: Amounts) -> dict[str, Any]:
    """Return what it costs to tally a draw of a history, and to hash one into a Merkle tree, on kernels and plainly."""
    compiled = all([load_kernel_module("histories"), load_kernel_module("merkle")])
    clock, plain_draws, kernel_draws = bench_clock(game), amounts.plain_draws, amounts.kernel_draws
    ranks = ranks_of_draws(clock, FIRST_DRAW, FIRST_DRAW + kernel_draws - 1)
    frame = _frame(game, ranks)
    _require_the_same(frame, ranks)
    tasks: dict[str, Callable[[], object]] = {
        "draw_plain": partial(rank_plainly, clock, plain_draws),
        "tally_plain": partial(_plainly, tally_in_pieces, frame, ranks[:plain_draws]),
        "leaf_plain": partial(_plainly, _roots, frame, ranks[:plain_draws]),
    }
    if compiled:
        tasks |= {
            "draw_kernel": partial(rank_on_kernels, clock, kernel_draws),
            "tally_kernel": partial(tally_in_pieces, frame, ranks),
            "leaf_kernel": partial(_roots, frame, ranks),
        }
    timed = in_turns(amounts.repeats, tasks)
    amount = {"plain": plain_draws, "kernel": kernel_draws}
    ns = {name: nanoseconds(timing.median, amount[name.partition("_")[2]]) for name, timing in timed.items()}
    found: dict[str, Any] = {"history_draws": HISTORY_DRAWS}
    way = "kernel" if compiled else "plain"
    found["histories_per_second"] = round(1e9 / (ns[f"tally_{way}"] * HISTORY_DRAWS))
    found["leaves_per_second"] = round(1e9 / ns[f"leaf_{way}"])
    for name in ("tally", "leaf"):
        kernel, plain = ns.get(f"{name}_kernel"), ns[f"{name}_plain"]
        found[f"{name}_kernel_ns"] = kernel
        found[f"{name}_plain_ns"] = plain
        found[f"{name}_kernel_to_plain"] = kernel and times(plain, kernel)
        found[f"{name}_to_draw"] = times(ns[f"{name}_{way}"], ns[f"draw_{way}"])
    return found


def tally_in_pieces(frame: Frame, ranks: Ranks) -> Tallies:
    """Tally as many whole histories as there are, some at a time; returns the last piece."""
    step = PIECE_HISTORIES * frame.draws
    whole = ranks[: len(ranks) // frame.draws * frame.draws]
    *_, last = (tally_ranks(frame, whole[start : start + step]) for start in range(0, len(whole), step))
    return last


def _roots(_: Frame, ranks: Ranks) -> object:
    return block_roots(ranks)


def _plainly(work: Callable[[Frame, Ranks], object], frame: Frame, ranks: Ranks) -> None:
    with plain_only():
        work(frame, ranks)


def _frame(game: Game, ranks: Ranks) -> Frame:
    """Return the calendar of a game's first draws."""
    days = draw_dates(game, game.since, game.since + timedelta(weeks=HISTORY_DRAWS))
    dates = np.array(list(islice(days, HISTORY_DRAWS)), dtype="datetime64[D]")
    main, bonus = unrank_all(game, ranks[:HISTORY_DRAWS])
    return frame_of(History(game=game, dates=dates, main=main, bonus=bonus))


def _require_the_same(frame: Frame, ranks: Ranks) -> None:
    """Raise BenchmarkError unless kernels and numpy tally alike, kernels and hashlib hash alike."""
    found = []
    for context in (nullcontext(), plain_only()):
        with context:
            tallies = tally_ranks(frame, ranks[: CHECKED_HISTORIES * frame.draws])
            counts = [getattr(tallies, field.name) for field in attrs.fields(Tallies)]
            found.append([*counts, block_roots(ranks[: CHECKED_BLOCKS * BLOCK_LEAVES])])
    if not all(map(np.array_equal, *found)):
        raise BenchmarkError(f"{frame.game.game_id}: kernels and the plain path tally or hash differently")
