"""One ``universe run``: signals, the MCP server, and the simulation, led or followed, in one tree with an orderly end.

The server answers first; storage and simulation are imported and opened behind it.
"""

import gc
import importlib
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
import trio

from actors.board import Board
from actors.services import Service, run_beside
from actors.supervisor import RestartBudget
from ops.exits import EXIT_DONE, failure_code
from ops.life import Life
from ops.run import RunOptions
from ops.signals import watch_signals
from ops.summary import idle_summary, run_summary, tell_summary
from ops.terminal import progress_bars
from storage.errors import StoreError

if TYPE_CHECKING:
    from ops.prepare import Opened

HTTP_END_SECONDS_MAX = 2.0  # for answers under way; a little more than the server itself takes
SERVER_FIRST_SECONDS = 0.05  # head start of the first answer before the interpreter is busy importing

log = structlog.get_logger()


async def run_process(options: RunOptions) -> int:
    """Run until told to stop, until the client leaves, or, in test mode, until the limit; returns the exit code."""
    life = Life(options)
    async with trio.open_nursery() as around:
        await around.start(watch_signals, life.stop)
        _tell_start(options)
        try:
            await run_beside(
                await _services(life),
                partial(_work, life),
                stop=life.stop,
                budget=RestartBudget(),
                board=life.board,
            )
        except Exception as failure:  # noqa: BLE001  whatever ended the process is told in one line
            return failure_code(failure)
        finally:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(life.close)
            around.cancel_scope.cancel()
    tell_summary(options, life.summary or idle_summary(options, life.started))
    return EXIT_DONE


def _tell_start(options: RunOptions) -> None:
    """Say in one line where the data is and what is served; the address over HTTP has a line of its own."""
    served = [name for name, given in (("stdio", options.stdio), ("http", options.http)) if given]
    where = "memory" if options.dry_run else str(options.target.place.root)
    log.info("run.started", mode=options.target.mode, data=where, serves=" and ".join(served) or "nothing")


async def _services(life: Life) -> list[Service]:
    """Return what answers clients in this process; nothing is imported that it will not need."""
    if not life.options.serves:
        return []
    from ops.serving import services_of

    return await services_of(life)


async def _work(life: Life) -> None:
    """Simulate or follow to the end; then let the clients over HTTP have their answers."""
    try:
        await _simulate_or_follow(life)
    finally:
        life.stop.set()
        if life.options.http is not None:
            with trio.move_on_after(HTTP_END_SECONDS_MAX):
                await life.http_ended.wait()


async def _simulate_or_follow(life: Life) -> None:
    """Lead if nobody does; otherwise serve reads beside the leader, and take over when it is gone."""
    if not life.options.stdio:
        life.stdin_ended.set()
    if life.options.serves:
        await life.serving.wait()
        await trio.sleep(SERVER_FIRST_SECONDS)
    if not await _loaded(life):
        return
    if life.options.dry_run:
        await _lead(life, await trio.to_thread.run_sync(_open, life.options))
        return
    from ops.succession import keep_lock, stand_by
    from storage.lock import LeaderLock

    life.options.target.place.create()
    lock = life.held.enter_context(LeaderLock(life.options.target.place.root))
    opened = await stand_by(life, lock, partial(trio.to_thread.run_sync, _open, life.options))
    if opened is not None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keep_lock, lock)
            await _lead(life, opened)
            nursery.cancel_scope.cancel()


async def _loaded(life: Life) -> bool:
    """Import what takes longest, unless the process is to stop first: an import cannot be cancelled, but left alone."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_cancel_at_stop, life.stop, nursery.cancel_scope)
        await trio.to_thread.run_sync(importlib.import_module, "ops.system", abandon_on_cancel=True)
        nursery.cancel_scope.cancel()
    return not life.stop.is_set()


async def _cancel_at_stop(stop: trio.Event, scope: trio.CancelScope) -> None:
    await stop.wait()
    scope.cancel()


async def _lead(life: Life, opened: "Opened") -> None:
    """Simulate until the end, and sum up. The caller holds the lock."""
    from actors.comparer import COMPARER
    from actors.historian import HISTORIAN
    from actors.prover import PROVER
    from ops.system import feed_plans, simulate

    life.held.callback(opened.close)
    life.read_from(await trio.to_thread.run_sync(opened.reader))
    life.role = "leader"
    plans = _plans(opened, life.options)
    feeds = feed_plans(opened, life.options.target.settings)
    async with trio.open_nursery() as nursery:
        if life.options.serves:
            nursery.start_soon(partial(trio.to_thread.run_sync, _warm_up, abandon_on_cancel=True))
        if life.options.target.mode == "test" and life.options.http is None:
            nursery.start_soon(_stop_when_done, life, life.board)
        with progress_bars(wanted=not life.options.stdio and not life.options.as_json) as bars:
            behind = [COMPARER] if life.options.dry_run else [COMPARER, PROVER, HISTORIAN]
            tally = await simulate(
                opened, plans, feeds, life.board, bars, life.stop, until_halted=False, trailing=behind
            )
        nursery.cancel_scope.cancel()
    with suppress(StoreError):  # the database is gone or damaged: it was told when that was met
        life.summary = await trio.to_thread.run_sync(run_summary, life.options, life.started, opened, tally)


def _open(options: RunOptions) -> "Opened":
    from ops.prepare import Initialisation, open_universe

    wishes = Initialisation(
        epoch=options.epoch,
        draws_per_day=options.draws_per_day,
        max_draws=options.max_draws,
        milestone_date=options.milestone_date,
    )
    return open_universe(options.target, options.games, wishes, in_memory=options.dry_run)


def _warm_up() -> None:
    """Import what the first question about frequencies would otherwise wait for, and look through memory once.

    What is there now stays: in floods over HTTP a third of the time went into looking through it again.
    """
    importlib.import_module("scipy.special")
    gc.collect()
    gc.freeze()


def _plans(opened: "Opened", options: RunOptions) -> list[Any]:
    """Return how each game is simulated: at the production pace, or in test mode up to the limit."""
    from actors.simulator import SimulationPlan
    from ops.prepare import DRAWS_PER_DAY

    elsewhere = opened.other_games()
    plans = [SimulationPlan(game_id=game_id, last_draw=0) for game_id in elsewhere]  # compared, not simulated
    for game in opened.games:
        clock = opened.store.clock(game.game_id)
        a_day = clock.draws_per_day if clock else options.draws_per_day or DRAWS_PER_DAY["prod"]
        pace = a_day / options.target.settings.universe.logical_day_seconds
        plans.append(
            SimulationPlan(
                game_id=game.game_id,
                draws_per_second=pace if options.target.mode == "prod" else options.rate,
                last_draw=options.limit,
                initialise=partial(opened.initialise, game, limit_draws=options.limit),
            )
        )
    return plans


async def _stop_when_done(life: Life, board: "Board") -> None:
    """End a test run once every game is at its limit and no client is connected; over HTTP one may always come."""
    await board.wait_settled()
    await life.stdin_ended.wait()
    life.stop.set()
