"""The page about tools: what the server says of itself, and examples asked of a small universe that never changes."""

import json
import re
import textwrap
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import date
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from mcp import Client
from mcp_types import Prompt, TextContent, TextResourceContents, Tool

from actors.historian import HISTORIAN
from actors.prover import PROVER
from storage.connection import Location
from storage.reader import Reader
from storage.registry import Milestone
from storage.store import SqliteStore
from tests.storage.universes import compare, draw_to, trail
from tests.tools.test_store import StoreSource
from tools.server import make_server
from universe import __version__
from universe.calendar import LogicalClock, draw_dates
from universe.catalogue import shipped_games
from universe.game import Game
from universe.ranking import unrank
from universe.results.result import RealResult
from universe.units import ResultsUnit
from universe.vitals import GameVitals

PAGE = Path(__file__).resolve().parents[1] / "ops" / "docs" / "tools.md"
DRAWS, DRAWS_PER_DAY = 10_000, 1_000
RESULTS = (
    ((2, 4, 11, 15, 28), 16),
    ((8, 13, 14, 23, 30), 6),
    ((5, 13, 24, 35, 45), 10),
)
RESULTS_IN_ALL = 100  # as few as can be tested: the draws are as many histories, as few as calibrate
DIGITS = 6  # of a number in an example: later ones may differ from one processor to another
LIST_ENTRIES_MAX = 2  # shown of a list in an example
EXAMPLES: dict[str, dict[str, Any]] = {
    "get_universe_status": {},
    "get_latest_draws": {"limit": 2},
    "get_frequency_stats": {"window": "last_7_days"},
    "generate_numbers": {"mode": "random", "count": 2, "seed": "a page of documentation"},
    "check_numbers_occurrence": {"main_numbers": [2, 4, 11, 15, 28], "bonus_number": 16},
    "get_match_events": {"limit": 2},
    "verify_draw": {"draw_number": 1},
    "get_real_results": {"limit": 2},
    "get_draw_date_summary": {"draw_date": "2000-06-07"},
    "analyze_fairness": {"scope": "real"},
    "get_null_distribution": {"statistic": "numbers"},
    "backtest_strategy": {"strategy": "hot", "tickets": 10, "claim": 2.11, "source": "synthetic"},
    "get_audit_proof": {"draw_number": 1, "tree_size": 3_000, "from_size": 2_048},
}
READ = {
    "universe://games/{game_id}": "universe://games/GAME_001",
    "universe://games/{game_id}/definition": "universe://games/GAME_001/definition",
    "universe://games/{game_id}/draw-dates/{draw_date}": "universe://games/GAME_001/draw-dates/2000-06-07",
}
PROMPTED = {"numbers": "2 4 11 15 28 + 16", "draw_number": "1"}  # what they require
MASKS = (
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "2026-11-21T12:00:00Z"),
    (re.compile(r'((?:More with cursor |"next_cursor": ")) *[A-Za-z0-9_-]+'), r"\g<1>b3BhcXVl"),
    (re.compile(r'((?:Universe |"universe_id": "))[0-9a-f]{32}'), r"\g<1>0123456789abcdef0123456789abcdef"),
)


class Idle(StoreSource):
    """A source beside which nothing simulates."""

    def vitals(self, game_id: str) -> GameVitals:  # noqa: ARG002  the promise's argument
        return GameVitals(simulating=False)


@contextmanager
def universe_of_the_page() -> Iterator[StoreSource]:
    """10,000 draws of GAME_001, real results, and what follows from them, in memory."""
    location, game = Location(None), shipped_games()["GAME_001"]
    with SqliteStore.open(location, "test", create=True) as store:
        clock = LogicalClock(game=game, epoch=game.since, draws_per_day=DRAWS_PER_DAY)
        store.initialise(clock, Milestone(max_draws=DRAWS))
        store.commit([ResultsUnit(game_id=game.game_id, results=results_of_the_page(game), source="results.csv")])
        draw_to(store, game, DRAWS)
        compare(store, game)
        trail(store, game, PROVER, HISTORIAN)
        reader = Reader.open(location, "test", [game])
        try:
            yield Idle(store=reader)
        finally:
            reader.close()


def results_of_the_page(game: Game) -> tuple[RealResult, ...]:
    """The first three real results, and made-up ones on the draw dates that follow."""
    numbers: list[tuple[Sequence[int], Sequence[int]]] = [(main, (bonus,)) for main, bonus in RESULTS]
    for place in range(len(RESULTS), RESULTS_IN_ALL):
        rank = int.from_bytes(sha256(f"made up, {place}".encode()).digest()) % game.outcomes
        numbers.append(unrank(game, rank))
    days = islice(draw_dates(game, game.since, date.max), RESULTS_IN_ALL)
    return tuple(
        RealResult(draw_date=day, main_numbers=tuple(main), bonus_numbers=tuple(bonus))
        for day, (main, bonus) in zip(days, numbers, strict=True)
    )


@asynccontextmanager
async def asking() -> AsyncIterator[Client]:
    """A client of a server over that universe."""
    with universe_of_the_page() as source:
        async with Client(make_server(source, version=__version__)) as client:
            yield client


def masked(text: str) -> str:
    """The same text at any time, for any universe."""
    for pattern, sign in MASKS:
        text = pattern.sub(sign, text)
    return text


def shortened(value: Any) -> Any:
    """Long lists cut and long numbers rounded, so that an example shows the form of an answer."""
    if isinstance(value, dict):
        return {key: shortened(inner) for key, inner in value.items()}
    if isinstance(value, list):
        whole = all(not isinstance(entry, (dict, list)) for entry in value)
        return value if whole else [shortened(entry) for entry in value[:LIST_ENTRIES_MAX]]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def fenced(kind: str, text: str) -> str:
    """A block of the page."""
    return f"```{kind}\n{masked(text).rstrip()}\n```\n"


def as_json(value: Any) -> str:
    """JSON as a page shows it: what is small on one line."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) <= 100 or not isinstance(value, (dict, list)):
        return flat
    if isinstance(value, list):
        return "[\n" + textwrap.indent(",\n".join(map(as_json, value)), "  ") + "\n]"
    inner = ",\n".join(f"{json.dumps(key)}: {as_json(part)}" for key, part in value.items())
    return "{\n" + textwrap.indent(inner, "  ") + "\n}"


def arguments(schema: dict[str, Any]) -> list[str]:
    """A line for every argument of a tool."""
    lines = []
    for name, field in schema.get("properties", {}).items():
        required = name in schema.get("required", [])
        default = "required" if required else f"default `{json.dumps(field.get('default'))}`"
        lines.append(f"- `{name}` ({default}): {field.get('description', '').strip()}")
    return lines or ["No arguments."]


INTRODUCTION = """\
# Tools, resources and prompts

What the server says of itself, and what it answers. The examples are real: a test universe of 10,000 draws of GAME_001
(1,000 a day from 2000-06-07) with the first three real results and 97 made-up ones after them, always the same but for
times and its id. In the JSON lists of objects are cut to two entries and numbers to six digits; the text is complete.
`python -m tests.docs` writes this page, and a test fails when it is not what the server says.

Every answer comes twice, each complete: as structured content, and as text for hosts that show a model nothing else.
Every answer but the status names its `snapshot`, the commit that all of its figures are of. What the caller can put
right comes back as an error of one line that says what is allowed. Numbers beyond 2^53 travel as strings.
"""
RESOURCES = """\
## Resources

The same figures under addresses, for hosts that attach context rather than call tools. Those of changing content can be
subscribed to: commits are told at most once a second and resource.
"""
PROMPTS = """\
## Prompts

Guides through an honest analysis: which tools to ask in which order, and what may be concluded.
"""


async def whole_page() -> str:
    """The page as it has to be."""
    async with asking() as client:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == list(EXAMPLES), "every tool has an example, in the server's order"
        parts = [INTRODUCTION, "## Tools\n", *[await tool_part(client, tool) for tool in tools]]
        offered = client.server_capabilities
        if offered is not None and offered.resources:
            parts += [RESOURCES, await resources_part(client)]
        if offered is not None and offered.prompts:
            parts += [PROMPTS, *[await prompt_part(client, prompt) for prompt in (await client.list_prompts()).prompts]]
    return "\n".join(parts)


async def tool_part(client: Client, tool: Tool) -> str:
    """What a tool is for, its arguments, and one example."""
    asked = EXAMPLES[tool.name]
    answer = await client.call_tool(tool.name, asked)
    (text,) = answer.content
    assert isinstance(text, TextContent)
    assert not answer.is_error, text.text
    call = as_json({"name": tool.name, "arguments": asked})
    shown = as_json(shortened(answer.structured_content))
    facts = [wrapped(tool.description or ""), "", *map(wrapped_item, arguments(tool.input_schema)), ""]
    examples = [fenced("json", call), fenced("text", text.text), fenced("json", shown)]
    return "\n".join([f"### {tool.name}\n", *facts, *examples])


async def resources_part(client: Client) -> str:
    """Which resources there are, their templates, and what one of each holds."""
    listed = (await client.list_resources()).resources
    templates = (await client.list_resource_templates()).resource_templates
    alone = [one for one in listed if not one.uri.startswith("universe://games/")]
    rows = [f"| `{one.uri}` | {one.mime_type} | {one.description} |" for one in alone]
    rows += [f"| `{one.uri_template}` | {one.mime_type} | {one.description} |" for one in templates]
    parts = ["| address | type | holds |", "|---|---|---|", *rows, ""]
    for template in templates:
        uri = READ[template.uri_template]
        (content,) = (await client.read_resource(uri)).contents
        assert isinstance(content, TextResourceContents)
        text, kind = content.text, (content.mime_type or "").rpartition("/")[2]
        shown = as_json(shortened(json.loads(text))) if kind == "json" else text
        parts += [f"`{uri}`:\n", fenced(kind, shown)]
    return "\n".join(parts)


async def prompt_part(client: Client, prompt: Prompt) -> str:
    """What a prompt is for, its arguments, and what it says."""
    given = {argument.name: PROMPTED[argument.name] for argument in prompt.arguments or [] if argument.required}
    lines = [
        f"- `{one.name}` ({'required' if one.required else 'optional'}): {one.description}"
        for one in prompt.arguments or []
    ]
    said = await client.get_prompt(prompt.name, given)
    texts = [message.content.text for message in said.messages if isinstance(message.content, TextContent)]
    told = fenced("text", "\n\n".join(texts))
    head = [f"### {prompt.name}\n", wrapped(prompt.description or ""), "", *map(wrapped_item, lines), ""]
    return "\n".join([*head, told])


def wrapped(text: str) -> str:
    """Text in lines as long as those of the other pages."""
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


def wrapped_item(text: str) -> str:
    """A line of a list, its further lines set in."""
    return textwrap.fill(text, 120, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
