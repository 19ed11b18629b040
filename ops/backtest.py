"""``universe backtest``: a strategy walked forward over real or synthetic draws, beside the exact mean."""

import contextlib
import sys
from math import floor, log
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from ops.options import json_option, one_game_option, target, universe_options
from ops.place import Mode, named_id
from ops.terminal import print_json, print_table, print_text
from storage.connection import Location
from storage.reader import Reader
from storage.snapshot import Snapshot
from storage.views import GameView
from universe.backtest.reading import EXPECTED_MIN, claim_reading, reading
from universe.errors import SettingsError

if TYPE_CHECKING:  # arrays are loaded when the command runs, not when its help is printed
    from universe.backtest.walk import Backtest
    from universe.fairness.history import History

Source = Literal["real", "synthetic"]

SYNTHETIC_DRAWS = 100_000
SYNTHETIC_DRAWS_MAX = 2_000_000  # some 200 MB of running figures


@click.command("backtest")
@universe_options
@one_game_option
@click.option(
    "--strategy",
    default="hot",
    metavar="NAME|FILE.py:FUNCTION",
    help="random, hot, cold, overdue, weighted or patterns; or a function of the past.",
)
@click.option("--top", type=int, help="How many numbers (2k by default), or patterns (6), to choose from.")
@click.option("--window", type=int, help="Count the last so many draws; all by default.")
@click.option("--tickets", type=int, default=1, show_default=True, help="Tickets a draw, 1 to 100.")
@click.option("--matches", type=int, default=3, show_default=True, help="A hit has exactly so many main numbers right.")
@click.option("--claim", type=float, default=2.11, show_default=True, help="The factor somebody claims, above 1.")
@click.option("--source", type=click.Choice(["real", "synthetic"]), default="real", show_default=True)
@click.option(
    "--draws",
    type=click.IntRange(1, SYNTHETIC_DRAWS_MAX),
    help=f"The first so many synthetic draws; {SYNTHETIC_DRAWS:,} by default.",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Of the tickets.")
@json_option
@click.pass_context
def backtest_command(
    ctx: click.Context,
    mode: Mode | None,
    data_dir: Path | None,
    config: Path | None,
    game: str | None,
    strategy: str,
    top: int | None,
    window: int | None,
    tickets: int,
    matches: int,
    claim: float,
    source: Source,
    draws: int | None,
    seed: int,
    as_json: bool,
) -> None:
    """Play a strategy in every draw, knowing only the draws before it; nothing is stored.

    FUNCTION takes a universe.fairness.history.History and returns a list of tickets, each a list of main numbers.

    \b
    universe backtest --game GAME_001 --strategy hot --top 10 --tickets 5
    universe backtest --game GAME_001 --strategy mine.py:choose --claim 1.5
    """
    from ops.backtest_strategy import named_strategy, signals_heard
    from universe.backtest.document import backtest_document
    from universe.backtest.walk import backtest

    chosen = target(ctx, mode, data_dir, config)
    if draws is not None and source == "real":
        raise SettingsError(
            f"--draws {draws}: real results are taken whole; --source synthetic takes a number of draws"
        )
    with contextlib.redirect_stdout(sys.stderr), signals_heard():  # stdout is for results, whatever a function prints
        played = named_strategy(strategy, top, window)
        history = _history(Location(chosen.place.database), chosen.mode, game, source, draws)
        found = backtest(history, played, tickets, matches, claim, seed)
    if as_json:
        print_json({"source": source} | backtest_document(found))
    else:
        _print_backtest(found, source)


def _history(location: Location, mode: Mode, game: str | None, source: Source, draws: int | None) -> "History":
    """Return the draws to play in: all real results, or the first synthetic draws, made again by the seed rule."""
    from universe.fairness.history import history_of, history_of_draws

    reader = Reader.open(location, mode)
    try:
        with reader.snapshot() as snapshot:
            view = _view(snapshot, game, source, location)
            if source == "real":
                found = snapshot.results(view, None, None, view.results_count, None)
                return history_of(view.game, [stored.result for stored in found])
    finally:
        reader.close()
    if view.clock is None or (draws or 1) > view.watermark:
        raise SettingsError(f"--draws {draws}: {view.game.game_id} has {view.watermark:,} draws so far")
    return history_of_draws(view.clock, 1, draws or min(view.watermark, SYNTHETIC_DRAWS))


def _view(snapshot: Snapshot, game: str | None, source: Source, location: Location) -> GameView:
    """Return the game that is named, or the first that has what is asked for."""
    having = {
        view.game.game_id: view
        for view in snapshot.games()
        if (view.results_count if source == "real" else view.watermark)
    }
    name = named_id(game) if game else next(iter(having), None)
    if name not in having:
        what, how = ("real results", "ingest") if source == "real" else ("draws", "simulate")
        lacking = f"{name} has no {what}" if name else f"no game has {what} yet"
        others = f"; {', '.join(having)} {'has' if len(having) == 1 else 'have'} some" if having else ""
        raise SettingsError(f"{location}: {lacking}, `universe {how}` adds them{others}")
    return having[name]


def _print_backtest(test: "Backtest", source: Source) -> None:
    dates, (low, high) = test.history.dates, test.interval
    print_text(
        f"{test.history.game.game_id}: {test.strategy}, {test.tickets:,} a draw, in {test.draws:,} {source} draws"
        f" from {dates[0]} to {dates[-1]}"
    )
    print_table(
        ["matches", "expected", "observed", "observed/expected"],
        [
            (tier.matches, f"{tier.expected:,.1f}", f"{tier.observed:,}", _ratio(tier.observed, tier.expected))
            for tier in test.tiers
        ],
    )
    print_text(
        f"exactly {test.matches} matches: efficiency {test.efficiency:.2f}, 95 % interval {low:.2f} to {high:.2f};"
        " any tickets have 1.00 in the mean"
    )
    edge = float(test.edge_log_e[-1])
    print_text(f"evidence of an edge: e = {shown_e(edge)} (1000 would show one)")
    print_text(f"evidence against {test.claim:g} times as many: e = {shown_e(test.claim_log_e[-1])} (1000 refutes it)")
    print_text(reading(expected=test.expected, no_edge_log10_e=edge / log(10)))
    print_text(claim_reading(test.claim, test.refuted_after))


def _ratio(observed: int, expected: float) -> str:
    """Return the ratio, unless too few are expected for it to mean anything."""
    return f"{observed / expected:.3f}" if expected >= EXPECTED_MIN else "-"


def shown_e(log_e: float) -> str:
    """Return an e-value from its natural logarithm, for a person: 0.19, 620, or 2.6e+06 however large."""
    exponent = log_e / log(10)
    if -3 <= exponent < 4:
        return f"{10**exponent:.3g}" if exponent < 3 else f"{10**exponent:,.0f}"
    return f"{10 ** (exponent - floor(exponent)):.1f}e{floor(exponent):+03d}"
