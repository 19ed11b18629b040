"""Strategies walked forward over both streams."""

from math import log
from typing import TYPE_CHECKING

from ops.report.findings import Backtest
from ops.report.series import Stream
from storage.views import GameView

if TYPE_CHECKING:
    from universe.backtest.walk import Backtest as Walked
    from universe.fairness.history import History

TICKETS = 10  # a draw
SYNTHETIC_DRAWS = 20_000
REAL_DRAWS_MIN = 100

DESCRIPTIONS = {
    "random": "any numbers",
    "hot": "from the numbers drawn most often so far",
    "cold": "from the numbers drawn least often so far",
    "overdue": "from the numbers not drawn for longest",
    "weighted": "each number as often as it was drawn so far",
    "patterns": "numbers in the digit patterns with the most combinations",
}


def backtests_of(view: GameView, history: "History | None") -> tuple[Backtest, ...]:
    """Return how each strategy did on the real results and on the first synthetic draws."""
    from universe.backtest.errors import StrategyError
    from universe.backtest.strategies import STRATEGIES, Strategy
    from universe.backtest.walk import backtest
    from universe.fairness.history import history_of_draws

    streams: list[tuple[Stream, History]] = []
    if history is not None and len(history) >= REAL_DRAWS_MIN:
        streams.append(("real", history))
    if view.clock is not None and view.watermark >= REAL_DRAWS_MIN:
        streams.append(("synthetic", history_of_draws(view.clock, 1, min(view.watermark, SYNTHETIC_DRAWS))))
    found = []
    for name in STRATEGIES:
        for stream, played in streams:
            try:
                found.append(_shown(stream, name, backtest(played, Strategy(name=name), TICKETS)))
            except StrategyError:  # a game that cannot play it: too few numbers for three matches, or for patterns
                continue
    return tuple(found)


def _shown(stream: Stream, name: str, walked: "Walked") -> Backtest:
    low, high = walked.interval
    return Backtest(
        strategy=name,
        description=DESCRIPTIONS[name],
        stream=stream,
        draws=walked.draws,
        tickets=walked.tickets,
        matches=walked.matches,
        hits=walked.observed,
        expected=walked.expected,
        low=low,
        high=high,
        log10_e_edge=float(walked.edge_log_e[-1]) / log(10),
        claimed=walked.claim,
        log10_e_claim=float(walked.claim_log_e[-1]) / log(10),
        refuted_after=walked.refuted_after,
    )
