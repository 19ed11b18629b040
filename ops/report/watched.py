"""Evidence as it came in, and the intervals that it leaves."""

from collections.abc import Sequence
from math import log, log10

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
                dates=path.dates if path.dates is not None and _ascend(path.dates) else None,
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


def _ascend(dates: Dates) -> bool:
    """Whether results came in the order of their dates: else a path over dates would go back and forth."""
    return bool((dates[1:] >= dates[:-1]).all())
