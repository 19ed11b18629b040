"""One game under examination: what its small tables must say of each other, and how a difference is named."""

import hashlib
import math
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import date
from typing import Any, Self

import apsw
import attrs
import numpy as np

from storage.differences import found, reading
from storage.encoding import row_digest, unpack_counts, unpack_ranks
from storage.rate import draws_last_hour
from storage.raw import PIECE_DRAWS_MAX
from storage.registry import stored_clock, stored_game
from storage.schema import DIGESTED, with_game
from universe.calendar import LogicalClock, require_draw_date
from universe.counting import totals_width
from universe.game import Game
from universe.matching import levels
from universe.ranking import Ranks
from universe.seed import ranks_of_draws

NUMBER_MAX = 2**62  # above any number of draws, so that a damaged one ends no loop too late

_KEYS = {  # table: how a row of it is named, by its digested values
    "universe": "identity",
    "definition": "revision {1}",
    "simulation": "epoch and pace",
    "milestone": "milestone",
    "real_result": "{1}",
    "conflict": "{1}, {2} + {3}",
    "evidence": "{1}, step {2}",
    "null_frame": "frame",
    "null_histories": "histories from {1}",
}
_OF_SIMULATION = (
    "milestone", "progress", "raw_segment", "hot_tail", "day_total", "comparison", "match_event", "proof_node",
    "null_histories",
)  # fmt: skip  # a list of names


def check_digests(db: apsw.Connection, table: str, game_id: str | None = None, key: int | None = None) -> int:
    """Hold each row of a table, or those of one game, against its digest; returns how many there are."""
    where = "" if key is None else f" WHERE game_key = {key}"
    rows, name = 0, "first row"
    with reading(game_id, table, name):
        cursor = db.execute(f"SELECT digest, {DIGESTED[table]} FROM {with_game(table)}{where}")
    while True:
        with reading(game_id, table, f"after {name}" if rows else name):
            row: Any = next(cursor, None)
        if row is None:
            return rows
        digest, values, rows = row[0], row[1:], rows + 1
        name = _KEYS[table].format(*values)
        with reading(game_id, table, name):
            expected = row_digest(table, *values)
            if digest != expected:
                found(game_id, table, f"{name}, digest", digest.hex(), expected.hex())


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
    def of_game(cls, db: apsw.Connection, key: int, game_id: str) -> Self:
        """Return the check of one game once what is fixed of it is seen to be as it was written."""
        revisions = check_digests(db, "definition", game_id, key)
        with reading(game_id, "definition", "in force"):
            game = stored_game(db, key)
            last = db.execute("SELECT max(revision) FROM definition WHERE game_key = ?", (key,)).get
            if (game.game_id, last) != (game_id, revisions):
                found(game_id, "definition", "in force", f"{game.game_id}, {last}", f"{game_id}, {revisions}")
        for table in ("simulation", "milestone", "real_result", "conflict"):
            check_digests(db, table, game_id, key)
        with reading(game_id, "simulation", "epoch and pace"):
            clock = stored_clock(db, key)
        with reading(game_id, "progress", "watermark"):
            row: Any = db.execute("SELECT watermark, folded FROM progress WHERE game_key = ?", (key,)).get
            watermark, folded = row or (0, 0)
            if not 0 <= folded <= watermark <= NUMBER_MAX:
                found(game_id, "progress", "watermark", f"{watermark}, {folded} folded", "0 <= folded <= watermark")
        return cls(db, key, game, clock, watermark, folded)

    def rows(self, columns: str, table: str) -> Iterator[Any]:
        """Yield what is stored of this game in a table, by the first column; what cannot be read is a difference."""
        key: object = "first row"
        with self.reading(table, key):
            cursor = self.db.execute(f"SELECT {columns} FROM {table} WHERE game_key = ? ORDER BY 1", (self.key,))
        while True:
            with self.reading(table, key):
                row = next(cursor, None)
            if row is None:
                return
            key = f"after {row[0]}"
            yield row

    def reading(self, table: str, key: object) -> AbstractContextManager[None]:
        """Take whatever damaged bytes make of the block for a difference at this place."""
        return reading(self.game.game_id, table, key)

    def differs(self, table: str, key: object, stored: object, expected: object) -> None:
        """Raise DifferenceFoundError unless the two are equal."""
        if stored != expected:
            found(self.game.game_id, table, key, stored, expected)

    def require(self, table: str, key: object, stored: object, expected: str, *, holds: bool) -> None:
        """Raise DifferenceFoundError unless this holds of what is stored."""
        if not holds:
            found(self.game.game_id, table, key, stored, expected)

    def raw_missing(self) -> int:
        """Return how many counted draws have no raw segment: archived, or never kept."""
        held = "SELECT ifnull(sum(last - first + 1), 0) FROM raw_segment WHERE game_key = ?"
        return self.folded - int(self.db.execute(held, (self.key,)).get)

    def small_tables(self) -> None:
        """Check progress, totals, tail and comparisons by what they must say of each other; the tail by the rule."""
        if self.clock is None:
            for table in _OF_SIMULATION:
                self.differs(table, "rows", sum(1 for _ in self.rows("game_key", table)), 0)
            return
        self.differs("milestone", "rows", sum(1 for _ in self.rows("game_key", "milestone")), 1)
        for committed_at, minutes in self.rows("committed_at, minutes", "progress"):
            with self.reading("progress", "last hour"):
                held = draws_last_hour(minutes, committed_at)
                self.require("progress", "last hour", held, "at most all draws", holds=held <= self.watermark)
                self.require("progress", "committed_at", committed_at, "a time", holds=math.isfinite(committed_at))
        self._chain_of_totals(self.clock)
        self._tail()
        self._compared(self.clock)

    def _chain_of_totals(self, clock: LogicalClock) -> None:
        """Each day must end where its draws end, and hold so many numbers."""
        expected = clock.logical_day(self.watermark) + 1 if self.watermark else 0
        days = 0
        for day, last, packed in self.rows("day, last, totals", "day_total"):
            self.differs("day_total", f"day {day}", day, days)
            self.differs("day_total", f"day {day}, last", last, min(self.watermark, (day + 1) * clock.draws_per_day))
            with self.reading("day_total", f"day {day}"):
                totals = unpack_counts(packed)
                self.differs("day_total", f"day {day}, numbers", len(totals), totals_width(self.game))
                held = int(totals[: self.game.main.size].sum())
                self.differs("day_total", f"day {day}, main numbers", held, last * self.game.main.picked)
            days += 1
        self.differs("day_total", "days", days, expected)

    def _tail(self) -> None:
        """Check that the tail's rows follow each other, from what is folded at the latest up to the watermark."""
        expected = None
        for first, packed in self.rows("first, ranks", "hot_tail"):
            with self.reading("hot_tail", f"draw {first}"):
                ranks = unpack_ranks(self.game, packed)
                last = first + len(ranks) - 1
                fits = 1 <= first <= last <= self.watermark
                self.require("hot_tail", f"draw {first}", f"{first}..{last}", f"1..{self.watermark}", holds=fits)
                follows = first <= self.folded + 1 if expected is None else first == expected
                self.require("hot_tail", f"draw {first}", first, str(expected or self.folded + 1), holds=follows)
                self.same_ranks("hot_tail", first, ranks)
                expected = last + 1
        self.differs("hot_tail", "last draw", (expected or 1) - 1, self.watermark)

    def _compared(self, clock: LogicalClock) -> None:
        """Each date is compared with a result that there is, so far as its draws go, and the sums are the totals."""
        width = len(levels(self.game))
        total, draws = np.zeros(width, dtype=np.int64), 0
        results = {day for (day,) in self.rows("draw_date", "real_result")}
        for day, last, packed in self.rows("draw_date, compared_to, levels", "comparison"):
            with self.reading("comparison", day):
                self.require("comparison", day, "compared", "a real result", holds=day in results)
                require_draw_date(self.game, date.fromisoformat(day))
                numbers = clock.draws_of_date(date.fromisoformat(day))
                fits = numbers.start <= last <= min(numbers.stop - 1, self.watermark)
                self.require("comparison", f"{day}, last draw", last, "one of that date", holds=fits)
                found_levels = unpack_counts(packed)
                self.differs("comparison", f"{day}, levels", len(found_levels), width)
                self.differs("comparison", f"{day}, draws", int(found_levels.sum()), last - numbers.start + 1)
                total, draws = total + found_levels, draws + last - numbers.start + 1
        held = [(compared, packed) for compared, packed in self.rows("compared, levels", "match_total")]
        self.differs("match_total", "rows", len(held), int(draws > 0))
        for compared, packed in held:
            with self.reading("match_total", "levels"):
                self.differs("match_total", "levels", unpack_counts(packed).tolist(), total.tolist())
                self.differs("match_total", "compared", compared, draws)

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

    def segments(self) -> Iterator[tuple[int, Ranks]]:
        """Yield (first draw, ranks) of raw segments, ascending, after checking their bounds and digests."""
        reached = 0
        for first, last, packed, digest in self.rows("first, last, ranks, digest", "raw_segment"):
            name = f"draws {first}..{last}"
            with self.reading("raw_segment", name):
                fits = reached < first <= last <= self.folded
                self.require("raw_segment", name, name, f"draws within {reached + 1}..{self.folded}", holds=fits)
                self.differs("raw_segment", f"{name}, digest", digest.hex(), hashlib.sha256(packed).hexdigest())
                ranks = unpack_ranks(self.game, packed)
                self.differs("raw_segment", f"{name}, length", len(ranks), last - first + 1)
            reached = last
            yield first, ranks
