"""What the protocol's conformance suite asks any server for, and a tool that does nothing, to measure the others by.

Installed by a hidden option, around the handlers of a finished server: nothing else knows of it. The names and the
answers are the suite's own.
"""

import base64
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, cast

import trio
from mcp.server import Server, ServerRequestContext
from mcp.server.streamable_http import EventCallback, EventId, EventMessage, EventStore, StreamId
from mcp.shared.message import ServerMessageMetadata
from mcp_types import (
    AudioContent,
    BlobResourceContents,
    CallToolRequestParams,
    CallToolResult,
    ContentBlock,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    EmbeddedResource,
    GetPromptRequestParams,
    GetPromptResult,
    ImageContent,
    JSONRPCMessage,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    LoggingMessageNotification,
    LoggingMessageNotificationParams,
    PaginatedRequestParams,
    Prompt,
    PromptArgument,
    PromptMessage,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    SamplingMessage,
    TextContent,
    TextResourceContents,
    Tool,
)

Context = ServerRequestContext[Any, Any]
Arguments = dict[str, Any]
Fixture = Callable[[Context, Arguments], Awaitable[CallToolResult]]

EVENTS_MAX = 10_000
PAUSE_SECONDS = 0.05
PNG = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c02"
        "0000000b4944415478da6364f80f00010501012718e3660000000049454e44ae426082"
    )
).decode()
WAV = base64.b64encode(
    b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x40\x1f\0\0\1\0\x08\0data\0\0\0\0"
).decode()
TEXT_URI, BINARY_URI, WATCHED_URI = "test://static-text", "test://static-binary", "test://watched-resource"
TEMPLATE_START, TEMPLATE_END = "test://template/", "/data"
RESULT = "complete"


def install_fixtures(server: Server[Any]) -> None:
    """Add the suite's tools, resources and prompts, and the tool ``empty``, to those that a server has."""
    _add_tools(server)
    _add_resources(server)
    _add_prompts(server)


def event_store() -> EventStore:
    """Return a bounded memory of sent events, with which the suite resumes a stream that was closed."""
    return RecentEvents()


class RecentEvents(EventStore):
    """The newest events of all streams."""

    def __init__(self) -> None:
        self._events: deque[tuple[int, StreamId, JSONRPCMessage | None]] = deque(maxlen=EVENTS_MAX)
        self._last = 0

    async def store_event(self, stream_id: StreamId, message: JSONRPCMessage | None) -> EventId:
        """Keep an event; None stands for the beginning of a stream."""
        self._last += 1
        self._events.append((self._last, stream_id, message))
        return str(self._last)

    async def replay_events_after(self, last_event_id: EventId, send_callback: EventCallback) -> StreamId | None:
        """Send what followed an event on its stream, and return that stream; None if it is not remembered."""
        streams = {str(number): stream_id for number, stream_id, _ in self._events}
        wanted = streams.get(last_event_id)
        for number, stream_id, message in list(self._events):
            if wanted is not None and stream_id == wanted and number > int(last_event_id) and message is not None:
                await send_callback(EventMessage(message, str(number)))
        return wanted


def _text(text: str) -> TextContent:
    return TextContent(type="text", text=text)


def _image() -> ImageContent:
    return ImageContent(type="image", data=PNG, mime_type="image/png")


def _embedded(uri: str, mime_type: str, text: str) -> EmbeddedResource:
    return EmbeddedResource(type="resource", resource=TextResourceContents(uri=uri, mime_type=mime_type, text=text))


def _result(*content: ContentBlock) -> CallToolResult:
    return CallToolResult(content=list(content))


# Tools


def _answering(*content: ContentBlock) -> Fixture:
    async def answer(_: Context, _given: Arguments) -> CallToolResult:
        return _result(*content)

    return answer


async def _empty(_: Context, _given: Arguments) -> CallToolResult:
    return CallToolResult(content=[_text("")], structured_content={})


async def _logging(context: Context, _: Arguments) -> CallToolResult:
    for line in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        params = LoggingMessageNotificationParams(level="info", data=line)
        await context.session.send_notification(
            LoggingMessageNotification(params=params), related_request_id=context.request_id
        )
        await trio.sleep(PAUSE_SECONDS)
    return _result(_text(RESULT))


async def _progress(context: Context, _: Arguments) -> CallToolResult:
    for done in (0, 50, 100):
        await context.session.report_progress(done, 100)
        await trio.sleep(PAUSE_SECONDS)
    return _result(_text(RESULT))


async def _failing(_: Context, _given: Arguments) -> CallToolResult:
    return CallToolResult(content=[_text("This tool intentionally returns an error for testing")], is_error=True)


async def _sampling(context: Context, given: Arguments) -> CallToolResult:
    message = SamplingMessage(role="user", content=_text(str(given.get("prompt", ""))))
    answer = await context.session.send_request(
        CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=100)),
        CreateMessageResult,
        metadata=ServerMessageMetadata(related_request_id=context.request_id),
    )
    said = answer.content.text if isinstance(answer.content, TextContent) else answer.content.type
    return _result(_text(f"LLM response: {said}"))


def _asking(message: str, schema: dict[str, Any], told: str) -> Fixture:
    async def ask(context: Context, given: Arguments) -> CallToolResult:
        answer = await context.session.elicit_form(
            str(given.get("message", message)), schema, related_request_id=context.request_id
        )
        return _result(_text(f"{told}: action={answer.action}, content={answer.content}"))

    return ask


async def _reconnecting(context: Context, _: Arguments) -> CallToolResult:
    if context.close_sse_stream is not None:
        await context.close_sse_stream()
    await trio.sleep(4 * PAUSE_SECONDS)
    return _result(_text(RESULT))


def _form(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _titled(*titles: str) -> list[dict[str, str]]:
    return [{"const": f"value{place}", "title": title} for place, title in enumerate(titles, start=1)]


WHO = _form(
    username={"type": "string", "description": "User's response"},
    email={"type": "string", "description": "User's email address"},
) | {"required": ["username", "email"]}
DEFAULTS = _form(
    name={"type": "string", "default": "John Doe"},
    age={"type": "integer", "default": 30},
    score={"type": "number", "default": 95.5},
    status={"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    verified={"type": "boolean", "default": True},
)
OPTIONS = ["option1", "option2", "option3"]
ENUMS = _form(
    untitledSingle={"type": "string", "enum": OPTIONS},
    titledSingle={"type": "string", "oneOf": _titled("First Option", "Second Option", "Third Option")},
    legacyEnum={
        "type": "string",
        "enum": ["opt1", "opt2", "opt3"],
        "enumNames": ["Option One", "Option Two", "Option Three"],
    },
    untitledMulti={"type": "array", "items": {"type": "string", "enum": OPTIONS}},
    titledMulti={"type": "array", "items": {"anyOf": _titled("First Choice", "Second Choice", "Third Choice")}},
)
NOTHING: dict[str, Any] = {"type": "object", "properties": {}}
SCHEMA_2020 = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {"address": {"type": "object", "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
    "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"}},
    "additionalProperties": False,
}

FIXTURES: dict[str, tuple[Fixture, dict[str, Any]]] = {
    "empty": (_empty, NOTHING),
    "test_simple_text": (_answering(_text("This is a simple text response for testing.")), NOTHING),
    "test_image_content": (_answering(_image()), NOTHING),
    "test_audio_content": (_answering(AudioContent(type="audio", data=WAV, mime_type="audio/wav")), NOTHING),
    "test_embedded_resource": (
        _answering(_embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")),
        NOTHING,
    ),
    "test_multiple_content_types": (
        _answering(
            _text("Multiple content types test:"),
            _image(),
            _embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
        ),
        NOTHING,
    ),
    "test_tool_with_logging": (_logging, NOTHING),
    "test_tool_with_progress": (_progress, NOTHING),
    "test_error_handling": (_failing, NOTHING),
    "test_sampling": (_sampling, _form(prompt={"type": "string"})),
    "test_elicitation": (_asking("", WHO, "User response"), _form(message={"type": "string"})),
    "test_elicitation_sep1034_defaults": (_asking("defaults", DEFAULTS, "Elicitation completed"), NOTHING),
    "test_elicitation_sep1330_enums": (_asking("enums", ENUMS, "Elicitation completed"), NOTHING),
    "json_schema_2020_12_tool": (_answering(_text(RESULT)), SCHEMA_2020),
    "test_reconnection": (_reconnecting, NOTHING),
}


def _add_tools(server: Server[Any]) -> None:
    list_others, call_other = _handler(server, "tools/list"), _handler(server, "tools/call")

    async def list_tools(context: Context, params: PaginatedRequestParams) -> ListToolsResult:
        others: ListToolsResult = await list_others(context, params)
        tools = [Tool(name=name, description=name, input_schema=schema) for name, (_, schema) in FIXTURES.items()]
        return ListToolsResult(tools=[*others.tools, *tools])

    async def call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult:
        if params.name not in FIXTURES:
            return cast(CallToolResult, await call_other(context, params))
        fixture, _ = FIXTURES[params.name]
        return await fixture(context, params.arguments or {})

    server.add_request_handler("tools/list", PaginatedRequestParams, list_tools)
    server.add_request_handler("tools/call", CallToolRequestParams, call_tool)


# Resources


def _read(uri: str) -> TextResourceContents | BlobResourceContents | None:
    if uri == BINARY_URI:
        return BlobResourceContents(uri=uri, mime_type="image/png", blob=PNG)
    if uri == TEXT_URI:
        text = "This is the content of the static text resource."
        return TextResourceContents(uri=uri, mime_type="text/plain", text=text)
    if uri == WATCHED_URI:
        return TextResourceContents(uri=uri, mime_type="text/plain", text="It never changes.")
    if uri.startswith(TEMPLATE_START) and uri.endswith(TEMPLATE_END):
        name = uri.removeprefix(TEMPLATE_START).removesuffix(TEMPLATE_END)
        text = f'{{"id":"{name}","templateTest":true,"data":"Data for ID: {name}"}}'
        return TextResourceContents(uri=uri, mime_type="application/json", text=text)
    return None


def _add_resources(server: Server[Any]) -> None:
    list_others, read_other = _handler(server, "resources/list"), _handler(server, "resources/read")
    list_other_templates = _handler(server, "resources/templates/list")
    resources = [Resource(uri=uri, name=uri, description=uri) for uri in (TEXT_URI, BINARY_URI, WATCHED_URI)]
    template = ResourceTemplate(uri_template=f"{TEMPLATE_START}{{id}}{TEMPLATE_END}", name="template")

    async def list_resources(context: Context, params: PaginatedRequestParams) -> ListResourcesResult:
        others: ListResourcesResult = await list_others(context, params)
        if others.next_cursor is not None:
            return others
        return ListResourcesResult(resources=[*others.resources, *resources])

    async def list_templates(context: Context, params: PaginatedRequestParams) -> ListResourceTemplatesResult:
        others: ListResourceTemplatesResult = await list_other_templates(context, params)
        return ListResourceTemplatesResult(resource_templates=[*others.resource_templates, template])

    async def read(context: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        contents = _read(params.uri)
        if contents is None:
            return cast(ReadResourceResult, await read_other(context, params))
        return ReadResourceResult(contents=[contents])

    server.add_request_handler("resources/list", PaginatedRequestParams, list_resources)
    server.add_request_handler("resources/templates/list", PaginatedRequestParams, list_templates)
    server.add_request_handler("resources/read", ReadResourceRequestParams, read)


# Prompts

PROMPTS: dict[str, tuple[str, ...]] = {
    "test_simple_prompt": (),
    "test_prompt_with_arguments": ("arg1", "arg2"),
    "test_prompt_with_embedded_resource": ("resourceUri",),
    "test_prompt_with_image": (),
}


def _messages(name: str, given: dict[str, str]) -> list[ContentBlock]:
    match name:
        case "test_prompt_with_arguments":
            return [_text(f"Prompt with arguments: arg1='{given['arg1']}', arg2='{given['arg2']}'")]
        case "test_prompt_with_embedded_resource":
            resource = _embedded(given["resourceUri"], "text/plain", "Embedded resource content for testing.")
            return [resource, _text("Please process the embedded resource above.")]
        case "test_prompt_with_image":
            return [_image(), _text("Please analyze the image above.")]
        case _:
            return [_text("This is a simple prompt for testing.")]


def _add_prompts(server: Server[Any]) -> None:
    list_others, get_other = _handler(server, "prompts/list"), _handler(server, "prompts/get")
    prompts = [
        Prompt(name=name, description=name, arguments=[PromptArgument(name=one, required=True) for one in arguments])
        for name, arguments in PROMPTS.items()
    ]

    async def list_prompts(context: Context, params: PaginatedRequestParams) -> ListPromptsResult:
        others: ListPromptsResult = await list_others(context, params)
        return ListPromptsResult(prompts=[*others.prompts, *prompts])

    async def get_prompt(context: Context, params: GetPromptRequestParams) -> GetPromptResult:
        if params.name not in PROMPTS:
            return cast(GetPromptResult, await get_other(context, params))
        messages = [
            PromptMessage(role="user", content=content) for content in _messages(params.name, params.arguments or {})
        ]
        return GetPromptResult(messages=messages)

    server.add_request_handler("prompts/list", PaginatedRequestParams, list_prompts)
    server.add_request_handler("prompts/get", GetPromptRequestParams, get_prompt)


def _handler(server: Server[Any], method: str) -> Callable[[Context, Any], Awaitable[Any]]:
    entry = server.get_request_handler(method)
    if entry is None:
        raise LookupError(f"the server has no handler of {method}")
    return cast(Callable[[Context, Any], Awaitable[Any]], entry.handler)
