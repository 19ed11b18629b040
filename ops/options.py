"""What several commands share: their options, and how values are read from the command line."""

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar, get_args

import attrs
import click

from ops.logs import Format, Level, configure_logging
from ops.place import Mode, Place, data_directory, known_games
from universe.game import Game
from universe.settings import Settings, settings_from_toml

Command = TypeVar("Command", bound=Callable[..., Any])


@attrs.define
class Common:
    """Options that may stand before the command: its own, given after it, win."""

    mode: Mode | None = None
    data_dir: Path | None = None
    config: Path | None = None


class IsoDate(click.ParamType[date]):
    """A date such as 2026-11-21, or ``today`` (UTC)."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the date, or fail with what is allowed."""
        if isinstance(value, date):
            return value
        if value == "today":
            return datetime.now(UTC).date()
        try:
            found = date.fromisoformat(value)
        except ValueError:
            found = None
        if found is None or found.isoformat() != value:  # 20261121 and 2026-W47-6 are dates too, but not as we write
            self.fail(f"{value!r} is not a date such as 2026-11-21, or today", param, ctx)
        return found


DATE = IsoDate()
DRAW_NUMBER = click.IntRange(1, 10**18)  # a database integer, with room to calculate


class NamedPath(click.Path):
    """A path. An empty one, say of a variable that is not set, would be the current directory."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, or fail if it is empty."""
        if value == "":
            self.fail("is empty; it takes a path", param, ctx)
        return super().convert(value, param, ctx)


PATH = NamedPath(path_type=Path)


def universe_options(command: Command) -> Command:
    """Add --mode, --data-dir and --config."""
    command = click.option("--config", type=PATH, help="Settings, TOML: feeds, logical day, raw draws.")(command)
    command = click.option("--data-dir", type=PATH, help="Where universes live (also UNIVERSE_DATA_DIR).")(command)
    return click.option("--mode", type=click.Choice(["prod", "test"]), help="Which universe; prod by default.")(command)


def games_option(command: Command) -> Command:
    """Add --game, which may be repeated."""
    return click.option(
        "--game", "games", multiple=True, metavar="ID|FILE", help="A game by id, or a definition file; repeatable."
    )(command)


def one_game_option(command: Command) -> Command:
    """Add --game for commands that look at one game."""
    return click.option("--game", metavar="ID|FILE", help="The game; by default the first of the universe.")(command)


def log_options(command: Command, *, environment: bool = False) -> Command:
    """Add --log-level and --log-format, which take effect when they are read: a command's own after those before it.

    With ``environment`` variables stand in for what is not given; so only before the command, where options that
    follow still win.
    """
    for name, kind, what in (
        ("format", Format, "How: auto is text on a terminal, else JSON lines."),
        ("level", Level, "What is logged, from this level on (info)."),
    ):
        command = click.option(
            f"--log-{name}",
            type=click.Choice(get_args(kind), case_sensitive=False),
            envvar=f"UNIVERSE_LOG_{name.upper()}" if environment else None,
            show_envvar=environment,
            expose_value=False,
            callback=_log_as_told,
            help=what,
        )(command)
    return command


def _log_as_told(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is None or ctx.resilient_parsing:
        return
    told: dict[str, Any] = ctx.meta.setdefault(configure_logging.__qualname__, {})  # of all contexts of this call
    if param.name == "log_level":
        told["level"] = logging.getLevelNamesMapping()[value.upper()]
    else:
        told["form"] = value
    configure_logging(**told)


def json_option(command: Command) -> Command:
    """Add --json."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")(command)


def initialisation_options(command: Command) -> Command:
    """Add what is fixed when a game's simulation is initialised."""
    for option in (
        click.option("--milestone-date", type=DATE, help="Halt after the last draw of this date."),
        click.option(
            "--max-draws",
            type=DRAW_NUMBER,
            help="Halt at this draw number (default 40,000,000).",
        ),
        click.option("--draws-per-day", type=DRAW_NUMBER, help="Draws a logical day; fixed for ever."),
        click.option("--epoch", type=DATE, help="Date of logical day 0; fixed for ever."),
    ):
        command = option(command)
    return command


@attrs.frozen(kw_only=True)
class Target:
    """The universe a command is about, and the settings it runs under."""

    place: Place
    settings: Settings

    @property
    def mode(self) -> Mode:
        """Production or test."""
        return self.place.mode

    def known_games(self, stored: list[Game]) -> dict[str, Game]:
        """Return every game that can be named by id."""
        return known_games(self.place, stored)


def target(ctx: click.Context, mode: Mode | None, data_dir: Path | None, config: Path | None) -> Target:
    """Return the target of a command from its own options and those before it."""
    common = ctx.find_object(Common) or Common()
    config = config or common.config
    return Target(
        place=Place(data_directory(data_dir or common.data_dir), mode or common.mode or "prod"),
        settings=settings_from_toml(config) if config else Settings(),
    )
