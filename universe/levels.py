"""How the match levels of any ticket follow from the subset counters, without a scan.

From the rows of a ticket's 2**k subsets, inclusion-exclusion gives the exact number of draws on every match level.
"""

from collections.abc import Mapping
from functools import lru_cache
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt

from universe.cells import Counts
from universe.game import Game
from universe.matching import Histogram, level_outcomes, levels
from universe.ranking import Numbers, rank_subsets, unrank_subsets
from universe.subsets import Index, bonus_axis


def ticket_rows(index: Index, main: tuple[int, ...]) -> list[int]:
    """Return the rows of an index that a ticket's main numbers contain."""
    from_zero, sizes = sorted(number - 1 for number in main), range(1, index.size + 1)
    return [sum(map(comb, subset, sizes)) for subset in combinations(from_zero, index.size)]  # rank_subset, at once


@lru_cache(maxsize=64)
def _bonus_draws(size: int, picked: int) -> Numbers:
    return unrank_subsets(np.arange(comb(size, picked), dtype=np.int64), size, picked)


def bonus_matches(game: Game, bonus: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Return the bonus matches of every bonus draw of a subset row with a ticket's bonus numbers."""
    hits = np.zeros(256, dtype=np.int64)
    hits[list(bonus)] = 1
    matches: npt.NDArray[np.int64] = hits[_bonus_draws(game.bonus_size, game.bonus_picked)].sum(axis=1)
    return matches


def full_row(game: Game, main: tuple[int, ...], occurrences: Counts) -> Counts:
    """Return the occurrence row of a main set, spread over the bonus axis of the subset rows."""
    if not game.bonus_from_rest:
        return occurrences
    left = np.array([n for n in range(1, game.main.size + 1) if n not in main], dtype=np.uint8)
    bonus = left[_bonus_draws(len(left), game.bonus_picked).astype(np.int64) - 1]
    spread = np.zeros(bonus_axis(game), dtype=np.int64)
    spread[rank_subsets(bonus, game.bonus_size)] = occurrences
    return spread


@lru_cache(maxsize=64)
def _exactly(picked: int) -> npt.NDArray[np.int64]:
    """Return the matrix from S_j to draws with exactly m main matches: (-1)**(j - m) C(j, m)."""
    sizes = range(picked + 1)
    return np.array([[(-1) ** (size - main) * comb(size, main) for size in sizes] for main in sizes], dtype=np.int64)


def levels_from_rows(game: Game, bonus: tuple[int, ...], row_sums: Mapping[int, Counts]) -> Histogram:
    """Return the draws on each match level of a ticket.

    ``row_sums[size]`` is the sum of the ticket's rows in the index of that size. Draws with exactly m main matches are
    the sum over j >= m of (-1)**(j - m) C(j, m) S_j, where S_j counts pairs of a draw and a j-subset of the ticket it
    holds (inclusion-exclusion; Comtet, Advanced Combinatorics, 4.2).
    """
    picked = game.main.picked
    of_bonus = bonus_matches(game, bonus)[:, None] == np.arange(game.bonus_picked + 1)
    at_least = np.stack([row_sums[size] for size in range(picked + 1)]) @ of_bonus.astype(np.int64)
    exactly: Histogram = _exactly(picked) @ at_least
    return exactly.ravel()


@lru_cache(maxsize=64)
def _outcomes_by_level(game: Game) -> tuple[tuple[int, int, int], ...]:
    return tuple((main, bonus, level_outcomes(game, main, bonus)) for main, bonus in levels(game))


def expected_by_level(game: Game, draws: int) -> list[tuple[int, int, float]]:
    """Return every level in order, (main matches, bonus matches, expected number of ``draws``)."""
    return [(main, bonus, outcomes * draws / game.outcomes) for main, bonus, outcomes in _outcomes_by_level(game)]
