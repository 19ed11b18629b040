"""The MCP server: it lists the questions and answers them, one read transaction an answer.

It is the SDK's low-level server: the high-level one would configure logging, convert arguments and add its own words
to errors. Whatever the caller can put right comes back as one plain line; a crash is logged in full here and shown
there without details.
"""

from collections.abc import Sequence
from typing import Any

import structlog
import trio
from mcp.server import Server, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)

from tools.arguments import checked
from tools.question import Question
from tools.questions.day import DATE_SUMMARY
from tools.questions.events import MATCH_EVENTS
from tools.questions.frequency import FREQUENCY_STATS
from tools.questions.generate import GENERATE_NUMBERS
from tools.questions.latest import LATEST_DRAWS
from tools.questions.occurrence import CHECK_NUMBERS
from tools.questions.results import REAL_RESULTS
from tools.questions.status import STATUS
from tools.questions.verify import VERIFY_DRAW
from tools.source import Source
from tools.wire import to_wire
from universe.errors import UniverseError

log = structlog.get_logger()

SERVER_NAME = "synthetic-lottery-universe"
CALLS_MAX = 32  # at work at once; further ones wait their turn

QUESTIONS: tuple[Question[Any, Any], ...] = (
    STATUS,
    LATEST_DRAWS,
    FREQUENCY_STATS,
    GENERATE_NUMBERS,
    CHECK_NUMBERS,
    MATCH_EVENTS,
    VERIFY_DRAW,
    REAL_RESULTS,
    DATE_SUMMARY,
)

INSTRUCTIONS = """\
A universe of synthetic lottery draws, made by a public deterministic rule, beside the published results of the real \
games: the null model of lotteries. Ask it what pure chance looks like over millions of draws of one game, and whether \
the real draws differ.

Begin with get_universe_status: it lists the games (GAME_001, …). Every other tool takes an optional game_id and \
answers from one snapshot, named in the answer. "Synthetic" draws are simulated, "real" ones are published results. \
Every count stands beside its exact expectation; a p-value stands beside the power it had. Dates are YYYY-MM-DD, times \
UTC. Any draw can be checked by hand: verify_draw shows how.

It predicts nothing and gives no gambling advice: past draws say nothing about future ones."""


def make_server(source: Source, *, version: str, questions: Sequence[Question[Any, Any]] = QUESTIONS) -> Server:
    """Return an MCP server that answers from ``source``. It takes no part in when the source becomes ready."""
    by_name = {question.name: question for question in questions}
    calls = trio.CapacityLimiter(CALLS_MAX)

    async def list_tools(_: ServerRequestContext[Any], params: PaginatedRequestParams | None) -> ListToolsResult:
        if params is not None and params.cursor is not None:
            raise MCPError(INVALID_PARAMS, "tools/list has one page: call it without a cursor")
        return ListToolsResult(tools=[tool_of(question) for question in questions])

    async def call_tool(_: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        question = by_name.get(params.name)
        if question is None:
            return _refused(f"there is no tool {params.name[:64]!r}; the tools are {', '.join(by_name)}")
        async with calls:
            return await answer_call(question, params.arguments or {}, source)

    return Server(
        SERVER_NAME,
        version=version,
        title="Synthetic Lottery Universe",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def tool_of(question: Question[Any, Any]) -> Tool:
    """Return what a client is told about a question."""
    return Tool(
        name=question.name,
        title=question.title,
        description=question.description,
        input_schema=question.input_schema,
        output_schema=question.output_schema,
        annotations=ToolAnnotations(
            title=question.title,
            read_only_hint=True,
            destructive_hint=False,
            idempotent_hint=question.repeatable,
            open_world_hint=False,
        ),
    )


async def answer_call(question: Question[Any, Any], given: dict[str, Any], source: Source) -> CallToolResult:
    """Answer one call: structured content and text, each complete. Any fault comes back as an error result."""
    try:
        asked = checked(question.name, question.arguments, question.input_schema, given)
        reader = await source.reader()
        with reader.snapshot() as snapshot:
            answer = question.ask(snapshot, asked, source)
        text = TextContent(type="text", text=question.tell(answer))
        return CallToolResult(content=[text], structured_content=to_wire(answer))
    except UniverseError as fault:
        return _refused(str(fault))
    except Exception:
        log.exception("tool.crashed", tool=question.name)
        return _refused(f"{question.name} failed by a fault of its own; the server's log has the details")


def _refused(line: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=line)], is_error=True)
