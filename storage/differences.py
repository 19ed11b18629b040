"""How a difference is named, and how damaged bytes become one: whatever reading them raises, where they are read."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import apsw
import attrs

from universe.errors import UniverseError

# What reading damaged bytes can raise; what is no damage (a failing device, no memory, an interrupt) is not among it.
DAMAGE = (
    ValueError, TypeError, AttributeError, LookupError, ArithmeticError, AssertionError, UniverseError, struct.error,
    apsw.CorruptError, apsw.NotADBError, apsw.SQLError, apsw.MismatchError, apsw.TooBigError,
)  # fmt: skip  # a list of names


@attrs.frozen(kw_only=True)
class Difference:
    """Where what is stored is not what it should be; ``game_id`` None: in what no one game owns."""

    game_id: str | None
    table: str
    key: str
    stored: str
    expected: str


class DifferenceFoundError(Exception):
    """Carries the first difference out of the loops that look for it."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(difference)
        self.difference = difference


def found(game_id: str | None, table: str, key: object, stored: object, expected: object) -> NoReturn:
    """Raise DifferenceFoundError for this place."""
    raise DifferenceFoundError(
        Difference(game_id=game_id, table=table, key=str(key), stored=str(stored), expected=str(expected))
    )


def unreadable(why: str) -> Difference:
    """Return the difference of a file that cannot be read at all."""
    return Difference(game_id=None, table="file", key="all of it", stored=why, expected="a universe")


@contextmanager
def reading(game_id: str | None, table: str, key: object) -> Iterator[None]:
    """Take whatever damaged bytes make of the block for a difference at this place."""
    try:
        yield
    except DAMAGE as damage:
        found(game_id, table, key, f"unreadable ({type(damage).__name__}: {damage})", "readable")
