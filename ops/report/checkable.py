"""What a reader can check alone: one draw by the seed rule, and the digests of everything."""

import apsw

from ops.report.data import Checking
from ops.report.sourced import shown
from storage.proving import DrawLog, ResultLog, tree_head
from storage.views import GameView
from universe.definition import definition_digest
from universe.draws import explained_draw
from universe.results.result import RealResult
from universe.shell import shell_check


def checking_of(db: apsw.Connection, key: int, view: GameView) -> Checking:
    """Return the newest draw with its shell lines, and the roots of both logs as far as they can be proven."""
    draw = explained_draw(view.game, view.draw_date, view.watermark) if view.draw_date else None
    draws = tree_head(DrawLog.of_game(db, key)) if draw else None
    results = tree_head(ResultLog.of_game(db, key)) if view.results_count else None
    numbers = None
    if draw:
        numbers = shown(
            RealResult(draw_date=draw.draw_date, main_numbers=draw.main_numbers, bonus_numbers=draw.bonus_numbers)
        )
    return Checking(
        definition_digest=definition_digest(view.game),
        draw_number=draw.draw_number if draw else None,
        draw_date=draw.draw_date if draw else None,
        numbers=numbers,
        rank=draw.rank if draw else None,
        shell=shell_check(draw) if draw else None,
        draws_root=draws.root.hex() if draws and draws.tree_size else None,
        draws_logged=draws.tree_size if draws else 0,
        results_root=results.root.hex() if results else None,
        results_logged=results.tree_size if results else 0,
    )
