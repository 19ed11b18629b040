"""What every Store promises, said once, in terms of the protocol alone. Run it on each implementation."""

from collections.abc import Callable
from datetime import date

import pytest

from storage.comparisons import comparison_of
from storage.interface import Committed, GapError, PendingComparison, Store
from universe.calendar import LogicalClock
from universe.counting import count_draws
from universe.draw_tree import roots_of_blocks
from universe.game import Game, Period, Pool
from universe.merkle import BLOCK_LEAVES
from universe.results.result import RealResult
from universe.seed import ranks_of_draws
from universe.units import ComparisonUnit, DrawBatch, DrawUnit, ProofUnit, ResultsUnit

MakeStore = Callable[[Game, date, int, int], Store]  # game, epoch, draws per day, max draws: a new, empty universe

EPOCH = date(2024, 1, 1)  # a Monday
GAME = Game(
    game_id="CHECKED",
    since=EPOCH,
    main=Pool(picked=3, size=12),
    bonus=Pool(picked=1, size=4),
    schedule=(Period(start=EPOCH, days=("Wed", "Sat")),),
)
WEDNESDAY, SATURDAY = date(2024, 1, 3), date(2024, 1, 6)  # three logical days each
DAY = 100  # draws: Wednesday has draws 1..300, Saturday 301..600
MAX_DRAWS = 1_000
CLOCK = LogicalClock(game=GAME, epoch=EPOCH, draws_per_day=DAY)


def draws(first: int, last: int, clock: LogicalClock = CLOCK) -> DrawUnit:
    """Return these draws as their simulator and aggregator would."""
    ranks = ranks_of_draws(clock, first, last)
    batch = DrawBatch(clock=clock, first=first, ranks=ranks)
    return DrawUnit(batch=batch, delta=count_draws(clock, first, ranks))


def result(day: date, *main: int, bonus: int = 1) -> RealResult:
    return RealResult(draw_date=day, main_numbers=main or (1, 2, 3), bonus_numbers=(bonus,))


def results(*rows: RealResult) -> ResultsUnit:
    return ResultsUnit(game_id=GAME.game_id, results=rows, source="a test")


def compared(pending: PendingComparison) -> ComparisonUnit:
    """Return what the comparer makes of pending draws."""
    ranks = ranks_of_draws(pending.clock, pending.first, pending.last)
    return comparison_of(pending.clock, pending.result, pending.first, ranks)


def check_store(make_store: MakeStore) -> None:
    """Hold an implementation to everything that actors rely on."""
    for check in CHECKS:
        check(make_store)


def _empty(make_store: MakeStore) -> Store:
    return make_store(GAME, EPOCH, DAY, MAX_DRAWS)


def _watermark(store: Store) -> int:
    return store.progress(GAME.game_id).watermark


def _pending(store: Store, draws_max: int = MAX_DRAWS) -> tuple[date, int, int] | None:
    pending = store.pending_comparisons(GAME.game_id, draws_max)
    return (pending[0].result.draw_date, pending[0].first, pending[0].last) if pending else None


def _nothing_new(committed: Committed) -> bool:
    inserted = [stored for stored in committed.results if stored.inserted]
    return not committed.draws and not inserted and not committed.compared_draws


def it_starts_empty(make_store: MakeStore) -> None:
    progress = _empty(make_store).progress(GAME.game_id)
    assert (progress.clock, progress.watermark, progress.halt_reason) == (CLOCK, 0, None)
    assert _empty(make_store).game(GAME.game_id) == GAME
    assert _pending(_empty(make_store)) is None


def a_commit_moves_the_watermark(make_store: MakeStore) -> None:
    store = _empty(make_store)
    committed = store.commit([draws(1, 40)])
    assert committed.draws == {GAME.game_id: (1, 40)}
    assert _watermark(store) == 40


def a_group_is_one_commit(make_store: MakeStore) -> None:
    store = _empty(make_store)
    committed = store.commit([draws(1, 40), draws(41, 50), draws(51, 250)])
    assert committed.draws == {GAME.game_id: (1, 250)}
    assert _watermark(store) == 250


def a_replay_is_skipped(make_store: MakeStore) -> None:
    store = _empty(make_store)
    store.commit([draws(1, 40)])
    assert _nothing_new(store.commit([draws(1, 40), draws(11, 20)]))
    assert _watermark(store) == 40


def a_unit_partly_below_the_watermark_gives_its_rest(make_store: MakeStore) -> None:
    store = _empty(make_store)
    store.commit([draws(1, 40)])
    assert store.commit([draws(21, 60), draws(51, 70)]).draws == {GAME.game_id: (41, 70)}
    assert _watermark(store) == 70


def a_gap_is_refused_and_nothing_of_its_group_is_kept(make_store: MakeStore) -> None:
    store = _empty(make_store)
    store.commit([draws(1, 40)])
    with pytest.raises(GapError):
        store.commit([results(result(WEDNESDAY)), draws(41, 50), draws(52, 60)])
    assert _watermark(store) == 40
    assert store.missing_results(GAME.game_id, WEDNESDAY, WEDNESDAY) == (WEDNESDAY,)
    assert store.commit([draws(41, 50)]).draws == {GAME.game_id: (41, 50)}


def the_bound_is_told_and_reached(make_store: MakeStore) -> None:
    store = make_store(GAME, EPOCH, DAY, 50)
    assert store.progress(GAME.game_id).last_allowed == 50
    store.commit([draws(1, 49)])
    assert store.progress(GAME.game_id).halt_reason is None
    store.commit([draws(50, 50)])
    assert store.progress(GAME.game_id).halt_reason == "max_draws"


def results_are_kept_once(make_store: MakeStore) -> None:
    store = _empty(make_store)
    (stored,) = store.commit([results(result(WEDNESDAY), result(SATURDAY))]).results
    assert [row.draw_date for row in stored.inserted] == [WEDNESDAY, SATURDAY]
    (again,) = store.commit([results(result(SATURDAY))]).results
    assert (again.inserted, again.already_present, again.conflicts) == ((), 1, ())


def a_contradiction_changes_nothing(make_store: MakeStore) -> None:
    store = _empty(make_store)
    store.commit([results(result(WEDNESDAY, 1, 2, 3))])
    offered = result(WEDNESDAY, 4, 5, 6)
    for _ in range(2):
        (stored,) = store.commit([results(offered, result(SATURDAY))]).results
        (conflict,) = stored.conflicts
        assert (conflict.stored, conflict.offered) == (result(WEDNESDAY, 1, 2, 3), offered)
    store.commit([draws(1, 10)])
    assert store.commit([results(result(WEDNESDAY, 1, 2, 3))]).results[0].already_present == 1


def missing_results_are_the_draw_dates_without_one(make_store: MakeStore) -> None:
    store = _empty(make_store)
    store.commit([results(result(SATURDAY))])
    missing = store.missing_results(GAME.game_id, EPOCH, date(2024, 1, 13))
    assert missing == (WEDNESDAY, date(2024, 1, 10), date(2024, 1, 13))


def draws_are_compared_with_a_result_that_is_there(make_store: MakeStore) -> None:
    store = _empty(make_store)
    store.commit([results(result(WEDNESDAY))])
    assert _pending(store) is None
    assert store.commit([draws(1, 120)]).compared_draws == 120
    assert store.commit([draws(121, 400)]).compared_draws == 180  # Saturday's have no result yet
    assert _pending(store) is None


def results_of_a_group_come_before_its_draws(make_store: MakeStore) -> None:
    store = _empty(make_store)
    assert store.commit([draws(1, 120), results(result(WEDNESDAY))]).compared_draws == 120


def earlier_draws_wait_for_the_comparer(make_store: MakeStore) -> None:
    store = _empty(make_store)
    store.commit([draws(1, 600)])
    assert store.commit([results(result(WEDNESDAY), result(SATURDAY))]).compared_draws == 0
    assert _pending(store, draws_max=200) == (WEDNESDAY, 1, 200)
    pieces = []
    while pending := store.pending_comparisons(GAME.game_id, 200):
        units = [compared(piece) for piece in pending]
        pieces.append([(unit.first, unit.last) for unit in units])
        assert store.commit(units).compared_draws == sum(unit.last - unit.first + 1 for unit in units)
    assert pieces == [[(1, 200)], [(201, 300), (301, 400)], [(401, 600)]]


def a_comparison_counts_once(make_store: MakeStore) -> None:
    store = _empty(make_store)
    store.commit([draws(1, 300), results(result(SATURDAY))])
    store.commit([results(result(WEDNESDAY))])
    (pending,) = store.pending_comparisons(GAME.game_id, MAX_DRAWS)
    assert store.commit([compared(pending)]).compared_draws == 300
    assert _nothing_new(store.commit([compared(pending)]))


def a_short_backlog_closes_with_the_next_draws(make_store: MakeStore) -> None:
    store = _empty(make_store)
    store.commit([draws(1, 120)])
    store.commit([results(result(WEDNESDAY))])
    (overtaken,) = store.pending_comparisons(GAME.game_id, MAX_DRAWS)
    assert store.commit([draws(121, 140)]).compared_draws == 140
    assert _pending(store) is None
    assert _nothing_new(store.commit([compared(overtaken)]))


def a_long_backlog_stays_pending(make_store: MakeStore) -> None:
    store = make_store(GAME, EPOCH, 10_000, 100_000)
    clock = LogicalClock(game=GAME, epoch=EPOCH, draws_per_day=10_000)
    store.commit([draws(1, 10_001, clock)])
    store.commit([results(result(WEDNESDAY))])
    assert store.commit([draws(10_002, 10_003, clock)]).compared_draws == 0
    assert _pending(store, draws_max=20_000) == (WEDNESDAY, 1, 10_003)


LONG = LogicalClock(game=GAME, epoch=EPOCH, draws_per_day=10_000)


def _with_blocks(make_store: MakeStore, last: int) -> Store:
    store = make_store(GAME, EPOCH, LONG.draws_per_day, 100_000)
    store.commit([draws(1, last, LONG)])
    return store


def _hashed(first: int, end: int) -> ProofUnit:
    return ProofUnit(game_id=GAME.game_id, first=first, roots=roots_of_blocks(LONG, first, end))


def _blocks_pending(store: Store, draws_max: int = 100_000) -> tuple[int, int] | None:
    pending = store.pending_blocks(GAME.game_id, draws_max)
    assert len(pending) <= 1
    return (pending[0].first, pending[0].blocks) if pending else None


def a_block_of_the_log_waits_until_it_is_whole(make_store: MakeStore) -> None:
    store = _with_blocks(make_store, BLOCK_LEAVES - 1)
    assert _blocks_pending(store) is None
    store.commit([draws(BLOCK_LEAVES, BLOCK_LEAVES, LONG)])
    (pending,) = store.pending_blocks(GAME.game_id, 100_000)
    assert (pending.clock, pending.first, pending.blocks, pending.draws) == (LONG, 0, 1, BLOCK_LEAVES)


def pending_blocks_are_bounded_but_never_none(make_store: MakeStore) -> None:
    store = _with_blocks(make_store, 5 * BLOCK_LEAVES + 7)
    bounds = (1, BLOCK_LEAVES, 2 * BLOCK_LEAVES - 1, 2 * BLOCK_LEAVES, 100_000)
    assert [_blocks_pending(store, bound) for bound in bounds] == [(0, 1), (0, 1), (0, 1), (0, 2), (0, 5)]


def blocks_are_logged_once_and_in_order(make_store: MakeStore) -> None:
    store = _with_blocks(make_store, 5 * BLOCK_LEAVES)
    assert _nothing_new(store.commit([_hashed(1, 3)]))  # does not follow: left out
    assert _blocks_pending(store) == (0, 5)
    store.commit([_hashed(0, 2)])
    store.commit([_hashed(0, 2)])
    assert _blocks_pending(store) == (2, 3)
    store.commit([_hashed(2, 3), _hashed(3, 5)])
    assert _blocks_pending(store) is None
    store.commit([draws(5 * BLOCK_LEAVES + 1, 6 * BLOCK_LEAVES, LONG)])
    assert _blocks_pending(store) == (5, 1)


def there_are_no_histories_to_measure_without_results(make_store: MakeStore) -> None:
    assert _with_blocks(make_store, 5_000).pending_histories(GAME.game_id, 100_000) == ()


CHECKS: tuple[Callable[[MakeStore], None], ...] = (
    it_starts_empty,
    a_commit_moves_the_watermark,
    a_group_is_one_commit,
    a_replay_is_skipped,
    a_unit_partly_below_the_watermark_gives_its_rest,
    a_gap_is_refused_and_nothing_of_its_group_is_kept,
    the_bound_is_told_and_reached,
    results_are_kept_once,
    a_contradiction_changes_nothing,
    missing_results_are_the_draw_dates_without_one,
    draws_are_compared_with_a_result_that_is_there,
    results_of_a_group_come_before_its_draws,
    earlier_draws_wait_for_the_comparer,
    a_comparison_counts_once,
    a_short_backlog_closes_with_the_next_draws,
    a_long_backlog_stays_pending,
    a_block_of_the_log_waits_until_it_is_whole,
    pending_blocks_are_bounded_but_never_none,
    blocks_are_logged_once_and_in_order,
    there_are_no_histories_to_measure_without_results,
)
