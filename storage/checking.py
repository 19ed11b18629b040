"""One game under examination: what its small tables must say of each other, and how a difference is named."""

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Self, TypeVar

import apsw
import attrs
import numpy as np

from storage.draws import read_tail
from storage.encoding import unpack_counts, unpack_ranks
from storage.raw import PIECE_DRAWS_MAX
from storage.registry import stored_clock, stored_game, stored_watermark
from storage.results import result_digest
from universe.calendar import LogicalClock
from universe.definition import definition_digest
from universe.game import Game
from universe.ranking import Ranks
from universe.seed import ranks_of_draws

Read = TypeVar("Read")


@attrs.frozen(kw_only=True)
class Difference:
    """Where what is stored is not what it should be."""

    game_id: str
    table: str
    key: str
    stored: str
    expected: str


class DifferenceFoundError(Exception):
    """Carries the first difference out of the loops that look for it."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(difference)
        self.difference = difference


@attrs.frozen
class Check:
    """A game's stored state, and the ways to hold it against what it should be."""

    db: apsw.Connection
    key: int
    game: Game
    clock: LogicalClock | None
    watermark: int
    folded: int

    @classmethod
    def of_game(cls, db: apsw.Connection, key: int) -> Self:
        """Return the check of one game."""
        folded = db.execute("SELECT ifnull(max(folded), 0) FROM progress WHERE game_key = ?", (key,)).get
        return cls(db, key, stored_game(db, key), stored_clock(db, key), stored_watermark(db, key), folded)

    def differs(self, table: str, key: object, stored: object, expected: object) -> None:
        """Raise DifferenceFoundError unless the two are equal."""
        if stored != expected:
            raise DifferenceFoundError(
                Difference(
                    game_id=self.game.game_id, table=table, key=str(key), stored=str(stored), expected=str(expected)
                )
            )

    def readable(self, table: str, key: object, read: Callable[[], Read]) -> Read:
        """Return what ``read`` returns; a value that cannot even be unpacked is a difference like any other."""
        try:
            return read()
        except ValueError as damage:
            self.differs(table, key, f"unreadable ({damage})", "packed numbers")
            raise

    def raw_missing(self) -> int:
        """Return how many counted draws have no raw segment: archived, or never kept."""
        held = "SELECT ifnull(sum(last - first + 1), 0) FROM raw_segment WHERE game_key = ?"
        return self.folded - int(self.db.execute(held, (self.key,)).get)

    def small_tables(self) -> None:
        """Check the definition and the results by their digests, running totals and tail by their numbers."""
        digest = "SELECT digest FROM definition WHERE game_key = ? ORDER BY revision DESC LIMIT 1"
        self.differs("definition", "digest", self.db.execute(digest, (self.key,)).get, definition_digest(self.game))
        rows = self.db.execute("SELECT draw_date, main, bonus, digest FROM real_result WHERE game_key = ?", (self.key,))
        for day, main, bonus, stored in rows:
            self.differs("real_result", day, stored.hex(), result_digest(self.game.game_id, day, main, bonus).hex())
        if self.clock is None:
            return
        self._chain_of_totals(self.clock)
        tail = read_tail(self.db, self.key, self.game, self.folded)
        self.differs("hot_tail", "draws", len(tail), self.watermark - self.folded)
        self.same_ranks("hot_tail", self.folded + 1, tail)

    def _chain_of_totals(self, clock: LogicalClock) -> None:
        """Each day must end where its draws end, and hold so many numbers."""
        rows: list[Any] = self.db.execute(
            "SELECT day, last, totals FROM day_total WHERE game_key = ? ORDER BY day", (self.key,)
        ).fetchall()
        self.differs("day_total", "days", len(rows), clock.logical_day(self.watermark) + 1 if self.watermark else 0)
        for number, (day, last, packed) in enumerate(rows):
            self.differs("day_total", f"day {number}", day, number)
            self.differs("day_total", f"day {day}, last", last, min(self.watermark, (day + 1) * clock.draws_per_day))
            totals = self.readable("day_total", f"day {day}", partial(unpack_counts, packed))
            held = int(totals[: self.game.main.size].sum())
            self.differs("day_total", f"day {day}, main numbers", held, last * self.game.main.picked)

    def same_ranks(self, table: str, first: int, stored: Ranks) -> None:
        """Draw these numbers again and compare."""
        assert self.clock is not None
        for start in range(0, len(stored), PIECE_DRAWS_MAX):
            piece = stored[start : start + PIECE_DRAWS_MAX]
            self.equal_ranks(
                table, first + start, piece, ranks_of_draws(self.clock, first + start, first + start + len(piece) - 1)
            )

    def equal_ranks(self, table: str, first: int, stored: Ranks, drawn: Ranks) -> None:
        """Compare equally many draws, from number ``first`` on."""
        for at in np.flatnonzero(stored != drawn)[:1].tolist():
            self.differs(table, f"draw {first + at}", int(stored[at]), int(drawn[at]))

    def segments(self, *, newest_only: bool) -> Iterator[tuple[int, Ranks]]:
        """Yield (first draw, ranks) of raw segments after checking their digests."""
        order = "DESC LIMIT 1" if newest_only else ""
        rows = self.db.execute(
            f"SELECT first, last, ranks, digest FROM raw_segment WHERE game_key = ? ORDER BY first {order}", (self.key,)
        )
        for first, last, packed, digest in rows:
            name = f"draws {first}..{last}"
            self.differs("raw_segment", f"{name}, digest", digest.hex(), hashlib.sha256(packed).hexdigest())
            ranks = unpack_ranks(self.game, packed)
            self.differs("raw_segment", f"{name}, length", len(ranks), last - first + 1)
            yield first, ranks
