"""Evidence against fair draws, watched for ever: one row a whole logical day of draws, or a real result.

Every row follows from running totals alone, so it does not depend on how the draws came in commits. Rows are added in
the transaction that completes their day or stores their result.
"""

from collections.abc import Mapping
from typing import Any, Literal, get_args

import apsw
import attrs
import numpy as np
import numpy.typing as npt

from storage.encoding import numbers_from_text, row_digest, unpack_counts
from storage.errors import StoreDamaged
from storage.interface import Alarm, Forgotten
from storage.registry import (
    game_id_of,
    game_ids,
    require_clock,
    require_game_key,
    stored_clock,
    stored_game,
    stored_watermark,
)
from universe.calendar import LogicalClock
from universe.counting import Totals, totals_width
from universe.game import Game

Stream = Literal["synthetic", "real"]
Logs = npt.NDArray[np.float64]

STEPS_MAX = 4_096  # days whose totals are in memory at once


@attrs.frozen(kw_only=True, eq=False)
class EvidencePath:
    """The evidence of one stream after each of its steps: draws so far, and natural logarithms of the e-values.

    ``dates`` are those of real results, which need not ascend; None for the synthetic stream.
    """

    steps: npt.NDArray[np.int64]  # logical days, or results from 0 on in the order of storing
    draws: npt.NDArray[np.int64]
    main: Logs
    bonus: Logs
    dates: npt.NDArray[np.datetime64] | None = None


def evidence_path(db: apsw.Connection, key: int, stream: Stream) -> EvidencePath:
    """Return the whole path of a stream, one entry a step; StoreDamaged for a value that is not finite."""
    rows = db.execute(
        "SELECT step, draws, main, bonus FROM evidence WHERE game_key = ? AND stream = ? ORDER BY step", (key, stream)
    ).fetchall()
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    for at in np.flatnonzero(~np.isfinite(table).all(axis=1))[:1].tolist():
        raise StoreDamaged(
            f"evidence: {stream}, step {rows[at][0]}: ln e = {rows[at][2:]}; `universe verify` says more"
        )
    steps, draws = table[:, :2].astype(np.int64).T
    dates = None if stream == "synthetic" else _result_dates(db, key)[: len(steps)]
    return EvidencePath(steps=steps, draws=draws, main=table[:, 2], bonus=table[:, 3], dates=dates)


def _result_dates(db: apsw.Connection, key: int) -> npt.NDArray[np.datetime64]:
    rows = db.execute("SELECT draw_date FROM real_result WHERE game_key = ? ORDER BY result", (key,))
    return np.array([day for (day,) in rows], dtype="datetime64[D]")


def newest_evidence(db: apsw.Connection, key: int, stream: Stream) -> tuple[int, int, float, float] | None:
    """Return the last step of a stream: step, draws so far, and the logarithms of both e-values; None before any."""
    row: tuple[int, int, float, float] | None = db.execute(
        "SELECT step, draws, main, bonus FROM evidence WHERE game_key = ? AND stream = ? ORDER BY step DESC LIMIT 1",
        (key, stream),
    ).get
    return row


def mend_evidence(db: apsw.Connection, key: int) -> tuple[Forgotten, ...]:
    """Make a path anew whose last row, from which the next step goes on, is not as it was written.

    Its alarms were told when the path came to them.
    """
    forgotten = []
    for stream in get_args(Stream):
        fault = _last_row_fault(db, key, stream)
        if fault is not None:
            db.execute("DELETE FROM evidence WHERE game_key = ? AND stream = ?", (key, stream))
            forgotten.append(Forgotten(game_id=game_id_of(db, key), table="evidence", fault=fault))
    if forgotten:
        _keep_missing(db, key)
    return tuple(forgotten)


def _last_row_fault(db: apsw.Connection, key: int, stream: Stream) -> str | None:
    row: tuple[Any, ...] | None = db.execute(
        "SELECT step, draws, main, bonus, digest FROM evidence WHERE game_key = ? AND stream = ?"
        " ORDER BY step DESC LIMIT 1",
        (key, stream),
    ).get
    if row is None or row[-1] == row_digest("evidence", game_id_of(db, key), stream, *row[:-1]):
        return None
    return f"evidence: {stream}, step {row[0]}: not what its digest is of"


def keep_all_evidence(db: apsw.Connection) -> None:
    """Add whatever is missing, for every game of a universe."""
    for game_id in game_ids(db):
        _keep_missing(db, require_game_key(db, game_id))


def _keep_missing(db: apsw.Connection, key: int) -> None:
    clock = stored_clock(db, key)
    if clock is not None:
        keep_days(db, key, clock, stored_watermark(db, key))
    keep_result_steps(db, key, stored_game(db, key))


def keep_drawn_days(db: apsw.Connection, drawn: Mapping[str, tuple[int, int]]) -> tuple[Alarm, ...]:
    """Add the days that a commit completed, of the games it drew (first and last number); returns their alarms."""
    alarms: tuple[Alarm, ...] = ()
    for game_id, (first, last) in drawn.items():
        key = require_game_key(db, game_id)
        clock = require_clock(db, key)
        if (first - 1) // clock.draws_per_day < last // clock.draws_per_day:
            alarms += keep_days(db, key, clock, last)
    return alarms


def keep_days(db: apsw.Connection, key: int, clock: LogicalClock, watermark: int) -> tuple[Alarm, ...]:
    """Add the days that are whole and have no row yet; returns the alarms of these days."""
    newest = newest_evidence(db, key, "synthetic")
    first, end = (0 if newest is None else newest[0] + 1), watermark // clock.draws_per_day
    alarms: tuple[Alarm, ...] = ()
    for start in range(first, end, STEPS_MAX):
        days = np.arange(start, min(end, start + STEPS_MAX))
        totals = _day_totals(db, key, clock.game, max(0, start - 1), int(days[-1]))
        before = None
        if newest is not None:
            before, totals = (totals[0], newest[1], newest[2], newest[3]), totals[1:]
        raised = _append(db, key, "synthetic", clock.game, days, totals, (days + 1) * clock.draws_per_day, before)
        alarms += tuple(alarm for alarm in raised if not _was_above(db, key, alarm, start))
        newest = newest_evidence(db, key, "synthetic")
    return alarms


def _day_totals(db: apsw.Connection, key: int, game: Game, first: int, last: int) -> Totals:
    rows = db.execute(
        "SELECT totals FROM day_total WHERE game_key = ? AND day BETWEEN ? AND ? ORDER BY day", (key, first, last)
    )
    totals = [unpack_counts(packed) for (packed,) in rows]
    if len(totals) != last - first + 1 or any(len(one) != totals_width(game) for one in totals):
        raise StoreDamaged(f"{game.game_id}: day_total, days {first} to {last}: damaged, or not all of them are there")
    return np.array(totals)


def keep_result_steps(db: apsw.Connection, key: int, game: Game) -> tuple[Alarm, ...]:
    """Add the real results that have no row yet, in the order in which they were stored; returns their alarms.

    Not by date: a result that comes late would change bets on results that are known already, and Ville's bound holds
    for no such path. Whatever order results arrive in, each is bet on before anything else is known of it.
    """
    newest = newest_evidence(db, key, "real")
    first, totals = (0 if newest is None else newest[0] + 1), result_totals(db, key, game)
    steps = np.arange(first, len(totals))
    before = None if newest is None else (totals[first - 1], newest[1], newest[2], newest[3])
    raised = _append(db, key, "real", game, steps, totals[first:], steps + 1, before)
    return tuple(alarm for alarm in raised if not _was_above(db, key, alarm, first))


def result_totals(db: apsw.Connection, key: int, game: Game) -> Totals:
    """Return the running totals after each real result in the order of storing, a row a result."""
    sql = "SELECT main, bonus FROM real_result WHERE game_key = ? ORDER BY result"
    rows: list[Any] = db.execute(sql, (key,)).fetchall()
    counts = np.zeros((len(rows), totals_width(game)), dtype=np.int64)
    for step, (main, bonus) in enumerate(rows):
        places = [number - 1 for number in numbers_from_text(main)]
        places += [game.main.size + number - 1 for number in numbers_from_text(bonus)]
        counts[step, np.array(places)] += 1
    return counts.cumsum(axis=0)


def _append(
    db: apsw.Connection,
    key: int,
    stream: Stream,
    game: Game,
    steps: npt.NDArray[np.int64],
    totals: Totals,
    draws: npt.NDArray[np.int64],
    before: tuple[Totals, int, float, float] | None,
) -> tuple[Alarm, ...]:
    from universe.evidence.steps import evidence_steps  # scipy: only a commit that ends a day needs it

    logs = evidence_steps(game, totals, draws, before)
    rows = [
        (stream, step, count, main, bonus)
        for step, count, (main, bonus) in zip(steps.tolist(), draws.tolist(), logs.tolist(), strict=True)
    ]
    db.executemany(
        "INSERT INTO evidence VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(key, *row, row_digest("evidence", game.game_id, *row)) for row in rows],
    )
    held_before = (0.0, 0.0) if before is None else before[2:]
    path = EvidencePath(steps=steps, draws=draws, main=logs[:, 0], bonus=logs[:, 1])
    return _alarms(game, stream, path, held_before)


def _was_above(db: apsw.Connection, key: int, alarm: Alarm, step: int) -> bool:
    """Whether the path of an alarm has lain above its line before a step: that was told then."""
    from universe.evidence.steps import ALARM_E

    found: int = db.execute(
        f"SELECT EXISTS (SELECT 1 FROM evidence WHERE game_key = ? AND stream = ? AND step < ? AND {alarm.drum} >= ?)",
        (key, alarm.stream, step, float(np.log(ALARM_E))),
    ).get
    return bool(found)


def _alarms(
    game: Game, stream: Stream, path: EvidencePath, before: tuple[float, float] = (0.0, 0.0)
) -> tuple[Alarm, ...]:
    """Return the first step of each drum that lies above the line where the one before it lay below."""
    from universe.evidence.steps import ALARM_E

    line = float(np.log(ALARM_E))
    drums: list[tuple[Literal["main", "bonus"], Logs, float]] = [
        ("main", path.main, before[0]),
        ("bonus", path.bonus, before[1]),
    ]
    return tuple(
        Alarm(
            game_id=game.game_id,
            stream=stream,
            drum=drum,
            draws=int(path.draws[at]),
            log10_e=float(logs[at] / np.log(10)),
        )
        for drum, logs, last in drums
        for at in _crossings(logs, last, line)
    )


def _crossings(logs: Logs, last: float, line: float) -> list[int]:
    """Return the first place, if any, that lies above the line while the one before it (``last``) lay below."""
    above = np.concatenate([[last], logs]) >= line
    found: list[int] = np.flatnonzero(above[1:] & ~above[:-1])[:1].tolist()
    return found
