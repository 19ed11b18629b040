"""What any tickets hit by chance: the mean whatever their overlap, the spread because of it."""

from functools import lru_cache
from math import comb

import numpy as np
import numpy.typing as npt

from universe.backtest.strategies import Tickets
from universe.game import Pool

PIECE_CELLS = 2**18  # pairs of tickets at once, near the core


def match_probabilities(pool: Pool) -> npt.NDArray[np.float64]:
    """Return the chance of exactly 0, 1, … k matches of one ticket, float64[k + 1]: hypergeometric."""
    size, picked = pool.size, pool.picked
    ways = [comb(picked, main) * comb(size - picked, picked - main) for main in range(picked + 1)]
    return np.array([way / pool.outcomes for way in ways])


@lru_cache(maxsize=64)
def _both_match(pool: Pool, matches: int) -> npt.NDArray[np.float64]:
    """Return the chance that two tickets both have exactly so many matches, by how many numbers they share.

    Of the shared numbers the draw holds a, of each ticket's own ones m - a, and the rest comes from no ticket.
    """
    size, picked = pool.size, pool.picked
    chances = []
    for shared in range(picked + 1):
        own, neither = picked - shared, size - 2 * picked + shared
        ways = sum(
            comb(shared, both) * comb(own, matches - both) ** 2 * comb(neither, picked - 2 * matches + both)
            for both in range(max(0, 2 * matches - picked), min(shared, matches) + 1)
            if neither >= 0
        )
        chances.append(ways / pool.outcomes)
    return np.array(chances)


def second_moments(pool: Pool, matches: int, tickets: Tickets) -> npt.NDArray[np.float64]:
    """Return the exact mean of the square of each draw's hits, float64[draws], given its tickets [draws, S, k].

    A hit is a ticket with exactly ``matches`` matches. The mean of the square is the chance that both of a pair hit,
    summed over all S² pairs.
    """
    draws, count, _ = tickets.shape
    both = _both_match(pool, matches).astype(np.float64)
    if count == 1:
        return np.full(draws, both[pool.picked])
    moments = np.empty(draws)
    step = max(1, PIECE_CELLS // count**2)
    for first in range(0, draws, step):
        moments[first : first + step] = both[_shared(pool, tickets[first : first + step])].sum(axis=(1, 2))
    return moments


def _shared(pool: Pool, tickets: Tickets) -> npt.NDArray[np.uint8]:
    """Return how many numbers each pair of tickets shares, [draws, S, S]: numbers as bits of 64-bit words.

    A product of matrices counts the same, but its library wakes its threads for each of many small ones.
    """
    places = tickets - 1
    shared = np.zeros((*tickets.shape[:2], tickets.shape[1]), dtype=np.uint8)
    for word in range(-(-pool.size // 64)):
        bits = np.where(places // 64 == word, np.uint64(1) << (places % 64).astype(np.uint64), np.uint64(0))
        held = np.bitwise_or.reduce(bits, axis=2)
        shared += np.bitwise_count(held[:, :, None] & held[:, None, :])
    return shared
