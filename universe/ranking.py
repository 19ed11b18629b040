"""Ranks and numbers: a bijection between ``range(game.outcomes)`` and the draws of a game.

Mixed radix, the bonus fastest; inside a pool the combinatorial number system in colexicographic order (Knuth, TAOCP
4A, 7.2.1.3). A bonus from the rest of the drum indexes the remaining numbers in ascending order. The scalar functions
are the definition, the array functions do the same for many draws at once.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import comb

import numpy as np
import numpy.typing as npt

from universe.compiled import kernels_for
from universe.errors import DrawError
from universe.game import WORD_OUTCOMES_MAX, Game

Ranks = npt.NDArray[np.integer]  # of a game's rank_type, or wider
Numbers = npt.NDArray[np.uint8]  # one row a draw, numbers from 1, ascending


def rank_type(game: Game) -> np.dtype[np.integer]:
    """Return how an array holds ranks, and a file: 4 bytes where they hold every rank, else 8; little-endian."""
    return np.dtype("<u4") if game.outcomes <= WORD_OUTCOMES_MAX else np.dtype("<i8")


def sorted_ranks(game: Game, pieces: Sequence[Ranks]) -> Ranks:
    """Return the ranks of all pieces, ascending, in a new array; ValueError if one of them is none of the game's."""
    for ranks in pieces:
        if len(ranks) and not 0 <= int(ranks.min()) <= int(ranks.max()) < game.outcomes:
            raise ValueError(f"{game.game_id}: rank {int(ranks.max())} is not below {game.outcomes}")
    kernels = kernels_for(game)
    if kernels is not None:
        return kernels.sorted_ranks(game, pieces)
    return np.sort(np.concatenate([np.empty(0, dtype=rank_type(game)), *pieces]))


def unrank_subset(rank: int, picked: int) -> tuple[int, ...]:
    """Return the ``picked`` numbers (from 1, ascending) whose colexicographic rank this is."""
    numbers = []
    for size in range(picked, 0, -1):
        number = size - 1
        while comb(number + 1, size) <= rank:
            number += 1
        rank -= comb(number, size)
        numbers.append(number + 1)
    return tuple(reversed(numbers))


def rank_subset(numbers: Iterable[int]) -> int:
    """Return the colexicographic rank of distinct numbers from 1, in any order."""
    return sum(comb(number - 1, size) for size, number in enumerate(sorted(numbers), start=1))


def unrank(game: Game, rank: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the main and the bonus numbers of a rank, each ascending."""
    main_rank, bonus_rank = divmod(rank, game.bonus_outcomes)
    main = unrank_subset(main_rank, game.main.picked)
    bonus = unrank_subset(bonus_rank, game.bonus_picked)
    if game.bonus_from_rest:
        left = [number for number in range(1, game.main.size + 1) if number not in main]
        bonus = tuple(left[index - 1] for index in bonus)
    return main, bonus


def rank_of(game: Game, main: Sequence[int], bonus: Sequence[int]) -> int:
    """Return the rank of a draw whose numbers were checked (require_ticket)."""
    if game.bonus_from_rest:
        left = [number for number in range(1, game.main.size + 1) if number not in main]
        bonus = [left.index(number) + 1 for number in bonus]
    return rank_subset(main) * game.bonus_outcomes + rank_subset(bonus)


def require_ticket(game: Game, main: Sequence[int], bonus: Sequence[int]) -> None:
    """Raise DrawError, naming every fault, unless these numbers could be a draw of the game."""
    faults = [
        *_pool_faults("main", main, game.main.picked, game.main.size),
        *_pool_faults("bonus", bonus, game.bonus_picked, game.bonus_size),
    ]
    if game.bonus_from_rest and set(main) & set(bonus):
        faults.append(f"bonus number {min(set(main) & set(bonus))} is among the main numbers, whose drum it shares")
    if faults:
        raise DrawError(f"{game.game_id}: {'; '.join(faults)}")


def _pool_faults(name: str, numbers: Sequence[int], picked: int, size: int) -> Iterable[str]:
    if len(numbers) != picked:
        wanted = f"{picked} of 1..{size}" if picked else "none"
        yield f"{len(numbers)} {name} numbers given, the game has {wanted}"
    outside = [number for number in numbers if not 1 <= number <= size]
    if outside and picked:
        yield f"{name} number {outside[0]} is not in 1..{size}"
    if len(set(numbers)) < len(numbers):
        yield f"{name} numbers repeat"


@lru_cache(maxsize=256)
def binomials(size: int, picked: int) -> npt.NDArray[np.int64]:
    """C(n, picked) for n in 0..size. Read only; every value of a game fits 63 bits."""
    table = np.array([comb(n, picked) for n in range(size + 1)], dtype=np.int64)
    table.flags.writeable = False
    return table


def unrank_subsets(ranks: Ranks, size: int, picked: int) -> Numbers:
    """Return one row of ``picked`` ascending numbers of 1..size for each colexicographic rank."""
    numbers = np.empty((len(ranks), picked), dtype=np.uint8)
    left = ranks
    for place in range(picked, 1, -1):
        table = binomials(size, place)
        number = np.searchsorted(table, left, side="right") - 1
        left = left - table[number]
        numbers[:, place - 1] = number + 1
    if picked:
        numbers[:, 0] = left + 1
    return numbers


def rank_subsets(numbers: Numbers, size: int) -> Ranks:
    """Return the colexicographic rank of each row of ascending numbers of 1..size."""
    ranks = np.zeros(len(numbers), dtype=np.int64)
    for place in range(numbers.shape[1]):
        ranks += binomials(size, place + 1)[numbers[:, place].astype(np.int64) - 1]
    return ranks


def unrank_all(game: Game, ranks: Ranks) -> tuple[Numbers, Numbers]:
    """Return the main and the bonus numbers of many ranks; the bonus array has no columns without a bonus."""
    main_ranks, bonus_ranks = np.divmod(ranks.astype(np.int64), game.bonus_outcomes)
    main = unrank_subsets(main_ranks, game.main.size, game.main.picked)
    if not game.bonus_from_rest:
        return main, unrank_subsets(bonus_ranks, game.bonus_size, game.bonus_picked)
    bonus = unrank_subsets(bonus_ranks, game.main.size - game.main.picked, game.bonus_picked)
    for column in range(game.main.picked):  # ascending: each main number at or below pushes the index one up
        bonus += bonus >= main[:, column : column + 1]
    return main, bonus


def rank_all(game: Game, main: Numbers, bonus: Numbers) -> Ranks:
    """Return the rank of each draw: the inverse of unrank_all."""
    if game.bonus_from_rest:
        below = (main[:, None, :] < bonus[:, :, None]).sum(axis=2, dtype=np.uint8)
        bonus = bonus - below
    left = game.main.size - game.main.picked if game.bonus_from_rest else game.bonus_size
    return rank_subsets(main, game.main.size) * game.bonus_outcomes + rank_subsets(bonus, left)
