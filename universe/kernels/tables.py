"""What a kernel has to know of a game, as plain arrays: the tables that take ranks apart.

A main rank is split: its highest numbers one by one, its lowest few as one *low rank*, whose numbers a table lists.
The tables together fit a processor's nearest caches.
"""

from functools import lru_cache
from math import comb
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from universe.game import Game
from universe.ranking import binomials, unrank_subsets

LOW_RANKS_MAX = 2**17  # entries of the table of low ranks
LOW_NUMBERS_MAX = 3
GUESSES_MAX = 2**13  # entries of the table that the search for one high number begins with


class Tables(NamedTuple):
    """The tables of one game. Numbers run from 1; a *place* counts the high numbers downwards from the highest.

    ``binomials[place, n]`` is C(n, size) for the size that is left at that place; one row more, for the low numbers,
    ends it. ``guesses`` holds, from ``guess_starts[place]`` on, a lower bound of the number (less one) found at every
    ``2**guess_shifts[place]``-th rank.
    ``bonus_numbers`` lists the bonus
    numbers of a bonus rank: of the rest of the drum, their places among the numbers that are left.

    A block of draws is split with a row of bonus ranks, or a row for each bonus number of the rest: ``entry_numbers``
    are the numbers that an entry of these rows stands for, ``bonus_columns[j, entry]`` is what entry j of a draw adds
    to its column in a subset row.
    """

    bonus_outcomes: int
    binomials: npt.NDArray[np.int64]
    guesses: npt.NDArray[np.uint8]
    guess_starts: npt.NDArray[np.int64]
    guess_shifts: npt.NDArray[np.int64]
    low_numbers: npt.NDArray[np.uint8]
    bonus_numbers: npt.NDArray[np.uint8]
    entry_numbers: npt.NDArray[np.uint8]
    bonus_columns: npt.NDArray[np.int64]
    bonus_rows: int
    bonus_from_rest: bool


@lru_cache(maxsize=64)
def tables_of(game: Game) -> Tables:
    """Return the tables of a game that kernels serve (``universe.compiled.kernels_for``)."""
    size, low_size = game.main.size, _low_size(game)
    places = range(game.main.picked, low_size, -1)
    guesses = [_guesses(size, place) for place in places]
    low = unrank_subsets(np.arange(comb(size, low_size), dtype=np.int64), size, low_size)
    left = size - game.main.picked if game.bonus_from_rest else game.bonus_size
    bonus = unrank_subsets(np.arange(game.bonus_outcomes, dtype=np.int64), left, game.bonus_picked)
    columns = [np.arange(game.bonus_outcomes)]
    if game.bonus_from_rest:
        columns = [np.concatenate([[0], binomials(game.bonus_size, j + 1)[:-1]]) for j in range(game.bonus_picked)]
    return Tables(
        bonus_outcomes=game.bonus_outcomes,
        binomials=np.array([binomials(size + 1, place) for place in (*places, low_size)], dtype=np.int64),
        guesses=np.concatenate([np.empty(0, dtype=np.uint8), *(table for table, _ in guesses)]),
        guess_starts=np.cumsum([0, *(len(table) for table, _ in guesses)], dtype=np.int64)[:-1],
        guess_shifts=np.array([shift for _, shift in guesses], dtype=np.int64),
        low_numbers=low,
        bonus_numbers=bonus,
        entry_numbers=np.arange(size + 1, dtype=np.uint8).reshape(-1, 1) if game.bonus_from_rest else bonus,
        bonus_columns=np.array(columns, dtype=np.int64),
        bonus_rows=len(columns),
        bonus_from_rest=game.bonus_from_rest,
    )


def _low_size(game: Game) -> int:
    """Return how many of the lowest numbers are taken as one."""
    sizes = range(min(game.main.picked, LOW_NUMBERS_MAX), 1, -1)
    return next((size for size in sizes if comb(game.main.size, size) <= LOW_RANKS_MAX), 1)


def _guesses(size: int, place: int) -> tuple[npt.NDArray[np.uint8], int]:
    """Return, for every 2**shift ranks of subsets of ``place`` numbers, the highest number less one; and the shift."""
    ranks, shift = comb(size, place), 0
    while ranks >> shift >= GUESSES_MAX:
        shift += 1
    starts = np.arange(0, ranks, 1 << shift)
    return (np.searchsorted(binomials(size, place), starts, side="right") - 1).astype(np.uint8), shift
