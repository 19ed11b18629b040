"""``universe fairness``: the whole battery over the real results, calibrated by synthetic histories."""

from pathlib import Path

import click

from actors.historian import HISTORIAN
from ops.completing import complete
from ops.exits import tell
from ops.look import Onlooker
from ops.options import json_option, one_game_option, target, universe_options
from ops.place import Mode, named_id
from ops.terminal import print_json, print_text, progress_bars
from storage.connection import Location
from storage.reader import Reader
from tools.questions.fairness import ANALYZE_FAIRNESS, FairnessArguments, Scope
from tools.wire import to_wire
from universe.errors import SettingsError


@click.command("fairness")
@universe_options
@one_game_option
@click.option(
    "--scope",
    type=click.Choice(["real", "synthetic"]),
    default="real",
    help="The real results, or the synthetic stream itself.",
)
@click.option("--rebuild", is_flag=True, help="Measure all synthetic histories anew, as long as the real one is now.")
@json_option
@click.pass_context
def fairness_command(
    ctx: click.Context,
    mode: Mode | None,
    data_dir: Path | None,
    config: Path | None,
    game: str | None,
    scope: Scope,
    rebuild: bool,
    as_json: bool,
) -> None:
    """Say whether real results look like pure chance: every test, one p-value for all of them, what it could not see.

    Synthetic histories that are not measured yet are measured first; beside a running universe that is done there, and
    this command takes what it has so far, and --rebuild is refused.

    \b
    universe fairness --game GAME_001
    universe fairness --scope synthetic
    """
    if rebuild and scope == "synthetic":
        raise SettingsError("--rebuild: the synthetic stream is tested as it is, only --scope real measures histories")
    chosen = target(ctx, mode, data_dir, config)
    location = Location(chosen.place.database)
    reader = Reader.open(location, chosen.mode)
    try:
        with reader.snapshot() as snapshot:
            game_id = snapshot.game(named_id(game) if game else None).game.game_id
        if scope == "real":
            with progress_bars(wanted=not as_json) as bars:
                done = complete(chosen, game_id, [HISTORIAN], bars, anew=rebuild)
            if not done:
                tell(f"another process simulates here: it measures what {game_id} lacks, this is what it has so far")
        with reader.snapshot() as snapshot:
            asked, onlooker = FairnessArguments(scope=scope, game_id=game_id), Onlooker({}, led=False)
            answer = ANALYZE_FAIRNESS.ask(snapshot, asked, onlooker)
    finally:
        reader.close()
    if as_json:
        print_json(to_wire(answer))
    else:
        print_text(ANALYZE_FAIRNESS.tell(answer))
