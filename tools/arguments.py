"""Arguments of tools: strict models, whose schemas say everything that is checked, and refusals in plain words."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema

from tools.cursors import CURSOR_CHARACTERS_MAX
from universe.calendar import DATE_MAX
from universe.game import GAME_ID_PATTERN

LIST_LENGTH_MAX = 100
DATE_MIN = date(1900, 1, 1)
SHOWN_CHARACTERS_MAX = 60


class Arguments(BaseModel):
    """Base of a tool's arguments: nothing is converted, nothing unknown is let through."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def iso_date(value: object) -> object:
    """Return the date of a YYYY-MM-DD text within the calendar; anything else fails validation."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("not YYYY-MM-DD")
    day = date.fromisoformat(value)
    if not DATE_MIN <= day <= DATE_MAX:
        raise ValueError("out of the calendar")
    return day


IsoDate = Annotated[date, BeforeValidator(iso_date), WithJsonSchema({"type": "string", "format": "date"})]
GameId = Annotated[str, Field(pattern=f"^{GAME_ID_PATTERN}$", examples=["GAME_001"])]

GAME_ID = Field(
    description="The game to ask about, e.g. GAME_001; get_universe_status lists them. Omitted or null: the first game"
    " by id that is initialised."
)
LIMIT = Field(ge=1, le=LIST_LENGTH_MAX, description="How many entries to return at most.")
CURSOR = Field(
    max_length=CURSOR_CHARACTERS_MAX,
    description="The next_cursor of the previous answer, to go on after its last entry; the other arguments as in that"
    " call. Omitted or null: begin with the newest.",
)


def refusal(tool: str, schema: Mapping[str, Any], given: Mapping[str, Any], fault: ValidationError) -> str:
    """Return one line: which arguments are wrong, and what each may be according to the schema."""
    return f"{tool}: {'; '.join(dict.fromkeys(_faults(tool, schema, given, fault)))}"


def _faults(tool: str, schema: Mapping[str, Any], given: Mapping[str, Any], fault: ValidationError) -> Iterator[str]:
    known = schema.get("properties", {})
    for error in fault.errors(include_url=False, include_context=False):
        name = str(error["loc"][0])
        if name not in known:
            yield f"unknown argument {_shown(name)}, {tool} takes {', '.join(known) or 'none'}"
        elif name not in given:
            yield f"{name} is missing: {allowed(known[name])}"
        else:
            yield f"{name} must be {allowed(known[name])}, not {_shown(given[name])}"


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= SHOWN_CHARACTERS_MAX else f"{text[:SHOWN_CHARACTERS_MAX]}…"


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
            return f"a list{_range(schema, 'minItems', 'maxItems')}, each {allowed(items)}"
        case {"type": "string"}:
            return _allowed_text(schema)
        case _:
            return str(schema.get("type"))


def _allowed_text(schema: Mapping[str, Any]) -> str:
    if schema.get("format") == "date":
        return f"a date YYYY-MM-DD from {DATE_MIN} to {DATE_MAX}"
    if "examples" in schema:
        return f"text like {', '.join(schema['examples'])}"
    return f"text{_range(schema, 'minLength', 'maxLength')} characters"


def _range(schema: Mapping[str, Any], low: str, high: str) -> str:
    least, most = schema.get(low), schema.get(high)
    if least is None:
        return "" if most is None else f" of at most {most}"
    return f" of at least {least}" if most is None else f" from {least} to {most}"
