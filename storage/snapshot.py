"""The questions that hot data answers, as of one commit. No statement here touches raw draws."""

from datetime import date
from functools import cache

import apsw
import attrs
import numpy as np

from storage.comparisons import date_levels, total_levels
from storage.counters import read_cell, read_row
from storage.encoding import rank_type, result_from_row, unpack_counts, unpack_ranks
from storage.past import ResultTable
from storage.registry import game_ids, game_key, universe_view
from storage.remembered import Remembered
from storage.results import result_of_date
from storage.schema import Mode
from storage.standing import named_game
from storage.tail import Tail
from storage.views import (
    DateView,
    DrawView,
    EventView,
    GameView,
    MatchTotals,
    NumberCounts,
    StoredResult,
    UniverseView,
)
from universe.calendar import ONE_DAY, LogicalClock
from universe.counting import Totals, totals_width
from universe.game import Game
from universe.matching import Histogram
from universe.ranking import rank_subset
from universe.subsets import full_row, levels_from_rows, occurrence_index, subset_indexes, ticket_rows


@attrs.frozen
class Snapshot:
    """The universe as of one commit."""

    _db: apsw.Connection
    _mode: Mode
    _defaults: tuple[Game, ...]
    _remembered: Remembered

    @property
    def universe(self) -> UniverseView:
        """The identity of the universe."""
        return universe_view(self._db)

    def games(self) -> list[GameView]:
        """Return every game that is initialised or has draws or results, by id."""
        return [self.game(game_id) for game_id in game_ids(self._db)]

    def game(self, game_id: str | None) -> GameView:
        """Return one game, None for the default one; StoreError with the known ids."""
        return named_game(self._db, game_id, self._defaults, self._remembered, self._mode)

    def _key(self, view: GameView) -> int:
        key = game_key(self._db, view.game.game_id)
        return -1 if key is None else key  # no row has it: a game without data reads as empty

    def _past(self, view: GameView) -> ResultTable:
        return self._remembered.results(self._db, self._key(view))

    def _tail(self, view: GameView) -> Tail:
        return self._remembered.tail(self._db, self._key(view), view.game)

    def latest_draws(self, view: GameView, limit: int) -> list[DrawView]:
        """Return the newest draws, newest first; at most as many as the hot tail keeps."""
        if view.clock is None:
            return []
        draws: list[DrawView] = []
        date_of_day = cache(view.clock.date_of_day)
        rows = self._db.execute(
            "SELECT first, ranks FROM hot_tail WHERE game_key = ? ORDER BY first DESC", (self._key(view),)
        )
        for first, packed in rows:
            ranks = unpack_ranks(view.game, packed[-limit * rank_type(view.game).itemsize :]).tolist()
            number = first + len(packed) // rank_type(view.game).itemsize
            for rank in reversed(ranks):
                number -= 1
                draws.append(
                    DrawView(draw_number=number, draw_date=date_of_day(view.clock.logical_day(number)), rank=rank)
                )
            if len(draws) >= limit:
                break
        return draws[:limit]

    def results(
        self, view: GameView, first: date | None, last: date | None, limit: int, before: date | None
    ) -> list[StoredResult]:
        """Return real results of a range of dates, newest first, strictly before ``before`` if given."""
        bounds = [last or date.max, before - ONE_DAY if before else date.max]
        rows = self._db.execute(
            "SELECT draw_date, main, bonus, source FROM real_result WHERE game_key = ? AND draw_date BETWEEN ? AND ?"
            " ORDER BY draw_date DESC LIMIT ?",
            (self._key(view), (first or date.min).isoformat(), min(bounds).isoformat(), limit),
        )
        return [StoredResult(result=result_from_row(*row[:3]), source=row[3]) for row in rows]

    def result(self, view: GameView, draw_date: date) -> StoredResult | None:
        """Return the real result of a date, if stored."""
        return result_of_date(self._db, self._key(view), draw_date)

    def number_counts(self, view: GameView, first: date | None, last: date | None) -> NumberCounts:
        """Return how often each number came up in the draws of a range of draw dates: a difference of two rows."""
        clock, zero = view.clock, np.zeros(totals_width(view.game), dtype=np.int64)
        if clock is None:
            return NumberCounts(draws=0, totals=zero)
        before = clock.last_draw_until(first - ONE_DAY) if first else 0
        end = view.watermark if last is None else min(view.watermark, clock.last_draw_until(last))
        if end <= before:
            return NumberCounts(draws=0, totals=zero)
        totals = self._running_totals(view, clock, end)
        if before:
            totals = totals - self._running_totals(view, clock, before)
        return NumberCounts(draws=end - before, totals=totals)

    def _running_totals(self, view: GameView, clock: LogicalClock, draw_number: int) -> Totals:
        packed = self._db.execute(
            "SELECT totals FROM day_total WHERE game_key = ? AND day = ?",
            (self._key(view), clock.logical_day(draw_number)),
        ).get
        return unpack_counts(packed)

    def real_counts(self, view: GameView, first: date | None, last: date | None) -> NumberCounts | None:
        """Return the same for the real results; None if none is stored at all."""
        past = self._past(view)
        return past.counts(view.game, first, last) if len(past) else None

    def occurrences(self, view: GameView, rank: int) -> int:
        """Return how often an outcome was drawn: its cell in the index, and the tail."""
        counted = read_cell(self._db, self._key(view), occurrence_index(view.game), rank)
        return counted + self._tail(view).occurrences(rank)

    def match_levels(self, view: GameView, main: tuple[int, ...], bonus: tuple[int, ...]) -> Histogram | None:
        """Return the draws on each match level of a ticket, exactly; None where ``why_no_levels`` says why."""
        game, key = view.game, self._key(view)
        indexes = subset_indexes(game)
        if not indexes:
            return None
        rows = {
            index.size: np.sum([read_row(self._db, key, index, row) for row in ticket_rows(index, main)], axis=0)
            for index in indexes
        }
        full = read_row(self._db, key, occurrence_index(game), rank_subset(main))
        rows[game.main.picked] = full_row(game, main, full)
        return levels_from_rows(game, bonus, rows) + self._tail(view).match_levels(main, bonus)

    def real_occurrences(self, view: GameView, main: tuple[int, ...], bonus: tuple[int, ...]) -> list[date]:
        """Return the dates on which exactly these numbers were the real result, ascending."""
        return self._past(view).dates_of(main, bonus)

    def events(
        self, view: GameView, level_min: int, draw_date: date | None, limit: int, before: int | None
    ) -> list[EventView]:
        """Return close matches of at least this level, newest first, with draw numbers below ``before`` if given."""
        clock, key = view.clock, self._key(view)
        if clock is None:
            return []
        numbers = clock.draws_of_date(draw_date) if draw_date else range(1, view.watermark + 1)
        last = min(numbers.stop, before or numbers.stop) - 1
        rows: list[tuple[int, int, int, int]] = []
        for level in range(level_min, view.game.picks + 1):
            found = self._db.execute(
                "SELECT draw_number, main, bonus, rank FROM match_event"
                " WHERE game_key = ? AND level = ? AND draw_number BETWEEN ? AND ? ORDER BY draw_number DESC LIMIT ?",
                (key, level, numbers.start, last, limit),
            )
            rows.extend(found)
        newest = sorted(rows, reverse=True)[:limit]
        return [self._event(key, clock, row) for row in newest]

    def _event(self, key: int, clock: LogicalClock, row: tuple[int, int, int, int]) -> EventView:
        number, main, bonus, rank = row
        draw_date = clock.draw_date(number)
        stored = result_of_date(self._db, key, draw_date)
        assert stored is not None
        return EventView(
            draw_number=number,
            draw_date=draw_date,
            main_matches=main,
            bonus_matches=bonus,
            rank=rank,
            real=stored.result,
        )

    def match_totals(self, view: GameView, draw_date: date | None) -> MatchTotals:
        """Return all compared draws by match level, of one date or of all."""
        key = self._key(view)
        if draw_date is None:
            compared, levels = total_levels(self._db, key, view.game)
        else:
            levels = date_levels(self._db, key, view.game, draw_date)
            compared = int(levels.sum())
        return MatchTotals(compared_draws=compared, levels=levels)

    def date_view(self, view: GameView, draw_date: date) -> DateView:
        """Return which draws carry a draw date, as far as they exist."""
        numbers = view.clock.draws_of_date(draw_date) if view.clock else range(1, 1)
        last = min(numbers.stop - 1, view.watermark)
        draws = max(0, last - numbers.start + 1)
        return DateView(draw_date=draw_date, first=numbers.start, last=last, draws=draws)
