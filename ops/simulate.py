"""``universe simulate``: advance at full speed, as far as asked or as the milestone allows."""

import time
from collections.abc import Sequence
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
from ops.system import game_summaries, simulate
from ops.terminal import print_json, print_text, progress_bars
from universe.errors import SettingsError


@click.command("simulate")
@universe_options
@games_option
@click.option("--draws", type=DRAW_NUMBER, help="So many more draws of each game.")
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
        document = trio.run(_simulate, chosen, games, draws, until, wishes, not as_json)
    if as_json:
        print_json(document)
    else:
        for game_id, one in document["games"].items():
            print_text(
                f"{game_id}: {one['draws_generated']:,} draws in {one['seconds']:.1f} s"
                f" ({one['draws_per_second']:,.0f} a second), now at draw {one['draw_number']:,}, {one['phase']}"
            )


async def _simulate(
    chosen: Target,
    names: Sequence[str],
    draws: int | None,
    until: date | None,
    wishes: Initialisation,
    show: bool,
) -> dict[str, Any]:
    """Run the actors to the bounds asked for; returns the document."""
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
        finally:
            opened.close()
        nursery.cancel_scope.cancel()
    seconds = round(time.perf_counter() - started, 3)
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
