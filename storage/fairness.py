"""The null of a game's real results: synthetic histories as long as theirs, and what the battery measured of each.

Length and calendar of these histories (the *frame*) are those of the first real results by date, fixed when the first
history is measured. They stay until the real history has grown by a twentieth, or differs where it is held against
them; then all histories are measured anew. A history follows from draws alone: nothing here is lost that could not be
made again.
"""

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import apsw
import attrs
import numpy as np
import numpy.typing as npt

from storage.encoding import row_digest
from storage.errors import StoreDamaged
from storage.interface import PendingHistories
from storage.registry import stored_clock, stored_game, stored_watermark
from storage.results import results_between
from universe.fairness.battery import Measurements, tests_of
from universe.fairness.history import History, history_of
from universe.fairness.tallies import Frame, frame_of
from universe.game import Game
from universe.units import HistoriesUnit

if TYPE_CHECKING:  # calibration and power: only answers need them
    from universe.fairness.analysis import Analysis

HISTORY_DRAWS_MIN = 100  # a shorter one shows nothing
HISTORIES_MAX = 65_536
GROWN = 1.05  # a real history so many times as long as the frame has a new frame

Row = tuple[int, str, bytes, bytes, str]


@attrs.frozen(kw_only=True, eq=False)
class StoredNull:
    """All histories measured so far, in the order of their draws, and the frame they share."""

    frame: Frame
    measurements: Measurements


def real_history(db: apsw.Connection, key: int) -> History:
    """Return all real results of a game as one history."""
    return history_of(stored_game(db, key), results_between(db, key, date.min, date.max))


def wanted_frame(db: apsw.Connection, key: int) -> Frame | None:
    """Return the frame that the real results ask for: the stored one as long as it fits; None for too few results."""
    history = real_history(db, key)
    if len(history) < HISTORY_DRAWS_MIN:
        return None
    stored = _frame_row(db, key)
    if stored is not None and stored[0] <= len(history) < GROWN * stored[0]:
        frame = frame_of(history[: stored[0]])
        if _row_of(frame) == stored:
            return frame
    return frame_of(history)


def _frame_row(db: apsw.Connection, key: int) -> Row | None:
    row: Row | None = db.execute(
        "SELECT draws, weekday_names, weekdays, months, tests FROM null_frame WHERE game_key = ?", (key,)
    ).get
    return row


def _row_of(frame: Frame) -> Row:
    names = " ".join(test.name for test in tests_of(frame))
    return frame.draws, " ".join(frame.weekday_names), frame.weekdays.tobytes(), frame.months.tobytes(), names


def _frame_from(game: Game, row: Row) -> Frame:
    draws, weekday_names, weekdays, months, _ = row
    return Frame(
        game=game,
        draws=draws,
        weekdays=np.frombuffer(weekdays, dtype=np.uint8),
        months=np.frombuffer(months, dtype=np.uint8),
        weekday_names=tuple(weekday_names.split()),
    )


@attrs.define
class Unmeasured:
    """Which histories wait to be measured; the frame is remembered, for every commit asks and results are many."""

    _seen: tuple[int, Row | None] | None = None  # the newest result and the stored frame that the frame is of
    _frame: Frame | None = None

    def pending(self, db: apsw.Connection, key: int, draws_max: int) -> tuple[PendingHistories, ...]:
        """Return the next histories to measure, of about ``draws_max`` draws and at least one; none when all are."""
        clock, frame = stored_clock(db, key), self._wanted(db, key)
        if clock is None or frame is None or not tests_of(frame):
            return ()
        first = measured_histories(db, key) if _frame_row(db, key) == _row_of(frame) else 0
        waiting = min(stored_watermark(db, key) // frame.draws, HISTORIES_MAX) - first
        if waiting <= 0:
            return ()
        histories = min(waiting, max(1, draws_max // frame.draws))
        return (PendingHistories(clock=clock, frame=frame, first=first, histories=histories),)

    def _wanted(self, db: apsw.Connection, key: int) -> Frame | None:
        newest = db.execute("SELECT ifnull(max(result), 0) FROM real_result WHERE game_key = ?", (key,)).get
        seen = newest, _frame_row(db, key)
        if seen != self._seen:
            self._frame, self._seen = wanted_frame(db, key), seen
        return self._frame


def measured_histories(db: apsw.Connection, key: int) -> int:
    """Return how many histories are measured; StoreDamaged if the last of their rows is not whole."""
    row = db.execute(
        "SELECT first, length(figures) FROM null_histories WHERE game_key = ? ORDER BY first DESC LIMIT 1", (key,)
    ).get
    stored = _frame_row(db, key)
    return 0 if row is None or stored is None or not stored[4] else row[0] + _histories_in(row[0], row[1], stored[4])


def _histories_in(first: int, size: int, tests: str) -> int:
    """Return how many histories a row of so many bytes holds."""
    histories, rest = divmod(size, _history_bytes(tests))
    if rest or not histories:
        raise StoreDamaged(f"null_histories: histories from {first}: {size} bytes, {_history_bytes(tests)} a history")
    return histories


def histories_fault(db: apsw.Connection, key: int) -> str | None:
    """Return which row of a game's histories is not whole, or does not follow the one before; None if all do."""
    stored, follows = _frame_row(db, key), 0
    rows = "SELECT first, length(figures) FROM null_histories WHERE game_key = ? ORDER BY first"
    for first, size in db.execute(rows, (key,)):
        if stored is None or not stored[4]:
            return f"null_histories: histories from {first}, and no frame"
        if first != follows:
            return f"null_histories: histories from {first}, and those before end at {follows}"
        try:
            follows += _histories_in(first, size, stored[4])
        except StoreDamaged as damage:
            return str(damage)
    return None


def _history_bytes(tests: str) -> int:
    return 16 * len(tests.split())  # a statistic and a p-value each, doubles


def keep_histories(db: apsw.Connection, key: int, unit: HistoriesUnit) -> None:
    """Keep measured histories that go on where the stored end; the first of another frame replace all.

    StoreDamaged where the last stored are not whole.
    """
    row = _row_of(unit.frame)
    if _frame_row(db, key) != row:
        if unit.first:
            return
        forget_histories(db, key)
        draws, names, weekdays, months, tests = row
        digest = row_digest("null_frame", unit.game_id, draws, names, _hex(weekdays), _hex(months), tests)
        db.execute("INSERT INTO null_frame VALUES (?, ?, ?, ?, ?, ?, ?)", (key, *row, digest))
    if unit.first != measured_histories(db, key):
        return
    measured = unit.measurements
    figures = np.stack([measured.statistics, measured.p_values], axis=1).astype("<f8").tobytes()
    digest = row_digest("null_histories", unit.game_id, unit.first, _hex(figures))
    db.execute("INSERT INTO null_histories VALUES (?, ?, ?, ?)", (key, unit.first, figures, digest))


def _hex(blob: bytes) -> str:
    """Return bytes as SQLite's hex() does."""
    return blob.hex().upper()


def forget_histories(db: apsw.Connection, key: int) -> None:
    """Forget frame and histories: they will be measured anew."""
    db.execute("DELETE FROM null_histories WHERE game_key = ?", (key,))
    db.execute("DELETE FROM null_frame WHERE game_key = ?", (key,))


def forget_figures(db: apsw.Connection, key: int) -> None:
    """Forget the histories and keep the frame: they will be measured anew, and verdicts stay what they were."""
    db.execute("DELETE FROM null_histories WHERE game_key = ?", (key,))


def stored_null(db: apsw.Connection, key: int) -> StoredNull | None:
    """Return all measured histories of a game; None before the first. StoreDamaged for a row that is not whole."""
    row = _frame_row(db, key)
    if row is None or not row[4]:
        return None
    names = tuple(row[4].split())
    pieces = [_figures(first, packed, row[4]) for first, packed in _pieces(db, key)]
    figures = np.concatenate(pieces) if pieces else np.empty((0, 2, len(names)))
    return StoredNull(
        frame=_frame_from(stored_game(db, key), row),
        measurements=Measurements(
            names=names,
            statistics=figures[:, 0],
            p_values=figures[:, 1],
            naive=np.full_like(figures[:, 0], np.nan),
        ),
    )


def _pieces(db: apsw.Connection, key: int) -> Iterator[tuple[int, Any]]:
    yield from db.execute("SELECT first, figures FROM null_histories WHERE game_key = ? ORDER BY first", (key,))


def _figures(first: int, packed: bytes, tests: str) -> npt.NDArray[np.float64]:
    """Return a row as [histories, statistic and p-value, tests]."""
    histories = _histories_in(first, len(packed), tests)
    return np.frombuffer(packed, dtype="<f8").reshape(histories, 2, -1)


def null_mark(db: apsw.Connection, key: int) -> bytes:
    """Return what is equal for equal frames, equally many measured histories, and equally many real results."""
    results = db.execute("SELECT count(*), ifnull(max(result), 0) FROM real_result WHERE game_key = ?", (key,)).get
    row = _frame_row(db, key)
    frame = None if row is None else (row[0], row[1], row[2].hex(), row[3].hex(), row[4])
    return row_digest(frame, measured_histories(db, key), *results)


def analysed(db: apsw.Connection, key: int) -> "Analysis | None":
    """Return the whole look at the real results, held against all histories that fit; None for too few results."""
    from universe.fairness.analysis import analyse

    frame = wanted_frame(db, key)
    if frame is None:
        return None
    null = stored_null(db, key)
    fits = null is not None and _row_of(null.frame) == _row_of(frame)
    return analyse(real_history(db, key), frame, null.measurements if null is not None and fits else None)
