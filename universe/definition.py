"""Game definitions as data: TOML and JSON in, canonical JSON out, and what two definitions differ in."""

import hashlib
import json
import reprlib
import tomllib
from datetime import date
from pathlib import Path
from typing import Any, get_args, get_origin

import cattrs
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from universe.calendar import DATE_MAX, DATE_MIN
from universe.errors import DefinitionError
from universe.game import Game, MovedDraw, Period, Pool, RestOfDrum

ENTRIES_MAX = 1_000  # of one list: the checks of a game compare every moved draw with every period
FAULTS_TOLD_MAX = 20
FAULT_CHARS_MAX = 160
PATH_CHARS_MAX = 4_096  # no system opens a longer one

_RENAMED = {
    Game: {"game_id": override(rename="id")},
    Period: {"start": override(rename="from")},
}


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook(date, _structure_date)
    converter.register_structure_hook(int, _structure_int)
    converter.register_structure_hook(str, _structure_str)
    converter.register_structure_hook_func(_is_tuple, lambda value, kind: _structure_tuple(value, kind, converter))
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_structure_hook(Pool | RestOfDrum | None, lambda value, _: _structure_bonus(value, converter))
    for cls in (Pool, RestOfDrum, Period, MovedDraw, Game):
        renamed: dict[str, Any] = _RENAMED.get(cls, {})
        structure = make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True, **renamed)
        converter.register_structure_hook(cls, structure)
        converter.register_unstructure_hook(cls, make_dict_unstructure_fn(cls, converter, **renamed))
    converter.register_unstructure_hook(RestOfDrum, lambda rest: {"picked": rest.picked, "rest_of_drum": True})
    return converter


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _structure_tuple(value: Any, kind: Any, converter: cattrs.Converter) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{reprlib.repr(value)} is not a list")  # noqa: TRY004  cattrs collects ValueErrors with their path
    if len(value) > ENTRIES_MAX:
        raise ValueError(f"{len(value)} entries are more than {ENTRIES_MAX}")
    entries: Any = list[get_args(kind)[0]]  # type: ignore[misc]  # a type made at run time
    return tuple(converter.structure(value, entries))


def _structure_date(value: Any, _: type) -> date:
    day = date.fromisoformat(value) if isinstance(value, str) else value
    if type(day) is not date:
        raise ValueError(f"{reprlib.repr(value)} is not a date such as 2000-06-07")
    if not DATE_MIN <= day <= DATE_MAX:
        raise ValueError(f"{day} is not from {DATE_MIN} to {DATE_MAX}")
    return day


def _structure_int(value: Any, _: type) -> int:
    if type(value) is not int:
        raise ValueError(f"{reprlib.repr(value)} is not a whole number")
    return value


def _structure_str(value: Any, _: type) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{reprlib.repr(value)} is not a text")  # noqa: TRY004  cattrs collects ValueErrors with their path
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
        raise DefinitionError(f"{source}: {faults_of(error, 'game')}") from error


def faults_of(error: Exception, root: str) -> str:
    """Return what cattrs found, each fault with its path from ``root`` first, in a person's words and in one line."""
    faults = cattrs.transform_error(error, path=root, format_exception=_fault)
    more = [f"and {len(faults) - FAULTS_TOLD_MAX} more"] if len(faults) > FAULTS_TOLD_MAX else []
    return "; ".join([_placed(fault) for fault in faults[:FAULTS_TOLD_MAX]] + more)


def _placed(fault: str) -> str:
    message, _, path = fault.rpartition(" @ ")
    return f"{told(path.replace('.game_id', '.id').replace('.start', '.from'))}: {told(message)}"


def told(text: object, chars_max: int = FAULT_CHARS_MAX) -> str:
    """Return a text as a part of a message: without what breaks the line or cannot be seen, and not too long."""
    signs = str(text)[: chars_max + 1]
    line = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in signs)
    return line if len(line) <= chars_max else f"{line[:chars_max]}…"


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


def toml_data(path: Path) -> dict[str, Any]:
    """Read a file of a user's own; ValueError says in one line why it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(error.strerror) from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except ValueError as error:  # no TOML, no UTF-8, a number too long to convert, a path that is none
        raise ValueError(told(error)) from error


def game_from_toml(path: Path) -> Game:
    """Read one definition file; DefinitionError names the file and every fault."""
    source = told(path, PATH_CHARS_MAX)
    try:
        data = toml_data(path)
    except ValueError as error:
        raise DefinitionError(f"{source}: {error}") from error
    return game_from_data(data, source=source)


def game_to_data(game: Game) -> dict[str, Any]:
    """Return the definition as JSON values; defaults are written out, so equal games give equal data."""
    data: dict[str, Any] = _CONVERTER.unstructure(game)
    return data


def game_to_json(game: Game) -> str:
    """Return the canonical text: sorted keys, no spaces."""
    return json.dumps(game_to_data(game), sort_keys=True, separators=(",", ":"))


def game_from_json(text: str) -> Game:
    """Read back what game_to_json wrote; DefinitionError if it was something else."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DefinitionError(f"stored definition: {told(error)}") from error
    return game_from_data(data, source="stored definition")


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


def definition_toml(game: Game) -> str:
    """Return a definition as the text of a file of a user's own, which reads back as the same game."""
    lines = [
        f'id = "{game.game_id}"',
        f"since = {game.since}",
        f"main = {{ picked = {game.main.picked}, size = {game.main.size} }}",
    ]
    if game.bonus is not None:
        drum = "rest_of_drum = true" if game.bonus_from_rest else f"size = {game.bonus_size}"
        lines.append(f"bonus = {{ picked = {game.bonus_picked}, {drum} }}")
    for period in game.schedule:
        days = ", ".join(f'"{day}"' for day in period.days)
        lines += ["", "[[schedule]]", f"from = {period.start}", f"days = [{days}]"]
    for move in game.moved:
        lines += ["", "[[moved]]", f"scheduled = {move.scheduled}", f"held = {move.held}"]
    return "\n".join(lines) + "\n"
