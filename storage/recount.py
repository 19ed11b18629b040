"""The full check: a game drawn again from its first draw, and everything that was ever counted of it counted anew."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from storage.checking import Check
from storage.comparisons import comparison_of, date_levels, total_levels
from storage.counters import stored_groups
from storage.encoding import pack_ranks, unpack_counts, unpack_ranks
from storage.fingerprint import occurrences
from storage.raw import PIECE_DRAWS_MAX
from storage.results import result_of_date
from universe.calendar import LogicalClock
from universe.cells import counted_cells
from universe.counting import Totals, count_draws, totals_width
from universe.ranking import Ranks
from universe.seed import ranks_of_draws
from universe.subsets import Index, count_subsets, subset_indexes


def recount_game(check: Check, tick: Callable[[int], None]) -> int:
    """Compare raw draws, totals, every counter, matches and events with a recount; returns the draws checked.

    Memory: 4 or 8 bytes a draw, and 4 bytes a subset counter.
    """
    clock = check.clock
    if clock is None or not check.watermark:
        return 0
    for first, ranks in check.segments(newest_only=False):
        check.same_ranks("raw_segment", first, ranks)
    _totals_and_counters(check, clock, tick)
    _comparisons(check, clock)
    return check.watermark


def _totals_and_counters(check: Check, clock: LogicalClock, tick: Callable[[int], None]) -> None:
    running = np.zeros(totals_width(check.game), dtype=np.int64)
    subsets = {index: np.zeros(index.cells, dtype=np.uint32) for index in subset_indexes(check.game)}
    drawn: list[bytes] = []
    for first in range(1, check.watermark + 1, PIECE_DRAWS_MAX):
        last = min(check.watermark, first + PIECE_DRAWS_MAX - 1)
        ranks = ranks_of_draws(clock, first, last)
        drawn.append(pack_ranks(check.game, ranks))
        delta = count_draws(clock, first, ranks)
        for day in sorted(delta.totals):
            running = running + delta.totals[day]
            if last >= min(check.watermark, (day + 1) * clock.draws_per_day):
                _same_day(check, day, running)
        for index, counted in count_subsets(check.game, ranks[: max(0, check.folded - first + 1)]):
            if len(counted) == index.cells:
                subsets[index] += counted.astype(np.uint32)
            else:
                np.add.at(subsets[index], counted, 1)
        tick(last)
    _same_occurrences(check, np.sort(unpack_ranks(check.game, b"".join(drawn))))
    for index, expected in subsets.items():
        _same_subsets(check, index, expected)


def _same_day(check: Check, day: int, expected: Totals) -> None:
    packed = check.db.execute("SELECT totals FROM day_total WHERE game_key = ? AND day = ?", (check.key, day)).get
    check.differs("day_total", f"day {day}", unpack_counts(packed).tolist(), expected.tolist())


def _same_occurrences(check: Check, drawn: Ranks) -> None:
    """Hold the index of occurrences, tail included, against all ranks ever drawn, ascending."""
    taken = 0
    for ranks, counts in occurrences(check.db, check.key, check.game):
        stored = np.repeat(ranks, counts)
        wanted = drawn[taken : taken + len(stored)]
        for at in np.flatnonzero(stored[: len(wanted)] != wanted)[:1].tolist():
            rank = min(int(stored[at]), int(wanted[at]))
            held = int(np.count_nonzero(stored == rank))
            check.differs("counter, occurrences", f"rank {rank}", held, int(np.count_nonzero(drawn == rank)))
        taken += len(stored)
    check.differs("counter, occurrences", "sum", taken, len(drawn))


def _same_subsets(check: Check, index: Index, expected: npt.NDArray[np.uint32]) -> None:
    table = f"counter, subsets of {index.size}"
    for start, end, chunks in stored_groups(check.db, check.key, index):
        stored = np.zeros(end - start, dtype=np.int64)
        cells, counts = counted_cells(chunks, index.chunk_cells)
        stored[cells - start] = counts
        for at in np.flatnonzero(stored != expected[start:end])[:1].tolist():
            check.differs(table, f"cell {start + at}", int(stored[at]), int(expected[start + at]))


def _comparisons(check: Check, clock: LogicalClock) -> None:
    """Compare every date's draws with its result again, as far as that had come."""
    dates: list[Any] = check.db.execute(
        "SELECT draw_date, compared_to FROM comparison WHERE game_key = ? ORDER BY draw_date", (check.key,)
    ).fetchall()
    stored_events = check.db.execute(
        "SELECT draw_number, main, bonus, rank FROM match_event WHERE game_key = ? ORDER BY draw_number", (check.key,)
    )
    compared, total = check.readable("match_total", "all", partial(total_levels, check.db, check.key, check.game))
    recounted = np.zeros_like(total)
    for day, last in dates:
        stored = result_of_date(check.db, check.key, date.fromisoformat(day))
        if stored is None:
            check.differs("comparison", day, "compared", "no real result")
            continue
        first = clock.draws_of_date(stored.result.draw_date).start
        unit = comparison_of(clock, stored.result, first, ranks_of_draws(clock, first, last))
        levels = check.readable(
            "comparison", day, partial(date_levels, check.db, check.key, check.game, unit.draw_date)
        )
        check.differs("comparison", day, levels.tolist(), unit.levels.tolist())
        recounted = recounted + unit.levels
        for event in unit.events:
            expected = (event.draw_number, event.main_matches, event.bonus_matches, event.rank)
            check.differs("match_event", f"draw {event.draw_number}", next(stored_events, None), expected)
    check.differs("match_event", "after the last", next(stored_events, None), None)
    check.differs("match_total", "levels", total.tolist(), recounted.tolist())
    check.differs("match_total", "compared", compared, int(recounted.sum()))
