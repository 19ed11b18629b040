"""Which units share a transaction, what a cancelled or refused commit leaves, and what is told about it."""

# ruff: noqa: ARG001 - a test asks for virtual time by naming autojump_clock

from datetime import timedelta

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.mail import Letter, deliver
from actors.patience import PARK_RETRY_SECONDS
from actors.writer import result_lines, run_writer
from storage.errors import StoreFull
from storage.interface import Committed, StoredResults
from tests.actors.scenes import (
    EPOCH,
    GAME_ID,
    SATURDAY,
    START,
    WEDNESDAY,
    crash_at,
    draws,
    expected_ranks,
    mailbox,
    make_store,
    make_world,
    ranks_in,
    result,
    results,
    run_for,
    sleeping_for,
)


async def test_a_closed_mailbox_is_drained_before_the_writer_ends(autojump_clock: MockClock) -> None:
    store = make_store()
    await run_writer(mailbox([draws(1, 10), draws(11, 20)]), make_world(store))
    assert ranks_in(store) == expected_ranks(20)


async def test_one_line_tells_of_one_transaction(autojump_clock: MockClock) -> None:
    world = make_world(make_store(), offload=sleeping_for(0.25))
    with capture_logs() as logs:
        await run_writer(mailbox([draws(1, 10), draws(11, 20), results(result(WEDNESDAY)), draws(21, 30)]), world)
    commits = [line for line in logs if line["event"] == "batch.committed"]
    assert [(line["games"], line["draws"], line["waiting"]) for line in commits] == [
        ({GAME_ID: (1, 20)}, 20, 0),  # the next group has been taken out of the mailbox meanwhile
        ({GAME_ID: (21, 30)}, 10, 0),
    ]
    assert [line["seconds"] for line in commits] == [0.25, 0.25]
    assert (world.board.commits.rings, world.board.commit_seconds) == (2, 0.5)
    assert world.board.drawn == {GAME_ID: 30}


async def test_stored_results_and_conflicts_are_told_one_by_one(autojump_clock: MockClock) -> None:
    offered = results(result(WEDNESDAY, (5, 6)), result(SATURDAY))
    with capture_logs() as logs:
        await run_writer(mailbox([results(result(WEDNESDAY)), offered]), make_world(make_store()))
    told = [line for line in logs if line["event"] != "batch.committed"]
    assert [(line["event"], line["draw_date"]) for line in told] == [
        ("result.stored", "2024-01-03"),
        ("result.stored", "2024-01-06"),
        ("result.conflict", "2024-01-03"),
    ]
    assert (told[2]["stored"], told[2]["offered"]) == ([1, 2], [5, 6])


def test_a_large_ingest_is_told_in_one_line() -> None:
    inserted = tuple(result(EPOCH + timedelta(days=day)) for day in range(11))
    stored = StoredResults(game_id=GAME_ID, inserted=inserted, already_present=0, conflicts=())
    assert list(result_lines(stored)) == [{"count": 11, "first": "2024-01-01", "last": "2024-01-11"}]


async def test_senders_listeners_and_the_board_hear_of_a_commit(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    world = make_world(make_store())
    heard: list[Committed] = []
    world.board.listeners.append(heard.append)
    send, inbox = trio.open_memory_channel[Letter](1)
    nursery.start_soon(run_writer, inbox, world)
    assert (await deliver(draws(1, 10), send)).draws == {GAME_ID: (1, 10)}
    assert world.board.news.rings == 0
    assert (await deliver(results(result(WEDNESDAY)), send)).results[0].inserted == (result(WEDNESDAY),)
    assert world.board.news.rings == 1  # only results are news: draws concern nobody else
    assert len(heard) == world.board.commits.rings == 2
    send.close()


async def test_a_commit_under_way_is_finished_while_the_writer_is_cancelled(autojump_clock: MockClock) -> None:
    store = make_store()
    world = make_world(store, offload=sleeping_for(2))
    inbox = mailbox([draws(1, 10)])
    await run_for(1, lambda: run_writer(inbox, world))
    assert trio.current_time() == 2
    assert ranks_in(store) == expected_ranks(10)


async def test_a_full_disk_parks_the_writer_which_goes_on_by_itself(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    store = make_store()
    store.fault = crash_at((1, "before"), (2, "after"), error=StoreFull)
    world = make_world(store)
    nursery.start_soon(run_writer, mailbox([draws(1, 10)]), world)
    await trio.sleep(1.5 * PARK_RETRY_SECONDS)
    parked = world.board.status_of(GAME_ID).parked
    assert parked is not None
    assert (parked.actor, parked.reason) == ("writer", "commit 2 failed after it was kept")
    assert parked.since == START
    await trio.sleep(PARK_RETRY_SECONDS)
    assert world.board.status_of(GAME_ID).parked is None
    assert ranks_in(store) == expected_ranks(10)


async def test_a_parked_writer_can_be_cancelled(autojump_clock: MockClock) -> None:
    store = make_store()
    store.fault = crash_at(*((commit, "before") for commit in range(100)), error=StoreFull)
    world = make_world(store)
    inbox = mailbox([draws(1, 10)])
    await run_for(12, lambda: run_writer(inbox, world))
    assert trio.current_time() == 12
    assert world.board.status_of(GAME_ID).parked is None


async def test_any_other_error_of_a_commit_is_a_crash(autojump_clock: MockClock) -> None:
    store = make_store()
    with pytest.RaisesGroup(pytest.RaisesExc(AssertionError, match="do not follow")):
        await run_writer(mailbox([draws(2, 10)]), make_world(store))
    await wait_all_tasks_blocked()
    assert ranks_in(store) == ()
