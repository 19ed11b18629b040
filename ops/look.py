"""Commands that only look: ``status``, ``draws``, ``draw``."""

import csv
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import apsw
import attrs
import click

from ops.exits import tell
from ops.options import DATE, DRAW_NUMBER, json_option, one_game_option, target, universe_options
from ops.place import Mode
from ops.prepare import stored_games
from ops.system import stored_fingerprints
from ops.terminal import print_json, print_stream, print_table, print_text
from storage.connection import Location, open_reader
from storage.fingerprint import universe_fingerprint
from storage.lock import LeaderLock
from storage.raw import read_draws
from storage.reader import Reader
from storage.registry import require_clock, require_game_key, stored_watermark
from storage.views import GameView
from tools.questions.status import universe_status
from tools.wire import to_wire
from universe.calendar import LogicalClock, require_draw_date
from universe.catalogue import find_game
from universe.draws import ExplainedDraw, draw_document, explained_draw, shown_rank
from universe.errors import SettingsError
from universe.ranking import unrank
from universe.shell import shell_check
from universe.vitals import GameVitals

NEWEST_DRAWS = 20  # what a table without bounds shows


@attrs.frozen
class Onlooker:
    """What status is told by a command that takes no part in the universe."""

    views: dict[str, GameView]
    led: bool  # by some process
    role: Literal["reader"] = "reader"

    def vitals(self, game_id: str) -> GameVitals:
        """Return what can be told from outside: whether somebody simulates, and the game is not at its end."""
        return GameVitals(simulating=self.led and self.views[game_id].phase in {"initialized", "running"})

    def today(self) -> date:
        """Return the world's date, UTC."""
        return datetime.now(UTC).date()


@click.command("status")
@universe_options
@json_option
@click.pass_context
def status_command(
    ctx: click.Context, mode: Mode | None, data_dir: Path | None, config: Path | None, as_json: bool
) -> None:
    """Show where the universe stands; with --json also each game's fingerprint."""
    chosen = target(ctx, mode, data_dir, config)
    location = Location(chosen.place.database)
    reader = Reader.open(location, chosen.mode)
    try:
        with reader.snapshot() as snapshot:
            views = {view.game.game_id: view for view in snapshot.games()}
            document = to_wire(
                universe_status(snapshot, Onlooker(views, LeaderLock(chosen.place.root).is_held_elsewhere()))
            )
    finally:
        reader.close()
    if not as_json:
        _print_status(document)
        return
    prints = stored_fingerprints(location)
    for game in document["games"]:
        game["fingerprint"] = prints[game["game_id"]]
    print_json(document | {"fingerprint": universe_fingerprint(prints)})


def _print_status(document: dict[str, Any]) -> None:
    universe = document["universe"]
    print_text(f"universe {universe['universe_id']} ({universe['mode']}), created {universe['created_at']}")
    print_table(
        ["game", "phase", "draw", "date", "done", "real results", "conflicts", "last commit"],
        [
            (
                game["game_id"],
                f"{game['phase']} ({game['halt_reason']})" if game["halt_reason"] else game["phase"],
                f"{game['draw_number']:,}",
                game["draw_date"] or "-",
                "-" if game["completion_percent"] is None else f"{game['completion_percent']:.2f} %",
                f"{game['real_results']['count']:,}",
                game["real_results"]["conflicts"],
                game["last_commit_at"] or "-",
            )
            for game in document["games"]
        ],
    )


@click.command("draws")
@universe_options
@one_game_option
@click.option("--from", "first", type=DRAW_NUMBER, help="First draw number.")
@click.option("--to", "last", type=DRAW_NUMBER, help="Last draw number, included.")
@click.option("--format", "shape", type=click.Choice(["jsonl", "csv", "table"]), default="table")
@click.pass_context
def draws_command(
    ctx: click.Context,
    mode: Mode | None,
    data_dir: Path | None,
    config: Path | None,
    game: str | None,
    first: int | None,
    last: int | None,
    shape: str,
) -> None:
    """Print raw draws by number; past the last one, what exists. A table without bounds shows the newest.

    \b
    universe draws --game GAME_001 --from 1 --to 10
    universe draws --from 1 --to 1000000 --format csv > draws.csv
    """
    chosen = target(ctx, mode, data_dir, config)
    if last is not None and last < (first or 1):
        raise SettingsError(f"--to {last} lies before --from {first}")
    location = Location(chosen.place.database)
    stored, initialised = stored_games(location, chosen.mode)
    name = game or (initialised[0] if initialised else None)
    if name is None or location.file_identity() is None:
        raise SettingsError(f"{location}: no universe with draws here; `universe run` or `universe simulate` makes one")
    found = find_game(name, chosen.known_games(stored))
    db = open_reader(location)
    try:
        key = require_game_key(db, found.game_id)
        clock = require_clock(db, key)
        newest = stored_watermark(db, key)
        begin = first or (max(1, newest - NEWEST_DRAWS + 1) if shape == "table" and last is None else 1)
        _print_draws(_draws(db, key, clock, begin, min(last or newest, newest)), shape)
    finally:
        db.close()
    if max(first or 1, last or 1) > newest:
        tell(f"the last draw of {found.game_id} so far is {newest:,}" if newest else f"{found.game_id} has no draw yet")
    elif first is None and begin > 1:
        tell(f"these are the newest of {newest:,} draws; --from A --to B shows others, --format csv or jsonl all")


def _draws(db: apsw.Connection, key: int, clock: LogicalClock, first: int, last: int) -> Iterator[dict[str, Any]]:
    """Yield draws as documents: numbers from the stored rank, the seed from the rule."""
    date_of_day = cache(clock.date_of_day)
    for piece in read_draws(db, key, clock, first, last):
        for number, rank in enumerate(piece.ranks.tolist(), start=piece.first):
            drawn = explained_draw(clock.game, date_of_day(clock.logical_day(number)), number)
            main, bonus = unrank(clock.game, rank)
            yield draw_document(attrs.evolve(drawn, rank=rank, main_numbers=main, bonus_numbers=bonus))


def _print_draws(draws: Iterator[dict[str, Any]], shape: str) -> None:
    if shape == "jsonl":
        for draw in draws:
            print_json(draw, flush=False)
        return
    headings = ["game_id", "draw_number", "draw_date", "seed", "main", "bonus"]
    rows = (
        [draw["game_id"], draw["draw_number"], draw["draw_date"], draw["seed"]]
        + [" ".join(map(str, draw[numbers])) for numbers in ("main_numbers", "bonus_numbers")]
        for draw in draws
    )
    if shape == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(headings)
        writer.writerows(rows)
    else:
        print_stream(headings, rows)


@click.command("draw")
@universe_options
@click.argument("game", metavar="GAME")
@click.argument("draw_date", metavar="DATE", type=DATE)
@click.argument("number", metavar="NUMBER", type=DRAW_NUMBER)
@json_option
@click.pass_context
def draw_command(
    ctx: click.Context,
    mode: Mode | None,
    data_dir: Path | None,
    config: Path | None,
    game: str,
    draw_date: date,
    number: int,
    as_json: bool,
) -> None:
    """Make one draw by the seed rule, step by step; no universe is needed.

    \b
    universe draw GAME_001 2026-11-21 1
    """
    chosen = target(ctx, mode, data_dir, config)
    stored, _ = stored_games(Location(chosen.place.database), chosen.mode)
    found = find_game(game, chosen.known_games(stored))
    require_draw_date(found, draw_date)
    draw = explained_draw(found, draw_date, number)
    if as_json:
        extra = {"message": draw.message, "digest": draw.digest, "rank": shown_rank(found, draw.rank)}
        print_json(draw_document(draw) | extra)
    else:
        print_text(_explained(draw))


def _explained(draw: ExplainedDraw) -> str:
    numbers = " ".join(map(str, draw.main_numbers))
    bonus = f" + {' '.join(map(str, draw.bonus_numbers))}" if draw.bonus_numbers else ""
    main_rank, bonus_rank = divmod(draw.rank, draw.game.bonus_outcomes)
    steps = [
        ("message", draw.message),
        ("sha256", draw.digest),
        ("seed", f"{draw.seed} (its first 16 bytes)"),
        ("outcomes", f"{draw.game.outcomes}"),
        ("rank", f"{draw.rank} (seed mod outcomes)"),
        ("ranks", f"main {main_rank}, bonus {bonus_rank}" if draw.bonus_numbers else f"main {main_rank}"),
        ("numbers", f"{numbers}{bonus}"),
    ]
    lines = "\n".join(f"{name:9}{value}" for name, value in steps)
    shell = shell_check(draw)
    what = "The same by shell" if "awk" in shell else "The rank by shell (awk would round what follows from it)"
    return f"{lines}\n\n{what}:\n\n{shell}"
