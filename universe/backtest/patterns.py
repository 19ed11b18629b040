"""Digit patterns: how many numbers of a draw lie in each decade. Some have more combinations; that is all there is."""

from functools import lru_cache
from itertools import combinations_with_replacement
from math import comb, prod

import attrs
import numpy as np
import numpy.typing as npt

from universe.backtest.errors import StrategyError
from universe.fairness.history import History
from universe.game import Game
from universe.ranking import Numbers

PATTERNS_MAX = 4096


@attrs.frozen(kw_only=True)
class PatternShare:
    """How often a few digit patterns came up, beside how often they must: their share of all combinations."""

    patterns: tuple[tuple[int, ...], ...]  # the decades of a draw's numbers, ascending
    probability: float
    draws: int
    observed: int

    @property
    def expected(self) -> float:
        """The exact mean of ``observed`` under fairness."""
        return self.draws * self.probability

    @property
    def efficiency(self) -> float:
        """Observed over expected."""
        return self.observed / self.expected


@lru_cache(maxsize=16)
def common_patterns(game: Game) -> tuple[tuple[tuple[int, ...], int], ...]:
    """Return every (pattern, combinations) of the main numbers, most combinations first; StrategyError past 4,096."""
    sizes, picked = _decade_sizes(game), game.main.picked
    if comb(len(sizes) + picked - 1, picked) > PATTERNS_MAX:
        raise StrategyError(f"{game.game_id} has more than {PATTERNS_MAX:,} digit patterns")
    every = combinations_with_replacement(range(len(sizes)), picked)
    ways = [(one, prod(comb(size, one.count(decade)) for decade, size in enumerate(sizes))) for one in every]
    return tuple(sorted(((one, count) for one, count in ways if count), key=lambda each: (-each[1], each[0])))


def pattern_share(history: History, top: int) -> PatternShare:
    """Return how often the ``top`` patterns with the most combinations came up in a history of at least one draw."""
    chosen = common_patterns(history.game)[:top]
    decades = np.array([pattern for pattern, _ in chosen], dtype=np.uint8)
    same = (history.main[:, None, :] // 10 == decades[None]).all(axis=2)
    return PatternShare(
        patterns=tuple(pattern for pattern, _ in chosen),
        probability=sum(count for _, count in chosen) / history.game.main.outcomes,
        draws=len(history),
        observed=int(same.any(axis=1).sum()),
    )


def pattern_tickets(game: Game, top: int, count: int, dice: np.random.Generator) -> Numbers:
    """Return tickets uint8[count, k], every combination of the ``top`` patterns as likely.

    Each ticket takes as many rolls, so it does not matter how many are asked for at once.
    """
    chosen = common_patterns(game)[:top]
    ways = np.array([combinations for _, combinations in chosen], dtype=np.float64)
    sizes = _decade_sizes(game)
    wanted = np.array([[pattern.count(decade) for decade in range(len(sizes))] for pattern, _ in chosen])
    rolls = dice.random((count, 1 + game.main.size))
    rows = wanted[np.searchsorted(np.cumsum(ways)[:-1] / ways.sum(), rolls[:, 0], side="right")]
    decade = np.arange(1, game.main.size + 1) // 10
    shuffled = np.argsort(decade + rolls[:, 1:], axis=1)  # within each decade
    place = np.concatenate([np.arange(size) for size in sizes])
    taken: npt.NDArray[np.int64] = shuffled[place < rows[:, decade]]
    return np.sort(taken.reshape(count, game.main.picked) + 1, axis=1).astype(np.uint8)


def _decade_sizes(game: Game) -> list[int]:
    return [int(count) for count in np.bincount(np.arange(1, game.main.size + 1) // 10)]
