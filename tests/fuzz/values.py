"""Hostile JSON values, sound structures made hostile, and arguments at the bounds of their schemas."""

import copy
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from tests.fuzz.mutating import DATE_WORDS, WORDS, mutated

DEPTH_MAX = 3
TEXT_CHARS_MAX = 20_000
TEXTS = (*WORDS, "", "GAME_001", "x")
ODD_NUMBERS: tuple[Any, ...] = (
    0, -1, 1, 2, 255, 256, 2**31, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63), 10**18, 10**19, 10**400,
    10**4_299, 0.0, -0.0, 1.0, 0.5, 1e-320, 1e308, float("inf"), float("-inf"), float("nan"), True, False,
)  # fmt: skip


def odd_value(dice: Random, depth: int = 0) -> Any:
    """Return any JSON value, with a liking for what programs stumble over."""
    kind = dice.randrange(9 if depth < DEPTH_MAX else 6)
    if kind < 2:
        return dice.choice(ODD_NUMBERS)
    if kind < 5:
        return odd_text(dice)
    if kind == 5:
        return None
    if kind == 6:
        return [odd_value(dice, depth + 1) for _ in range(dice.randint(0, 4))]
    if kind == 7:
        return {odd_text(dice): odd_value(dice, depth + 1) for _ in range(dice.randint(0, 4))}
    return _large(dice)


def odd_text(dice: Random) -> str:
    """Return a text: a token, two of them, or a long one."""
    text: str = dice.choice(TEXTS) + (dice.choice(TEXTS) if dice.random() < 0.3 else "")
    return (text * dice.choice((1, 1, 1, 1, 1, 2, 100, 3_000)))[:TEXT_CHARS_MAX]


def _large(dice: Random) -> Any:
    """Return something wide or deep."""
    count = dice.choice((21, 300, 5_000))
    small: Any = dice.choice((0, 1, "1", None, [], {}, 1.5))
    if dice.random() < 0.4:
        return [small] * count
    if dice.random() < 0.5:
        return {f"{small}{index}": small for index in range(count)}
    nested: Any = small
    for _ in range(count):
        nested = [nested] if dice.random() < 0.5 else {"a": nested}
    return nested


def with_faults(dice: Random, value: Any) -> Any:
    """Return a copy of a structure with one to three of its places changed."""
    changed = copy.deepcopy(value)
    for _ in range(dice.choice((1, 1, 2, 3))):
        changed = _with_fault(dice, changed)
    return changed


def _with_fault(dice: Random, value: Any) -> Any:
    """Change one place: the deeper places are reached by descending at random."""
    if isinstance(value, dict) and value and dice.random() < 0.8:
        key = dice.choice(list(value))
        _change_key(dice, value, key)
        return value
    if isinstance(value, list) and value and dice.random() < 0.8:
        place = dice.randrange(len(value))
        if dice.random() < 0.3:
            value[place:place] = value[place : place + 1] * dice.choice((1, 2, 50))
        else:
            value[place] = _with_fault(dice, value[place])
        return value
    if isinstance(value, str) and dice.random() < 0.5:
        return mutated(dice, value.encode("utf-8", "surrogatepass"), [b"x"]).decode("utf-8", "replace")
    return odd_value(dice)


def _change_key(dice: Random, value: dict[str, Any], key: str) -> None:
    chance = dice.random()
    if chance < 0.1:
        del value[key]
    elif chance < 0.2:
        value[odd_text(dice)] = value[key]
    else:
        value[key] = _with_fault(dice, value[key])


def arguments_for(dice: Random, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments of a tool: most as its schema allows, some at the bounds, some far from anything."""
    known, needed = schema.get("properties", {}), schema.get("required", ())
    given = {
        name: near_valid(dice, of) for name, of in known.items() if dice.random() < (0.97 if name in needed else 0.4)
    }
    if dice.random() < 0.1:
        given[odd_text(dice)] = odd_value(dice)
    return given


def near_valid(dice: Random, schema: Mapping[str, Any]) -> Any:
    """Return a value that the schema allows, often its lowest or highest, or one step beyond, or anything."""
    if dice.random() < 0.06:
        return odd_value(dice)
    match schema:
        case {"anyOf": choices}:
            return near_valid(dice, dice.choice(choices))
        case {"enum": values}:
            return dice.choice(values)
        case {"type": str() as kind} if kind in _VALUES:
            return _VALUES[kind](dice, schema)
        case _:
            return None


def _number(dice: Random, schema: Mapping[str, Any]) -> Any:
    low, high = schema.get("minimum", 0), schema.get("maximum", 3_000)
    if schema["type"] == "number" and dice.random() < 0.5:
        return dice.uniform(low, high)
    return dice.choice((low, high, low - 1, high + 1, *(dice.randint(int(low), int(high)) for _ in range(6))))


def _list(dice: Random, schema: Mapping[str, Any]) -> Any:
    length = dice.choice((schema.get("minItems", 0), schema.get("maxItems", 9), 5, 5, 5, 6, 14))
    if schema.get("uniqueItems") and dice.random() < 0.8:
        return dice.sample(range(1, dice.choice((6, 9, 47, 100)) + 1), min(length, 6))
    return [near_valid(dice, schema["items"]) for _ in range(length)]


def _text(dice: Random, schema: Mapping[str, Any]) -> str:
    if schema.get("format") == "date":
        return dice.choice(("2024-01-03", "2024-01-06", "2024-01-04", "2000-06-07", dice.choice(DATE_WORDS)))
    if "examples" in schema:
        return str(dice.choice(schema["examples"]))
    return "x" * dice.choice((1, schema.get("maxLength", 64), schema.get("maxLength", 64) + 1))


_VALUES: dict[str, Callable[[Random, Mapping[str, Any]], Any]] = {
    "integer": _number,
    "number": _number,
    "array": _list,
    "string": _text,
    "boolean": lambda dice, _: dice.random() < 0.5,
}
