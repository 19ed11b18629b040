"""Results that come before their draws, and after them."""

# ruff: noqa: ARG001 - a test asks for virtual time by naming autojump_clock

from functools import partial

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors import comparer
from actors.comparer import COMPARER, compare_draws
from actors.mail import Letter, deliver
from actors.trailing import run_trailing
from actors.watcher import WATCH_SECONDS, run_watcher
from actors.writer import run_writer
from storage.interface import PendingComparison
from storage.memory import MemoryStore
from tests.actors.scenes import GAME_ID, SATURDAY, WEDNESDAY, clock_of, draws, make_store, make_world, result, results
from universe.units import DrawUnit

LATE = results(result(WEDNESDAY), result(SATURDAY))


def compared_at_once() -> MemoryStore:
    """Return a store in which results were there before the draws."""
    store = make_store()
    store.commit([LATE])
    store.commit([draws(1, 500)])
    return store


def shown(store: MemoryStore) -> object:
    """Return what a store knows of its comparisons."""
    state = store.games[GAME_ID]
    events = [(event.draw_number, event.main_matches, event.rank) for event in state.events]
    return state.levels, sorted(events), state.compared_to


def test_a_comparison_needs_no_stored_draw() -> None:
    pending = PendingComparison(clock=clock_of(), result=result(WEDNESDAY), first=101, last=250)
    unit = compare_draws(pending)
    assert (unit.game_id, unit.draw_date, unit.first, unit.last) == (GAME_ID, WEDNESDAY, 101, 250)
    assert unit.levels.sum() == 150


async def test_late_results_give_the_same_comparison_as_early_ones(
    nursery: trio.Nursery, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparer, "COMPARE_DRAWS_MAX", 70)
    store = make_store()
    world = make_world(store)
    world.board.expect([COMPARER.actor(GAME_ID)])
    send, inbox = trio.open_memory_channel[Letter](8)
    nursery.start_soon(run_writer, inbox, world)
    nursery.start_soon(run_trailing, COMPARER, GAME_ID, world, send)
    await deliver(draws(1, 500), send)
    await deliver(LATE, send)
    assert not world.board.is_settled()
    await world.board.wait_settled()
    assert shown(store) == shown(compared_at_once())
    nursery.cancel_scope.cancel()


async def test_one_piece_is_in_flight_at_a_time(nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparer, "COMPARE_DRAWS_MAX", 70)
    store = make_store()
    store.commit([draws(1, 500)])
    store.commit([LATE])
    send, inbox = trio.open_memory_channel[Letter](8)
    nursery.start_soon(run_trailing, COMPARER, GAME_ID, make_world(store), send)
    await wait_all_tasks_blocked()
    assert inbox.statistics().current_buffer_used == 1
    letter = inbox.receive_nowait()
    letter.answer(store.commit([letter.unit]))
    await wait_all_tasks_blocked()
    assert inbox.statistics().current_buffer_used == 1
    nursery.cancel_scope.cancel()


async def test_results_from_another_process_are_compared_within_a_second(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    store = make_store()
    store.commit([draws(1, 500)])
    world = make_world(store)
    send, inbox = trio.open_memory_channel[Letter](8)
    for actor in (partial(run_writer, inbox), run_watcher, lambda world: run_trailing(COMPARER, GAME_ID, world, send)):
        nursery.start_soon(actor, world)
    await trio.sleep(10.1)
    store.commit_elsewhere([LATE])
    await trio.sleep(1)
    assert shown(store) == shown(compared_at_once())
    nursery.cancel_scope.cancel()


async def test_draws_that_overtake_a_comparison_are_counted_once(nursery: trio.Nursery) -> None:
    """The store closes a short backlog itself; the comparison that was under way is then a replay."""
    store = make_store()
    store.commit([draws(1, 120)])
    store.commit([LATE])
    send, inbox = trio.open_memory_channel[Letter](8)
    nursery.start_soon(run_trailing, COMPARER, GAME_ID, make_world(store), send)
    await wait_all_tasks_blocked()
    store.commit([draws(121, 500)])
    letter = inbox.receive_nowait()
    assert not isinstance(letter.unit, DrawUnit)
    letter.answer(store.commit([letter.unit]))
    await wait_all_tasks_blocked()
    assert shown(store) == shown(compared_at_once())
    nursery.cancel_scope.cancel()


async def test_the_watcher_tells_once_per_change(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    store = make_store()
    world = make_world(store)
    nursery.start_soon(run_watcher, world)
    await trio.sleep(10)
    assert world.board.news.rings == 1  # at its start, for what it may have missed
    store.extend(GAME_ID, 2_000)
    await trio.sleep(2 * WATCH_SECONDS)
    assert world.board.news.rings == 2
    nursery.cancel_scope.cancel()
