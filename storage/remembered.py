"""What a reader remembers between answers. All of it only grows, so a look at what is new brings it up to date."""

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar

import apsw
import attrs

from storage.past import ResultTable
from storage.registry import game_of_revision
from storage.tail import Tail
from universe.calendar import LogicalClock
from universe.game import Game

Made = TypeVar("Made")

DAYS_MAX = 4_096  # logical days of a game whose draw dates are remembered


@attrs.define
class Remembered:
    """By game: its definition in force, its real results, its draw dates, and its hot tail."""

    _games: dict[int, tuple[int, Game]] = attrs.field(factory=dict)
    _results: dict[int, ResultTable] = attrs.field(factory=dict)
    _dates: dict[int, tuple[LogicalClock, Callable[[int], date]]] = attrs.field(factory=dict)
    _tails: dict[int, Tail] = attrs.field(factory=dict)
    _heavy: dict[tuple[str, int], tuple[object, Any]] = attrs.field(factory=dict)

    def game(self, db: apsw.Connection, key: int, revision: int) -> Game:
        """Return a definition; what a revision says never changes."""
        known = self._games.get(key)
        if known is None or known[0] != revision:
            known = self._games[key] = (revision, game_of_revision(db, key, revision))
        return known[1]

    def date_of_day(self, key: int, clock: LogicalClock) -> Callable[[int], date]:
        """Return ``clock.date_of_day``, which searches only once for each of the days last asked for."""
        known = self._dates.get(key)
        if known is None or known[0] != clock:
            known = self._dates[key] = (clock, lru_cache(maxsize=DAYS_MAX)(clock.date_of_day))
        return known[1]

    def results(self, db: apsw.Connection, key: int, newest: int) -> ResultTable:
        """Return the real results of a game, in a snapshot whose newest result of any game is ``newest``."""
        known = self._results.get(key, ResultTable())
        if known.newest != newest:
            known = self._results[key] = known.grown(db, key, newest)
        return known

    def tail(self, db: apsw.Connection, key: int, game: Game, folded: int, watermark: int) -> Tail:
        """Return the draws after ``folded``, which the counters lack: a commit adds its few, a fold starts anew."""
        known = self._tails.get(key)
        if known is None or known.game is not game or known.folded != folded:
            known = Tail.empty(game, folded)
        if known.last != watermark:
            known = known.grown(db, key)
        self._tails[key] = known
        return known

    def heavy(self, name: tuple[str, int], mark: object, make: Callable[[], Made]) -> Made:
        """Return what takes long to make, made anew only when its ``mark`` has changed."""
        known = self._heavy.get(name)
        if known is None or known[0] != mark:
            known = self._heavy[name] = (mark, make())
        made: Made = known[1]
        return made
