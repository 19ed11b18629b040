"""A store in memory, by the same rules as the real one: for virtual time, where it stands in for SQLite.

It is written for plainness, number by number, so that it can also serve as a model of what SQLite has to keep.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from threading import RLock
from typing import TYPE_CHECKING, Literal

import attrs
import numpy as np

from storage.interface import (
    Committed,
    Conflict,
    GameProgress,
    GapError,
    PendingBlocks,
    PendingComparison,
    PendingHistories,
    StoredResults,
)
from universe.calendar import LogicalClock, draw_dates
from universe.game import Game
from universe.matching import event_level_min
from universe.merkle import BLOCK_LEAVES
from universe.ranking import unrank
from universe.results.result import RealResult
from universe.units import ComparisonUnit, DrawUnit, MatchEvent, ProofUnit, ResultsUnit, Unit

if TYPE_CHECKING:  # it knows SQLite
    from storage.derived import Derived

CATCH_UP_DRAWS_MAX = 10_000  # a shorter backlog of a date is compared by the commit of its next draws

Moment = Literal["before", "after"]
Level = tuple[int, int]


@attrs.frozen(kw_only=True)
class GameState:
    """All that is kept of one game. ``ranks[n - 1]`` is the rank of draw n."""

    clock: LogicalClock
    max_draws: int
    ranks: tuple[int, ...] = ()
    results: Mapping[date, RealResult] = attrs.field(factory=dict)
    conflicts: frozenset[tuple[date, RealResult]] = frozenset()
    compared_to: Mapping[date, int] = attrs.field(factory=dict)
    levels: Mapping[Level, int] = attrs.field(factory=dict)
    events: tuple[MatchEvent, ...] = ()
    block_roots: tuple[bytes, ...] = ()  # of the log of draws

    @property
    def watermark(self) -> int:
        """The number of the last draw."""
        return len(self.ranks)

    def next_to_compare(self, day: date) -> int:
        """Return the first draw of a date that is not compared."""
        return self.compared_to.get(day, self.clock.draws_of_date(day).start - 1) + 1


class MemoryStore:
    """The fake behind the Store protocol.

    ``fault`` is called with the number of each commit (1, 2, …) before and after its units are kept, and may raise.
    ``extend`` and ``commit_elsewhere`` are what another process does.
    """

    def __init__(self, *clocks: LogicalClock, max_draws: int = 2**62) -> None:
        self.games = {clock.game.game_id: GameState(clock=clock, max_draws=max_draws) for clock in clocks}
        self.commits = 0
        self.fault: Callable[[int, Moment], None] = lambda _commit, _moment: None
        self._elsewhere = 0
        self._turn = RLock()

    def commit(self, units: Sequence[Unit]) -> Committed:
        """Keep results, then draws, then comparisons; GapError, and nothing kept, if draws do not follow."""
        with self._turn:
            self.commits += 1
            number = self.commits
            self.fault(number, "before")
            committed = self._keep(units)
            self.fault(number, "after")
            return committed

    def _keep(self, units: Sequence[Unit]) -> Committed:
        games, draws, results, compared = dict(self.games), {}, [], 0
        for unit in units:
            if isinstance(unit, ResultsUnit):
                games[unit.game_id], stored = with_results(games[unit.game_id], unit)
                results.append(stored)
        for game_id, batches in _draws_by_game(units).items():
            before = games[game_id]
            games[game_id], newly = with_draws(before, batches)
            compared += newly
            if games[game_id].watermark > before.watermark:
                draws[game_id] = (before.watermark + 1, games[game_id].watermark)
        for unit in units:
            if isinstance(unit, ComparisonUnit):
                games[unit.game_id], newly = with_comparison(games[unit.game_id], unit)
                compared += newly
            elif isinstance(unit, ProofUnit):
                games[unit.game_id] = with_blocks(games[unit.game_id], unit)
        self.games = games
        return Committed(draws=draws, results=tuple(results), compared_draws=compared)

    def checkpoint(self) -> None:
        """There is nothing to tidy up."""

    def log_is_long(self) -> bool:
        """There is no log."""
        return False

    def progress(self, game_id: str) -> GameProgress:
        """Return where a game stands."""
        state = self.games[game_id]
        reached = state.watermark >= state.max_draws
        return GameProgress(
            clock=state.clock,
            watermark=state.watermark,
            last_allowed=state.max_draws,
            halt_reason="max_draws" if reached else None,
        )

    def pending_comparisons(self, game_id: str, draws_max: int) -> tuple[PendingComparison, ...]:
        """Return the next draws that stored results still wait for, one piece a date, at most ``draws_max`` in all."""
        state = self.games[game_id]
        pieces: list[PendingComparison] = []
        for day in sorted(state.results):
            first = state.next_to_compare(day)
            last = min(state.clock.draws_of_date(day).stop - 1, state.watermark, first + draws_max - 1)
            if first <= last:
                pieces.append(PendingComparison(clock=state.clock, result=state.results[day], first=first, last=last))
                draws_max -= last - first + 1
        return tuple(pieces)

    def pending_blocks(self, game_id: str, draws_max: int) -> tuple[PendingBlocks, ...]:
        """Return the next blocks that the log of draws lacks, of at most ``draws_max`` draws; at most one piece."""
        state = self.games[game_id]
        logged = len(state.block_roots)
        blocks = min(state.watermark // BLOCK_LEAVES - logged, max(1, draws_max // BLOCK_LEAVES))
        return (PendingBlocks(clock=state.clock, first=logged, blocks=blocks),) if blocks > 0 else ()

    def pending_histories(self, game_id: str, draws_max: int) -> tuple[PendingHistories, ...]:  # noqa: ARG002  protocol
        """Return nothing: this store measures no histories, and no answer of the actors depends on them."""
        assert game_id in self.games
        return ()

    def forget_damaged(self, game_id: str, table: "Derived") -> None:  # noqa: ARG002  protocol
        """Nothing is damaged here."""
        assert game_id in self.games

    def missing_results(self, game_id: str, first: date, last: date) -> tuple[date, ...]:
        """Return the draw dates of a range that have no stored result, ascending."""
        state = self.games[game_id]
        return tuple(day for day in draw_dates(state.clock.game, first, last) if day not in state.results)

    def game(self, game_id: str) -> Game:
        """Return the definition in force."""
        return self.games[game_id].clock.game

    def changes(self) -> int:
        """Return a number that changes when another process has committed."""
        return self._elsewhere

    def extend(self, game_id: str, max_draws: int) -> None:
        """Set the milestone, as an operator does from another process."""
        with self._turn:
            self.games = {**self.games, game_id: attrs.evolve(self.games[game_id], max_draws=max_draws)}
            self._elsewhere += 1

    def commit_elsewhere(self, units: Sequence[Unit]) -> Committed:
        """Commit as another process does: no fault is asked for, and ``changes`` tells."""
        with self._turn:
            self._elsewhere += 1
            return self._keep(units)


def _draws_by_game(units: Sequence[Unit]) -> dict[str, list[DrawUnit]]:
    by_game: dict[str, list[DrawUnit]] = {}
    for unit in units:
        if isinstance(unit, DrawUnit):
            by_game.setdefault(unit.batch.game_id, []).append(unit)
    return by_game


def with_results(state: GameState, unit: ResultsUnit) -> tuple[GameState, StoredResults]:
    """Return the state with the results that are new. What is stored stays as it is."""
    new = {result.draw_date: result for result in unit.results if result.draw_date not in state.results}
    there = [(result, state.results[result.draw_date]) for result in unit.results if result.draw_date in state.results]
    conflicts = tuple(
        Conflict(draw_date=stored.draw_date, stored=stored, offered=offered)
        for offered, stored in there
        if offered != stored
    )
    outcome = StoredResults(
        game_id=unit.game_id,
        inserted=tuple(new.values()),
        already_present=len(there) - len(conflicts),
        conflicts=conflicts,
    )
    seen = state.conflicts | {(conflict.draw_date, conflict.offered) for conflict in conflicts}
    return attrs.evolve(state, results={**state.results, **new}, conflicts=seen), outcome


def with_draws(state: GameState, units: Sequence[DrawUnit]) -> tuple[GameState, int]:
    """Return the state with the draws above the watermark, compared where that can be, and how many were compared."""
    before = state.watermark
    fresh: list[int] = []
    for batch in (unit.batch for unit in units):
        watermark = before + len(fresh)
        if batch.first > watermark + 1:
            raise GapError(f"{batch.game_id}: draws {batch.first}..{batch.last} do not follow watermark {watermark}")
        fresh += batch.ranks[watermark + 1 - batch.first :].tolist()
    state = attrs.evolve(state, ranks=state.ranks + tuple(fresh))
    compared = 0
    for day in sorted({state.clock.draw_date(number) for number in range(before + 1, state.watermark + 1)}):
        numbers = state.clock.draws_of_date(day)
        first, last = state.next_to_compare(day), min(numbers.stop - 1, state.watermark)
        backlog = max(before + 1, numbers.start) - first
        if day in state.results and backlog <= CATCH_UP_DRAWS_MAX:
            state, newly = with_comparison(state, _compare(state, state.results[day], first, last))
            compared += newly
    return state, compared


def with_blocks(state: GameState, unit: ProofUnit) -> GameState:
    """Return the state with the block roots that are new; what does not go on where the log ends is skipped."""
    logged = len(state.block_roots)
    if unit.first > logged:
        return state
    roots = tuple(root.tobytes() for root in unit.roots[logged - unit.first :])
    return attrs.evolve(state, block_roots=state.block_roots + roots)


def with_comparison(state: GameState, unit: ComparisonUnit) -> tuple[GameState, int]:
    """Return the state with a comparison that goes on where its date stands; any other is a replay and is skipped."""
    if unit.first != state.next_to_compare(unit.draw_date):
        return state, 0
    bonus_levels = state.clock.game.bonus_picked + 1
    levels = dict(state.levels)
    for place, count in enumerate(unit.levels.tolist()):
        level = divmod(place, bonus_levels)
        levels[level] = levels.get(level, 0) + count
    compared_to = {**state.compared_to, unit.draw_date: unit.last}
    kept = attrs.evolve(state, compared_to=compared_to, levels=levels, events=state.events + unit.events)
    return kept, unit.last - unit.first + 1


def _compare(state: GameState, result: RealResult, first: int, last: int) -> ComparisonUnit:
    """Compare draws with a result, one by one."""
    game = state.clock.game
    histogram = np.zeros((game.main.picked + 1) * (game.bonus_picked + 1), dtype=np.int64)
    events = []
    for number in range(first, last + 1):
        rank = state.ranks[number - 1]
        main, bonus = unrank(game, rank)
        main_matches = len(set(main) & set(result.main_numbers))
        bonus_matches = len(set(bonus) & set(result.bonus_numbers))
        histogram[main_matches * (game.bonus_picked + 1) + bonus_matches] += 1
        if main_matches + bonus_matches >= event_level_min(game):
            events.append(
                MatchEvent(draw_number=number, main_matches=main_matches, bonus_matches=bonus_matches, rank=rank)
            )
    return ComparisonUnit(
        game_id=game.game_id,
        draw_date=result.draw_date,
        first=first,
        last=last,
        levels=histogram,
        events=tuple(events),
    )
