"""What a line that is no message gets for an answer, so that whoever sent it does not wait for ever."""

import json
from typing import Any

from mcp_types import INVALID_REQUEST, PARSE_ERROR, ErrorData
from mcp_types.jsonrpc import JSONRPCError, RequestId

INTEGER_DIGITS_MAX = 18  # longer numbers are nobody's request id
VALUES_MAX = 100_000  # of one message: a parsed value takes up to seventy times the room of its text


def malformed_answer(line: bytes) -> JSONRPCError | None:
    """Return the JSON-RPC error for a line that no message could be made of; None for a notification."""
    if has_too_many_values(line):
        return _error(None, INVALID_REQUEST, f"more than {VALUES_MAX:,} values in one message")
    try:
        content = json.loads(line, parse_int=_integer)
    except (ValueError, RecursionError):
        return _error(None, PARSE_ERROR, "the line is no JSON; a message is one JSON object on one line")
    if isinstance(content, dict) and "method" in content and "id" not in content:
        return None
    asked = _request_id(content.get("id")) if isinstance(content, dict) else None
    return _error(asked, INVALID_REQUEST, "not a JSON-RPC 2.0 request: id is text or an integer, params an object")


def has_too_many_values(line: bytes) -> bool:
    """Whether a line may hold more values than any message needs, by what stands between values or before them."""
    return sum(map(line.count, (b",", b"[", b"{"))) > VALUES_MAX


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= INTEGER_DIGITS_MAX else None


def _request_id(value: Any) -> RequestId | None:
    if isinstance(value, str) and value.isprintable() and value.encode(errors="ignore").decode() == value:
        return value
    return value if type(value) is int else None


def _error(asked: RequestId | None, code: int, message: str) -> JSONRPCError:
    return JSONRPCError(jsonrpc="2.0", id=asked, error=ErrorData(code=code, message=message))
