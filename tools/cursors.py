"""Opaque cursors: where a list goes on, bound to the query that it is a list of."""

import base64
import binascii
import hashlib
from collections.abc import Callable
from typing import TypeVar

from universe.errors import UniverseError

CURSOR_CHARACTERS_MAX = 128
CHECK_DIGITS = 12

Position = TypeVar("Position")


class CursorError(UniverseError):
    """A cursor that this query never gave out."""


def make_cursor(position: object, *query: object) -> str:
    """Return the cursor of a position in the answers to ``query``."""
    text = f"{_check(str(position), query)}{position}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, parse: Callable[[str], Position], *query: object) -> Position:
    """Return the position of a cursor; CursorError unless it was made for an equal query.

    The check digits are no secret, so a caller can make up any position: ``parse`` raises ValueError for what is none.
    """
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True).decode()
        check, position = text[:CHECK_DIGITS], text[CHECK_DIGITS:]
        if check == _check(position, query):
            return parse(position)
    except (binascii.Error, ValueError):
        pass
    raise CursorError(
        "cursor: not one of this query; pass a next_cursor unchanged, with the arguments of the call that gave it"
        " (limit may differ), or no cursor to begin with the newest"
    )


def draw_number(position: str) -> int:
    """Return the draw number that a position names; ValueError if no database could hold it."""
    number = int(position)
    if not 1 <= number < 2**63:
        raise ValueError(f"{number} is no draw number")
    return number


def _check(position: str, query: tuple[object, ...]) -> str:
    return hashlib.sha256(repr((position, [str(part) for part in query])).encode()).hexdigest()[:CHECK_DIGITS]
