"""What comes out of a publisher's file: results that the game can have, and every row that it cannot."""

from datetime import date

import attrs

from universe.errors import UniverseError


class FormatError(UniverseError):
    """The bytes as a whole are of no known format, or not of the one that was named."""


@attrs.frozen(kw_only=True)
class RealResult:
    """The published result of one draw date; both sets of numbers ascending."""

    draw_date: date
    main_numbers: tuple[int, ...]
    bonus_numbers: tuple[int, ...] = ()


@attrs.frozen(kw_only=True)
class Invalid:
    """A row that cannot be taken, with every reason. A JSON record counts as a line, from 1."""

    line: int
    reason: str
    placeholder: bool = False  # the publisher lists the draw, its numbers are still to come


@attrs.frozen(kw_only=True)
class Reading:
    """What a file holds for one game. Every row is counted exactly once.

    ``rows`` is the sum of the results, ``duplicates``, ``before_matrix``, ``extra_draws`` and the invalid rows.
    """

    format_name: str | None  # None: nothing there to tell it by
    rows: int
    results: tuple[RealResult, ...]  # ascending and unique by date
    duplicates: int  # rows equal to another one that is among the results
    before_matrix: int  # rows before the game's ``since``, looked at no further
    extra_draws: int  # further draws of an evening, which are no draws of the game
    invalid: tuple[Invalid, ...]  # by line

    @property
    def broken(self) -> bool:
        """Whether a row is wrong in earnest. A feed that only lacks numbers still to come is worth asking again."""
        return not all(row.placeholder for row in self.invalid)
