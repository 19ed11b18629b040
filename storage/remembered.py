"""What a reader remembers between answers. All of it only grows, so a look at what is new brings it up to date."""

import apsw
import attrs

from storage.past import ResultTable
from storage.tail import Tail
from universe.game import Game


@attrs.define
class Remembered:
    """By game, the hot tail and the real results."""

    _tails: dict[int, Tail] = attrs.field(factory=dict)
    _results: dict[int, ResultTable] = attrs.field(factory=dict)

    def results(self, db: apsw.Connection, key: int) -> ResultTable:
        """Return the real results of a game."""
        self._results[key] = self._results.get(key, ResultTable.empty()).grown(db, key)
        return self._results[key]

    def tail(self, db: apsw.Connection, key: int, game: Game) -> Tail:
        """Return the draws that the counters lack: a commit adds its few, a fold starts anew."""
        folded: int = db.execute("SELECT ifnull(max(folded), 0) FROM progress WHERE game_key = ?", (key,)).get
        known = self._tails.get(key)
        if known is None or known.folded != folded:
            known = Tail.empty(game, folded)
        self._tails[key] = known.grown(db, key)
        return self._tails[key]
