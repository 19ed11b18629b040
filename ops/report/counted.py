"""Numbers, pairs and gaps of real results and synthetic draws."""

from itertools import combinations
from math import comb, sqrt
from typing import TYPE_CHECKING

import numpy as np

from ops.report.series import Counts, Drum, Floats, Frequencies, Gaps, Pairs, Stream
from storage.snapshot import Snapshot
from storage.views import GameView, NumberCounts
from universe.game import Game, Pool
from universe.ranking import Numbers, binomials, unrank_all
from universe.seed import ranks_of_draws

if TYPE_CHECKING:
    from universe.fairness.history import History

PAIR_DRAWS_MAX = 500_000  # synthetic ones, from the first on: a heat map of more looks the same
BAND_HISTORIES = 360  # from the first on: enough for the middle 95 %
BAND_HISTORIES_MIN = 40
BAND_DRAWS_MAX = 1_000_000
RETURNS_MIN = 5  # appearances of a number, on the average
OUTSIDE = 0.05  # of fair histories have a number beyond the simultaneous band


def frequencies_of(snapshot: Snapshot, view: GameView) -> tuple[Frequencies, ...]:
    """Return the counts of each drum of each stream, the real results first."""
    streams: list[tuple[Stream, NumberCounts | None]] = [
        ("real", snapshot.real_counts(view, None, None)),
        ("synthetic", snapshot.number_counts(view, None, None)),
    ]
    return tuple(
        _frequencies(view.game, stream, drum, counts)
        for drum in _drums(view.game)
        for stream, counts in streams
        if counts is not None and counts.draws
    )


def _drums(game: Game) -> tuple[Drum, ...]:
    return ("main", "bonus") if game.bonus else ("main",)


def _frequencies(game: Game, stream: Stream, drum: Drum, counts: NumberCounts) -> Frequencies:
    size = game.main.size
    held = counts.totals[:size] if drum == "main" else counts.totals[size:]
    return Frequencies(
        stream=stream,
        drum=drum,
        draws=counts.draws,
        picked=game.main.picked if drum == "main" else game.bonus_picked,
        counts=held,
        simultaneous_z=simultaneous_z(len(held)),
    )


def simultaneous_z(numbers: int) -> float:
    """Return the |z| that some of so many numbers exceeds with a probability of at most OUTSIDE (Bonferroni)."""
    from scipy.special import ndtri

    return float(-ndtri(OUTSIDE / 2 / numbers))


def first_numbers(view: GameView, history: "History | None") -> Numbers | None:
    """Return the main numbers of the first synthetic draws: of as many as pairs, and gaps beside a history, ask for."""
    if view.clock is None or not view.watermark:
        return None
    draws = min(view.watermark, PAIR_DRAWS_MAX if history is None else BAND_DRAWS_MAX)
    return unrank_all(view.game, ranks_of_draws(view.clock, 1, draws))[0]


def pairs_of(view: GameView, history: "History | None", first: Numbers | None) -> tuple[Pairs, ...]:
    """Return the residuals of all pairs: of the real results, and of the first synthetic draws."""
    pool = view.game.main
    if pool.picked < 2 or pool.size < max(4, pool.picked + 2):
        return ()
    streams: list[tuple[Stream, Numbers]] = [] if history is None else [("real", history.main)]
    if first is not None:
        streams.append(("synthetic", first[:PAIR_DRAWS_MAX]))
    return tuple(
        Pairs(
            stream=stream,
            draws=len(main),
            size=pool.size,
            expected=len(main) * comb(pool.picked, 2) / comb(pool.size, 2),
            residuals=pair_residuals(pair_counts(main, pool.size), len(main), pool),
        )
        for stream, main in streams
    )


def pair_counts(main: Numbers, size: int) -> Counts:
    """Return how often each pair was drawn together, int64[C(N, 2)] in colex order."""
    table, numbers = binomials(size, 2), main.T.astype(np.int64) - 1
    counts = np.zeros(comb(size, 2), dtype=np.int64)
    for first, second in combinations(range(len(numbers)), 2):
        counts += np.bincount(table[numbers[second]] + numbers[first], minlength=len(counts))
    return counts


def pair_residuals(counts: Counts, draws: int, pool: Pool) -> Floats:
    """Return each pair's deviation apart from those of its two numbers, in standard deviations, float64[C(N, 2)].

    d - (s_i + s_j)/(N - 2), s_i the sum of the deviations d of the pairs with i. Their squares sum to
    E lambda_2 chi-square(N(N - 3)/2) (``universe.fairness.subsets``), so each has (N - 3)/(N - 1) of E lambda_2.
    """
    from universe.fairness.subsets import eigenvalue, expected_subset_count

    size, expected = pool.size, expected_subset_count(pool, 2, draws)
    second, first = np.tril_indices(size, -1)
    deviations = counts - expected
    sums = np.bincount(first, deviations, size) + np.bincount(second, deviations, size)
    apart: Floats = deviations - (sums[first] + sums[second]) / (size - 2)
    return apart / sqrt(expected * eigenvalue(pool, 2, 2) * (size - 3) / (size - 1))


def gaps_of(view: GameView, history: "History | None", first: Numbers | None) -> Gaps | None:
    """Return the gaps of real results beside their expectation; None if numbers have hardly come up twice each."""
    pool = view.game.main
    if history is None or pool.picked == pool.size or len(history) * pool.picked < RETURNS_MIN * pool.size:
        return None
    from universe.fairness.gaps import expected_gaps
    from universe.fairness.tallies import gap_cells

    cells = gap_cells(view.game)
    return Gaps(
        observed=gap_counts(history.main[None], pool.size, cells)[0],
        expected=expected_gaps(pool, len(history), cells - 1),
        band=None if first is None else _gap_band(first, pool.size, len(history), cells),
        waiting=waiting(history.main, pool.size),
    )


def _gap_band(first: Numbers, size: int, draws: int, cells: int) -> tuple[Floats, Floats] | None:
    """Return between which counts of each gap the middle 95 % of synthetic histories lie; None for too few of them."""
    histories = min(BAND_HISTORIES, len(first) // draws)
    if histories < BAND_HISTORIES_MIN:
        return None
    counts = gap_counts(first[: histories * draws].reshape(histories, draws, -1), size, cells)
    low, high = np.quantile(counts, (OUTSIDE / 2, 1 - OUTSIDE / 2), axis=0)
    return low, high


def gap_counts(main: Numbers, size: int, cells: int) -> Counts:
    """Return the completed gaps of histories uint8[B, n, k], all numbers pooled: int64[B, cells].

    Cell g - 1 counts the gaps of g draws from one appearance of a number to its next; the last one those of ``cells``
    and more.
    """
    histories, _, picked = main.shape
    kind = np.min_scalar_type(histories * size)  # of 16 bits if they suffice: those are sorted several times faster
    whose = np.arange(histories, dtype=kind)[:, None, None] * kind.type(size) + main - 1
    order = np.argsort(whose, axis=None, kind="stable")  # by history and number, and by draw within
    number = whose.ravel()[order]
    again = number[1:] == number[:-1]
    gaps = np.diff(order // picked)[again]
    at = (number[1:][again] // size).astype(np.int64) * cells + np.minimum(gaps, cells) - 1
    return np.bincount(at, minlength=histories * cells).reshape(histories, cells)


def waiting(main: Numbers, size: int) -> Counts:
    """Return the draws since each number last came up, int64[N]: 0 in the newest draw, all of them if it never did."""
    draws = np.repeat(np.arange(len(main)), main.shape[1])
    last = np.full(size, -1)
    np.maximum.at(last, main.ravel().astype(np.int64) - 1, draws)
    return len(main) - 1 - last
