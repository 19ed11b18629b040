"""What the server says of itself, and what it tells beside its answers: progress, its own faults, and its calls."""

# ruff: noqa: ARG001 - a test asks for virtual time by naming autojump_clock

import json
from typing import Any

import attrs
import pytest
import trio
from mcp import Client
from mcp.shared.exceptions import MCPDeprecationWarning
from mcp_types import ReadResourceRequest, ReadResourceRequestParams, ReadResourceResult
from mcp_types.jsonrpc import JSONRPCNotification
from structlog.testing import capture_logs
from trio.testing import MockClock

from ops.fixtures import FIXTURES, event_store, install_fixtures
from tests.tools.fakes import MODES, FakeSource, fake_games, text_of
from tools.looking import WAITING, wait_reader
from tools.questions.latest import LATEST_DRAWS
from tools.questions.status import STATUS
from tools.server import QUESTIONS, make_server, tool_of

TOOLS_CHARACTERS_MAX = 64_000  # four to a token, in compact JSON


@pytest.fixture
def source() -> FakeSource:
    return FakeSource(games=fake_games()[:1])


def crashing(source: FakeSource, **given: Any) -> Any:
    def crash(*_: object) -> Any:
        raise RuntimeError("the secret")

    return make_server(source, version="1", questions=[attrs.evolve(STATUS, ask=crash), LATEST_DRAWS], **given)


@pytest.mark.parametrize("mode", MODES)
async def test_capabilities_are_those_that_are_served(source: FakeSource, mode: Any) -> None:
    async with Client(make_server(source, version="1"), mode=mode) as client:
        seen = client.server_capabilities
    assert seen.resources is not None
    assert (seen.resources.subscribe, seen.resources.list_changed) == (True, True)
    assert None not in (seen.tools, seen.prompts, seen.completions, seen.logging)


def test_all_tools_together_cost_a_model_a_bounded_number_of_tokens() -> None:
    tools = [tool_of(question).model_dump(by_alias=True, mode="json", exclude_none=True) for question in QUESTIONS]
    assert sum(len(json.dumps(tool, separators=(",", ":"))) for tool in tools) < TOOLS_CHARACTERS_MAX


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_each_description_has_an_example_call_that_the_schema_allows(question: Any) -> None:
    text = question.description
    assert "Example: {" in text
    example, _ = json.JSONDecoder().raw_decode(text[text.index("Example: ") + len("Example: ") :])
    question.arguments.model_validate(example)


# Who hears of calls.


@pytest.mark.parametrize("mode", MODES)
async def test_each_call_is_told_with_its_outcome_and_no_word_of_the_client(source: FakeSource, mode: Any) -> None:
    heard: list[tuple[str, str]] = []

    def note(tool: str, seconds: float, outcome: str) -> None:
        assert 0 <= seconds < 60
        heard.append((tool, outcome))

    with capture_logs():
        async with Client(crashing(source, on_called=note), mode=mode) as client:
            await client.call_tool("get_latest_draws", {"limit": 1})
            await client.call_tool("get_latest_draws", {"limit": 0})
            await client.call_tool("get_universe_status", {})
            await client.call_tool("drop_table", {})
    assert heard == [
        ("get_latest_draws", "answered"),
        ("get_latest_draws", "refused"),
        ("get_universe_status", "crashed"),
        ("unknown", "refused"),
    ]


# Progress.


@pytest.mark.parametrize("mode", MODES)
async def test_a_call_that_waits_for_the_store_reports_each_second(
    source: FakeSource, mode: Any, autojump_clock: MockClock
) -> None:
    source.opened = trio.Event()
    reports: list[tuple[float, float | None, str | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        reports.append((progress, total, message))

    async with Client(make_server(source, version="1"), mode=mode) as client, trio.open_nursery() as nursery:

        async def open_later() -> None:
            await trio.sleep(3.5)
            assert source.opened is not None
            source.opened.set()

        nursery.start_soon(open_later)
        result = await client.call_tool("get_latest_draws", {"limit": 1}, progress_callback=note)
        assert not result.is_error
    assert reports == [(1.0, None, WAITING), (2.0, None, WAITING), (3.0, None, WAITING)]


async def test_reading_a_resource_reports_too(source: FakeSource, autojump_clock: MockClock) -> None:
    source.opened = trio.Event()
    async with Client(make_server(source, version="1"), mode="legacy") as client:
        heard = []

        async def note(progress: float, total: float | None, message: str | None) -> None:
            heard.append(progress)

        request = ReadResourceRequest(params=ReadResourceRequestParams(uri="universe://status"))
        with trio.move_on_after(2.5):
            await client.session.send_request(request, ReadResourceResult, progress_callback=note)
    assert heard == [1.0, 2.0]


async def test_a_client_that_does_not_take_its_reports_is_answered_all_the_same(
    source: FakeSource, autojump_clock: MockClock
) -> None:
    source.opened = trio.Event()

    async def never(*_: object) -> None:
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:

        async def open_later() -> None:
            await trio.sleep(10)
            assert source.opened is not None
            source.opened.set()

        nursery.start_soon(open_later)
        with trio.fail_after(13):
            assert await wait_reader(source, never) is source


# What a client hears of our own faults.


async def hear_crash(source: FakeSource, mode: Any, level: Any = None, opted: Any = None) -> list[Any]:
    heard: list[Any] = []

    async def note(params: Any) -> None:
        heard.append(params)

    with capture_logs():
        async with Client(crashing(source), mode=mode, logging_callback=note, log_level=opted) as client:
            if level is not None:
                with pytest.warns(MCPDeprecationWarning):
                    await client.set_logging_level(level)
            result = await client.call_tool("get_universe_status", {})
            assert result.is_error
            assert "secret" not in text_of(result)
            await client.call_tool("get_latest_draws", {"limit": 1})
    return [(message.level, message.data) for message in heard]


CRASH = [("error", {"event": "tool.crashed", "tool": "get_universe_status"})]


@pytest.mark.parametrize(("level", "told"), [(None, CRASH), ("debug", CRASH), ("error", CRASH), ("critical", [])])
async def test_a_legacy_session_hears_of_a_crash_unless_it_set_a_higher_level(
    source: FakeSource, level: Any, told: list[Any]
) -> None:
    assert await hear_crash(source, "legacy", level) == told


@pytest.mark.parametrize(("opted", "told"), [(None, []), ("debug", CRASH), ("error", CRASH), ("alert", [])])
async def test_a_modern_client_hears_of_it_if_the_request_asks_for_it(
    source: FakeSource, opted: Any, told: list[Any]
) -> None:
    assert await hear_crash(source, "auto", opted=opted) == told


# The suite's fixtures.


@pytest.mark.parametrize("mode", MODES)
async def test_fixtures_stand_beside_what_a_server_has(source: FakeSource, mode: Any) -> None:
    server = make_server(source, version="1")
    install_fixtures(server)
    async with Client(server, mode=mode) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        assert names == [*(question.name for question in QUESTIONS), *FIXTURES]
        assert not (await client.call_tool("get_latest_draws", {"limit": 1})).is_error
        empty = await client.call_tool("empty", {})
        assert (empty.is_error, empty.structured_content, text_of(empty)) == (False, {}, "")
        uris = [resource.uri for resource in (await client.list_resources()).resources]
        assert {"universe://status", "test://static-text"} <= set(uris)
        for uri in ("universe://status", "test://static-text", "test://static-binary", "test://template/7/data"):
            assert (await client.read_resource(uri)).contents
        assert (await client.get_prompt("test_prompt_with_arguments", {"arg1": "a", "arg2": "b"})).messages
        assert (await client.get_prompt("is_this_lottery_fair", {})).messages
        assert len((await client.list_prompts()).prompts) == 8
        assert len((await client.list_resource_templates()).resource_templates) == 4


async def test_production_knows_no_fixture(source: FakeSource) -> None:
    async with Client(make_server(source, version="1")) as client:
        assert not {tool.name for tool in (await client.list_tools()).tools} & set(FIXTURES)


async def test_events_are_replayed_after_the_last_one_that_was_seen() -> None:
    store, replayed = event_store(), []

    async def keep(message: Any) -> None:
        replayed.append(message.event_id)

    note = JSONRPCNotification(jsonrpc="2.0", method="notifications/message")
    first = await store.store_event("a", None)
    others = [await store.store_event(stream, note) for stream in ("a", "b", "a")]
    assert await store.replay_events_after(first, keep) == "a"
    assert replayed == [others[0], others[2]]
    assert await store.replay_events_after("unknown", keep) is None
