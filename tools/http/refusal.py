"""Requests that are turned away: the status, a reason for the metrics, and a sentence for whoever sent it."""

import json
import math
from collections.abc import Mapping
from typing import Any

import attrs
from mcp_types import INVALID_REQUEST

from tools.http.bounds import BODY_BYTES_MAX, BODY_SECONDS_MAX


@attrs.frozen(kw_only=True)
class Refusal:
    """One answer to a request that is not served. ``ends``: the connection ends with it."""

    status: int
    reason: str  # one of a fixed few, for it is a label of a metric
    message: str
    headers: Mapping[str, str] = attrs.field(factory=dict)
    ends: bool = False

    @property
    def body(self) -> bytes:
        """The answer, a JSON-RPC error of no request, as MCP clients read it."""
        error = {"code": INVALID_REQUEST, "message": self.message}
        return json.dumps({"jsonrpc": "2.0", "id": None, "error": error}).encode()

    @property
    def start(self) -> dict[str, Any]:
        """The ASGI message that begins the answer."""
        headers = {
            "content-type": "application/json",
            "content-length": str(len(self.body)),
            **self.headers,
            **({"connection": "close"} if self.ends else {}),
        }
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        return {"type": "http.response.start", "status": self.status, "headers": encoded}


FOREIGN_HOST = Refusal(
    status=421,
    reason="foreign_host",
    message="the Host header does not name this server; --allowed-host NAME lets it in",
)
FOREIGN_ORIGIN = Refusal(
    status=403,
    reason="foreign_origin",
    message="pages of this Origin may not ask this server; --allowed-origin ORIGIN lets them",
)
TOKEN_MISSING = Refusal(
    status=401,
    reason="token_missing",
    message="a token is required: send the header Authorization: Bearer TOKEN",
    headers={"www-authenticate": "Bearer"},
)
TOKEN_WRONG = Refusal(
    status=401,
    reason="token_wrong",
    message="the token is nobody's",
    headers={"www-authenticate": 'Bearer error="invalid_token"'},
)
BUSY = Refusal(
    status=503,
    reason="busy",
    message="the server has as many requests at work as it takes; ask again in a second",
    headers={"retry-after": "1"},
)
SESSIONS_FULL = Refusal(
    status=503,
    reason="sessions",
    message="the server has as many sessions open as it takes; ask without one (revision 2026-07-28), or later",
    headers={"retry-after": "60"},
)
AMBIGUOUS = Refusal(
    status=400,
    reason="ambiguous",
    message="a request has either Content-Length or Transfer-Encoding",
    ends=True,
)
TOO_LARGE = Refusal(
    status=413,
    reason="too_large",
    message=f"a request may have {BODY_BYTES_MAX:,} bytes",
    ends=True,
)
TOO_SLOW = Refusal(
    status=408,
    reason="too_slow",
    message=f"the request did not arrive within {BODY_SECONDS_MAX:g} seconds",
    ends=True,
)


def too_fast(seconds: float, rate: int, burst: int) -> Refusal:
    """Return the answer to a client that asks more often than it may."""
    return Refusal(
        status=429,
        reason="rate",
        message=f"a client may ask {rate} times a second, {burst} in a burst; wait {seconds:.2f} s",
        headers={"retry-after": str(math.ceil(seconds))},
    )


def too_many_at_once(allowed: int) -> Refusal:
    """Return the answer to a client that has as many requests at work as it may."""
    return Refusal(
        status=429,
        reason="at_once",
        message=f"a client may have {allowed} requests at work at once, streams included; wait for one to end",
        headers={"retry-after": "1"},
    )


def too_many_sessions(allowed: int) -> Refusal:
    """Return the answer to a client that has as many sessions open as it may."""
    return Refusal(
        status=429,
        reason="sessions",
        message=f"a client may have {allowed} sessions open; close one (DELETE), or ask without a session",
        headers={"retry-after": "60"},
    )
