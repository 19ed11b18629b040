"""Taking ranks apart, counting their numbers, holding them against one real result: passes over a block of draws.

Several short loops over a block that stays near the core take a third of the time of one long one. The *parts* of a
block: ``high[place, i]``, the high numbers from the highest down; ``low[i]``, the low rank; ``bonus[j, i]``, one row
with the bonus rank, or, of the rest of the drum, a row for each bonus number (see ``universe.kernels.tables``).
"""

import numpy as np
import numpy.typing as npt
from numba import int64, uint8, uint32

from universe.kernels.jit import kernel

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint32]

DRAWS_PER_LOW_RANK = 2  # below this it takes less time to count each draw's low numbers than to count low ranks first


@kernel
def split(
    ranks: Words,
    start: int,
    draws: int,
    bonus_outcomes: int,
    binomials: Integers,
    guesses: Bytes,
    guess_starts: Integers,
    guess_shifts: Integers,
    high: Bytes,
    low: Words,
    bonus: Words,
) -> None:
    """Write the parts of ``draws`` ranks from position ``start`` on; ``bonus[0]`` gets the bonus rank."""
    inverse = 1.0 / bonus_outcomes
    for i in range(draws):
        rank = int64(ranks[start + i])
        main = int64((rank + 0.5) * inverse)
        bonus[0, i] = uint32(rank - main * bonus_outcomes)
        low[i] = uint32(main)
    for place in range(len(guess_shifts)):
        first, shift = guess_starts[place], guess_shifts[place]
        for i in range(draws):
            rank = int64(low[i])
            number = int64(guesses[first + (rank >> shift)])
            while binomials[place, number + 1] <= rank:
                number += 1
            low[i] = uint32(rank - binomials[place, number])
            high[place, i] = uint8(number + 1)


@kernel
def bonus_of_rest(draws: int, high: Bytes, low: Words, low_numbers: Bytes, bonus_numbers: Bytes, bonus: Words) -> None:
    """Replace the bonus rank by the bonus numbers, a row each: places among the numbers left step over the main ones.

    The numbers of a draw must be stepped over in ascending order: low ones first, then the high ones upwards.
    """
    for j in range(len(bonus) - 1, -1, -1):  # row 0 is read until the end
        for i in range(draws):
            number = int64(bonus_numbers[bonus[0, i], j])
            for k in range(low_numbers.shape[1]):
                number += int64(number >= low_numbers[low[i], k])
            for place in range(len(high) - 1, -1, -1):
                number += int64(number >= high[place, i])
            bonus[j, i] = uint32(number)


@kernel
def tally(
    bounds: Integers,
    high: Bytes,
    low: Words,
    bonus: Words,
    low_numbers: Bytes,
    bonus_numbers: Bytes,
    main_counts: Integers,
    bonus_counts: Integers,
) -> None:
    """Add how often each number comes up in each span of draws, between neighbouring bounds: a row of counts each.

    ``bonus_numbers`` lists the numbers that an entry of ``bonus`` stands for. Number n counts in column n.
    """
    high_counts = np.empty(256, dtype=np.uint32)
    low_counts = np.empty(len(low_numbers), dtype=np.uint32)
    entry_counts = np.empty(len(bonus_numbers), dtype=np.uint32)
    for span in range(len(bounds) - 1):
        start, end = bounds[span], bounds[span + 1]
        if start == end:
            continue
        for place in range(len(high)):
            high_counts[:] = 0
            for i in range(start, end):
                high_counts[high[place, i]] += uint32(1)
            for number in range(main_counts.shape[1]):
                main_counts[span, number] += high_counts[number]
        if end - start >= DRAWS_PER_LOW_RANK * len(low_numbers):
            low_counts[:] = 0
            for i in range(start, end):
                low_counts[low[i]] += uint32(1)
            for rank in range(len(low_numbers)):
                for k in range(low_numbers.shape[1]):
                    main_counts[span, low_numbers[rank, k]] += low_counts[rank]
        else:
            for i in range(start, end):
                for k in range(low_numbers.shape[1]):
                    main_counts[span, low_numbers[low[i], k]] += 1
        for j in range(len(bonus)):
            if end - start < len(bonus_numbers):
                for i in range(start, end):
                    for k in range(bonus_numbers.shape[1]):
                        bonus_counts[span, bonus_numbers[bonus[j, i], k]] += 1
                continue
            entry_counts[:] = 0
            for i in range(start, end):
                entry_counts[bonus[j, i]] += uint32(1)
            for entry in range(len(bonus_numbers)):
                for k in range(bonus_numbers.shape[1]):
                    bonus_counts[span, bonus_numbers[entry, k]] += entry_counts[entry]


@kernel
def match(
    start: int,
    draws: int,
    high: Bytes,
    low: Words,
    bonus: Words,
    main_hits: Bytes,
    low_hits: Bytes,
    bonus_hits: Bytes,
    bonus_levels: int,
    level_min: int,
    levels: Integers,
    close: Integers,
) -> int:
    """Add the draws on each match level, list the positions of those with ``level_min`` matches; return how many.

    ``start`` is the position of the first draw. Hits say how many numbers of the real result a high number, a low rank
    or an entry of ``bonus`` holds.
    """
    found = 0
    for i in range(draws):
        main_matches = int64(low_hits[low[i]])
        for place in range(len(high)):
            main_matches += main_hits[high[place, i]]
        bonus_matches = int64(0)
        for j in range(len(bonus)):
            bonus_matches += bonus_hits[bonus[j, i]]
        levels[main_matches * bonus_levels + bonus_matches] += 1
        if main_matches + bonus_matches >= level_min:
            close[found] = start + i
            found += 1
    return found
