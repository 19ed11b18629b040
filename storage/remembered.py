"""What a reader remembers between answers. All of it only grows, so a look at what is new brings it up to date."""

import apsw
import attrs

from storage.past import ResultTable
from storage.registry import stored_game
from storage.tail import Tail
from universe.game import Game


@attrs.define
class Remembered:
    """Definitions by revision, and by game the hot tail and the real results."""

    _games: dict[tuple[int, int], Game] = attrs.field(factory=dict)
    _tails: dict[int, Tail] = attrs.field(factory=dict)
    _results: dict[int, ResultTable] = attrs.field(factory=dict)

    def game(self, db: apsw.Connection, key: int) -> Game:
        """Return the definition in force, parsed once a revision."""
        revision: int = db.execute("SELECT max(revision) FROM definition WHERE game_key = ?", (key,)).get
        if (key, revision) not in self._games:
            self._games[key, revision] = stored_game(db, key)
        return self._games[key, revision]

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
