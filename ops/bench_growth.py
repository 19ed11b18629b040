"""Does a universe slow down, or its process swell, as it grows? Read from the log and the memory of one long run."""

import statistics
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import attrs

from ops.bench_measure import significant, times
from ops.bench_run import Sample
from ops.bench_universes import Built

COMPARED_COMMITS_MAX = 10  # this many early commits against this many of the last
FLAT = 0.1  # a rate that falls, or memory that grows, by no more than this share is flat
JUDGED_COMMITS_MIN = 12  # a run with fewer is too short to say whether it is flat
LINE_MARKS = 60
MARKS = "▁▂▃▄▅▆▇█"


@attrs.frozen
class Commit:
    """One transaction with draws, as its log line told it."""

    at: float  # seconds since the epoch, when it was done
    draws: int
    seconds: float  # that the transaction took
    draws_in_all: int  # that were kept after it


def growth(built: Built) -> dict[str, Any]:
    """Return the pace early and late in the making of a universe, and its memory all along."""
    commits = list(_commits(built))
    return {
        "game": built.way.games[0].game_id,
        "draws": built.way.draws,
        "commits": len(commits),
        **pace(commits),
        "rss": memory(commits, built.observed.samples),
    }


def _commits(built: Built) -> list[Commit]:
    found, draws = list[Commit](), 0
    for event in built.observed.events:
        if event["event"] == "batch.committed" and event["draws"]:
            draws += event["draws"]
            at = datetime.fromisoformat(event["timestamp"]).timestamp()
            found.append(Commit(at, event["draws"], event["seconds"], draws))
    return found


def pace(commits: Sequence[Commit]) -> dict[str, Any]:
    """Return draws a second from one commit to the next, of early and of the last ones, medians; and whether flat.

    The first commit has none before it, and the last one holds whatever was left.
    """
    paces = [
        later.draws / (later.at - earlier.at) for earlier, later in pairwise(commits[:-1]) if later.at > earlier.at
    ]
    compared = min(COMPARED_COMMITS_MAX, len(paces) // 2)
    if not compared:
        return dict.fromkeys(("compared_commits", "early_draws_per_second", "late_draws_per_second", "late_to_early"))
    early, late = statistics.median(paces[:compared]), statistics.median(paces[-compared:])
    return {
        "compared_commits": compared,
        "early_draws_per_second": round(early),
        "late_draws_per_second": round(late),
        "late_to_early": times(late, early),
        "pace_flat": late >= early * (1 - FLAT) if len(commits) >= JUDGED_COMMITS_MIN else None,
        "longest_commit_seconds": max(commit.seconds for commit in commits),
        "pace_line": line(paces),
    }


def memory(commits: Sequence[Commit], samples: Sequence[Sample]) -> dict[str, Any]:
    """Return resident memory over time, and whether its last quarter lies above its second, medians.

    Each sample is [seconds since the first, draws kept by then, MB]; quarters are of the draws. The first one is left
    out: there the process imports and its caches fill.
    """
    at_commits = [commit.at for commit in commits]
    kept = [0, *(commit.draws_in_all for commit in commits)]
    rows = [
        (significant(at - samples[0][0], 4), kept[bisect_right(at_commits, at)], round(resident / 1e6, 1))
        for at, resident in samples
    ]
    second = [size for _, draws, size in rows if 0.25 < draws / kept[-1] <= 0.5] if commits else []
    last = [size for _, draws, size in rows if draws / kept[-1] > 0.75] if commits else []
    told = bool(second and last)
    grown = statistics.median(last) / statistics.median(second) if told else 0.0
    return {
        "second_quarter_mb": round(statistics.median(second), 1) if told else None,
        "last_quarter_mb": round(statistics.median(last), 1) if told else None,
        "flat": grown <= 1 + FLAT if told and len(commits) >= JUDGED_COMMITS_MIN else None,
        "line": line([size for _, _, size in rows]),
        "samples": [list(row) for row in rows],
    }


def line(figures: Sequence[float]) -> str:
    """Draw figures as one line of text, from zero to the largest; each mark is the median of its share of them."""
    if not figures:
        return ""
    marks = min(LINE_MARKS, len(figures))
    edges = [round(mark * len(figures) / marks) for mark in range(marks + 1)]
    heights = [statistics.median(figures[start:end]) for start, end in pairwise(edges)]
    top = max(heights) or 1.0
    return "".join(MARKS[min(len(MARKS) - 1, int(height / top * len(MARKS)))] for height in heights)
