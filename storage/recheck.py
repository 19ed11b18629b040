"""What follows from draws and results by long calculations, checked: every row by its digest, some of it done again.

Evidence is made again from running totals. Floating point may differ in its last digits from one processor to another,
so values made again are compared to nine digits; the digests see to the rest.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from storage.checking import Check, check_digests
from storage.encoding import unpack_counts
from storage.evidence import Stream, evidence_path, result_totals
from universe.calendar import LogicalClock
from universe.counting import Totals, totals_width

if TYPE_CHECKING:  # the battery of tests: imported where there are histories to check
    from storage.fairness import StoredNull

DIGITS = 1e-9
HISTORIES_AGAIN = 3  # the first, the last, and one between


def check_evidence(check: Check) -> None:
    """Hold the paths of both streams against running totals: a row for each whole day and each real result."""
    check_digests(check.db, "evidence", check.game.game_id, check.key)
    totals, draws = _days(check, check.clock) if check.clock else (_nothing(check), np.zeros(0, dtype=np.int64))
    _same_path(check, "synthetic", totals, draws)
    with check.reading("evidence", "real"):
        totals = result_totals(check.db, check.key, check.game)
    _same_path(check, "real", totals, np.arange(1, len(totals) + 1))


def _nothing(check: Check) -> Totals:
    return np.zeros((0, totals_width(check.game)), dtype=np.int64)


def _days(check: Check, clock: LogicalClock) -> tuple[Totals, Totals]:
    days = check.watermark // clock.draws_per_day
    rows = [unpack_counts(packed) for _, packed in check.rows("day, totals", "day_total")][:days]
    totals = np.array(rows).reshape(-1, totals_width(check.game)) if rows else _nothing(check)
    return totals, (np.arange(len(totals)) + 1) * clock.draws_per_day


def _same_path(check: Check, stream: Stream, totals: Totals, draws: Totals) -> None:
    from universe.evidence.steps import evidence_steps

    with check.reading("evidence", stream):
        path = evidence_path(check.db, check.key, stream)
    check.differs("evidence", f"{stream}, steps", len(path.steps), len(draws))
    expected = evidence_steps(check.game, totals, draws, None)
    for drum, stored, logs in (("main", path.main, expected[:, 0]), ("bonus", path.bonus, expected[:, 1])):
        apart = ~np.isclose(stored, logs, rtol=DIGITS, atol=DIGITS)
        wrong = np.flatnonzero(apart | (path.draws != draws) | (path.steps != np.arange(len(draws))))
        for at in wrong[:1].tolist():
            found = _shown(path.steps[at], stored[at], path.draws[at])
            check.differs("evidence", f"{stream}, step {at}, {drum}", found, _shown(at, logs[at], draws[at]))


def _shown(step: int, log_e: float, draws: int) -> str:
    return f"step {step}: ln e = {log_e:.12g} after {draws} draws"


def check_null(check: Check) -> None:
    """Check the frame, and that histories follow each other; measure a few of them again."""
    frames = check_digests(check.db, "null_frame", check.game.game_id, check.key)
    check_digests(check.db, "null_histories", check.game.game_id, check.key)
    from storage.fairness import stored_null

    with check.reading("null_histories", "all"):
        null = stored_null(check.db, check.key)
        pieces = [(first, size) for first, size in check.rows("first, length(figures)", "null_histories")]
    if null is None or check.clock is None:
        check.differs("null_histories", "rows without a frame", len(pieces), 0)
        return
    follows = 0
    for first, size in pieces:
        check.differs("null_histories", f"histories from {first}, where the former end", first, follows)
        follows += size // (16 * len(null.measurements.names))  # a statistic and a p-value each
    check.differs("null_frame", "rows", frames, 1)
    held = len(null.measurements.statistics)
    check.require("null_histories", "histories", held, "no more than there are draws for",
                  holds=held * null.frame.draws <= check.watermark)  # fmt: skip  # one sentence
    for number in sorted({0, held // 2, held - 1})[:HISTORIES_AGAIN] if held else []:
        _same_history(check, check.clock, null, number)


def _same_history(check: Check, clock: LogicalClock, null: "StoredNull", number: int) -> None:
    from universe.fairness.battery import measure
    from universe.fairness.tallies import tally_ranks
    from universe.seed import ranks_of_draws

    first = number * null.frame.draws
    ranks = ranks_of_draws(clock, first + 1, first + null.frame.draws)
    again = measure(null.frame, tally_ranks(null.frame, ranks))
    check.differs("null_frame", "tests", " ".join(null.measurements.names), " ".join(again.names))
    for name, stored, expected in zip(again.names, null.measurements.statistics[number], again.statistics[0],
                                      strict=True):  # fmt: skip  # three sequences side by side
        if not math.isclose(stored, expected, rel_tol=DIGITS, abs_tol=DIGITS):
            check.differs("null_histories", f"history {number}, {name}", f"{stored:.12g}", f"{expected:.12g}")
