"""Resources: what can be read under an address, as the same documents that the tools answer with."""

import json
from functools import cache, partial
from importlib.resources import files
from typing import Any

import attrs
from mcp.server import Server, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    Annotations,
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    ResourceTemplate,
    TextResourceContents,
)

from tools.addresses import DEFINITION_TEMPLATE, DRAW_DATE_TEMPLATE, GAME_TEMPLATE, URIS, Address, address_of
from tools.game_document import game_document
from tools.listing import JSON, MARKDOWN, TOML, resource_page
from tools.looking import look
from tools.questions.day import date_summary
from tools.questions.status import universe_status
from tools.source import Snapshot, Source, Witness
from tools.subscriptions import Subscriptions
from tools.wire import to_wire
from universe.definition import definition_toml, told
from universe.errors import DrawError, UniverseError

Context = ServerRequestContext[Any, Any]

TEMPLATES = (
    ResourceTemplate(
        uri_template=GAME_TEMPLATE,
        name="game",
        title="One game",
        description=(
            "How a game stands, its drums and schedule, and example calls of the tools. game_id: one of those in"
            " universe://status, e.g. GAME_001."
        ),
        mime_type=JSON,
        annotations=Annotations(priority=0.8),
    ),
    ResourceTemplate(
        uri_template=DEFINITION_TEMPLATE,
        name="definition",
        title="Definition of a game",
        description="The definition in force, as a file that `universe games validate` accepts.",
        mime_type=TOML,
        annotations=Annotations(priority=0.5),
    ),
    ResourceTemplate(
        uri_template=DRAW_DATE_TEMPLATE,
        name="draw-date",
        title="One draw date of a game",
        description=(
            "The document of get_draw_date_summary: synthetic draws of the date, its real draw, and how they compare."
            " draw_date: YYYY-MM-DD, on the game's schedule. resources/list has the newest 30 of a game; this address"
            " and completion reach all."
        ),
        mime_type=JSON,
        annotations=Annotations(priority=0.2),
    ),
)


def serve_resources(server: Server[Any], source: Source, subscriptions: Subscriptions) -> None:
    """Let clients list and read resources. A legacy session that has listed them is told when the list changes."""

    async def list_resources(context: Context, params: PaginatedRequestParams) -> ListResourcesResult:
        resources, next_cursor = await look(
            source, context.session, "resources/list", partial(resource_page, cursor=params.cursor)
        )
        subscriptions.note_listed(context)
        return ListResourcesResult(resources=resources, next_cursor=next_cursor)

    async def list_templates(_: Context, params: PaginatedRequestParams) -> ListResourceTemplatesResult:
        if params.cursor is not None:
            raise MCPError(INVALID_PARAMS, "resources/templates/list has one page: call it without a cursor")
        return ListResourceTemplatesResult(resource_templates=list(TEMPLATES))

    async def read(context: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        address = address_of(params.uri)
        if address is None:
            raise no_resource(params.uri, "there is none of that form")
        if address.kind == "guide":
            return _contents(address, MARKDOWN, guide())
        return await look(source, context.session, "resources/read", partial(read_resource, address, source))

    server.add_request_handler("resources/list", PaginatedRequestParams, list_resources)
    server.add_request_handler("resources/templates/list", PaginatedRequestParams, list_templates)
    server.add_request_handler("resources/read", ReadResourceRequestParams, read)


def read_resource(address: Address, source: Witness, snapshot: Snapshot) -> ReadResourceResult:
    """Return what stands at an address as of a snapshot; MCPError says which addresses there are."""
    if address.kind == "status":
        return _document(address, universe_status(snapshot, source))
    try:
        view = snapshot.game(address.game_id)
    except UniverseError as fault:
        raise no_resource(address.uri, str(fault)) from fault
    if address.kind == "game":
        return _document(address, game_document(snapshot, source, view))
    if address.draw_date is None:
        return _contents(address, TOML, definition_toml(view.game))
    try:
        return _document(address, date_summary(snapshot, view, address.draw_date))
    except DrawError as fault:
        raise no_resource(address.uri, str(fault)) from fault


def no_resource(uri: str, reason: str) -> MCPError:
    """Return the protocol's resource-not-found error, with what exists."""
    shown = told(uri)
    line = f"no resource {shown}: {reason}; there are {', '.join(URIS)}, see resources/list"
    return MCPError(INVALID_PARAMS, line, data={"uri": shown})


def _document(address: Address, answer: attrs.AttrsInstance) -> ReadResourceResult:
    return _contents(address, JSON, json.dumps(to_wire(answer), ensure_ascii=False))


def _contents(address: Address, mime_type: str, text: str) -> ReadResourceResult:
    return ReadResourceResult(contents=[TextResourceContents(uri=address.uri, mime_type=mime_type, text=text)])


@cache
def guide() -> str:
    """Return the guide."""
    return files("tools").joinpath("texts/guide.md").read_text(encoding="utf-8")
