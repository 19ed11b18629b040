"""Where a simulator begins, what holds it back, where it halts and what wakes it."""

# ruff: noqa: ARG001 - a test asks for virtual time by naming autojump_clock

from functools import partial

import attrs
import numpy as np
import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.simulator import BATCH_DAYS_MAX, PLAIN_BATCH_DRAWS, SimulationPlan, batch_draws_max, run_simulator
from actors.world import World
from storage.memory import MemoryStore
from tests.actors.scenes import GAME_ID, clock_of, draws, expected_ranks, make_store, make_world, run_for
from universe.units import DrawBatch

PLAN = SimulationPlan(game_id=GAME_ID)


@attrs.frozen
class Scene:
    """A simulator's surroundings; its mailbox is open at the other end."""

    store: MemoryStore
    world: World
    send: trio.MemorySendChannel[DrawBatch]
    inbox: trio.MemoryReceiveChannel[DrawBatch]

    def commit_waiting(self) -> None:
        """Do at once what aggregator and writer do with whatever is in the mailbox."""
        while self.inbox.statistics().current_buffer_used:
            batch = self.inbox.receive_nowait()
            self.world.board.note_commit(self.store.commit([draws(batch.first, batch.last)]))


@pytest.fixture
def scene() -> Scene:
    store = make_store(max_draws=1_000)
    return Scene(store, make_world(store), *trio.open_memory_channel[DrawBatch](100))


def received(inbox: trio.MemoryReceiveChannel[DrawBatch]) -> list[tuple[int, int]]:
    """Take everything out of a mailbox; return its first and last draw numbers."""
    batches = [inbox.receive_nowait() for _ in range(inbox.statistics().current_buffer_used)]
    return [(batch.first, batch.last) for batch in batches]


async def test_draws_begin_after_the_stores_watermark_and_end_at_its_bound(
    scene: Scene, autojump_clock: MockClock
) -> None:
    scene.store.commit([draws(1, 40)])
    await run_for(1, partial(run_simulator, PLAN, scene.world, scene.send))
    assert received(scene.inbox) == [(41, 1_000)]


async def test_a_batch_holds_what_the_seed_rule_says(scene: Scene, autojump_clock: MockClock) -> None:
    await run_for(1, partial(run_simulator, PLAN, scene.world, scene.send))
    ranks = scene.inbox.receive_nowait().ranks
    assert np.array_equal(ranks, expected_ranks(1_000))


@pytest.mark.parametrize(("last_draw", "last"), [(10, 10), (5_000, 1_000), (0, None)])
async def test_a_process_may_bound_itself_further_but_not_beyond_the_milestone(
    scene: Scene, last_draw: int, last: int | None, autojump_clock: MockClock
) -> None:
    plan = SimulationPlan(game_id=GAME_ID, last_draw=last_draw)
    await run_for(1, partial(run_simulator, plan, scene.world, scene.send))
    assert received(scene.inbox) == ([(1, last)] if last else [])


async def test_a_bulk_batch_is_bounded_by_draws_and_by_days(autojump_clock: MockClock) -> None:
    store = make_store(max_draws=100_000, draws_per_day=1_000)
    send, inbox = trio.open_memory_channel[DrawBatch](100)
    await run_for(1, partial(run_simulator, PLAN, make_world(store), send))
    sizes = [last - first + 1 for first, last in received(inbox)]
    assert sizes == [PLAIN_BATCH_DRAWS] * 3 + [100_000 - 3 * PLAIN_BATCH_DRAWS]
    assert batch_draws_max(clock_of(draws_per_day=2)) == 2 * BATCH_DAYS_MAX


async def test_a_pace_is_kept_tick_by_tick(scene: Scene, autojump_clock: MockClock) -> None:
    plan = SimulationPlan(game_id=GAME_ID, draws_per_second=2.6)
    await run_for(16, partial(run_simulator, plan, scene.world, scene.send))
    assert received(scene.inbox) == [(1, 1), (2, 13), (14, 26), (27, 39)]


async def test_a_full_mailbox_holds_the_simulator_back(
    scene: Scene, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    """Memory stays small however slow the writer is."""
    send, inbox = trio.open_memory_channel[DrawBatch](2)
    plan = SimulationPlan(game_id=GAME_ID, draws_per_second=2.0)
    nursery.start_soon(run_simulator, plan, scene.world, send)
    await trio.sleep(1_000)
    assert inbox.statistics().current_buffer_used == 2
    assert inbox.statistics().tasks_waiting_send == 1
    waited = received(inbox)
    await wait_all_tasks_blocked()
    waited += received(inbox)
    assert waited == [(1, 1), (2, 10), (11, 20), (21, 30)]  # the last is the tick that is due now
    await trio.sleep(11)
    assert received(inbox) == [(31, 40), (41, 50)]  # at 1,005 and 1,010: what it missed is not made up
    nursery.cancel_scope.cancel()


async def test_the_board_shows_who_simulates(scene: Scene, nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    plan = SimulationPlan(game_id=GAME_ID, draws_per_second=2.0, last_draw=15)
    board = scene.world.board
    board.expect([plan.actor])
    nursery.start_soon(run_simulator, plan, scene.world, scene.send)
    await trio.sleep(1)
    assert board.status_of(GAME_ID).simulating
    await trio.sleep(9)
    assert not board.is_settled()  # drawn is not yet committed
    scene.commit_waiting()
    await wait_all_tasks_blocked()
    assert board.is_settled()
    assert not board.status_of(GAME_ID).simulating
    nursery.cancel_scope.cancel()


async def test_a_halted_simulator_goes_on_by_itself_after_an_extension(
    scene: Scene, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    with capture_logs() as logs:
        nursery.start_soon(run_simulator, PLAN, scene.world, scene.send)
        await wait_all_tasks_blocked()
        scene.commit_waiting()
        await trio.sleep(3_600)
        scene.store.extend(GAME_ID, 1_500)
        scene.world.board.news.ring()
        await wait_all_tasks_blocked()
        scene.commit_waiting()
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert scene.store.progress(GAME_ID).watermark == 1_500
    phases = [(line["phase"], line["halt_reason"], line["draw_number"]) for line in logs]
    assert phases == [
        ("running", None, 0),
        ("halted", "max_draws", 1_000),
        ("running", None, 1_000),
        ("halted", "max_draws", 1_500),
    ]


async def test_news_that_change_nothing_for_it_do_not_make_it_draw(
    scene: Scene, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    scene.store.commit([draws(1, 1_000)])
    nursery.start_soon(run_simulator, PLAN, scene.world, scene.send)
    await wait_all_tasks_blocked()
    scene.world.board.news.ring()
    await wait_all_tasks_blocked()
    assert received(scene.inbox) == []
    nursery.cancel_scope.cancel()


async def test_a_bound_that_was_lowered_is_obeyed_while_running(scene: Scene, autojump_clock: MockClock) -> None:
    plan = SimulationPlan(game_id=GAME_ID, draws_per_second=2.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run_simulator, plan, scene.world, scene.send)
        await trio.sleep(6)
        scene.store.extend(GAME_ID, 20)
        scene.world.board.news.ring()
        await trio.sleep(60)
        nursery.cancel_scope.cancel()
    assert received(scene.inbox) == [(1, 1), (2, 10), (11, 20)]
