"""Game definitions as data: TOML and JSON in, canonical JSON out, and what two definitions differ in."""

import hashlib
import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import cattrs
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from universe.errors import DefinitionError
from universe.game import Game, MovedDraw, Period, Pool, RestOfDrum

_RENAMED = {
    Game: {"game_id": override(rename="id")},
    Period: {"start": override(rename="from")},
}


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook(date, _structure_date)
    converter.register_structure_hook(int, _structure_int)
    converter.register_structure_hook(str, _structure_str)
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_structure_hook(Pool | RestOfDrum | None, lambda value, _: _structure_bonus(value, converter))
    for cls in (Pool, RestOfDrum, Period, MovedDraw, Game):
        renamed: dict[str, Any] = _RENAMED.get(cls, {})
        structure = make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True, **renamed)
        converter.register_structure_hook(cls, structure)
        converter.register_unstructure_hook(cls, make_dict_unstructure_fn(cls, converter, **renamed))
    converter.register_unstructure_hook(RestOfDrum, lambda rest: {"picked": rest.picked, "rest_of_drum": True})
    return converter


def _structure_date(value: Any, _: type) -> date:
    if type(value) is date:
        return value
    if isinstance(value, str):
        return date.fromisoformat(value)
    raise ValueError(f"{value!r} is not a date such as 2000-06-07")


def _structure_int(value: Any, _: type) -> int:
    if type(value) is not int:
        raise ValueError(f"{value!r} is not a whole number")
    return value


def _structure_str(value: Any, _: type) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")  # noqa: TRY004  cattrs collects ValueErrors with their path
    return value


def _structure_bonus(value: Any, converter: cattrs.Converter) -> Pool | RestOfDrum | None:
    if value is None:
        return None
    if isinstance(value, dict) and value.get("rest_of_drum") is True:
        return converter.structure({key: value[key] for key in value if key != "rest_of_drum"}, RestOfDrum)
    if isinstance(value, dict) and "rest_of_drum" in value:
        raise ValueError("rest_of_drum is true or left out; a bonus of its own drum has a size instead")
    return converter.structure(value, Pool)


_CONVERTER = _converter()


def game_from_data(data: Any, *, source: str) -> Game:
    """Parse one definition; ``source`` names it in errors. All faults come in one DefinitionError."""
    if not isinstance(data, dict):
        raise DefinitionError(f"{source}: a game definition is a table of keys, not {type(data).__name__}")
    try:
        return _CONVERTER.structure(data, Game)
    except Exception as error:
        raise DefinitionError(f"{source}: {'; '.join(faults_of(error, 'game'))}") from error


def faults_of(error: Exception, root: str) -> list[str]:
    """Return every fault that cattrs found, each with its path from ``root`` first, in a person's words."""
    return [_placed(fault) for fault in cattrs.transform_error(error, path=root, format_exception=_fault)]


def _placed(fault: str) -> str:
    message, _, path = fault.rpartition(" @ ")
    return f"{path.replace('.game_id', '.id').replace('.start', '.from')}: {message}"


def _fault(error: BaseException, _kind: type | None) -> str:
    message = " ".join(str(error.args[0] if error.args else error).split()).replace("'game_id'", "'id'")
    match error:
        case cattrs.errors.ForbiddenExtraKeysError():
            return f"unknown key {', '.join(sorted(error.extra_fields))}"
        case TypeError() | AttributeError() if "is not iterable" in message or "has no attribute" in message:
            return "not a table of keys"
        case KeyError():
            return "missing"
        case _ if " not in literal typing.Literal" in message:
            value, _, allowed = message.partition(" not in literal typing.Literal")
            return f"{value!r} is not one of {allowed.strip('[]').replace(chr(39), '')}"
        case _:
            return message


def game_from_toml(path: Path) -> Game:
    """Read one definition file; DefinitionError names the file and every fault."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DefinitionError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DefinitionError(f"{path}: {error}") from error
    return game_from_data(data, source=str(path))


def game_to_data(game: Game) -> dict[str, Any]:
    """Return the definition as JSON values; defaults are written out, so equal games give equal data."""
    data: dict[str, Any] = _CONVERTER.unstructure(game)
    return data


def game_to_json(game: Game) -> str:
    """Return the canonical text: sorted keys, no spaces."""
    return json.dumps(game_to_data(game), sort_keys=True, separators=(",", ":"))


def game_from_json(text: str) -> Game:
    """Read back what game_to_json wrote."""
    return game_from_data(json.loads(text), source="stored definition")


def definition_digest(game: Game) -> str:
    """Return the SHA-256 of the canonical text, 64 hex digits."""
    return hashlib.sha256(game_to_json(game).encode()).hexdigest()


def forbidden_differences(old: Game, new: Game, *, after: date | None) -> list[str]:
    """Name each key in which ``new`` differs from ``old`` as the data already there forbids, with both values.

    Schedule periods and moved draws that lie wholly after ``after`` (the game's current draw date) may be added;
    everything else is fixed. None: nothing is there yet that a date could protect, so nothing may be added either.
    """
    before, now = game_to_data(old), game_to_data(new)
    if after is not None:
        for key, dates in (("schedule", ("from",)), ("moved", ("scheduled", "held"))):
            now[key] = [
                item
                for item in now[key]
                if item in before[key] or min(item[name] for name in dates) <= after.isoformat()
            ]
    return [
        f"{key} was {json.dumps(before[key])}, now {json.dumps(now[key])}" for key in before if before[key] != now[key]
    ]
