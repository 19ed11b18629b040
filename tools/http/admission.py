"""Whether a request is let in: by its names, its token, and what its client uses. Decided before its body is read.

``/health`` and ``/ready`` are open to those who watch over the server: they tell nothing of use to others, and answer
when it is busy.
"""

from collections.abc import Callable

import attrs
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.datastructures import Headers
from starlette.types import Scope

from tools.http.bounds import REQUESTS_MAX, SESSIONS_MAX
from tools.http.limits import ClientLimits
from tools.http.names import Names
from tools.http.refusal import (
    BUSY,
    FOREIGN_HOST,
    FOREIGN_ORIGIN,
    SESSIONS_FULL,
    TOKEN_MISSING,
    TOKEN_WRONG,
    Refusal,
    too_fast,
    too_many_at_once,
    too_many_sessions,
)
from tools.tokens import Tokens
from tools.traffic import Traffic

OPEN_PATHS = frozenset({"/health", "/ready"})
NOBODY = ""  # where nobody needs a name


@attrs.frozen(kw_only=True)
class Admission:
    """Who is let in. ``sessions`` counts the open ones of one client, or of all."""

    endpoint: str
    names: Names
    tokens: Tokens | None
    limits: ClientLimits
    traffic: Traffic
    sessions: Callable[[str | None], int]

    def examined(self, scope: Scope, headers: Headers) -> str | Refusal:
        """Return whose request it is, or why it is not served."""
        if is_open(scope):
            return NOBODY
        if not self.names.allows_host(headers.get("host")):
            return FOREIGN_HOST
        if not self.names.allows_origin(headers.get("origin")):
            return FOREIGN_ORIGIN
        client = self._client(headers)
        if isinstance(client, Refusal):
            return client
        if client:
            scope["user"] = AuthenticatedUser(AccessToken(token="", client_id=client, scopes=[]))  # owns its sessions
        return self._too_much(client, opens_session=self._opens_session(scope, headers)) or client

    def _client(self, headers: Headers) -> str | Refusal:
        if self.tokens is None:
            return NOBODY
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            return TOKEN_MISSING
        return self.tokens.holder(token.strip()) or TOKEN_WRONG

    def _opens_session(self, scope: Scope, headers: Headers) -> bool:
        """Whether the SDK will open a session for this request, before it looks at its body."""
        if scope["path"] != self.endpoint or "mcp-session-id" in headers:
            return False
        version = headers.get("mcp-protocol-version")
        return version is None or version in HANDSHAKE_PROTOCOL_VERSIONS

    def _too_much(self, client: str, *, opens_session: bool) -> Refusal | None:
        if self.traffic.requests >= REQUESTS_MAX:
            return BUSY
        if opens_session and self.sessions(None) >= SESSIONS_MAX:
            return SESSIONS_FULL
        return self._too_much_for(client, opens_session=opens_session) if client else None

    def _too_much_for(self, client: str, *, opens_session: bool) -> Refusal | None:
        settings = self.limits.settings
        if self.limits.is_busy(client):
            return too_many_at_once(settings.requests_at_once)
        if opens_session and self.sessions(client) >= settings.sessions:
            return too_many_sessions(settings.sessions)
        seconds = self.limits.seconds_to_wait(client)
        return too_fast(seconds, settings.requests_per_second, settings.requests_burst) if seconds else None


def is_open(scope: Scope) -> bool:
    """Whether a request needs no name and no token."""
    return scope["path"] in OPEN_PATHS and scope["method"] in ("GET", "HEAD")
