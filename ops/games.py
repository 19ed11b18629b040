"""``universe games``: which games there are, what one is, and whether a user's own file is a game."""

from pathlib import Path
from typing import Any

import click

from ops.options import json_option, target, universe_options
from ops.place import Mode
from ops.prepare import stored_games
from ops.terminal import print_json, print_table, print_text
from storage.connection import Location
from universe.catalogue import by_id, find_game
from universe.definition import definition_digest, definition_toml, game_from_toml, game_to_data
from universe.game import Game
from universe.subsets import why_no_levels


@click.group("games")
def games_command() -> None:
    """List games, show one, check a definition of your own.

    \b
    universe games list
    universe games show GAME_001
    universe games validate my_game.toml
    """


def pools_text(game: Game) -> str:
    """Return the pools in the usual short form."""
    main = f"{game.main.picked}/{game.main.size}"
    if game.bonus is None:
        return main
    return (
        f"{main} + {game.bonus_picked} of the rest"
        if game.bonus_from_rest
        else (f"{main} + {game.bonus_picked}/{game.bonus_size}")
    )


def _known(ctx: click.Context, mode: Mode | None, data_dir: Path | None, config: Path | None) -> dict[str, Game]:
    chosen = target(ctx, mode, data_dir, config)
    stored, _ = stored_games(Location(chosen.place.database), chosen.mode)
    return chosen.known_games(stored)


@games_command.command("list")
@universe_options
@json_option
@click.pass_context
def games_list(
    ctx: click.Context, mode: Mode | None, data_dir: Path | None, config: Path | None, as_json: bool
) -> None:
    """List the games that can be named by id: shipped, your own, and those of the universe."""
    games = by_id(_known(ctx, mode, data_dir, config).values())
    if as_json:
        print_json([_document(game) for game in games.values()])
        return
    rows = [
        (game.game_id, pools_text(game), " ".join(game.schedule[-1].days), game.since, f"{game.outcomes:,}")
        for game in games.values()
    ]
    print_table(["game", "pools", "draw days", "since", "outcomes"], rows)


@games_command.command("show")
@universe_options
@click.argument("game")
@json_option
@click.pass_context
def games_show(
    ctx: click.Context, mode: Mode | None, data_dir: Path | None, config: Path | None, game: str, as_json: bool
) -> None:
    """Show one game's definition; the text is TOML, a start for your own."""
    found = find_game(game, _known(ctx, mode, data_dir, config))
    if as_json:
        print_json(_document(found))
    else:
        print_text(definition_toml(found).rstrip("\n"))


@games_command.command("validate")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def games_validate(file: Path, as_json: bool) -> None:
    """Check a definition file; every fault is named."""
    game = game_from_toml(file)
    if as_json:
        print_json({"valid": True, **_document(game)})
    else:
        print_text(f"{file}: {game.game_id}, {pools_text(game)}, {game.outcomes:,} outcomes, since {game.since}")


def _document(game: Game) -> dict[str, Any]:
    return {
        "game_id": game.game_id,
        **game_to_data(game),
        "outcomes": game.outcomes if game.outcomes <= 2**53 else str(game.outcomes),
        "digest": definition_digest(game),
        "match_levels_unavailable": why_no_levels(game),
    }
