"""What one legacy session is to be told, and the telling. Modern clients have listen streams instead."""

from collections.abc import Collection

import attrs
import trio
from mcp.server.connection import Connection

LIST = "resources/list"  # stands among the watched resources for the list of them
SEND_SECONDS_MAX = 10.0  # for one notification, until its subscription is given up


@attrs.define(eq=False)
class LegacySession:
    """The resources one session subscribed to, and what of them it has not been told yet."""

    connection: Connection
    uris: set[str] = attrs.field(factory=set)
    lists: bool = False  # it has asked for the list, so it is told when the list changes
    _waiting: dict[str, None] = attrs.field(factory=dict)  # a set in order: what waits is not told twice
    _sending: bool = False

    @property
    def watched(self) -> Collection[str]:
        """Everything that it wants to be told of."""
        return {*self.uris, LIST} if self.lists else self.uris

    def note(self, changed: Collection[str]) -> bool:
        """Keep what it is to be told; whether that needs a task which calls ``send``."""
        self._waiting.update(dict.fromkeys(uri for uri in changed if uri in self.uris or (self.lists and uri == LIST)))
        return bool(self._waiting) and not self._sending

    def forget(self) -> None:
        """Want nothing any more."""
        self.uris, self.lists = set(), False
        self._waiting.clear()

    async def send(self) -> None:
        """Tell it everything that waits; TooSlowError if it does not take one of them in time."""
        self._sending = True
        try:
            while self._waiting:
                uri = next(iter(self._waiting))
                del self._waiting[uri]
                with trio.fail_after(SEND_SECONDS_MAX):
                    if uri == LIST:
                        await self.connection.send_resource_list_changed()
                    else:
                        await self.connection.send_resource_updated(uri)
        finally:
            self._sending = False
