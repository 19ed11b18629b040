"""``universe selftest``: does the program see what it says it sees? Biases are planted, fair histories are tested."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs
import click

from ops.exits import EXIT_CHECK_FAILED, EXIT_DONE
from ops.options import json_option, target
from ops.place import FIRST_GAME
from ops.terminal import Bars, print_json, progress_bars
from universe.catalogue import find_game
from universe.errors import SettingsError
from universe.game import Game

if TYPE_CHECKING:  # arrays and statistics are loaded when there is something to test
    from universe.fairness.synthetic import Tick

RATE_GAMES = ("GAME_001", "GAME_007", "GAME_004", "GAME_003")  # 5/47, 6/49, 5/35, 5/70


@attrs.frozen(kw_only=True)
class Rates:
    """One length of history of which rejection rates are measured, and among how many."""

    draws: int
    null_histories: int
    histories: int


@attrs.frozen(kw_only=True)
class Scale:
    """How much is done."""

    draws: int
    null_histories: int
    histories: int
    more_controls: bool = False
    rates: tuple[Rates, ...] = ()


QUICK = Scale(draws=500, null_histories=400, histories=60)
DEFAULT = Scale(draws=2_000, null_histories=1_000, histories=200)
FULL = Scale(
    draws=2_000,
    null_histories=4_000,
    histories=500,
    more_controls=True,
    rates=(
        Rates(draws=500, null_histories=4_000, histories=4_000),
        Rates(draws=2_000, null_histories=4_000, histories=4_000),
        Rates(draws=20_000, null_histories=2_000, histories=1_000),
    ),
)


@click.command("selftest")
@click.option("--statistics", is_flag=True, help="Test the tests of fairness; there is nothing else to test so far.")
@click.option("--quick", is_flag=True, help="Seconds: few and short histories.")
@click.option("--full", is_flag=True, help="Every test, and its rejection rates on four games: some minutes.")
@click.option("--game", metavar="ID|FILE", help=f"The game; by default {FIRST_GAME}, and for rates four shipped ones.")
@json_option
@click.pass_context
def selftest_command(
    ctx: click.Context, *, statistics: bool, quick: bool, full: bool, game: str | None, as_json: bool
) -> int:
    """Plant biases and see whether the tests catch them as often as their power says; no universe is needed.

    With --full also how often every test rejects fair histories at 5 %. Exit code 1 if a control was missed or a rate
    is off.

    \b
    universe selftest --statistics              under a minute
    universe selftest --statistics --full       with rejection rates
    """
    if not statistics:
        raise SettingsError("selftest: say what to test; it is --statistics so far")
    if quick and full:
        raise SettingsError("selftest takes --quick or --full, not both")
    known = target(ctx, None, None, None).known_games([])
    chosen = find_game(game or FIRST_GAME, known)
    rated = [chosen] if game else [find_game(name, known) for name in RATE_GAMES]
    with progress_bars(wanted=not as_json) as bars:
        document = run_selftest(QUICK if quick else FULL if full else DEFAULT, chosen, rated, bars)
    if as_json:
        print_json(document)
    else:
        from ops.selftest_tables import print_selftest

        print_selftest(document)
    return EXIT_DONE if document["as_predicted"] else EXIT_CHECK_FAILED


def run_selftest(scale: Scale, game: Game, rated: Sequence[Game], bars: Bars) -> dict[str, Any]:
    """Run both parts and return what scripts read."""
    from universe.compiled import load_kernel_module

    began = time.monotonic()
    load_kernel_module("histories")
    controls = _controls(scale, game, bars)
    rates = [_rates(one, length, bars) for one in (rated if scale.rates else ()) for length in scale.rates]
    holds = [row["as_predicted"] for row in controls["rows"]] + [row["holds"] for part in rates for row in part["rows"]]
    return {
        "as_predicted": all(holds),
        "controls": controls,
        "rejection_rates": rates,
        "seconds": round(time.monotonic() - began, 1),
    }


def _controls(scale: Scale, game: Game, bars: Bars) -> dict[str, Any]:
    from universe.fairness.calibration import sorted_null
    from universe.fairness.controls import ALPHA, controls_of, plant_and_catch, sizes_of
    from universe.fairness.synthetic import scheduled_frame, synthetic_blocks

    frame = scheduled_frame(game, scale.draws)
    curves = [(one, size) for one in controls_of(frame, more=scale.more_controls) for size in sizes_of(frame, one)]
    total = scale.draws * (scale.null_histories + scale.histories * len(curves))
    with _bar(bars, f"{game.game_id} planted biases", total) as tick:
        null = sorted_null(synthetic_blocks(frame, 0, scale.null_histories, tick))
        rows = [
            plant_and_catch(frame, null, control, size, scale.histories, seed, tick)
            for seed, (control, size) in enumerate(curves)
        ]
    return {
        **_head(game, scale.draws, scale.null_histories, scale.histories, ALPHA),
        "rows": [attrs.asdict(row) for row in rows],
    }


def _rates(game: Game, length: Rates, bars: Bars) -> dict[str, Any]:
    """Calibrate on some synthetic blocks, test on those behind them."""
    from universe.fairness.controls import ALPHA
    from universe.fairness.rejection import rejection_rates
    from universe.fairness.synthetic import scheduled_frame, synthetic_blocks

    frame = scheduled_frame(game, length.draws)
    name = f"{game.game_id} fair histories of {length.draws:,}"
    with _bar(bars, name, length.draws * (length.null_histories + length.histories)) as tick:
        null = synthetic_blocks(frame, 0, length.null_histories, tick)
        fair = synthetic_blocks(frame, length.null_histories, length.histories, tick)
        rows = rejection_rates(null, fair)
    return {
        **_head(game, length.draws, length.null_histories, length.histories, ALPHA),
        "rows": [attrs.asdict(row) for row in rows],
    }


def _head(game: Game, draws: int, null_histories: int, histories: int, alpha: float) -> dict[str, Any]:
    return {
        "game_id": game.game_id,
        "matrix": f"{game.main.picked}/{game.main.size}",
        "draws": draws,
        "null_histories": null_histories,
        "histories": histories,
        "alpha": alpha,
    }


@contextmanager
def _bar(bars: Bars, name: str, total: int) -> "Iterator[Tick]":
    """Yield what moves one bar on."""
    done = 0
    bars.start(name, done, total)

    def tick(draws: int) -> None:
        nonlocal done
        done += draws
        bars.show(name, done)

    yield tick
