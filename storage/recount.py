"""The full check: a game drawn again from its first draw, and everything that was ever counted of it counted anew."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from storage.checking import Check
from storage.chunks import OCCURRENCES, sound_groups, subset_table
from storage.comparisons import comparison_of
from storage.draws import SEGMENT_DRAWS_MAX
from storage.encoding import unpack_counts
from storage.proof_check import LogCheck
from storage.results import result_of_date
from universe.calendar import LogicalClock
from universe.cells import EMPTY, SPARSE, Cells, Chunk, Counts, counts_of, offset_type, places_in
from universe.counting import Delta, Totals, count_draws, totals_width
from universe.proofs import Head
from universe.ranking import Ranks
from universe.seed import ranks_of_draws
from universe.subsets import Index, count_indexes, occurrence_index, subset_indexes

PIECES_AHEAD = 2


def recount_game(check: Check, tick: Callable[[int], None], published: Head | None = None) -> int:
    """Compare raw draws, their log, totals, every counter, matches and events with a recount; returns the draws.

    ``published`` is a root that the log once showed: the draws recounted are then those that it commits to. Memory: 4
    or 8 bytes a draw, and 4 bytes a subset counter.
    """
    clock = check.clock
    if clock is None:
        return 0
    log = LogCheck(check, published)
    if not check.watermark:
        return 0
    drawn = _draws_and_totals(check, clock, log, tick)
    _counters(check, drawn)
    _comparisons(check, clock)
    return check.watermark


def _draws_and_totals(check: Check, clock: LogicalClock, log: LogCheck, tick: Callable[[int], None]) -> list[Ranks]:
    """Draw everything again, beside what is stored; returns the draws that the indexes hold, in pieces."""
    running = np.zeros(totals_width(check.game), dtype=np.int64)
    drawn: list[Ranks] = []
    with ThreadPoolExecutor(1) as ahead:  # draws the next piece while this one is compared
        coming: deque[tuple[int, Ranks | None, Future[tuple[Ranks, Delta]]]] = deque()
        for first, last, stored in _pieces(check):
            coming.append((first, stored, ahead.submit(_draw_and_count, clock, first, last)))
            if len(coming) > PIECES_AHEAD:
                running = _same_piece(check, clock, log, running, drawn, *coming.popleft())
                tick(first)
        while coming:
            running = _same_piece(check, clock, log, running, drawn, *coming.popleft())
    tick(check.watermark)
    return drawn


def _draw_and_count(clock: LogicalClock, first: int, last: int) -> tuple[Ranks, Delta]:
    ranks = ranks_of_draws(clock, first, last)
    return ranks, count_draws(clock, first, ranks)


def _pieces(check: Check) -> Iterator[tuple[int, int, Ranks | None]]:
    """Yield all draws in pieces: first, last, and what is stored of them, None where no raw draws are."""
    number = 1
    for first, ranks in check.segments():
        for start in range(number, first, SEGMENT_DRAWS_MAX):
            yield start, min(first - 1, start + SEGMENT_DRAWS_MAX - 1), None
        number = first + len(ranks)
        yield first, number - 1, ranks
    for start in range(number, check.watermark + 1, SEGMENT_DRAWS_MAX):
        yield start, min(check.watermark, start + SEGMENT_DRAWS_MAX - 1), None


def _same_piece(
    check: Check,
    clock: LogicalClock,
    log: LogCheck,
    running: Totals,
    drawn: list[Ranks],
    first: int,
    stored: Ranks | None,
    counted: "Future[tuple[Ranks, Delta]]",
) -> Totals:
    """Compare one piece and the days that end in it; keep its draws, and return the running totals after it."""
    ranks, delta = counted.result()
    if stored is not None:
        check.equal_ranks("raw_segment", first, stored, ranks)
    log.add(ranks if stored is None else stored)
    last = first + len(ranks) - 1
    for day in sorted(delta.totals):
        running = running + delta.totals[day]
        if last >= min(check.watermark, (day + 1) * clock.draws_per_day):
            _same_day(check, day, running)
    drawn.append(ranks[: max(0, check.folded - first + 1)])
    return running


def _counters(check: Check, drawn: Sequence[Ranks]) -> None:
    """Count every index anew, one range of ranks at a time, and compare."""
    game, index = check.game, occurrence_index(check.game)
    subsets = {index: np.zeros(index.cells, dtype=np.uint32) for index in subset_indexes(game)}
    for start, end, chunks in sound_groups(check, index, OCCURRENCES):
        increments = count_indexes(game, [ranks[(ranks >= start) & (ranks < end)] for ranks in drawn])
        for subset_index, counted in increments.subsets:
            if len(counted) == subset_index.cells:
                subsets[subset_index] += counted.astype(np.uint32, copy=False)
            else:
                np.add.at(subsets[subset_index], counted, 1)
        bounds = [*range(start, end, index.chunk_cells), end]
        for base, (low, high) in zip(bounds, pairwise(places_in(increments.ascending, bounds)), strict=False):
            chunk = chunks.get(base // index.chunk_cells, EMPTY)
            _same_occurrences(check, index, base, chunk, increments.ascending[low:high])
    for subset_index, expected in subsets.items():
        _same_subsets(check, subset_index, expected)


def _same_occurrences(check: Check, index: Index, base: int, chunk: Chunk, drawn: Ranks) -> None:
    """Hold a chunk of occurrences, from rank ``base`` on, against the ranks drawn in it, ascending."""
    offsets = drawn.astype(np.int64) - base
    if chunk.width == SPARSE:  # its cells may be more than memory holds
        entries = np.frombuffer(chunk.data, dtype=offset_type(index.chunk_cells)).astype(np.int64)
        if np.array_equal(entries, offsets):
            return
        cells: Cells = np.union1d(entries, offsets)
        stored: Counts = np.bincount(np.searchsorted(cells, entries), minlength=len(cells))
        expected = np.bincount(np.searchsorted(cells, offsets), minlength=len(cells))
    else:
        cells = np.arange(index.chunk_cells)
        stored = counts_of(chunk, index.chunk_cells, 0, index.chunk_cells)
        expected = np.bincount(offsets, minlength=index.chunk_cells)
    for at in np.flatnonzero(stored != expected)[:1].tolist():
        check.differs(OCCURRENCES, f"rank {base + int(cells[at])}", int(stored[at]), int(expected[at]))


def _same_subsets(check: Check, index: Index, expected: npt.NDArray[np.uint32]) -> None:
    table = subset_table(index)
    for start, end, chunks in sound_groups(check, index, table):
        for base in range(start, end, index.chunk_cells):
            cells = min(index.chunk_cells, end - base)
            stored = counts_of(chunks.get(base // index.chunk_cells, EMPTY), index.chunk_cells, 0, cells)
            for at in np.flatnonzero(stored != expected[base : base + cells])[:1].tolist():
                check.differs(table, f"cell {base + at}", int(stored[at]), int(expected[base + at]))


def _same_day(check: Check, day: int, expected: Totals) -> None:
    sql = "SELECT totals FROM day_total WHERE game_key = ? AND day = ?"
    with check.reading("day_total", f"day {day}"):
        stored = unpack_counts(check.db.execute(sql, (check.key, day)).get)
        check.differs("day_total", f"day {day}", stored.tolist(), expected.tolist())


def _comparisons(check: Check, clock: LogicalClock) -> None:
    """Compare every date's draws with its result again, as far as that had come."""
    stored_events = check.rows("draw_number, level, main, bonus, rank", "match_event")
    for day, last, packed in check.rows("draw_date, compared_to, levels", "comparison"):
        with check.reading("comparison", day):
            stored = result_of_date(check.db, check.key, date.fromisoformat(day))
            assert stored is not None
            first = clock.draws_of_date(stored.result.draw_date).start
            unit = comparison_of(clock, stored.result, first, ranks_of_draws(clock, first, last))
            check.differs("comparison", day, unpack_counts(packed).tolist(), unit.levels.tolist())
        for event in unit.events:
            main, bonus = event.main_matches, event.bonus_matches
            expected = (event.draw_number, main + bonus, main, bonus, event.rank)
            check.differs("match_event", f"draw {event.draw_number}", next(stored_events, None), expected)
    check.differs("match_event", "after the last", next(stored_events, None), None)
