"""The shape of a draw: its sum, its odd numbers, its digit pattern. One draw has one shape, so counts are multinomial.

Every shape has its exact probability: how many outcomes have it. Patterns that are frequent are simply those with the
most combinations.
"""

from functools import lru_cache
from math import comb, prod

import numpy as np

from universe.fairness.measured import Floats, Measured
from universe.fairness.multinomial import EXPECTED_MIN, goodness_of_fit, group_count
from universe.fairness.serial import binomial_probabilities
from universe.fairness.tallies import Frame, Tallies, decades, pattern_cells, sum_cells
from universe.game import Game, Pool
from universe.ranking import unrank_subset

SUM_BINS = 10


@lru_cache(maxsize=64)
def sum_probabilities(game: Game) -> Floats:
    """Return the probability of each sum of the main numbers from the smallest on: subsets counted by their sum."""
    pool, cells = game.main, sum_cells(game)
    ways = np.zeros((pool.picked + 1, cells), dtype=np.int64)  # [numbers chosen, sum of what they exceed 1..chosen by]
    ways[0, 0] = 1
    for number in range(1, pool.size + 1):
        for chosen in range(min(number, pool.picked), 0, -1):
            excess = number - chosen
            if excess < cells:
                ways[chosen, excess:] += ways[chosen - 1, : cells - excess]
    probabilities: Floats = ways[-1] / pool.outcomes
    return probabilities


def parity_probabilities(pool: Pool) -> Floats:
    """Return P(0..k main numbers are odd): hypergeometric."""
    odd = (pool.size + 1) // 2
    ways = [comb(odd, chosen) * comb(pool.size - odd, pool.picked - chosen) for chosen in range(pool.picked + 1)]
    return np.array([way / pool.outcomes for way in ways])


def decade_sizes(game: Game) -> list[int]:
    """Return how many numbers of the main drum have each number // 10."""
    sizes = [0] * decades(game)
    for number in range(1, game.main.size + 1):
        sizes[number // 10] += 1
    return sizes


def pattern_counts(game: Game, pattern: int) -> list[int]:
    """Return how many numbers a digit pattern has of each decade."""
    counts = [0] * decades(game)
    for place, number in enumerate(unrank_subset(pattern, game.main.picked), start=1):
        counts[number - place] += 1
    return counts


@lru_cache(maxsize=64)
def pattern_probabilities(game: Game, *, replaced: bool = False) -> Floats:
    """Return the probability of each digit pattern; ``replaced``: were every number put back before the next."""
    sizes, picked = decade_sizes(game), game.main.picked
    probabilities = []
    for pattern in range(pattern_cells(game)):
        counts = pattern_counts(game, pattern)
        if replaced:
            left = [sum(counts[decade:]) for decade in range(len(counts))]
            orders = prod(comb(rest, count) for rest, count in zip(left, counts, strict=True))
            ways = orders * prod(size**count for size, count in zip(sizes, counts, strict=True))
            probabilities.append(ways / game.main.size**picked)
        else:
            ways = prod(comb(size, count) for size, count in zip(sizes, counts, strict=True))
            probabilities.append(ways / game.main.outcomes)
    return np.array(probabilities)


def measure_sums(frame: Frame, tallies: Tallies) -> Measured:
    """Test the sums in about ten bins of about equal probability."""
    return goodness_of_fit(tallies.sums, sum_probabilities(frame.game), frame.draws, least=_bin(frame))


def _bin(frame: Frame) -> float:
    """Return the draws that a bin of sums has to expect."""
    return max(EXPECTED_MIN, frame.draws / (SUM_BINS + 1))


def measure_parity(frame: Frame, tallies: Tallies) -> Measured:
    """Test how many numbers are odd; naive: as if each were odd with probability 1/2."""
    pool = frame.game.main
    mistaken = binomial_probabilities(pool.picked, 1 / 2)
    return goodness_of_fit(tallies.parity, parity_probabilities(pool), frame.draws, mistaken=mistaken)


def measure_patterns(frame: Frame, tallies: Tallies) -> Measured:
    """Test the digit patterns, from the most probable on; naive: as if numbers were put back."""
    probabilities = pattern_probabilities(frame.game)
    order = np.argsort(-probabilities, kind="stable")
    mistaken = pattern_probabilities(frame.game, replaced=True)[order]
    return goodness_of_fit(tallies.patterns[:, order], probabilities[order], frame.draws, mistaken=mistaken)


def sums_apply(frame: Frame) -> bool:
    """Whether sums can be told apart in so many draws."""
    return group_count(sum_probabilities(frame.game), frame.draws, _bin(frame)) > 1


def parity_applies(frame: Frame) -> bool:
    """Whether there are even numbers too, and enough draws."""
    return group_count(parity_probabilities(frame.game.main), frame.draws) > 1


def patterns_apply(frame: Frame) -> bool:
    """Whether patterns are counted, more than one, and enough draws."""
    if not pattern_cells(frame.game):
        return False
    ordered = -np.sort(-pattern_probabilities(frame.game))
    return group_count(ordered, frame.draws) > 1
