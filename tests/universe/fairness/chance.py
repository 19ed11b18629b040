"""Histories for tests: every one that a small game can have, or many by chance."""

from datetime import date

import numpy as np

from universe.fairness.tallies import Frame, Tallies, tally, tally_ranks
from universe.game import Game, Pool, RestOfDrum
from universe.game import Period as Schedule
from universe.ranking import Ranks, unrank_all

SINCE = date(2020, 1, 1)
ALPHA = 0.05


def game_of(picked: int, size: int, bonus: Pool | RestOfDrum | None = None) -> Game:
    return Game(
        game_id=f"G{picked}_{size}",
        since=SINCE,
        main=Pool(picked=picked, size=size),
        bonus=bonus,
        schedule=(Schedule(start=SINCE, days=("Wed", "Sat")),),
    )


def frame_by_turns(game: Game, draws: int, weekdays: int = 2, months: int = 12) -> Frame:
    """A calendar in which weekdays take turns, and months grow longer through the one year that it has."""
    return Frame(
        game=game,
        draws=draws,
        weekdays=(np.arange(draws) % weekdays).astype(np.uint8),
        months=(months * np.sqrt((np.arange(draws) + 0.5) / draws)).astype(np.uint8),
        weekday_names=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[:weekdays],
    )


def every_history(game: Game, draws: int) -> Ranks:
    """The ranks of all histories of a small game, one behind the other."""
    grids = np.meshgrid(*[np.arange(game.outcomes)] * draws, indexing="ij")
    return np.stack(grids, axis=-1).ravel()


def tally_every(frame: Frame) -> Tallies:
    """Tally all histories of a small game."""
    return tally_ranks(frame, every_history(frame.game, frame.draws))


def ranks_by_chance(game: Game, draws: int, seed: int) -> Ranks:
    return np.random.default_rng(seed).integers(0, game.outcomes, draws)


def tally_in_order(frame: Frame, ranks: Ranks, order: list[int], relabel: list[int]) -> Tallies:
    """Tally one history with its draws in another order and main number i + 1 called ``relabel[i]``."""
    main, bonus = unrank_all(frame.game, ranks)
    renamed = np.sort(np.array([0, *relabel], dtype=np.uint8)[main], axis=1)
    return tally(frame, renamed[order][None], bonus[order][None])
