"""Where a universe lives: one directory a mode below the data directory, and whose games it knows."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import attrs

from universe.catalogue import find_game, games_in, shipped_games
from universe.definition import game_from_toml
from universe.errors import SettingsError
from universe.game import Game

Mode = Literal["prod", "test"]

FIRST_GAME = "GAME_001"  # what a new universe simulates unless told otherwise


@attrs.frozen
class Place:
    """One universe's files."""

    data_dir: Path
    mode: Mode

    @property
    def root(self) -> Path:
        """The directory of this mode."""
        return self.data_dir / self.mode

    @property
    def database(self) -> Path:
        """The database file."""
        return self.root / "universe.db"

    @property
    def archive(self) -> Path:
        """Where archived raw draws go."""
        return self.root / "archive"

    @property
    def games(self) -> Path:
        """The folder of a user's own game definitions, for both modes."""
        return self.data_dir / "games"

    def create(self) -> None:
        """Make the directory, for this user alone; SettingsError if that is impossible."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"{self.root}: {error.strerror}") from error


def data_directory(given: Path | None) -> Path:
    """Return the data directory: as given, else UNIVERSE_DATA_DIR, else the user's own for this program."""
    if given is not None:
        return given.absolute()
    if from_environment := os.environ.get("UNIVERSE_DATA_DIR"):
        return Path(from_environment).absolute()
    from platformdirs import user_data_path

    return user_data_path("universe", appauthor=False)


def known_games(place: Place | None, stored: Sequence[Game]) -> dict[str, Game]:
    """Return every game that can be named by id: shipped, the user's own, and those that a universe holds.

    A file wins over what is stored: so that a changed definition is noticed, and refused, rather than ignored.
    """
    own = games_in(place.games) if place else {}
    return {game.game_id: game for game in stored} | shipped_games() | own


def named_id(name: str) -> str:
    """Return the id that a person's --game stands for: the id itself, or that of a definition file."""
    return game_from_toml(Path(name)).game_id if name.endswith(".toml") else name


def chosen_games(names: Sequence[str], known: dict[str, Game], initialised: Sequence[str]) -> list[Game]:
    """Return the games a command works on: those named, else those initialised, else the first shipped one."""
    games = {game.game_id: game for game in (find_game(name, known) for name in names or initialised or [FIRST_GAME])}
    return [games[game_id] for game_id in sorted(games)]
