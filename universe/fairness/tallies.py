"""What the battery of tests counts in histories: whole numbers only, so that any path to them gives the same.

The plain path is numpy over many histories at once; ``tally_ranks`` asks for compiled kernels first. The leading axis
B of every array is the history, N numbers are in the main drum, k are picked, n draws make a history.
"""

from math import comb

import attrs
import numpy as np
import numpy.typing as npt

from universe.compiled import kernel_module, kernels_for
from universe.errors import UniverseError
from universe.fairness.cells import by_part, counted, run_squares, subset_cells, subset_counts, weighed
from universe.fairness.history import History
from universe.game import WEEKDAYS, Game
from universe.ranking import Numbers, Ranks, rank_subsets, unrank_all

LAGS = (1, 2, 3)  # draws apart
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
PATTERN_CELLS_MAX = 4_096  # more digit patterns than that are not counted
PIECE_CELLS = 4_000_000  # held at once, 8 bytes each
MONDAY = 3  # days from Monday to 1970-01-01

Counts = npt.NDArray[np.int64]


class FairnessError(UniverseError):
    """A history that no test of fairness can be asked of."""


@attrs.frozen(kw_only=True, eq=False)
class Frame:
    """What all histories of one battery share. A synthetic one borrows the calendar of the real one, place by place.

    ``weekdays`` is uint8[draws], an index into ``weekday_names``: those that occur, in week order; ``months`` is
    uint8[draws], January 0.
    """

    game: Game
    draws: int
    weekdays: npt.NDArray[np.uint8]
    months: npt.NDArray[np.uint8]
    weekday_names: tuple[str, ...]


def frame_of(history: History) -> Frame:
    """Return the frame of a history; FairnessError if it has no draws."""
    if not len(history):
        raise FairnessError(f"{history.game.game_id}: a history without draws cannot be tested, it needs at least one")
    days = (history.dates.astype("datetime64[D]").astype(np.int64) + MONDAY) % len(WEEKDAYS)
    occurring, weekdays = np.unique(days, return_inverse=True)
    months = history.dates.astype("datetime64[M]").astype(np.int64) % len(MONTHS)
    return Frame(
        game=history.game,
        draws=len(history),
        weekdays=weekdays.astype(np.uint8),
        months=months.astype(np.uint8),
        weekday_names=tuple(WEEKDAYS[day] for day in occurring),
    )


@attrs.frozen(kw_only=True, eq=False)
class Tallies:
    """Counts of B histories, int64 throughout."""

    numbers: Counts  # [B, N] how often each main number came up
    bonus: Counts  # [B, bonus size] each bonus number; no columns without a bonus
    by_weekday: Counts  # [B, weekdays, N]
    by_month: Counts  # [B, 12, N]
    moments: Counts  # [B, N] the sum of 2t - (n - 1) over the draws t = 0..n-1 that hold the number
    pairs: Counts  # [B, C(N, 2)] by the colexicographic rank of the pair
    triple_squares: Counts  # [B] the sum of count**2 over all triples; 0 where fewer than three are picked
    overlaps: Counts  # [B, lags, k + 1] pairs of draws t, t - lag by how many numbers they share
    gaps: Counts  # [B, gap_cells] pooled over the numbers: cell g - 1 for gap g, the last for all that are longer
    drought: Counts  # [B] the longest run of draws without some number, runs at both ends included
    sums: Counts  # [B, sum_cells] draws by the sum of their main numbers, less the smallest possible
    parity: Counts  # [B, k + 1] draws by how many main numbers are odd
    patterns: Counts  # [B, pattern_cells] draws by digit pattern
    repeats: Counts  # [B] unordered pairs of draws with the same main numbers

    def __len__(self) -> int:
        return len(self.numbers)


def gap_cells(game: Game) -> int:
    """Return ceil(5N / k): gaps of five times the mean and more share the last cell."""
    return -(-5 * game.main.size // game.main.picked)


def sum_cells(game: Game) -> int:
    """Return how many different sums the main numbers can have."""
    return game.main.picked * (game.main.size - game.main.picked) + 1


def decades(game: Game) -> int:
    """Return how many values number // 10 has."""
    return game.main.size // 10 + 1


def pattern_cells(game: Game) -> int:
    """Return the number of digit patterns (multisets of number // 10), 0 where they are too many to be counted."""
    cells = comb(decades(game) + game.main.picked - 1, game.main.picked)
    return cells if cells <= PATTERN_CELLS_MAX else 0


def tally_ranks(frame: Frame, ranks: Ranks) -> Tallies:
    """Tally consecutive histories of ``frame.draws`` ranks each: kernels where there are any, else in pieces."""
    assert len(ranks) % frame.draws == 0, f"{len(ranks)} ranks are no whole histories of {frame.draws}"
    kernels = kernel_module("histories") if kernels_for(frame.game) else None
    if kernels is not None:
        tallied: Tallies = kernels.tally_ranks(frame, ranks)
        return tallied
    histories = len(ranks) // frame.draws
    step = histories_of_a_piece(frame)
    pieces = []
    for first in range(0, histories, step):
        main, bonus = unrank_all(frame.game, ranks[first * frame.draws : (first + step) * frame.draws])
        shape = (len(main) // frame.draws, frame.draws)
        pieces.append(tally(frame, main.reshape(*shape, main.shape[1]), bonus.reshape(*shape, bonus.shape[1])))
    return joined(pieces) if pieces else tally(frame, *_no_histories(frame))


def histories_of_a_piece(frame: Frame) -> int:
    """Return how many histories the plain path takes at once, so that its memory stays bounded."""
    picked, size = frame.game.main.picked, frame.game.main.size
    triples = min(frame.draws * comb(picked, 3), comb(size, 3))
    cells = max(triples, frame.draws * picked, comb(size, 2), pattern_cells(frame.game))
    return max(1, PIECE_CELLS // cells)


def histories_of_a_batch(frame: Frame) -> int:
    """Return of how many histories the tallies can be held at once."""
    game = frame.game
    parts = len(frame.weekday_names) + len(MONTHS) + 2
    cells = comb(game.main.size, 2) + parts * game.main.size + sum_cells(game) + pattern_cells(game)
    return max(1, PIECE_CELLS // cells)


def joined(pieces: list[Tallies]) -> Tallies:
    """Return the tallies of all pieces, one behind the other."""
    names = [field.name for field in attrs.fields(Tallies)]
    return Tallies(**{name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in names})


def _no_histories(frame: Frame) -> tuple[Numbers, Numbers]:
    shape = (0, frame.draws)
    return np.empty((*shape, frame.game.main.picked), np.uint8), np.empty((*shape, frame.game.bonus_picked), np.uint8)


def tally(frame: Frame, main: Numbers, bonus: Numbers) -> Tallies:
    """Tally histories given by their numbers: main uint8[B, n, k], bonus uint8[B, n, b], rows ascending."""
    game = frame.game
    size, picked = game.main.size, game.main.picked
    gaps, drought = _gaps(main, size, gap_cells(game))
    weights = 2 * np.arange(frame.draws, dtype=np.int64) - (frame.draws - 1)
    return Tallies(
        numbers=counted(main.astype(np.int64) - 1, size),
        bonus=counted(bonus.astype(np.int64) - 1, game.bonus_size),
        by_weekday=by_part(main, frame.weekdays, len(frame.weekday_names), size),
        by_month=by_part(main, frame.months, len(MONTHS), size),
        moments=weighed(main, weights, size),
        pairs=subset_counts(main, size, 2),
        triple_squares=_triple_squares(main, size),
        overlaps=_overlaps(main, size),
        gaps=gaps,
        drought=drought,
        sums=counted(main.sum(axis=2, dtype=np.int64) - picked * (picked + 1) // 2, sum_cells(game)),
        parity=counted((main & 1).sum(axis=2, dtype=np.int64), picked + 1),
        patterns=_patterns(main, game),
        repeats=(run_squares(_main_ranks(main, size)) - frame.draws) // 2,
    )


def _triple_squares(main: Numbers, size: int) -> Counts:
    """Sum the squares of the triples' counts: of all triples, or, where the draws hold fewer, of those that occur."""
    _, draws, picked = main.shape
    held = draws * comb(picked, 3)
    if held > comb(size, 3):
        squares: Counts = (subset_counts(main, size, 3) ** 2).sum(axis=1)
        return squares
    return (
        run_squares(np.concatenate(list(subset_cells(main, size, 3)), axis=1))
        if held
        else np.zeros(len(main), np.int64)
    )


def _overlaps(main: Numbers, size: int) -> Counts:
    """Count the sizes of intersections, by bit masks of 64 numbers each."""
    histories, _, picked = main.shape
    words = -(-size // 64)
    bits = np.uint64(1) << ((main - 1) % 64).astype(np.uint64)
    masks = [
        np.where((main - 1) // 64 == word, bits, np.uint64(0)).sum(axis=2, dtype=np.uint64) for word in range(words)
    ]
    counts = np.zeros((histories, len(LAGS), picked + 1), dtype=np.int64)
    for row, lag in enumerate(LAGS):
        shared = sum(
            (np.bitwise_count(mask[:, lag:] & mask[:, :-lag]).astype(np.int64) for mask in masks),
            start=np.zeros(masks[0][:, lag:].shape, dtype=np.int64),
        )
        counts[:, row] = counted(shared, picked + 1)
    return counts


def _gaps(main: Numbers, size: int, cells: int) -> tuple[Counts, Counts]:
    """Return the completed gaps between appearances of the same number, and the longest run of draws without one."""
    histories, draws, picked = main.shape
    flat = main.reshape(histories, draws * picked)
    order = np.argsort(flat, axis=1, kind="stable")  # by number, and by draw within
    number, at = np.take_along_axis(flat, order, axis=1), order // picked
    again = number[:, 1:] == number[:, :-1]
    gap = np.diff(at, axis=1)
    gaps = counted(np.where(again, np.minimum(gap, cells) - 1, cells), cells + 1)[:, :-1]
    first = np.ones(number.shape, dtype=bool)
    first[:, 1:] = ~again
    last = np.roll(first, -1, axis=1)
    runs = np.where(first, at, 0)
    runs[:, 1:] = np.where(again, gap - 1, runs[:, 1:])
    ends = np.where(last, draws - 1 - at, 0)
    longest = np.maximum(runs, ends).max(axis=1, initial=0)
    return gaps, np.where(first.sum(axis=1) < size, draws, longest)


def _patterns(main: Numbers, game: Game) -> Counts:
    width = pattern_cells(game)
    if not width:
        return np.zeros((len(main), 0), dtype=np.int64)
    picked = game.main.picked
    places: Numbers = (main // 10 + np.arange(1, picked + 1)).astype(np.uint8)
    ranks = rank_subsets(places.reshape(-1, picked), decades(game) + picked - 1).astype(np.int64)
    return counted(ranks.reshape(main.shape[:2]), width)


def _main_ranks(main: Numbers, size: int) -> npt.NDArray[np.int64]:
    ranks = rank_subsets(main.reshape(-1, main.shape[2]), size).astype(np.int64)
    return ranks.reshape(main.shape[:2])
