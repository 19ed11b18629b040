"""What a run leaves on stdout, or in the log: how much it made, where each game stands, and the fingerprints."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import structlog

from ops.run import RunOptions
from ops.terminal import print_json, print_table

if TYPE_CHECKING:  # these import numpy, which the first answer must not wait for
    from ops.prepare import Opened
    from ops.system import Tally

log = structlog.get_logger()


def run_summary(options: RunOptions, started: float, opened: "Opened", tally: "Tally") -> dict[str, Any]:
    """Return the document of a run that simulated; in production it has no fingerprint, which would be a long scan."""
    from ops.system import game_summaries, stored_fingerprints
    from storage.fingerprint import universe_fingerprint

    test = options.target.mode == "test"
    prints = stored_fingerprints(opened.location) if test else {}
    return idle_summary(options, started) | {
        "draws_generated": sum(tally.draws.values()),
        "fingerprint": universe_fingerprint(prints) if test else None,
        "seconds": round(time.perf_counter() - started, 3),
        "games": game_summaries(opened, tally, prints),
    }


def idle_summary(options: RunOptions, started: float) -> dict[str, Any]:
    """Return the document of a run that only followed."""
    return {
        "mode": options.target.mode,
        "dry_run": options.dry_run,
        "draws_generated": 0,
        "fingerprint": None,
        "seconds": round(time.perf_counter() - started, 3),
        "games": {},
    }


def tell_summary(options: RunOptions, summary: Mapping[str, Any]) -> None:
    """Log the summary, and print it unless stdout carries the protocol."""
    log.info("run.finished", **summary)
    if options.stdio:
        return
    if options.as_json:
        print_json(summary)
    else:
        print_table(
            ["game", "draw", "date", "phase", "draws/s", "fingerprint"],
            [
                (
                    game_id,
                    f"{game['draw_number']:,}",
                    game["draw_date"] or "-",
                    f"{game['phase']} ({game['halt_reason']})" if game["halt_reason"] else game["phase"],
                    f"{game['draws_per_second']:,.0f}",
                    game["fingerprint"] or "-",
                )
                for game_id, game in summary["games"].items()
            ],
        )
