"""Every tool's arguments, through the server's own path: an answer that its schema allows, or one line that helps."""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from random import Random
from typing import Any

import attrs
import trio
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # the MCP client's own, without types
from mcp_types import CallToolRequestParams, CallToolResult, TextContent

from tests.fuzz.mutating import mutated
from tests.fuzz.target import Target, require_line
from tests.fuzz.values import arguments_for, odd_text, odd_value
from tests.tools.fakes import fake_games
from tests.tools.measured import MEASURED
from tools.cursors import make_cursor
from tools.server import QUESTIONS, make_server
from tools.source import Source
from universe.game import Game

GAMES = {fake.game.game_id: fake.game for fake in fake_games()} | {MEASURED.game_id: MEASURED}
DRAW_NUMBERS = (1, 2, 40, 149, 150, 250, 1_000, 2_350, 5_000)  # which of them there are depends on the game
COUNTED = ("draw_number", "tree_size", "from_size")
WINDOWS = ("all_time", "last_draw_date", "last_7_days", "last_30_days", "2024-01-05..2024-01-11")
POSITIONS = (
    "0",
    "-1",
    "17",
    "2351",
    "9" * 19,
    "9" * 70,
    "2024-01-06",
    "0001-01-01",
    "9999-12-31",
    "x",
    "1.5",
    "\uff11",
)
STATISTICS = ("numbers", "pairs_max", "drought", "overlap_3", "luck")
CRASH = "by a fault of its own"
VALIDATORS = {question.name: Draft202012Validator(question.output_schema) for question in QUESTIONS}


@attrs.frozen
class ToolCall:
    """What a client asks."""

    name: str
    arguments: Any


class Unheard:
    """The context of a request whose client takes no note of progress, which slow calls report."""

    class session:  # noqa: N801  as the SDK has it
        """Its session."""

        @staticmethod
        async def report_progress(*_: object) -> None:
            """Tell nobody."""


def tool_targets(source: Source) -> Iterator[Target]:
    """Yield one target a tool, and one for tools that do not exist."""
    entry = make_server(source, version="1").get_request_handler("tools/call")
    assert entry is not None
    call_tool: Any = entry.handler  # typed for the context of a request; tools look at no more of it than is there

    def attempt(call: ToolCall) -> bool:
        params = CallToolRequestParams(name=call.name, arguments=call.arguments)
        return answered(call.name, trio.run(call_tool, Unheard, params))

    universe_id = _universe_id(source)
    for question in QUESTIONS:
        yield Target(
            name=f"tool.{question.name}",
            make=partial(_call, name=question.name, schema=question.input_schema, universe_id=universe_id),
            attempt=attempt,
        )
    yield Target(
        name="tool.unknown", make=lambda dice: ToolCall(odd_text(dice), {"x": odd_value(dice)}), attempt=attempt
    )


def answered(name: str, result: CallToolResult) -> bool:
    """Whether a call was answered and not refused; either way the result is whole."""
    (content,) = result.content
    assert isinstance(content, TextContent)
    if result.is_error:
        assert result.structured_content is None
        assert CRASH not in content.text, content.text
        require_line(content.text)
        return False
    document = json.loads(json.dumps(result.structured_content, allow_nan=False))
    VALIDATORS[name].validate(document)
    assert content.text.splitlines()[0]
    return True


def _universe_id(source: Source) -> str:
    with trio.run(source.reader).snapshot() as snapshot:
        return snapshot.universe.universe_id


def _call(dice: Random, *, name: str, schema: dict[str, Any], universe_id: str) -> ToolCall:
    arguments = arguments_for(dice, schema)
    known = schema.get("properties", {})
    if "game_id" in known and dice.random() < 0.6:
        arguments["game_id"] = dice.choice(list(GAMES))
    if "window" in known and dice.random() < 0.6:
        arguments["window"] = _window(dice)
    if "main_numbers" in known and dice.random() < 0.7:
        asked = arguments.get("game_id")
        arguments |= _ticket(dice, GAMES[asked if isinstance(asked, str) and asked in GAMES else "GAME_001"])
    for number in COUNTED:
        if number in arguments and dice.random() < 0.7:
            arguments[number] = dice.choice(DRAW_NUMBERS)
    if "statistic" in known and dice.random() < 0.7:
        arguments |= {"statistic": dice.choice(STATISTICS), "game_id": MEASURED.game_id}
    if "cursor" in known and dice.random() < 0.5:
        arguments["cursor"] = _cursor(dice, name, arguments, universe_id)
    return ToolCall(name, arguments)


def _ticket(dice: Random, game: Game) -> dict[str, Any]:
    """Return a sound ticket, or one with a number too many or beside the drum."""
    main = dice.sample(range(1, game.main.size + 1), game.main.picked)
    left = [number for number in range(1, game.bonus_size + 1) if not game.bonus_from_rest or number not in main]
    bonus: Any = dice.sample(left, game.bonus_picked)
    if dice.random() < 0.2:
        dice.choice((main, bonus)).append(dice.choice((0, 1, game.main.size + 1, 2**63, *main)))
    return {"main_numbers": main, "bonus_number": bonus[0] if len(bonus) == 1 else bonus or None}


def _window(dice: Random) -> str:
    others: Sequence[bytes] = [window.encode() for window in WINDOWS]
    window = dice.choice(others)
    return (window if dice.random() < 0.5 else mutated(dice, window, others)).decode("utf-8", "replace")


def _cursor(dice: Random, name: str, arguments: dict[str, Any], universe_id: str) -> str:
    """Return a cursor that somebody made who knows how they are made, for a position of any kind."""
    bounds = ("min_match_level", "draw_date") if name == "get_match_events" else ("from", "to")
    asked = {"min_match_level": 4} | arguments
    query = [asked.get(key) for key in ("game_id", *bounds)]
    plain = [part if isinstance(part, str | int) else None for part in query]
    cursor = make_cursor(dice.choice(POSITIONS), name, universe_id, *plain)
    return cursor if dice.random() < 0.6 else mutated(dice, cursor.encode(), [b"="]).decode("utf-8", "replace")
