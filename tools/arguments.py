"""Arguments of tools: strict models, whose schemas say everything that is checked, and refusals in plain words."""

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema

from tools.cursors import CURSOR_CHARACTERS_MAX
from universe.calendar import DATE_MAX, DATE_MIN
from universe.errors import UniverseError
from universe.game import GAME_ID_PATTERN

LIST_LENGTH_MAX = 100
SHOWN_CHARACTERS_MAX = 60
QUOTED_CHARACTERS_MAX = 200
UNKNOWN_TOLD_MAX = 5

Asked = TypeVar("Asked", bound="Arguments")


class ArgumentsError(UniverseError):
    """Arguments that the schema of their tool does not allow."""


class Arguments(BaseModel):
    """Base of a tool's arguments: nothing is converted, nothing unknown is let through."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def iso_date(value: object) -> object:
    """Return the date of a YYYY-MM-DD text within the calendar; anything else fails validation."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        raise ValueError("not YYYY-MM-DD")  # noqa: TRY004  pydantic collects ValueErrors
    return day_of(value)


def day_of(text: str) -> date:
    """Return the date of a YYYY-MM-DD text; ValueError says of it what it is instead, or where the calendar ends."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError("is not YYYY-MM-DD")
    try:
        day = date.fromisoformat(text)
    except ValueError as fault:
        raise ValueError("is no date") from fault
    if not DATE_MIN <= day <= DATE_MAX:
        raise ValueError(f"is not in {DATE_MIN}..{DATE_MAX}")
    return day


IsoDate = Annotated[date, BeforeValidator(iso_date), WithJsonSchema({"type": "string", "format": "date"})]
GameId = Annotated[str, Field(pattern=f"^{GAME_ID_PATTERN}$", examples=["GAME_001"])]

GAME_ID = Field(description="As in get_universe_status. Omitted or null: the first that is initialised.")
LIMIT = Field(ge=1, le=LIST_LENGTH_MAX, description="How many entries to return at most.")
CURSOR = Field(
    max_length=CURSOR_CHARACTERS_MAX,
    description="next_cursor of the previous answer, to go on; the other arguments as in that call. Omitted or null:"
    " begin with the newest.",
)


def checked(tool: str, kind: type[Asked], schema: Mapping[str, Any], given: Mapping[str, Any]) -> Asked:
    """Return the arguments; ArgumentsError says in one line which are wrong, and what each may be by the schema.

    Unknown names never reach the model: it would keep an error for every one of a million.
    """
    known = schema.get("properties", {})
    unknown = [name for name in given if name not in known]
    wrong: set[str] = set()
    try:
        asked = kind.model_validate({name: value for name, value in given.items() if name in known})
    except ValidationError as fault:
        wrong = {str(error["loc"][0]) for error in fault.errors(include_url=False, include_context=False)}
    if unknown or wrong:
        faults = [_fault(name, known[name], given) for name in known if name in wrong]
        faults += [f"unknown argument {_listed(unknown)}, {tool} takes {', '.join(known) or 'none'}"] if unknown else []
        raise ArgumentsError(f"{tool}: {'; '.join(faults)}")
    return asked


def _fault(name: str, schema: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    if name not in given:
        return f"{name} is missing: {allowed(schema)}"
    hint = "; send numbers without quotes" if _takes_numbers(schema) and _is_quoted(given[name]) else ""
    return f"{name} must be {allowed(schema)}, not {_shown(given[name])}{hint}"


def _takes_numbers(schema: Mapping[str, Any]) -> bool:
    return any(choice.get("type") in {"integer", "number", "array"} for choice in schema.get("anyOf", [schema]))


def _is_quoted(value: object) -> bool:
    """Whether a value is text that reads like a number, or like a list of numbers, or a list that holds such text."""
    if isinstance(value, list):
        return any(isinstance(one, str) and _is_quoted(one) for one in value)
    return (
        isinstance(value, str)
        and re.fullmatch(r"[\[\]0-9,. +-]*[0-9][\[\], ]*", value[:QUOTED_CHARACTERS_MAX]) is not None
    )


def _listed(names: list[str]) -> str:
    told = ", ".join(map(_shown, names[:UNKNOWN_TOLD_MAX]))
    return told if len(names) <= UNKNOWN_TOLD_MAX else f"{told} and {len(names) - UNKNOWN_TOLD_MAX} more"


def _shown(value: object) -> str:
    """Return the beginning of a value as JSON; the rest, however long or deep, is not even looked at."""
    text = ""
    for piece in json.JSONEncoder(default=str).iterencode(value):
        text += piece
        if len(text) > SHOWN_CHARACTERS_MAX:
            return f"{text[:SHOWN_CHARACTERS_MAX]}…"
    return text


def allowed(schema: Mapping[str, Any]) -> str:
    """Return in words what a schema of an argument allows."""
    match schema:
        case {"anyOf": choices}:
            return " or ".join(map(allowed, choices))
        case {"enum": values}:
            return f"one of {', '.join(map(str, values))}"
        case {"type": "integer" | "number" as kind}:
            return f"{'an integer' if kind == 'integer' else 'a number'}{_range(schema, 'minimum', 'maximum')}"
        case {"type": "array", "items": items}:
            least, most = schema.get("minItems"), schema.get("maxItems")
            count = f"{least} to {most}" if least is not None else f"at most {most}"
            return f"a list of {count} integers, each{_range(items, 'minimum', 'maximum')}"
        case {"type": "string"}:
            return _allowed_text(schema)
        case _:
            return str(schema.get("type"))


def _allowed_text(schema: Mapping[str, Any]) -> str:
    if schema.get("format") == "date":
        return f"a date YYYY-MM-DD from {DATE_MIN} to {DATE_MAX}"
    if "examples" in schema:
        *names, form = schema["examples"]  # several: names, and one text of the form that is taken beside them
        return f"one of {', '.join(names)}, or FROM..TO like {form}" if names else f"text like {form}"
    return f"text{_range(schema, 'minLength', 'maxLength')} characters"


def _range(schema: Mapping[str, Any], low: str, high: str) -> str:
    least, most = schema.get(low), schema.get(high)
    if least is None:
        return "" if most is None else f" of at most {most}"
    return f" of at least {least}" if most is None else f" from {least} to {most}"
