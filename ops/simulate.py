"""``universe simulate``: advance at full speed, as far as asked or as the milestone allows."""

import time
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click
import trio

from actors.board import Board
from actors.simulator import SimulationPlan
from ops.memory import share_memory_between_threads
from ops.options import (
    DATE,
    DRAW_NUMBER,
    Target,
    games_option,
    initialisation_options,
    json_option,
    target,
    universe_options,
)
from ops.place import Mode
from ops.prepare import Initialisation, Opened, locked, open_universe
from ops.signals import watch_signals
from ops.system import Tally, game_summaries, simulate
from ops.terminal import print_json, print_text, progress_bars
from storage.schema import TEST_DRAWS_MAX
from universe.calendar import DATE_MAX
from universe.errors import SettingsError


@click.command("simulate")
@universe_options
@games_option
@click.option(
    "--draws", type=DRAW_NUMBER, help="So many more draws of each game: those named, else those that have draws."
)
@click.option("--until", type=DATE, help="Up to the last draw of this draw date.")
@initialisation_options
@json_option
@click.pass_context
def simulate_command(
    ctx: click.Context,
    mode: Mode | None,
    data_dir: Path | None,
    config: Path | None,
    games: tuple[str, ...],
    draws: int | None,
    until: date | None,
    epoch: date | None,
    draws_per_day: int | None,
    max_draws: int | None,
    milestone_date: date | None,
    as_json: bool,
) -> None:
    """Advance the simulation at full speed. Ctrl-C is safe; the next call goes on.

    \b
    universe simulate --draws 1000000
    universe simulate --game GAME_001 --game GAME_004 --until 2030-01-01
    """
    chosen = target(ctx, mode, data_dir, config)
    if (draws is None) == (until is None):
        raise SettingsError("simulate takes either --draws N or --until DATE")
    wishes = Initialisation(
        epoch=epoch, draws_per_day=draws_per_day, max_draws=max_draws, milestone_date=milestone_date
    )
    share_memory_between_threads()
    with locked(chosen, "simulate"):
        document, reasons = trio.run(_simulate, chosen, games, draws, until, wishes, not as_json)
    if as_json:
        print_json(document)
    else:
        for game_id, one in document["games"].items():
            print_text(
                f"{game_id}: {one['draws_generated']:,} draws in {one['seconds']:.1f} s"
                f" ({one['draws_per_second']:,.0f} a second), now at draw {one['draw_number']:,}, {one['phase']}"
                f"{reasons[game_id]}"
            )


async def _simulate(
    chosen: Target,
    names: Sequence[str],
    draws: int | None,
    until: date | None,
    wishes: Initialisation,
    show: bool,
) -> tuple[dict[str, Any], dict[str, str]]:
    """Run the actors to the bounds asked for; returns the document, and for a person why a game got no further."""
    stop, started = trio.Event(), time.perf_counter()
    async with trio.open_nursery() as nursery:
        await nursery.start(watch_signals, stop)
        opened = await trio.to_thread.run_sync(open_universe, chosen, names, wishes)
        try:
            for game in opened.games:
                opened.initialise(game)
            plans = [_plan(opened, game.game_id, draws, until) for game in opened.games]
            with progress_bars(wanted=show) as bars:
                tally = await simulate(opened, plans, [], Board(), bars, stop, until_halted=True)
            games = await trio.to_thread.run_sync(game_summaries, opened, tally, {})
            reasons = {plan.game_id: _why_no_further(opened, plan, tally.draws[plan.game_id]) for plan in plans}
        finally:
            opened.close()
        nursery.cancel_scope.cancel()
    return _document(games, tally, round(time.perf_counter() - started, 3)), reasons


def _document(games: Mapping[str, Mapping[str, Any]], tally: Tally, seconds: float) -> dict[str, Any]:
    """Return what scripts read."""
    by_game = {
        game_id: {
            "draws_generated": tally.draws[game_id],
            "draw_number": game["draw_number"],
            "seconds": seconds,
            "draws_per_second": round(tally.draws[game_id] / seconds, 1),
            "phase": game["phase"],
        }
        for game_id, game in games.items()
    }
    total = sum(tally.draws.values())
    phases = {game["phase"] for game in by_game.values()}
    return {
        "draws_generated": total,
        "draw_number": sum(game["draw_number"] for game in by_game.values()),
        "seconds": seconds,
        "draws_per_second": round(total / seconds, 1),
        "phase": phases.pop() if len(phases) == 1 else "running",
        "games": by_game,
    }


def _plan(opened: Opened, game_id: str, draws: int | None, until: date | None) -> SimulationPlan:
    progress = opened.store.progress(game_id)
    if draws is not None:
        return SimulationPlan(game_id=game_id, last_draw=progress.watermark + draws)
    return SimulationPlan(game_id=game_id, last_draw=progress.clock.last_draw_until(until or date.min))


def _why_no_further(opened: Opened, plan: SimulationPlan, made: int) -> str:
    """Return what kept a game from the bound asked for, or from any draw; nothing if it got there."""
    progress, milestone = opened.store.progress(plan.game_id), opened.store.milestone(plan.game_id)
    wanted, drawn = plan.last_draw or 0, progress.watermark
    if drawn >= wanted:
        return "" if made else ": it had come as far before"
    if drawn < progress.last_allowed:
        return ": interrupted, the next call goes on"
    if drawn == milestone.max_draws:
        return f": its milestone is {drawn:,} draws; `universe extend` moves it"
    if opened.store.mode == "test" and drawn == TEST_DRAWS_MAX:
        return f": a test universe holds at most {drawn:,} draws a game"
    if milestone.until is None:
        return f": the calendar ends with {DATE_MAX}"
    return f": its milestone is {milestone.until}; `universe extend` moves it"
