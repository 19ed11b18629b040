"""Where game definitions come from: those shipped beside this file, and a user's own files."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from universe.definition import game_from_toml, told
from universe.errors import DefinitionError
from universe.game import Game

SHIPPED_FOLDER = Path(__file__).parent / "games"


def games_in(folder: Path) -> dict[str, Game]:
    """Read every definition of a folder, by id; a folder that does not exist has none."""
    games: dict[str, Game] = {}
    for path in sorted(folder.glob("*.toml")):
        game = game_from_toml(path)
        if game.game_id in games:
            raise DefinitionError(f"{path}: a second definition of {game.game_id} in one folder")
        games[game.game_id] = game
    return games


def shipped_games() -> dict[str, Game]:
    """Return the games that come with the program, by id."""
    return games_in(SHIPPED_FOLDER)


def find_game(name: str, known: Mapping[str, Game]) -> Game:
    """Return the game that a person names: an id, or the path of a definition file."""
    if name.endswith(".toml"):
        return game_from_toml(Path(name))
    if name not in known:
        raise DefinitionError(f"unknown game {told(name)}: known are {', '.join(sorted(known))}, or name a .toml file")
    return known[name]


def by_id(games: Iterable[Game]) -> dict[str, Game]:
    """Return the games by id, ascending."""
    return {game.game_id: game for game in sorted(games, key=lambda game: game.game_id)}
