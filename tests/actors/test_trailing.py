"""Work behind the commits: all of it is done, in the end, whatever crashes, and no more than a piece is made twice."""

# ruff: noqa: ARG001 - a test asks for virtual time by naming autojump_clock

from collections.abc import Sequence
from functools import partial

import attrs
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from trio.testing import MockClock, wait_all_tasks_blocked

from actors import prover, simulator
from actors.comparer import COMPARER
from actors.mail import Letter
from actors.prover import PROVER, hash_blocks
from actors.simulator import SimulationPlan
from actors.supervisor import Child, RestartBudget, keep_alive
from actors.system import run_system
from actors.trailing import Trailing, run_trailing
from actors.world import World
from actors.writer import run_writer
from storage.interface import PendingBlocks, Store
from storage.memory import MemoryStore
from tests.actors.scenes import GAME_ID, clock_of, crash_at, draws, make_store, make_world, result, results
from tests.actors.scenes import WEDNESDAY as DAY
from universe.draw_tree import roots_of_blocks
from universe.merkle import BLOCK_LEAVES
from universe.units import ProofUnit

PACE = 1_000
CLOCK = clock_of(draws_per_day=PACE)
BLOCKS = 4
DRAWS = BLOCKS * BLOCK_LEAVES + 100
ROOTS = tuple(bytes(root) for root in roots_of_blocks(CLOCK, 0, BLOCKS))
FAULTS = st.dictionaries(st.integers(1, 30), st.sampled_from(["before", "after"]), max_size=6)


def drawn_store() -> MemoryStore:
    store = make_store(max_draws=DRAWS, draws_per_day=PACE)
    store.commit([draws(1, DRAWS, CLOCK)])
    return store


async def live_until_logged(world: World, plan: SimulationPlan, store: MemoryStore, seconds: float) -> None:
    """Run a life of the system until the log has every block, or so long."""
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(run_system, [plan], [], world, stop=stop, trailing=(COMPARER, PROVER)))
        with trio.move_on_after(seconds):
            while len(store.games[GAME_ID].block_roots) < BLOCKS:  # noqa: ASYNC110  of what another task does to a store
                await trio.sleep(0.5)
        stop.set()


@given(
    faults=FAULTS,
    rate=st.sampled_from([None, 150.0]),
    batch=st.integers(300, 3_000),
    piece=st.integers(1, 5 * BLOCK_LEAVES),
    lives=st.lists(st.floats(0.5, 20), max_size=3),
)
@settings(max_examples=25)
def test_the_log_is_the_same_whatever_crashes_restarts_and_batches(
    faults: dict[int, str], rate: float | None, batch: int, piece: int, lives: list[float]
) -> None:
    store, plan = (
        make_store(max_draws=DRAWS, draws_per_day=PACE),
        SimulationPlan(game_id=GAME_ID, draws_per_second=rate),
    )
    store.fault = crash_at(*faults.items())
    with pytest.MonkeyPatch.context() as patched, capture_logs():
        patched.setattr(simulator, "PLAIN_BATCH_DRAWS", batch)
        patched.setattr(prover, "PROVE_DRAWS_MAX", piece)
        for seconds in [*lives, 300.0]:
            world = make_world(store, budget=RestartBudget(crashes_max=30, jitter=lambda: 0.0))
            clock = MockClock(autojump_threshold=0)
            trio.run(live_until_logged, world, plan, store, seconds, clock=clock)
            logged = store.games[GAME_ID].block_roots
            assert logged == ROOTS[: len(logged)]
    assert logged == ROOTS


@attrs.define
class Hasty:
    """Hashes blocks, crashes at some of its calls, and knows how many draws it was given."""

    crashes: frozenset[int]
    calls: int = 0
    draws: int = 0

    def make(self, pending: Sequence[PendingBlocks]) -> list[ProofUnit]:
        self.calls += 1
        self.draws += sum(piece.draws for piece in pending)
        if self.calls in self.crashes:
            raise RuntimeError(f"call {self.calls}")
        return hash_blocks(pending)


@pytest.mark.parametrize("crashes", [(), (1,), (2, 4), (1, 2, 3, 4)])
async def test_a_crash_between_pieces_costs_a_piece(
    crashes: tuple[int, ...], nursery: trio.Nursery, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prover, "PROVE_DRAWS_MAX", BLOCK_LEAVES)
    store, hasty = drawn_store(), Hasty(frozenset(crashes))
    world = make_world(store, budget=RestartBudget(crashes_max=9, jitter=lambda: 0.0))
    work, (send, inbox) = attrs.evolve(PROVER, make=hasty.make), trio.open_memory_channel[Letter](8)
    nursery.start_soon(run_writer, inbox, world)
    trailing = Child(name="a_child", run=partial(run_trailing, work, GAME_ID, world, send))
    with capture_logs():
        nursery.start_soon(keep_alive, trailing, world.budget, world.board)
        await trio.sleep(60)
    assert store.games[GAME_ID].block_roots == ROOTS
    assert hasty.draws == (BLOCKS + len(crashes)) * BLOCK_LEAVES
    nursery.cancel_scope.cancel()


@attrs.define
class Looked:
    """Counts how often something was looked for. There are so many pieces, and none after them."""

    looks: int = 0
    pieces: int = 0

    def look(self, store: Store, game_id: str) -> Sequence[PendingBlocks]:
        assert store.progress(game_id).clock == CLOCK
        self.looks += 1
        self.pieces -= 1
        return [PendingBlocks(clock=CLOCK, first=0, blocks=1)] if self.pieces >= 0 else []


@pytest.mark.parametrize("wakes", ["commits", "news"])
async def test_what_wakes_it_is_every_commit_or_only_news(wakes: str, nursery: trio.Nursery) -> None:
    looked, store = Looked(), drawn_store()
    world, (send, _inbox) = make_world(store), trio.open_memory_channel[Letter](8)
    work = Trailing(role="looker", look=looked.look, make=hash_blocks, wakes=wakes)  # type: ignore[arg-type]
    nursery.start_soon(run_trailing, work, GAME_ID, world, send)
    await wait_all_tasks_blocked()
    assert looked.looks == 1
    world.board.note_commit(store.commit([results()]))
    await wait_all_tasks_blocked()
    assert looked.looks == (2 if wakes == "commits" else 1)
    world.board.note_commit(store.commit([results(result(DAY))]))
    world.board.news.ring()
    await wait_all_tasks_blocked()
    assert looked.looks == (3 if wakes == "commits" else 2)
    nursery.cancel_scope.cancel()


async def test_a_process_waits_for_work_that_is_awaited_and_for_no_other(nursery: trio.Nursery) -> None:
    for awaited in (True, False):
        looked, store = Looked(pieces=3), drawn_store()
        world, (send, inbox) = make_world(store), trio.open_memory_channel[Letter](8)
        work = Trailing(role="looker", look=looked.look, make=hash_blocks, wakes="news", awaited=awaited)
        world.board.expect([work.actor(GAME_ID)])
        nursery.start_soon(run_trailing, work, GAME_ID, world, send)
        for _ in range(3):
            await wait_all_tasks_blocked()
            assert not world.board.is_settled()
            letter = inbox.receive_nowait()
            letter.answer(store.commit([letter.unit]))
        await wait_all_tasks_blocked()
        assert world.board.is_settled() == awaited
    nursery.cancel_scope.cancel()
