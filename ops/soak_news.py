"""What subscribers and pollers were told, in figures: how many, how late, and whether anyone missed the last change."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

SECONDS_BETWEEN_MIN = 0.9  # two notifications of one resource, on the average of a client

Heard = Sequence[float]  # moments at which one subscriber was told of one resource


def spread(seconds: Sequence[float]) -> dict[str, float | int]:
    """Return how many there are, p50, p99 and the worst, in milliseconds; zeros of nothing."""
    ordered = sorted(seconds) or [0.0]
    p50, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.99))
    return {
        "count": len(seconds),
        "p50_ms": round(1e3 * p50, 1),
        "p99_ms": round(1e3 * p99, 1),
        "worst_ms": round(1e3 * ordered[-1], 1),
    }


def news_of(everyone: Sequence[Mapping[str, Heard]], commits: Sequence[float]) -> dict[str, Any]:
    """Return the figures of all subscribers, who were subscribed before the first commit and listened after the last.

    ``after_commit`` is from a commit to the notification that tells of it; ``after_first`` from the first to the last
    client that is told the same. Who was told less often, since it did not read in time, is left out of these two.
    """
    heard = [moments for one in everyone for moments in one.values()]
    most = max(map(len, heard), default=0)
    told = [list(moments) for moments in heard if moments and len(moments) == most]
    firsts = [min(column) for column in zip(*told, strict=True)]
    after_commit = []
    for commit in commits:
        wave = bisect_left(firsts, commit)
        if wave < most:
            after_commit += [moments[wave] - commit for moments in told]
    return {
        "commits": len(commits),
        "notifications": sum(map(len, heard)),
        "each_least": min(map(len, heard), default=0),
        "each_most": most,
        "after_commit": spread(after_commit),
        "after_first": spread([at - first for moments in told for at, first in zip(moments, firsts, strict=True)]),
    }


def faults_of_news(everyone: Sequence[Mapping[str, Heard]], commits: Sequence[float]) -> list[str]:
    """Return what subscribers may complain of: nothing at all, the last change missed, or more than one a second."""
    if not commits:
        return ["nothing was committed"]
    heard = [moments for one in everyone for moments in one.values()]
    missed = sum(1 for moments in heard if not moments or max(moments) < commits[-1])
    often = sum(1 for moments in heard if _seconds_between(moments) < SECONDS_BETWEEN_MIN)
    return [
        *([f"{missed} subscriptions were not told of the last commit"] if missed else []),
        *([f"{often} subscriptions were told more than once a second"] if often else []),
    ]


def _seconds_between(moments: Heard) -> float:
    """Return the mean time from one notification to the next."""
    return (max(moments) - min(moments)) / (len(moments) - 1) if len(moments) > 2 else float("inf")
