"""Fair histories by the seed rule: consecutive blocks of synthetic draws, measured on a game's own schedule."""

from collections.abc import Callable, Sequence
from itertools import islice

import numpy as np

from universe.calendar import DATE_MAX, LogicalClock, draw_dates
from universe.errors import UniverseError
from universe.fairness.battery import Measurements, measure_ranks
from universe.fairness.history import History
from universe.fairness.tallies import Frame, frame_of
from universe.game import Game
from universe.seed import ranks_of_draws

DRAWS_PER_DAY = 227_500  # the production pace: which draws there are depends on it, not whether they are fair
PIECE_DRAWS = 2_000_000

Tick = Callable[[int], None]  # told how many draws were dealt with since the last time


class ScheduleError(UniverseError):
    """A game that holds fewer draws than a history needs."""


def scheduled_frame(game: Game, draws: int) -> Frame:
    """Return the frame of the first ``draws`` draws on the game's schedule; ScheduleError if there are not so many."""
    dates = np.array(list(islice(draw_dates(game, game.since, DATE_MAX), draws)), dtype="datetime64[D]")
    if len(dates) < draws:
        raise ScheduleError(f"{game.game_id}: {draws} draws are more than the {len(dates)} until {DATE_MAX}")
    nothing = np.empty((draws, 0), dtype=np.uint8)
    return frame_of(History(game=game, dates=dates, main=nothing, bonus=nothing))


def synthetic_blocks(frame: Frame, first: int, blocks: int, tick: Tick) -> Measurements:
    """Measure blocks ``first``, ``first`` + 1, … of the synthetic draws, each as long as the frame's histories."""
    clock = LogicalClock(game=frame.game, epoch=frame.game.since, draws_per_day=DRAWS_PER_DAY)
    step, pieces = max(1, PIECE_DRAWS // frame.draws), []
    for start in range(first, first + blocks, step):
        end = min(start + step, first + blocks)
        ranks = ranks_of_draws(clock, start * frame.draws + 1, end * frame.draws)
        pieces.append(measure_ranks(frame, ranks))
        tick(len(ranks))
    return joined_measurements(pieces)


def joined_measurements(pieces: Sequence[Measurements]) -> Measurements:
    """Return the measurements of all pieces, one behind the other."""
    return Measurements(
        names=pieces[0].names,
        statistics=np.concatenate([piece.statistics for piece in pieces]),
        p_values=np.concatenate([piece.p_values for piece in pieces]),
        naive=np.concatenate([piece.naive for piece in pieces]),
    )


def one_of(measured: Measurements, history: int) -> Measurements:
    """Return the measurements of one history."""
    part = slice(history, history + 1)
    return Measurements(
        names=measured.names,
        statistics=measured.statistics[part],
        p_values=measured.p_values[part],
        naive=measured.naive[part],
    )
