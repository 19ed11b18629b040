"""Drawing on after the watermark, at a pace or as fast as the writer takes it, until the game's bound."""

import contextlib
from collections.abc import Callable
from functools import partial

import attrs
import structlog
import trio

from actors.board import actor_name
from actors.group import group_draws_max
from actors.pace import Pace
from actors.patience import patiently
from actors.world import World
from storage.interface import GameProgress
from universe.calendar import LogicalClock
from universe.compiled import (
    KERNELS_AWAITED_DRAWS_MIN,
    KERNELS_DRAWS_MIN,
    kernels_for,
    load_kernels,
    start_loading_kernels,
)
from universe.seed import ranks_of_draws
from universe.units import DrawBatch

PLAIN_BATCH_DRAWS = 32_768
COMPILED_BATCH_DRAWS = 262_144  # for kernels as short a time as the other for the plain path
BATCH_DAYS_MAX = 512  # counters are kept per logical day: this bounds a batch of a game with few draws a day

log = structlog.get_logger()


@attrs.frozen(kw_only=True)
class SimulationPlan:
    """How one game is simulated. ``last_draw`` bounds this process, beside the game's own milestone.

    ``initialise`` is phase 1: it is called after phase 0, before the first draw, and may be called again.
    """

    game_id: str
    draws_per_second: float | None = None  # None: as fast as wanted
    last_draw: int | None = None
    initialise: Callable[[], None] | None = None

    @property
    def actor(self) -> str:
        """The simulator's name."""
        return actor_name(self.game_id, "simulator")

    def bound(self, progress: GameProgress) -> int:
        """Return the number of the last draw to make."""
        return progress.last_allowed if self.last_draw is None else min(progress.last_allowed, self.last_draw)


def draw_batch(clock: LogicalClock, first: int, last: int) -> DrawBatch:
    """Make draws ``first`` to ``last``."""
    return DrawBatch(clock=clock, first=first, ranks=ranks_of_draws(clock, first, last))


def batch_draws_max(clock: LogicalClock) -> int:
    """Return the most draws that one batch of a game holds."""
    draws = PLAIN_BATCH_DRAWS if kernels_for(clock.game) is None else COMPILED_BATCH_DRAWS
    return min(draws, BATCH_DAYS_MAX * clock.draws_per_day)


async def prepare_kernels(draws: int) -> None:
    """Have kernels loaded for so much work: beside it, or first where that is sooner done. Cancelling does not wait."""
    if draws >= KERNELS_AWAITED_DRAWS_MIN:
        await trio.to_thread.run_sync(load_kernels, abandon_on_cancel=True)
    elif draws >= KERNELS_DRAWS_MIN:
        start_loading_kernels()


async def run_simulator(plan: SimulationPlan, world: World, batches: trio.MemorySendChannel[DrawBatch]) -> None:
    """Draw on after the watermark, as far as allowed; there, wait until more is allowed. Runs until cancelled.

    A full mailbox makes it wait: that is the backpressure. Unpaced simulators take turns of one transaction's draws:
    its indexes are then those of one game. It reports itself settled once its last draw is committed.
    """
    board, store = world.board, world.store
    pace = Pace(plan.draws_per_second)
    look = partial(patiently, plan.actor, world, partial(world.offload, store.progress, plan.game_id))
    progress = await look()
    drawn, phase = progress.watermark, ""
    try:
        while True:
            news, commits = board.news.rings, board.commits.rings
            progress = await look()
            last = plan.bound(progress)
            if drawn < last:
                board.simulating.add(plan.game_id)
                if plan.draws_per_second is None:
                    await prepare_kernels(last - drawn)
                phase = _log_phase("running", progress, before=phase)
                async with world.turn if plan.draws_per_second is None else contextlib.nullcontext():
                    last = min(last, drawn + group_draws_max(progress.clock.game))
                    while drawn < last and board.news.rings == news:
                        if due := await pace.wait_due(min(last - drawn, batch_draws_max(progress.clock))):
                            batch = await world.background(draw_batch, progress.clock, drawn + 1, drawn + due)
                            await batches.send(batch)
                            drawn = batch.last
            elif progress.watermark < drawn:
                await board.commits.wait_after(commits)
            else:
                board.simulating.discard(plan.game_id)
                phase = _log_phase("halted", progress, before=phase)
                board.settle(plan.actor, news)
                await board.news.wait_after(news)
    finally:
        board.simulating.discard(plan.game_id)


def _log_phase(phase: str, progress: GameProgress, *, before: str) -> str:
    """Log a change; a bound of this process alone is no halt of the universe and says so in another event."""
    if phase == "halted" and progress.halt_reason is None:
        log.info("bound.reached", game_id=progress.clock.game.game_id, draw_number=progress.watermark)
    elif phase != before:
        log.info(
            "phase.changed",
            game_id=progress.clock.game.game_id,
            phase=phase,
            halt_reason=progress.halt_reason,
            draw_number=progress.watermark,
        )
    return phase
