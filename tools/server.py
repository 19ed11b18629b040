"""The MCP server: it lists the questions and answers them, one read transaction an answer.

Resources, prompts, completion and subscriptions stand beside the questions, a module each. One server may serve several
transports at once.

It is the SDK's low-level server: the high-level one would configure logging, convert arguments and add its own words
to errors. Whatever the caller can put right comes back as one plain line; a crash is logged in full here and shown
there without details.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from time import perf_counter
from typing import Any, Literal

import attrs
import structlog
import trio
from mcp.server import NotificationOptions, Server, ServerRequestContext
from mcp.server.models import InitializationOptions
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

from tools.arguments import Arguments, checked
from tools.aside import Aside
from tools.client_log import serve_log_level, tell_crash
from tools.completion import serve_completion
from tools.looking import Report, wait_reader
from tools.prompts import serve_prompts
from tools.question import Question
from tools.questions.backtest import BACKTEST_STRATEGY
from tools.questions.day import DATE_SUMMARY
from tools.questions.events import MATCH_EVENTS
from tools.questions.fairness import ANALYZE_FAIRNESS
from tools.questions.frequency import FREQUENCY_STATS
from tools.questions.generate import GENERATE_NUMBERS
from tools.questions.latest import LATEST_DRAWS
from tools.questions.null import NULL_DISTRIBUTION
from tools.questions.occurrence import CHECK_NUMBERS
from tools.questions.proof import AUDIT_PROOF
from tools.questions.results import REAL_RESULTS
from tools.questions.status import STATUS
from tools.questions.verify import VERIFY_DRAW
from tools.recent import RecentAnswers
from tools.resources import serve_resources
from tools.source import Reader, Source
from tools.subscriptions import Subscriptions, serve_subscriptions
from tools.wire import to_wire
from universe.errors import UniverseError

log = structlog.get_logger()

Context = ServerRequestContext[Any, Any]

SERVER_NAME = "synthetic-lottery-universe"
CALLS_MAX = 32  # at work inline at once; further ones wait their turn

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
    ANALYZE_FAIRNESS,
    NULL_DISTRIBUTION,
    BACKTEST_STRATEGY,
    AUDIT_PROOF,
)

INSTRUCTIONS = """\
A universe of synthetic lottery draws, made by a public deterministic rule, beside the published results of the real \
games: the null model of lotteries. Ask it what pure chance looks like over millions of draws of one game, and whether \
the real draws differ.

Begin with get_universe_status: it lists the games (GAME_001, …). Games carry no brand names: compare the drums (5 of \
47 + 1 of 27) and draw days with those of the game that is meant. Every other tool takes an optional game_id and \
answers from one snapshot, named in the answer. "Synthetic" draws are simulated, "real" ones are published results. \
Every count stands beside its exact expectation; a p-value stands beside the power it had. analyze_fairness puts a \
game's real results through every test at once; backtest_strategy puts a system to the test. Dates are YYYY-MM-DD, \
times UTC. Any draw can be checked by hand: verify_draw shows how, get_audit_proof proves that it stays what it is.

It predicts nothing and gives no gambling advice: past draws say nothing about future ones."""


Outcome = Literal["answered", "refused", "crashed"]
OnCalled = Callable[[str, float, Outcome], None]
UNKNOWN = "unknown"  # stands for every tool that does not exist


@attrs.frozen
class Desk:
    """Where one server answers: inline, or aside; and the answers it has given."""

    aside: Aside = attrs.field(factory=Aside)
    recent: RecentAnswers = attrs.field(factory=RecentAnswers)
    recent_aside: RecentAnswers = attrs.field(factory=RecentAnswers)


class UniverseServer(Server[Any]):
    """The SDK's server, which says on every transport that it tells of changes of its list of resources."""

    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        """Return what a legacy client is told of this server when it connects."""
        return super().create_initialization_options(
            notification_options or NotificationOptions(resources_changed=True), experimental_capabilities, extensions
        )


@asynccontextmanager
async def _turn(calls: trio.CapacityLimiter | None) -> AsyncIterator[None]:
    """Hold a turn of these calls, if any bound them; a free one without a trip through the scheduler."""
    if calls is None:
        yield
        return
    try:
        calls.acquire_nowait()
    except trio.WouldBlock:
        await calls.acquire()
    try:
        yield
    finally:
        calls.release()


def ignore(_tool: str, _seconds: float, _outcome: Outcome) -> None:
    """Take no note of a call."""


async def tell_nobody(_progress: float, _total: float | None, _message: str | None) -> None:
    """Report no progress."""


def make_server(
    source: Source,
    *,
    version: str,
    questions: Sequence[Question[Any, Any]] = QUESTIONS,
    subscriptions: Subscriptions | None = None,
    on_called: OnCalled = ignore,
) -> Server[Any]:
    """Return an MCP server that answers from ``source``. It takes no part in when the source becomes ready.

    ``on_called`` hears of every finished tool call: the tool (``unknown`` for one that does not exist), how many
    seconds it took, and its outcome. ``subscriptions`` are told of changes by ``announce``, which the caller runs.
    """
    by_name = {question.name: question for question in questions}
    calls, desk = trio.CapacityLimiter(CALLS_MAX), Desk()

    async def list_tools(_: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
        if params is not None and params.cursor is not None:
            raise MCPError(INVALID_PARAMS, "tools/list has one page: call it without a cursor")
        return ListToolsResult(tools=[tool_of(question) for question in questions])

    async def call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult:
        begun, question = perf_counter(), by_name.get(params.name)
        if question is None:
            result = _refused(f"there is no tool {params.name[:64]!r}; the tools are {', '.join(by_name)}")
            on_called(UNKNOWN, perf_counter() - begun, "refused")
            return result

        async def report(*progress: Any) -> None:
            await context.session.report_progress(*progress)

        async with _turn(None if question.heavy else calls):
            result, outcome = await _answered(question, params.arguments or {}, source, report, desk)
        on_called(question.name, perf_counter() - begun, outcome)
        if outcome == "crashed":
            await tell_crash(context, "tool.crashed", tool=question.name)
        return result

    def input_schema(name: str) -> dict[str, Any] | None:
        return by_name[name].input_schema if name in by_name else None

    server = UniverseServer(
        SERVER_NAME,
        version=version,
        title="Synthetic Lottery Universe",
        instructions=INSTRUCTIONS,
        get_tool_input_schema=input_schema,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
    subscriptions = subscriptions or Subscriptions()
    serve_resources(server, source, subscriptions)
    serve_subscriptions(server, subscriptions)
    serve_prompts(server)
    serve_completion(server, source)
    serve_log_level(server)
    return server


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


async def answer_call(
    question: Question[Any, Any], given: dict[str, Any], source: Source, report: Report = tell_nobody
) -> CallToolResult:
    """Answer one call: structured content and text, each complete. Any fault comes back as an error result.

    While the store is not open, ``report`` is told about once a second how long that has taken.
    """
    result, _ = await _answered(question, given, source, report, Desk())
    return result


async def _answered(
    question: Question[Any, Any], given: dict[str, Any], source: Source, report: Report, desk: Desk
) -> tuple[CallToolResult, Outcome]:
    try:
        asked = checked(question.name, question.arguments, question.input_schema, given)
        if question.heavy:
            work = partial(_result, question, asked, source, recent=desk.recent_aside)
            return await desk.aside.answer(source, report, work), "answered"
        return _result(question, asked, source, await wait_reader(source, report), desk.recent), "answered"
    except UniverseError as fault:
        return _refused(str(fault)), "refused"
    except Exception:
        log.exception("tool.crashed", tool=question.name)
        line = f"{question.name} failed by a fault of its own; the server's log has the details"
        return _refused(line), "crashed"


def _result(
    question: Question[Any, Any], asked: Arguments, source: Source, reader: Reader, recent: RecentAnswers
) -> CallToolResult:
    key = (question.name, repr(asked))
    with reader.snapshot() as snapshot:
        commit = reader.commit_mark()
        known = recent.find(commit, key) if question.lasting else None
        if known is not None:
            return known
        answer = question.ask(snapshot, asked, source)
    text = TextContent(type="text", text=question.tell(answer))
    result = CallToolResult(content=[text], structured_content=to_wire(answer))
    if question.lasting:
        recent.keep(commit, key, result)
    return result


def _refused(line: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=line)], is_error=True)
