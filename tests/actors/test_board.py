"""What the board shows, and that nobody who waits at it misses a ring."""

from datetime import timedelta

import trio
from trio.testing import wait_all_tasks_blocked

from actors.board import Board, Signal
from storage.interface import Committed
from tests.actors.scenes import START


async def test_a_ring_between_looking_and_waiting_is_not_missed() -> None:
    signal = Signal()
    seen = signal.rings
    signal.ring()
    with trio.fail_after(1):
        await signal.wait_after(seen)


async def test_everyone_who_waits_is_woken(nursery: trio.Nursery) -> None:
    signal, woken = Signal(), []

    async def wait(name: str) -> None:
        await signal.wait_after(signal.rings)
        woken.append(name)

    nursery.start_soon(wait, "a")
    nursery.start_soon(wait, "b")
    await wait_all_tasks_blocked()
    signal.ring()
    await wait_all_tasks_blocked()
    assert sorted(woken) == ["a", "b"]


async def test_an_actor_belongs_to_the_game_before_the_last_dot() -> None:
    board = Board()
    board.note_restart("A.simulator")
    board.note_restart("A.B.simulator")
    board.note_restart("core")
    assert board.status_of("A").restarts == 2
    assert board.status_of("A.B").restarts == 2
    assert board.status_of("B").restarts == 1


async def test_a_parked_actor_is_shown_since_it_first_said_so() -> None:
    board = Board()
    board.park("writer", "no room", START)
    board.park("writer", "still no room", START + timedelta(hours=1))
    parked = board.status_of("ANY").parked
    assert parked is not None
    assert (parked.actor, parked.reason, parked.since) == ("writer", "still no room", START)
    board.unpark("writer")
    assert board.status_of("ANY").parked is None


async def test_a_games_own_parked_actor_is_shown_before_the_process_wide_one() -> None:
    board = Board()
    board.park("A.ingestor", "conflict", START)
    board.park("writer", "no room", START)
    shown = [board.status_of(game_id).parked for game_id in ("A", "B")]
    assert [parked and parked.actor for parked in shown] == ["A.ingestor", "writer"]


async def test_listeners_hear_of_every_commit() -> None:
    board = Board()
    heard: list[Committed] = []
    board.listeners.append(heard.append)
    committed = Committed(draws={"A": (1, 2)}, results=(), compared_draws=0)
    board.note_commit(committed)
    assert heard == [committed]
    assert board.commits.rings == 1


async def test_news_undoes_that_all_is_settled() -> None:
    board = Board()
    assert not board.is_settled()
    board.expect(["a", "b"])
    board.settle("a", board.news.rings)
    assert not board.is_settled()
    board.settle("b", board.news.rings)
    assert board.is_settled()
    board.news.ring()
    assert not board.is_settled()
