"""The questions that hot data answers, as of one commit. No statement here touches raw draws."""

from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import apsw
import attrs
import numpy as np

from storage.comparisons import date_levels, total_levels
from storage.counters import distinct_outcomes
from storage.encoding import unpack_counts, unpack_ranks
from storage.evidence import EvidencePath, Stream, evidence_path
from storage.registry import universe_view
from storage.remembered import Remembered
from storage.rows import read_cell, sum_rows
from storage.schema import Mode
from storage.standing import Standing, all_games, named_game
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
from universe.levels import full_row, levels_from_rows, ticket_rows
from universe.matching import Histogram
from universe.proofs import proof_document
from universe.ranking import rank_subset, rank_type
from universe.subsets import occurrence_index, subset_indexes

if TYPE_CHECKING:  # the battery of tests: only heavy questions need it
    from storage.fairness import StoredNull
    from universe.fairness.analysis import Analysis
    from universe.fairness.history import History


@attrs.frozen
class Snapshot:
    """The universe as of one commit."""

    _db: apsw.Connection
    _mode: Mode
    _defaults: tuple[Game, ...]
    _remembered: Remembered
    _standings: dict[str, Standing] = attrs.field(factory=dict, init=False)  # of the games that were asked for

    @property
    def universe(self) -> UniverseView:
        """The identity of the universe."""
        return universe_view(self._db)

    def games(self) -> list[GameView]:
        """Return every game that is initialised or has draws or results, by id."""
        return [self._seen(standing) for standing in all_games(self._db, self._remembered, self._mode)]

    def game(self, game_id: str | None) -> GameView:
        """Return one game, None for the default one; StoreError with the known ids."""
        return self._seen(named_game(self._db, game_id, self._defaults, self._remembered, self._mode))

    def _seen(self, standing: Standing) -> GameView:
        self._standings[standing.view.game.game_id] = standing
        return standing.view

    def _standing(self, view: GameView) -> Standing:
        return self._standings[view.game.game_id]

    def _tail(self, standing: Standing) -> Tail:
        view = standing.view
        return self._remembered.tail(self._db, standing.key, view.game, standing.folded, view.watermark)

    def latest_draws(self, view: GameView, limit: int) -> list[DrawView]:
        """Return the newest draws, newest first; at most as many as the hot tail keeps."""
        if view.clock is None:
            return []
        standing = self._standing(view)
        ranks = self._newest_ranks(standing, limit)
        first = view.watermark - len(ranks) + 1
        draws = [
            DrawView(number, draw_date, ranks[number - first])
            for day, start, end in view.clock.days_of_draws(first, view.watermark)
            for draw_date in (standing.date_of_day(day),)
            for number in range(start, end + 1)
        ]
        return draws[::-1]

    def _newest_ranks(self, standing: Standing, limit: int) -> list[int]:
        """Return the ranks of the newest draws, ascending by draw number, at most as many as the hot tail keeps."""
        game = standing.view.game
        rows = self._db.execute(
            "SELECT substr(ranks, ?) FROM hot_tail WHERE game_key = ? ORDER BY first DESC",
            (-limit * rank_type(game).itemsize, standing.key),
        )
        ranks: list[int] = []
        for (packed,) in rows:
            ranks[:0] = unpack_ranks(game, packed).tolist()
            if len(ranks) >= limit:
                break
        return ranks[-limit:]

    def results(
        self, view: GameView, first: date | None, last: date | None, limit: int, before: date | None
    ) -> list[StoredResult]:
        """Return real results of a range of dates, newest first, strictly before ``before`` if given."""
        bounds = [last or date.max, before - ONE_DAY if before else date.max]
        return self._standing(view).past.newest_first(first, min(bounds), limit)

    def result_span(self, view: GameView, first: date | None, last: date | None) -> tuple[date, date] | None:
        """Return the first and the last date with a real result in a range of dates; None without any."""
        return self._standing(view).past.span(first, last)

    def result(self, view: GameView, draw_date: date) -> StoredResult | None:
        """Return the real result of a date, if stored."""
        return self._standing(view).past.of_date(draw_date)

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
            (self._standing(view).key, clock.logical_day(draw_number)),
        ).get
        return unpack_counts(packed)

    def real_counts(self, view: GameView, first: date | None, last: date | None) -> NumberCounts | None:
        """Return the same for the real results; None if none is stored at all."""
        past = self._standing(view).past
        return past.counts(view.game, first, last) if len(past) else None

    def occurrences(self, view: GameView, rank: int) -> int:
        """Return how often an outcome was drawn: its cell in the index, and the tail."""
        counted = read_cell(self._db, self._standing(view).key, occurrence_index(view.game), rank)
        return counted + self._tail(self._standing(view)).occurrences(rank)

    def match_levels(self, view: GameView, main: tuple[int, ...], bonus: tuple[int, ...]) -> Histogram | None:
        """Return the draws on each match level of a ticket, exactly; None where ``why_no_levels`` says why."""
        game, key = view.game, self._standing(view).key
        indexes = subset_indexes(game)
        if not indexes:
            return None
        wanted = {index: ticket_rows(index, main) for index in indexes}
        rows = sum_rows(self._db, key, {**wanted, occurrence_index(game): [rank_subset(main)]})
        rows[game.main.picked] = full_row(game, main, rows[game.main.picked])
        return levels_from_rows(game, bonus, rows) + self._tail(self._standing(view)).match_levels(main, bonus)

    def real_occurrences(self, view: GameView, main: tuple[int, ...], bonus: tuple[int, ...]) -> list[date]:
        """Return the dates on which exactly these numbers were the real result, ascending."""
        return self._standing(view).past.dates_of(main, bonus)

    def events(
        self, view: GameView, level_min: int, draw_date: date | None, limit: int, before: int | None
    ) -> list[EventView]:
        """Return close matches of at least this level, newest first, with draw numbers below ``before`` if given."""
        clock, standing = view.clock, self._standing(view)
        if clock is None:
            return []
        numbers = clock.draws_of_date(draw_date) if draw_date else range(1, view.watermark + 1)
        last = min(numbers.stop, before or numbers.stop) - 1
        rows: list[tuple[int, int, int, int]] = []  # draw number, main and bonus matches, rank
        for level in range(level_min, view.game.picks + 1):
            found = self._db.execute(
                "SELECT draw_number, main, bonus, rank FROM match_event"
                " WHERE game_key = ? AND level = ? AND draw_number BETWEEN ? AND ? ORDER BY draw_number DESC LIMIT ?",
                (standing.key, level, numbers.start, last, limit),
            )
            rows.extend(found)
        date_of_day, past = standing.date_of_day, standing.past
        return [
            EventView(number, main, bonus, rank, past[date_of_day(clock.logical_day(number))].result)
            for number, main, bonus, rank in sorted(rows, reverse=True)[:limit]
        ]

    def match_totals(self, view: GameView, draw_date: date | None) -> MatchTotals:
        """Return all compared draws by match level, of one date or of all."""
        key = self._standing(view).key
        if draw_date is None:
            compared, levels = total_levels(self._db, key, view.game)
        else:
            levels = date_levels(self._db, key, view.game, draw_date)
            compared = int(levels.sum())
        return MatchTotals(compared_draws=compared, levels=levels)

    def evidence(self, view: GameView, stream: Stream) -> EvidencePath:
        """Return the evidence against fair draws of a stream after each of its steps."""
        return evidence_path(self._db, self._standing(view).key, stream)

    def analysis(self, view: GameView) -> "Analysis | None":
        """Return the whole look at the real results; None for too few. Heavy, until results or histories are added."""
        from storage.fairness import analysed, null_mark

        key = self._standing(view).key
        return self._remembered.heavy(("analysis", key), null_mark(self._db, key), partial(analysed, self._db, key))

    def null(self, view: GameView) -> "StoredNull | None":
        """Return the synthetic histories that real results are held against; None before the first is measured."""
        from storage.fairness import stored_null

        return stored_null(self._db, self._standing(view).key)

    def history(self, view: GameView) -> "History":
        """Return all real results as one history."""
        from storage.fairness import real_history

        return real_history(self._db, self._standing(view).key)

    def draw_proof(
        self, view: GameView, draw_number: int, tree_size: int | None, from_size: int | None
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Return the document of a draw's proof, and that of the log's growth from a size if asked for.

        ProofError for what is not in such a tree, or not yet.
        """
        from storage.proving import DrawLog, consistency_proof, draw_proof

        log = DrawLog.of_game(self._db, self._standing(view).key)
        proof = draw_proof(log, draw_number, tree_size)
        grown = None if from_size is None else consistency_proof(log, from_size, proof.head.tree_size)
        return proof_document(proof), None if grown is None else proof_document(grown)

    def occupancy(self, view: GameView) -> tuple[int, int]:
        """Return how many draws the occurrence index holds, and how many different outcomes. Heavy, once a fold."""
        standing = self._standing(view)
        count = partial(distinct_outcomes, self._db, standing.key, view.game)
        return standing.folded, self._remembered.heavy(("occupancy", standing.key), standing.folded, count)

    def date_view(self, view: GameView, draw_date: date) -> DateView:
        """Return which draws carry a draw date, as far as they exist."""
        numbers = view.clock.draws_of_date(draw_date) if view.clock else range(1, 1)
        last = min(numbers.stop - 1, view.watermark)
        draws = max(0, last - numbers.start + 1)
        return DateView(draw_date=draw_date, first=numbers.start, last=last, draws=draws)
