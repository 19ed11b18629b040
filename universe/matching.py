"""Match levels of a draw against one real result or one ticket, with exact probabilities.

A level is (main matches, bonus matches); bonus matches count the numbers that both bonus sets share. Levels are
listed main first, bonus fastest, so a histogram of levels is a vector of (picked + 1) * (bonus picked + 1) counts.
"""

from collections.abc import Sequence
from math import comb

import numpy as np
import numpy.typing as npt

from universe.compiled import kernels_for
from universe.game import Game
from universe.ranking import Numbers, Ranks, unrank_all

Histogram = npt.NDArray[np.int64]
EVENT_LEVELS = 3  # match events are kept for the three highest sums of matches


def levels(game: Game) -> list[tuple[int, int]]:
    """Return every (main matches, bonus matches), in the order of a histogram."""
    return [(main, bonus) for main in range(game.main.picked + 1) for bonus in range(game.bonus_picked + 1)]


def level_outcomes(game: Game, main: int, bonus: int) -> int:
    """Return how many of the game's outcomes match a given ticket on exactly this level.

    Own drum: C(k,m) C(N-k,k-m) times the same for the bonus. Rest of the drum: summed over how many of the ticket's
    bonus numbers the main draw took (Vandermonde).
    """
    picked, size, bonus_picked = game.main.picked, game.main.size, game.bonus_picked
    if not game.bonus_from_rest:
        bonus_ways = comb(bonus_picked, bonus) * comb(game.bonus_size - bonus_picked, bonus_picked - bonus)
        return comb(picked, main) * comb(size - picked, picked - main) * bonus_ways
    ways, left = 0, size - picked
    for taken in range(min(bonus_picked, picked - main) + 1):
        open_bonus = bonus_picked - taken
        mains = comb(picked, main) * comb(bonus_picked, taken) * comb(left - bonus_picked, picked - main - taken)
        ways += mains * comb(open_bonus, bonus) * comb(left - open_bonus, bonus_picked - bonus)
    return ways


def event_level_min(game: Game) -> int:
    """Return the lowest sum of matches that is kept as an event: picks - 2, or 0 for tiny games."""
    return max(0, game.picks - EVENT_LEVELS + 1)


def matches_of(
    main: Numbers, bonus: Numbers, ticket_main: Sequence[int], ticket_bonus: Sequence[int]
) -> tuple[Numbers, Numbers]:
    """Return the main matches and the bonus matches of each draw against one ticket."""
    main_hits, bonus_hits = np.zeros(256, dtype=np.uint8), np.zeros(256, dtype=np.uint8)
    main_hits[list(ticket_main)] = 1
    bonus_hits[list(ticket_bonus)] = 1
    return main_hits[main].sum(axis=1, dtype=np.uint8), bonus_hits[bonus].sum(axis=1, dtype=np.uint8)


def match_histogram(game: Game, main_matches: Numbers, bonus_matches: Numbers) -> Histogram:
    """Count the draws on each level."""
    bonus_levels = game.bonus_picked + 1
    level = main_matches.astype(np.int64) * bonus_levels + bonus_matches
    return np.bincount(level, minlength=(game.main.picked + 1) * bonus_levels)


def compare_ranks(
    game: Game, ranks: Ranks, real_main: Sequence[int], real_bonus: Sequence[int]
) -> tuple[Histogram, list[tuple[int, int, int]]]:
    """Compare draws with one real result: the levels' histogram, and (position, main, bonus matches) of each event."""
    kernels = kernels_for(game)
    if kernels is not None:
        histogram, close = kernels.compare_ranks(game, ranks, real_main, real_bonus, event_level_min(game))
        main, bonus = matches_of(*unrank_all(game, ranks[close]), real_main, real_bonus)
        return histogram, _events(close, main, bonus)
    main, bonus = matches_of(*unrank_all(game, ranks), real_main, real_bonus)
    close = np.flatnonzero(main.astype(np.int64) + bonus >= event_level_min(game))
    return match_histogram(game, main, bonus), _events(close, main[close], bonus[close])


def _events(close: npt.NDArray[np.int64], main: Numbers, bonus: Numbers) -> list[tuple[int, int, int]]:
    return list(zip(close.tolist(), main.tolist(), bonus.tolist(), strict=True))
