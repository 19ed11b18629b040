"""The wiring: which actors there are, what connects them, in which order they start and end.

A *life* is writer, aggregator, their mailboxes and the producers: it crashes and restarts as one, on fresh mailboxes. A
producer alone restarts alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import structlog
import trio

from actors.aggregator import run_aggregator
from actors.comparer import COMPARER
from actors.feed_results import FeedPlan
from actors.ingestor import run_ingestor
from actors.mail import Letter
from actors.patience import patiently
from actors.simulator import SimulationPlan, run_simulator
from actors.supervisor import Child, RestartBudgetExceeded, keep_alive
from actors.trailing import Trailing, run_trailing
from actors.watcher import WATCHER, run_watcher
from actors.world import World
from actors.writer import run_writer
from universe.units import DrawBatch

MAILBOX_BATCHES_MAX = 2
MAILBOX_LETTERS_MAX = 16  # the next group gathers while one is committed
DRAIN_SECONDS_MAX = 0.5  # draws that do not make it are made again; a client waits two seconds before it kills

log = structlog.get_logger()


async def run_system(
    plans: Sequence[SimulationPlan],
    feeds: Sequence[FeedPlan],
    world: World,
    *,
    stop: trio.Event,
    until_halted: bool = False,
    trailing: Sequence[Trailing] = (COMPARER,),
) -> None:
    """Simulate, ingest and do what trails behind until ``stop`` is set; then drain, within a bound, and end.

    ``until_halted`` stops by itself once every plan is at its bound with all of it committed and compared. A spent
    restart budget ends it likewise, and is raised, plain, afterwards.
    """
    assert plans or not until_halted
    bootstrapped = {plan.game_id: trio.Event() for plan in plans}
    for game_id in bootstrapped.keys() - {feed.game_id for feed in feeds}:
        bootstrapped[game_id].set()
    awaited = [work for work in trailing if work.awaited]
    for plan in plans:
        world.board.expect([plan.actor, *(work.actor(plan.game_id) for work in awaited)])
    core = Child(name="core", run=partial(_live, plans, feeds, trailing, world, bootstrapped, stop))
    failure: RestartBudgetExceeded | None = None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_cancel_after_stop, stop, nursery.cancel_scope)
        if until_halted:
            nursery.start_soon(_stop_when_settled, world, stop)
        try:
            await keep_alive(core, world.budget, world.board)
        except RestartBudgetExceeded as spent:
            failure = spent
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _cancel_after_stop(stop: trio.Event, scope: trio.CancelScope) -> None:
    await stop.wait()
    await trio.sleep(DRAIN_SECONDS_MAX)
    log.warning("system.cut_short", seconds=DRAIN_SECONDS_MAX)
    scope.cancel()


async def _stop_when_settled(world: World, stop: trio.Event) -> None:
    await world.board.wait_settled()
    stop.set()


async def _live(
    plans: Sequence[SimulationPlan],
    feeds: Sequence[FeedPlan],
    trailing: Sequence[Trailing],
    world: World,
    bootstrapped: Mapping[str, trio.Event],
    stop: trio.Event,
) -> None:
    """One life. The consumers are outside, so that they drain their mailboxes after the last producer."""
    batches, batch_inbox = trio.open_memory_channel[DrawBatch](MAILBOX_BATCHES_MAX)
    letters, letter_inbox = trio.open_memory_channel[Letter](MAILBOX_LETTERS_MAX)
    async with trio.open_nursery() as consumers:
        consumers.start_soon(run_writer, letter_inbox, world)
        consumers.start_soon(run_aggregator, batch_inbox, letters.clone(), world)
        async with trio.open_nursery() as producers:
            for child in _producers(plans, feeds, trailing, world, bootstrapped, batches=batches, letters=letters):
                producers.start_soon(keep_alive, child, world.budget, world.board, name=child.name)
            await stop.wait()
            producers.cancel_scope.cancel()
        await batches.aclose()
        await letters.aclose()


def _producers(
    plans: Sequence[SimulationPlan],
    feeds: Sequence[FeedPlan],
    trailing: Sequence[Trailing],
    world: World,
    bootstrapped: Mapping[str, trio.Event],
    *,
    batches: trio.MemorySendChannel[DrawBatch],
    letters: trio.MemorySendChannel[Letter],
) -> Iterator[Child]:
    """Yield everything that fills mailboxes, or tells others to look; each restarts alone."""
    yield Child(name=WATCHER, run=partial(run_watcher, world))
    for feed in feeds:
        event = bootstrapped.get(feed.game_id, trio.Event())
        yield Child(name=feed.actor, run=partial(run_ingestor, feed, world, letters, event))
    for plan in plans:
        for work in trailing:
            actor = partial(run_trailing, work, plan.game_id, world, letters)
            yield Child(name=work.actor(plan.game_id), run=actor)
        yield Child(name=plan.actor, run=partial(_simulate_after, bootstrapped[plan.game_id], plan, world, batches))


async def _simulate_after(
    bootstrapped: trio.Event, plan: SimulationPlan, world: World, batches: trio.MemorySendChannel[DrawBatch]
) -> None:
    """No draw is made during phase 0, nor before phase 1."""
    await bootstrapped.wait()
    if plan.initialise is not None:
        await patiently(plan.actor, world, partial(world.offload, plan.initialise))
    await run_simulator(plan, world, batches)
