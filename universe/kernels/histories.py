"""What the battery of tests counts in histories (``universe.fairness.tallies``), from ranks: the compiled path.

A block of whole histories at a time: split, laid out in columns, counted by ``universe.kernels.histories_counting``.
"""

from math import comb
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from universe.fairness.tallies import LAGS, MONTHS, Frame, Tallies, gap_cells, pattern_cells, sum_cells
from universe.game import Game
from universe.kernels.histories_counting import (
    PATTERN_BITS,
    SHARED_BITS,
    SUM_BITS,
    count_bonus,
    count_numbers,
    count_repeats,
    count_shapes,
    count_subsets,
    follow_numbers,
    write_columns,
)
from universe.kernels.path import BLOCK_DRAWS, split_blocks
from universe.kernels.tables import tables_of
from universe.ranking import Ranks, binomials

Integers = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint32]


def tally_ranks(frame: Frame, ranks: Ranks) -> Tallies:
    """Return what ``universe.fairness.tallies.tally_ranks`` returns, for a game that kernels serve.

    Beside the tallies it needs some bytes for each of BLOCK_DRAWS draws, or of one history if that is longer.
    """
    game, draws = frame.game, frame.draws
    assert len(ranks) % draws == 0
    words, weekdays, months = _owned(ranks, np.uint32), _owned(frame.weekdays, np.uint8), _owned(frame.months, np.uint8)
    tallies, tables = _zeros(frame, len(ranks) // draws), tables_of(game)
    binomial = np.array([binomials(game.main.size, picked) for picked in range(4)])
    lags, shared_by, shapes = np.array(LAGS), _shared_by(), _shapes(game)
    histories = max(1, BLOCK_DRAWS // draws)
    columns = np.empty((histories, game.main.picked, draws), dtype=np.uint8)
    for start, count, block in split_blocks(game, words, histories * draws):
        some, main = _part(tallies, start // draws, (start + count) // draws), columns[: count // draws]
        write_columns(block.high, block.low, tables.low_numbers, main)
        count_numbers(main, weekdays, months, some.numbers, some.by_weekday, some.by_month)
        count_bonus(block.bonus, tables.entry_numbers, draws, some.bonus)
        count_subsets(main, binomial, some.pairs, some.triple_squares)
        follow_numbers(main, some.numbers, lags, shared_by, some.moments, some.overlaps, some.gaps, some.drought)
        count_shapes(main, shapes, some.sums, some.parity, some.patterns)
        count_repeats(words, start, draws, game.bonus_outcomes, some.repeats)
    return tallies


def _owned(array: npt.NDArray[Any], kind: type[np.integer]) -> npt.NDArray[Any]:
    """Return the array as kernels are compiled for: in one piece, of this type, and not read-only."""
    return np.require(array, kind, ["C", "W"])


def _part(tallies: Tallies, first: int, end: int) -> Tallies:
    """Return the tallies of some histories: what is written to them is written to the whole."""
    return Tallies(**{field.name: getattr(tallies, field.name)[first:end] for field in attrs.fields(Tallies)})


def _zeros(frame: Frame, histories: int) -> Tallies:
    game = frame.game
    size, picked = game.main.size, game.main.picked

    def zeros(*shape: int) -> Integers:
        return np.zeros((histories, *shape), dtype=np.int64)

    return Tallies(
        numbers=zeros(size),
        bonus=zeros(game.bonus_size),
        by_weekday=zeros(len(frame.weekday_names), size),
        by_month=zeros(len(MONTHS), size),
        moments=zeros(size),
        pairs=zeros(comb(size, 2)),
        triple_squares=zeros(),
        overlaps=zeros(len(LAGS), picked + 1),
        gaps=zeros(gap_cells(game)),
        drought=zeros(),
        sums=zeros(sum_cells(game)),
        parity=zeros(picked + 1),
        patterns=zeros(pattern_cells(game)),
        repeats=zeros(),
    )


def _shared_by() -> Words:
    """Return, for the bits of a number that was seen or not in the draws before, a one for each lag at which it was."""
    seen = np.arange(2 << max(LAGS), dtype=np.uint32)
    ones = [(seen >> lag & 1) << SHARED_BITS * row for row, lag in enumerate(LAGS)]
    shared_by: Words = np.sum(ones, axis=0, dtype=np.uint32)
    return shared_by


def _shapes(game: Game) -> Words:
    """Return what each number adds at each place: to the sum, to the rank of the digit pattern, to the odd numbers."""
    patterns = pattern_cells(game)
    assert patterns <= 1 << PATTERN_BITS
    shapes = np.zeros((game.main.picked, game.main.size + 1), dtype=np.uint32)
    for place in range(game.main.picked):
        for number in range(1, game.main.size + 1):
            pattern = comb(number // 10 + place, place + 1) if patterns else 0
            shapes[place, number] = number | pattern << SUM_BITS | (number & 1) << SUM_BITS + PATTERN_BITS
    return shapes
