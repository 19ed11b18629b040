"""Who wants to be told what: listen streams of modern clients, subscribed sessions of legacy ones, all of it bounded.

A notification says "this changed, read it again", so nothing is lost by telling it once for many changes. Every send
is bounded in time: a client that does not read loses its subscription, and holds up nobody else.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import structlog
import trio
from mcp.server import Server, ServerRequestContext
from mcp.server.connection import Connection
from mcp.server.session import ServerSession
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourcesListChanged, ResourceUpdated
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    EmptyResult,
    RequestId,
    ServerNotification,
    SubscribeRequestParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    UnsubscribeRequestParams,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from tools.addresses import URI_CHARACTERS_MAX, address_of, is_well_formed
from tools.sessions import LIST, SEND_SECONDS_MAX, LegacySession
from universe.definition import told

log = structlog.get_logger()

SUBSCRIBERS_MAX = 2_048  # listen streams and subscribed sessions together
SUBSCRIBER_URIS_MAX = 64
EVENTS_WAITING_MAX = 1_024  # of one listen stream, until it is given up

Context = ServerRequestContext[Any, Any]


class Subscriptions:
    """The subscriptions of all clients of one server. ``publish`` waits for none of them."""

    def __init__(self) -> None:
        self._bus = InMemorySubscriptionBus()
        self._streams = ListenHandler(
            self._bus, max_subscriptions=SUBSCRIBERS_MAX, max_buffered_events=EVENTS_WAITING_MAX
        )
        self._listening = 0
        self._sessions: dict[Connection, LegacySession] = {}
        self._subscribed: set[Connection] = set()
        self._watched: Counter[str] = Counter()
        self._news = trio.Event()
        self._closed = False

    @property
    def count(self) -> int:
        """How many listen streams and subscribed sessions there are."""
        return self._listening + len(self._subscribed)

    @property
    def watched(self) -> Collection[str]:
        """The resources that somebody wants to be told of; ``LIST`` among them stands for the list of them."""
        return self._watched.keys()

    async def wait_for_news(self) -> None:
        """Wait until something is watched that was not before."""
        await self._news.wait()
        self._news = trio.Event()

    async def publish(self, changed: Iterable[str], senders: trio.Nursery) -> None:
        """Tell everyone who watches one of these. Legacy sessions are sent to by tasks in ``senders``."""
        uris = list(changed)
        for session in self._sessions.values():
            if session.note(uris):
                senders.start_soon(self._send, session)
        for uri in uris:
            await self._bus.publish(ResourcesListChanged() if uri == LIST else ResourceUpdated(uri=uri))

    def close(self) -> None:
        """End every listen stream gracefully, and accept no other: the server is about to end."""
        self._closed = True
        self._streams.close()

    # Modern clients: the answer to subscriptions/listen is the stream of what they are told.

    async def listen(self, context: Context, params: SubscriptionsListenRequestParams) -> SubscriptionsListenResult:
        """Serve one stream until its client leaves, does not read, or ``close``."""
        wanted = params.notifications
        uris = {_required_uri(uri) for uri in wanted.resource_subscriptions or ()}
        self._require_room()
        if len(uris) > SUBSCRIBER_URIS_MAX:
            raise _too_many_uris()
        watched = {*_known(uris), LIST} if wanted.resources_list_changed else _known(uris)
        self._listening += 1
        try:
            with self._watching(watched):
                await trio.lowlevel.checkpoint()  # ``announce`` looks before the client hears that it listens
                session = cast(ServerSession, SessionInTime(context.session))
                return await self._streams(replace(context, session=session), params)
        except trio.TooSlowError:
            log.warning("subscription.dropped", seconds=SEND_SECONDS_MAX)
            raise MCPError(
                INTERNAL_ERROR, f"a notification was not read within {SEND_SECONDS_MAX:g} s; listen again"
            ) from None
        finally:
            self._listening -= 1

    # Legacy clients: a session collects URIs, and is told on its own channel.

    async def subscribe(self, context: Context, params: SubscribeRequestParams) -> EmptyResult:
        """Tell this session when a resource changes. One that does not exist never changes."""
        uri = _required_uri(params.uri)
        session = self._session_of(context)
        if address_of(uri) is not None and uri not in session.uris:
            if not session.uris:
                self._require_room()
            if len(session.uris) >= SUBSCRIBER_URIS_MAX:
                raise _too_many_uris()
            session.uris.add(uri)
            self._subscribed.add(session.connection)
            self._watch([uri])
            await trio.lowlevel.checkpoint()  # as above
        return EmptyResult()

    async def unsubscribe(self, context: Context, params: UnsubscribeRequestParams) -> EmptyResult:
        """Tell it no more."""
        uri, session = _required_uri(params.uri), self._session_of(context)
        if uri in session.uris:
            session.uris.discard(uri)
            self._unwatch([uri])
        if not session.uris:
            self._subscribed.discard(session.connection)
        return EmptyResult()

    def note_listed(self, context: Context) -> None:
        """Tell a legacy session from now on when the list changes; a modern client asks for that itself."""
        if context.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            session = self._session_of(context)
            if not session.lists:
                session.lists = True
                self._watch([LIST])

    def _session_of(self, context: Context) -> LegacySession:
        connection = context.session._connection  # noqa: SLF001  the SDK has no public name for it
        session = self._sessions.get(connection)
        if session is None:
            session = self._sessions[connection] = LegacySession(connection)
            connection.exit_stack.callback(self._end, session)
        return session

    def _end(self, session: LegacySession) -> None:
        self._forget(session)
        self._sessions.pop(session.connection, None)

    def _forget(self, session: LegacySession) -> None:
        self._unwatch(session.watched)
        self._subscribed.discard(session.connection)
        session.forget()

    async def _send(self, session: LegacySession) -> None:
        try:
            await session.send()
        except trio.TooSlowError:
            log.warning("subscription.dropped", seconds=SEND_SECONDS_MAX)
            self._forget(session)

    # What is watched, by anyone.

    @contextmanager
    def _watching(self, uris: Collection[str]) -> Iterator[None]:
        self._watch(uris)
        try:
            yield
        finally:
            self._unwatch(uris)

    def _watch(self, uris: Iterable[str]) -> None:
        for uri in uris:
            if uri not in self._watched:
                self._news.set()
            self._watched[uri] += 1

    def _unwatch(self, uris: Iterable[str]) -> None:
        for uri in uris:
            self._watched[uri] -= 1
            if not self._watched[uri]:
                del self._watched[uri]

    def _require_room(self) -> None:
        if self._closed:
            raise MCPError(INTERNAL_ERROR, "the server is about to end: connect again later")
        if self.count >= SUBSCRIBERS_MAX:
            raise MCPError(
                INTERNAL_ERROR,
                f"{SUBSCRIBERS_MAX:,} clients are subscribed, more are not taken: read the resource now and then",
            )


class SessionInTime:
    """A session as the listen stream needs it, that gives a client up which does not take a notification in time."""

    def __init__(self, session: ServerSession) -> None:
        self._session = session

    async def send_notification(
        self, notification: ServerNotification, related_request_id: RequestId | None = None
    ) -> None:
        """Send it; TooSlowError if that takes too long."""
        with trio.fail_after(SEND_SECONDS_MAX):
            await self._session.send_notification(notification, related_request_id=related_request_id)


def _required_uri(uri: str) -> str:
    if not is_well_formed(uri):
        raise MCPError(
            INVALID_PARAMS,
            f"uri must be a URI of at most {URI_CHARACTERS_MAX} characters, such as universe://status,"
            f" not {told(uri, 60)!r}",
        )
    return uri


def _known(uris: Iterable[str]) -> set[str]:
    """Leave out what can never change, since nothing of ours has such an address."""
    return {uri for uri in uris if address_of(uri) is not None}


def _too_many_uris() -> MCPError:
    return MCPError(INVALID_PARAMS, f"one client may watch {SUBSCRIBER_URIS_MAX} resources at once, not more")


def serve_subscriptions(server: Server[Any], subscriptions: Subscriptions) -> None:
    """Let clients of both eras subscribe."""
    server.add_request_handler("subscriptions/listen", SubscriptionsListenRequestParams, subscriptions.listen)
    server.add_request_handler("resources/subscribe", SubscribeRequestParams, subscriptions.subscribe)
    server.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, subscriptions.unsubscribe)
