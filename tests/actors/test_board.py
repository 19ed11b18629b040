"""What the board shows, and that nobody who waits at it misses a ring."""

# ruff: noqa: ARG001 - a test asks for virtual time by naming autojump_clock

from datetime import timedelta

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.board import Board, FeedVitals, Signal
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


async def test_every_parked_actor_is_told_by_name() -> None:
    board = Board()
    for actor in ("writer", "A.ingestor", "watcher"):
        board.park(actor, "no room", START)
    board.unpark("watcher")
    assert [parked.actor for parked in board.parked()] == ["A.ingestor", "writer"]


async def test_restarts_are_told_of_every_actor_that_is_expected() -> None:
    board = Board()
    board.expect(["A.simulator", "A.comparer"])
    board.note_restart("A.simulator")
    board.note_restart("A.simulator")
    board.note_restart("core")
    assert board.restarts() == {"A.simulator": 2, "A.comparer": 0, "core": 1}


async def test_commits_are_summed_by_game_and_in_time() -> None:
    board = Board()
    for first, last, seconds in ((1, 10, 0.25), (11, 13, 0.5)):
        board.note_commit(Committed(draws={"A": (first, last)}, results=(), compared_draws=0), seconds)
    board.note_commit(Committed(draws={"B": (7, 7)}, results=(), compared_draws=0), 1)
    assert board.drawn == {"A": 13, "B": 1}
    assert board.commit_seconds == 1.75


async def test_a_game_that_is_drawn_shows_how_long_it_has_been_quiet(autojump_clock: MockClock) -> None:
    board = Board()
    board.simulating.add("A")
    await trio.sleep(10)
    board.simulating.add("A")  # it is drawn already
    board.simulating.add("B")
    assert board.simulating.quiet_seconds() == {"A": 10, "B": 0}
    board.note_commit(Committed(draws={"A": (1, 2), "C": (1, 2)}, results=(), compared_draws=0))
    await trio.sleep(5)
    assert board.simulating.quiet_seconds() == {"A": 5, "B": 5}
    board.simulating.discard("A")
    board.simulating.discard("A")
    assert "A" not in board.simulating
    assert "B" in board.simulating


async def test_a_feed_is_shown_from_the_first_question_on_over_all_lives_of_its_ingestor() -> None:
    board, later = Board(), START + timedelta(hours=1)
    board.expect_feed("A", START)
    board.note_feed_failure("A")
    board.expect_feed("A", later)  # the ingestor crashed and begins anew
    assert board.feeds() == {"A": FeedVitals(asked_since=START, read_at=None, failures=1)}
    board.note_feed_read("A", later)
    board.note_feed_failure("A")
    assert board.feeds() == {"A": FeedVitals(asked_since=START, read_at=later, failures=2)}


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
