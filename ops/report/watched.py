"""Evidence as it came in, and the intervals that it leaves."""

from collections.abc import Sequence
from math import log, log10

import numpy as np

from ops.report.series import Dates, Evidence, Frequencies, Stream
from storage.snapshot import Snapshot
from storage.views import GameView

COVERAGE = 0.95

STREAMS: tuple[Stream, ...] = ("real", "synthetic")


def evidence_of(snapshot: Snapshot, view: GameView, frequencies: Sequence[Frequencies]) -> tuple[Evidence, ...]:
    """Return the e-processes of both streams, those that have begun."""
    from universe.evidence.intervals import confidence_sequence
    from universe.evidence.steps import ALARM_E

    found = []
    fair = view.game.main.picked / view.game.main.size
    for stream in STREAMS:
        path = snapshot.evidence(view, stream)
        counted = next((one for one in frequencies if (one.stream, one.drum) == (stream, "main")), None)
        if not len(path.draws) or counted is None:
            continue
        low, high = confidence_sequence(counted.counts, counted.draws, fair, 1 - COVERAGE)
        found.append(
            Evidence(
                stream=stream,
                draws=path.draws,
                dates=_dates(snapshot, view, len(path.draws)) if stream == "real" else None,
                log10_main=path.main / log(10),
                log10_bonus=path.bonus / log(10) if view.game.bonus else None,
                alarm_log10=log10(ALARM_E),
                fair=fair,
                low=low,
                high=high,
                coverage=COVERAGE,
            )
        )
    return tuple(found)


def _dates(snapshot: Snapshot, view: GameView, steps: int) -> Dates | None:
    """Return the dates of the real results, one a step; None if the path is behind."""
    results = snapshot.results(view, None, None, view.results_count, None)
    if len(results) != steps:
        return None
    return np.array([stored.result.draw_date for stored in reversed(results)], dtype="datetime64[D]")
