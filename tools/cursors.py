"""Opaque cursors: where a list goes on, bound to the query that it is a list of."""

import base64
import binascii
import hashlib

from universe.errors import UniverseError

CURSOR_CHARACTERS_MAX = 128
CHECK_DIGITS = 12


class CursorError(UniverseError):
    """A cursor that this query never gave out."""


def make_cursor(position: object, *query: object) -> str:
    """Return the cursor of a position in the answers to ``query``."""
    text = f"{_check(str(position), query)}{position}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, *query: object) -> str:
    """Return the position of a cursor; CursorError unless it was made for an equal query."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    check, position = text[:CHECK_DIGITS], text[CHECK_DIGITS:]
    if not position or check != _check(position, query):
        raise CursorError(
            "cursor: not one of this query; pass a next_cursor unchanged, with the arguments of the call that gave it"
            " (limit may differ), or no cursor to begin with the newest"
        )
    return position


def _check(position: str, query: tuple[object, ...]) -> str:
    return hashlib.sha256(repr((position, [str(part) for part in query])).encode()).hexdigest()[:CHECK_DIGITS]
