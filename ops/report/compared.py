"""Synthetic draws beside the real result of their date."""

import numpy as np

from ops.report.series import Matches
from storage.snapshot import Snapshot
from storage.views import GameView
from universe.matching import level_outcomes, levels


def matches_of(snapshot: Snapshot, view: GameView) -> Matches | None:
    """Return the matches of all compared draws, added up date by date; None where nothing is compared."""
    if view.clock is None or view.draw_date is None:
        return None
    results = snapshot.results(view, view.clock.epoch, view.draw_date, view.results_count, None)[::-1]
    found = [(stored.result.draw_date, snapshot.match_totals(view, stored.result.draw_date)) for stored in results]
    compared = [(day, totals) for day, totals in found if totals.compared_draws]
    if not compared:
        return None
    game = view.game
    return Matches(
        dates=np.array([day for day, _ in compared], dtype="datetime64[D]"),
        compared=np.array([totals.compared_draws for _, totals in compared]).cumsum(),
        levels=tuple(f"{main}+{bonus}" if game.bonus else str(main) for main, bonus in levels(game)),
        probabilities=np.array([level_outcomes(game, *level) / game.outcomes for level in levels(game)]),
        counts=np.array([totals.levels for _, totals in compared]).cumsum(axis=0),
    )
