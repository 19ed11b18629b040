"""The configuration file: TOML, parsed once, every fault named with its path."""

from datetime import time
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs
import cattrs
from attrs import validators

from universe.definition import PATH_CHARS_MAX, faults_of, told, toml_data
from universe.errors import SettingsError
from universe.results.formats import format_named

LOGICAL_DAY_SECONDS_MIN, LOGICAL_DAY_SECONDS_MAX = 1.0, 1e9


@attrs.frozen(kw_only=True)
class UniverseSettings:
    """How fast logical time passes in production, and whether raw draws are kept."""

    logical_day_seconds: float = attrs.field(
        default=86_400.0, validator=[validators.ge(LOGICAL_DAY_SECONDS_MIN), validators.le(LOGICAL_DAY_SECONDS_MAX)]
    )
    raw_draws: Literal["keep", "off"] = "keep"


def _known_zone(_: object, __: object, name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone such as America/Los_Angeles") from error


def _known_format(_: object, __: object, name: str) -> None:
    format_named(name)


@attrs.frozen(kw_only=True)
class FeedSettings:
    """Where a game's real results come from, and from which local time on to look for them on a draw date."""

    source: str | None = None
    format: str | None = attrs.field(default=None, validator=validators.optional(_known_format))
    timezone: str = attrs.field(default="UTC", validator=_known_zone)
    results_after: time = time(23, 30)


def _count(count_max: int, default: int) -> int:
    return attrs.field(default=default, validator=[validators.ge(1), validators.le(count_max)])


@attrs.frozen(kw_only=True)
class HttpSettings:
    """What one client of the HTTP server may use: the holder of one token."""

    requests_per_second: int = _count(100_000, 100)
    requests_burst: int = _count(100_000, 200)
    requests_at_once: int = _count(4_000, 256)  # streams included
    sessions: int = _count(2_048, 256)  # of the protocol's revisions that have them


@attrs.frozen(kw_only=True)
class Settings:
    """A whole configuration file; without one, the defaults."""

    universe: UniverseSettings = attrs.field(factory=UniverseSettings)
    http: HttpSettings = attrs.field(factory=HttpSettings)
    game: dict[str, FeedSettings] = attrs.field(factory=dict)

    def feed(self, game_id: str) -> FeedSettings:
        """Return the feed of a game; without a source if none is configured."""
        return self.game.get(game_id, FeedSettings())


def _time(value: Any, _: type) -> time:
    if isinstance(value, str):
        value = time.fromisoformat(value)
    if isinstance(value, time) and value.tzinfo is None:
        return value
    raise ValueError(f"{value!r} is not a local time of day such as 20:00")


def _text(value: Any, _: type) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")  # noqa: TRY004  cattrs collects ValueErrors with their path
    return value


def _number(value: Any, _: type) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is not a number")  # noqa: TRY004  as above
    return float(value)


def _integer(value: Any, _: type) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{value!r} is not an integer")  # noqa: TRY004  as above
    return value


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook(int, _integer)
    converter.register_structure_hook(time, _time)
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(float, _number)
    return converter


def settings_from_toml(path: Path) -> Settings:
    """Read a configuration file; SettingsError names the file and every fault."""
    source = told(path, PATH_CHARS_MAX)
    try:
        data = toml_data(path)
    except ValueError as error:
        raise SettingsError(f"{source}: {error}") from error
    try:
        return _converter().structure(data, Settings)
    except Exception as error:
        raise SettingsError(f"{source}: {faults_of(error, 'config')}") from error
