"""Prompts: questions people ask of lotteries, each with the way to an honest answer. The texts are in ``texts/``."""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

import attrs
from mcp.server import Server, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    PaginatedRequestParams,
    Prompt,
    PromptArgument,
    PromptMessage,
    TextContent,
)

from tools.windows import ALL_TIME, DAYS, WINDOW_PATTERN, require_range
from tools.words import numbers_text
from universe.definition import told
from universe.errors import UniverseError
from universe.game import GAME_ID_PATTERN, PICKED_MAX, POOL_SIZE_MAX

Context = ServerRequestContext[Any, Any]
Facts = dict[str, Any]

DIGITS_MAX = 18
VALUE_CHARACTERS_MAX = 200


class PromptError(UniverseError):
    """An argument that a prompt cannot be made with."""


@attrs.frozen(kw_only=True)
class Argument:
    """One argument. ``read`` makes the facts of the text out of it; ValueError unless it is what ``allowed`` says."""

    description: str
    allowed: str
    read: Callable[[str], Facts]
    required: bool = False


@attrs.frozen(kw_only=True)
class Guidance:
    """One prompt; its text is ``texts/NAME.md``, a template over the facts of its arguments."""

    name: str
    title: str
    description: str
    arguments: Mapping[str, Argument]


def _game(value: str) -> Facts:
    if not re.fullmatch(GAME_ID_PATTERN, value):
        raise ValueError(value)
    return {"game_id": value}


def _numbers(value: str) -> Facts:
    """Read ``4 6 8 12 20 + 15``; what stands after the plus are bonus numbers."""
    main, plus, bonus = value.partition("+")
    mains, bonuses = _set_of(main), _set_of(bonus) if plus else []
    if plus and not bonuses:
        raise ValueError(value)
    bonus_number = bonuses[0] if len(bonuses) == 1 else bonuses or None
    return {"main_numbers": mains, "bonus_number": bonus_number, "ticket": numbers_text(mains, bonuses)}


def _set_of(text: str) -> list[int]:
    numbers = [_whole(word) for word in text.replace(",", " ").split()]
    if not 1 <= len(numbers) <= PICKED_MAX or len(set(numbers)) < len(numbers) or max(numbers) > POOL_SIZE_MAX:
        raise ValueError(text)
    return numbers


def _window(value: str) -> Facts:
    if not re.fullmatch(WINDOW_PATTERN, value):
        raise ValueError(value)
    require_range(value)
    return {"window": value}


def _draw_number(value: str) -> Facts:
    return {"draw_number": _whole(value)}


def _whole(text: str) -> int:
    if not re.fullmatch(rf"[0-9]{{1,{DIGITS_MAX}}}", text) or int(text) < 1:
        raise ValueError(text)
    return int(text)


GAME = Argument(
    description="The game, e.g. GAME_001. Left out: the first game of the universe.",
    allowed="a game id such as GAME_001",
    read=_game,
)
NUMBERS = Argument(
    description="Your numbers: main numbers, then + and the bonus number if the game has one: 4 6 8 12 20 + 15.",
    allowed="different whole numbers such as 4 6 8 12 20 + 15",
    read=_numbers,
    required=True,
)
WINDOW = Argument(
    description="Draw dates to look at: all_time, last_draw_date, last_7_days, last_30_days or FROM..TO. Left out:"
    " last_30_days.",
    allowed=f"{ALL_TIME}, {', '.join(DAYS)}, or FROM..TO with two dates YYYY-MM-DD, the earlier one first",
    read=_window,
)
DRAW_NUMBER = Argument(
    description="Number of a synthetic draw, from 1 to the last one made.",
    allowed="a whole number of at least 1",
    read=_draw_number,
    required=True,
)

PROMPTS = {
    prompt.name: prompt
    for prompt in (
        Guidance(
            name="is_this_lottery_fair",
            title="Is this lottery fair?",
            description="Put the real draws of a game beside pure chance, and say what so many draws can show.",
            arguments={"game_id": GAME},
        ),
        Guidance(
            name="how_often_would_my_numbers_have_hit",
            title="How often would my numbers have hit?",
            description="Put a ticket beside every synthetic draw and every stored real one, level by level.",
            arguments={"numbers": NUMBERS, "game_id": GAME},
        ),
        Guidance(
            name="are_hot_numbers_real",
            title="Are hot numbers real?",
            description="Put the claim that some numbers are hot or cold to an honest test.",
            arguments={"game_id": GAME, "window": WINDOW},
        ),
        Guidance(
            name="check_a_draw_by_hand",
            title="Check a draw by hand",
            description="Recompute one synthetic draw with sha256sum and schoolbook arithmetic.",
            arguments={"draw_number": DRAW_NUMBER, "game_id": GAME},
        ),
    )
}


def serve_prompts(server: Server[Any]) -> None:
    """Let clients list prompts and get their texts. Neither waits for the store."""

    async def list_prompts(_: Context, params: PaginatedRequestParams) -> ListPromptsResult:
        if params.cursor is not None:
            raise MCPError(INVALID_PARAMS, "prompts/list has one page: call it without a cursor")
        return ListPromptsResult(prompts=[_listed(prompt) for prompt in PROMPTS.values()])

    async def get_prompt(_: Context, params: GetPromptRequestParams) -> GetPromptResult:
        prompt = PROMPTS.get(params.name)
        if prompt is None:
            raise MCPError(
                INVALID_PARAMS, f"there is no prompt {told(params.name, 64)!r}; the prompts are {', '.join(PROMPTS)}"
            )
        try:
            text = prompt_text(prompt, params.arguments or {})
        except PromptError as fault:
            raise MCPError(INVALID_PARAMS, str(fault)) from fault
        message = PromptMessage(role="user", content=TextContent(type="text", text=text))
        return GetPromptResult(description=prompt.description, messages=[message])

    server.add_request_handler("prompts/list", PaginatedRequestParams, list_prompts)
    server.add_request_handler("prompts/get", GetPromptRequestParams, get_prompt)


def _listed(prompt: Guidance) -> Prompt:
    arguments = [
        PromptArgument(name=name, description=argument.description, required=argument.required)
        for name, argument in prompt.arguments.items()
    ]
    return Prompt(name=prompt.name, title=prompt.title, description=prompt.description, arguments=arguments)


def prompt_text(prompt: Guidance, given: Mapping[str, str]) -> str:
    """Return the text of a prompt; PromptError names every argument that is wrong, missing or unknown."""
    facts: Facts = {}
    faults = []
    for name, argument in prompt.arguments.items():
        value = given.get(name, "").strip()  # a client's form sends what was left blank as empty text
        if not value and not argument.required:
            continue
        try:
            facts |= _read(argument, value)
        except (ValueError, UniverseError):
            faults.append(
                f"{name} must be {argument.allowed}, not {told(value, 60)!r}"
                if value
                else f"{name} is missing: {argument.allowed}"
            )
    unknown = [name for name in given if name not in prompt.arguments]
    if unknown:
        faults.append(f"unknown argument {told(unknown[0], 60)!r}, it takes {', '.join(prompt.arguments)}")
    if faults:
        raise PromptError(f"{prompt.name}: {'; '.join(faults)}")
    return _template(prompt.name).substitute(_substitutes(facts))


def _read(argument: Argument, value: str) -> Facts:
    if len(value) > VALUE_CHARACTERS_MAX:
        raise ValueError(value)
    return argument.read(value)


def _substitutes(facts: Facts) -> dict[str, str]:
    """Return what stands in the texts for the facts: names for sentences, JSON for arguments of calls."""
    game_id = facts.get("game_id")
    game_argument = f'"game_id": {json.dumps(game_id)}' if game_id else ""
    return {
        "game": game_id or "the first game of the universe",
        "only_game": game_argument,
        "and_game": f", {game_argument}" if game_id else "",
        "ticket": facts.get("ticket", ""),
        "window": json.dumps(facts.get("window", "last_30_days")),
        **{name: json.dumps(facts.get(name)) for name in ("main_numbers", "bonus_number", "draw_number")},
    }


@cache
def _template(name: str) -> Template:
    """Return a prompt's text, followed by the rules that hold for every one."""
    texts = files("tools").joinpath("texts")
    return Template("\n".join(texts.joinpath(part).read_text(encoding="utf-8") for part in (f"{name}.md", "rules.md")))
