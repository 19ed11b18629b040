"""A backtest as one document, for programs."""

from math import log
from typing import Any

import numpy as np

from universe.backtest.walk import Backtest

PATH_POINTS_MAX = 100


def backtest_document(test: Backtest) -> dict[str, Any]:
    """Return a backtest as plain data; e-values as decimal logarithms, which never overflow."""
    low, high = test.interval
    history = test.history
    return {
        "game_id": history.game.game_id,
        "strategy": test.strategy,
        "seed": test.seed,
        "draws": test.draws,
        "first_date": str(history.dates[0]),
        "last_date": str(history.dates[-1]),
        "tickets_per_draw": test.tickets,
        "matches": test.matches,
        "observed": test.observed,
        "expected": test.expected,
        "standard_deviation": test.standard_deviation,
        "efficiency": test.efficiency,
        "efficiency_low": low,
        "efficiency_high": high,
        "no_edge_log10_e": float(test.edge_log_e[-1]) / log(10),
        "claim": {
            "factor": test.claim,
            "log10_e": float(test.claim_log_e[-1]) / log(10),
            "log10_e_highest": float(test.claim_log_e.max()) / log(10),
            "refuted_after_draws": test.refuted_after,
        },
        "tiers": [
            {
                "matches": tier.matches,
                "probability": tier.probability,
                "expected": tier.expected,
                "observed": tier.observed,
            }
            for tier in test.tiers
        ],
        "path": backtest_path(test),
    }


def backtest_path(test: Backtest, points_max: int = PATH_POINTS_MAX) -> list[dict[str, Any]]:
    """Return the running figures after at most so many draws, evenly spread, the last one among them."""
    count = min(test.draws, points_max)
    places = (
        np.unique(np.linspace(0, test.draws - 1, count).round().astype(np.int64)) if count > 1 else [test.draws - 1]
    )
    observed = np.cumsum(test.hits)
    return [
        {
            "draws": int(place) + 1,
            "date": str(test.history.dates[place]),
            "observed": int(observed[place]),
            "expected": test.expected * (int(place) + 1) / test.draws,
            "no_edge_log10_e": float(test.edge_log_e[place]) / log(10),
            "claim_log10_e": float(test.claim_log_e[place]) / log(10),
        }
        for place in places
    ]
