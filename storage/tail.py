"""The hot tail as a reader remembers it: the newest draws, as ranks and bit sets, so a look costs microseconds."""

from functools import cache

import apsw
import attrs
import numpy as np
import numpy.typing as npt

from storage.encoding import unpack_ranks
from universe.game import Game
from universe.matching import Histogram
from universe.ranking import Numbers, Ranks, unrank_all

BitSets = npt.NDArray[np.uint64]  # one column a draw, bit n % 64 of word n // 64 for number n
_WORD = 2**64 - 1


def bit_sets(numbers: Numbers, size: int) -> BitSets:
    """Return the numbers 1..size of each row as a set of bits."""
    words = np.zeros((size // 64 + 1, len(numbers)), dtype=np.uint64)
    for word, bits in zip(words, _bits_of_numbers(len(words)), strict=True):
        for column in numbers.T:
            np.bitwise_or(word, bits[column], out=word)
    return words


@cache
def _bits_of_numbers(words: int) -> BitSets:
    """Return the set that each number alone is, a column a number."""
    numbers = np.arange(64 * words)
    bits = np.zeros((words, len(numbers)), dtype=np.uint64)
    bits[numbers >> 6, numbers] = np.uint64(1) << (numbers & 63).astype(np.uint64)
    return bits


@attrs.define
class Tail:
    """Draws ``folded`` + 1 to ``last``: those that the counters do not hold yet."""

    game: Game
    folded: int
    last: int
    ranks: Ranks
    main: BitSets
    bonus: BitSets

    @classmethod
    def empty(cls, game: Game, folded: int) -> "Tail":
        """Return a tail without draws."""
        none = np.empty((0, 1), dtype=np.uint8)
        return cls(
            game, folded, folded, np.empty(0, np.int64), bit_sets(none, game.main.size), bit_sets(none, game.bonus_size)
        )

    def grown(self, db: apsw.Connection, key: int) -> "Tail":
        """Return the tail with the rows that were committed since."""
        rows = db.execute(
            "SELECT ranks FROM hot_tail WHERE game_key = ? AND first > ? ORDER BY first", (key, self.last)
        )
        parts = [unpack_ranks(self.game, packed) for (packed,) in rows]
        new = np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
        if not len(new):
            return self
        main, bonus = unrank_all(self.game, new)
        return Tail(
            self.game,
            self.folded,
            self.last + len(new),
            np.concatenate([self.ranks, new]),
            np.concatenate([self.main, bit_sets(main, self.game.main.size)], axis=1),
            np.concatenate([self.bonus, bit_sets(bonus, self.game.bonus_size)], axis=1),
        )

    def occurrences(self, rank: int) -> int:
        """Return how many of these draws have this rank."""
        return int(np.count_nonzero(self.ranks == rank))

    def match_levels(self, main: tuple[int, ...], bonus: tuple[int, ...]) -> Histogram:
        """Return how many of these draws are on each match level of a ticket."""
        bonus_levels = self.game.bonus_picked + 1
        level = _common(self.main, main) * np.uint16(bonus_levels) + _common(self.bonus, bonus)
        return np.bincount(level, minlength=(self.game.main.picked + 1) * bonus_levels)


def _common(sets: BitSets, ticket: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Return how many numbers of a ticket each draw has."""
    wanted = sum(1 << number for number in ticket)
    first, *others = (word & np.uint64(wanted >> 64 * at & _WORD) for at, word in enumerate(sets))
    common: npt.NDArray[np.uint8] = np.bitwise_count(first)
    for word in others:
        common += np.bitwise_count(word)
    return common
