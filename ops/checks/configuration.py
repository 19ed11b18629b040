"""What the operator wrote: the settings, own game definitions, and the tokens of HTTP clients."""

import os
from pathlib import Path

from ops.checks.directory import OPEN_TO_OTHERS
from ops.checks.finding import Finding, Patient, fail, ok, warn
from ops.place import known_games
from universe.definition import game_from_toml
from universe.errors import UniverseError
from universe.game import Game
from universe.settings import Settings, settings_from_toml


def read_config(config: Path | None) -> tuple[Settings, Finding]:
    """Return the settings, the defaults if the file cannot be used, and what was found."""
    if config is None:
        return Settings(), ok("config", "none given: no sources, the default pace")
    try:
        settings = settings_from_toml(config)
    except UniverseError as error:
        return Settings(), fail(
            "config", str(error), f"correct {config}: every fault is named; `universe run` refuses it until then"
        )
    sources = sum(feed.source is not None for feed in settings.game.values())
    shown = f"{sources} of {len(settings.game)} games with a source" if sources else "no sources configured"
    return settings, ok("config", f"{config}: {shown}")


def check_games(patient: Patient) -> Finding:
    """Whether own definitions are games, and the configuration names games that there are."""
    folder = patient.place.games
    own: dict[str, Game] = {}
    faults: list[str] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            game = game_from_toml(path)
        except UniverseError as error:
            faults.append(str(error))
            continue
        if game.game_id in own:
            faults.append(f"{path}: a second definition of {game.game_id}")
        own[game.game_id] = game
    if faults:
        return fail(
            "games", "; ".join(faults), "correct it until `universe games validate FILE` is content, or move it away"
        )
    strangers = sorted(patient.settings.game.keys() - known(patient).keys())
    if strangers:
        return fail(
            "games",
            f"config: unknown game {', '.join(strangers)}",
            f"correct [game.{strangers[0]}], or put its definition into {folder}",
        )
    return ok("games", f"{len(own)} of your own in {folder}" if own else "those that come with the program")


def known(patient: Patient) -> dict[str, Game]:
    """Return every game that can be named, as far as the universe and own definitions can be read."""
    from ops.checks.database import seen_games

    try:
        stored = [view.game for view in seen_games(patient)]
    except (UniverseError, OSError):
        stored = []
    try:
        return known_games(patient.place, stored)
    except (UniverseError, OSError):
        return known_games(None, stored)


def check_tokens(patient: Patient) -> Finding:
    """Whether the tokens can be read, and by nobody else. They are counted, never shown."""
    from tools.tokens import TOKENS_VARIABLE, read_tokens, tokens_of_environment

    file, text = patient.token_file, os.environ.get(TOKENS_VARIABLE, "")
    where = f"{TOKENS_VARIABLE}" if file is None else str(file)
    if file is None and not text:
        return ok("tokens", "none given: HTTP serves on loopback only")
    try:
        names = (tokens_of_environment(text) if file is None else read_tokens(file)).names
        mode = 0o600 if file is None else file.stat().st_mode & 0o777
    except (UniverseError, OSError) as error:
        return fail(
            "tokens", str(error), f"correct {where}: one `name:token` an entry, say name:$(openssl rand -hex 24)"
        )
    shown = f"{where}: of {', '.join(names) or 'nobody'}"
    if not names:
        return fail("tokens", shown, f"write one `name:token` a line into {where}: nobody is let in otherwise")
    if mode & OPEN_TO_OTHERS:
        return warn("tokens", f"{shown}; mode {mode:04o} lets others read them", f"chmod 600 {file}")
    return ok("tokens", shown)
