"""The commit of draws: raw ranks, running totals, the hot tail and its fold, and the watermark, all or nothing.

A commit writes what its draws are worth: new ranks go to the hot tail and a few rows; the indexes are folded from
the tail rarely, or at once when a commit is large.
"""

import hashlib
import time

import apsw
import numpy as np

from storage.comparisons import compare_batch
from storage.counters import fold_ranks
from storage.encoding import pack_counts, pack_ranks, unpack_counts, unpack_ranks
from storage.interface import GapError
from storage.rate import add_minute
from universe.counting import Delta, count_draws, totals_width
from universe.game import Game
from universe.ranking import Ranks
from universe.units import DrawBatch, DrawUnit

TAIL_DRAWS_MAX = 50_000  # draws not yet in the indexes; an answer looks through them all
NEWEST_DRAWS = 100  # what stays readable as single draws after a fold
SEGMENT_DRAWS_MAX = 262_144  # 1 MiB of packed ranks


def after_watermark(unit: DrawUnit, watermark: int) -> DrawUnit | None:
    """Return what of a unit is new; None for a pure replay. A gap is a GapError."""
    batch = unit.batch
    if batch.first > watermark + 1:
        raise GapError(f"{batch.game_id}: draws {batch.first}..{batch.last} do not follow watermark {watermark}")
    if batch.last <= watermark:
        return None
    if batch.first == watermark + 1:
        return unit
    ranks = batch.ranks[watermark + 1 - batch.first :]
    rest = DrawBatch(clock=batch.clock, first=watermark + 1, ranks=ranks)
    return DrawUnit(batch=rest, delta=count_draws(batch.clock, rest.first, ranks))


def merged(units: list[DrawUnit]) -> DrawUnit:
    """Return consecutive units of one game as one."""
    first = units[0].batch
    delta = sum((unit.delta for unit in units[1:]), start=units[0].delta)
    ranks = np.concatenate([unit.batch.ranks for unit in units]) if len(units) > 1 else first.ranks
    return DrawUnit(batch=DrawBatch(clock=first.clock, first=first.first, ranks=ranks), delta=delta)


def keep_draws(db: apsw.Connection, key: int, unit: DrawUnit, *, keep_raw: bool) -> int:
    """Write all that a unit right above the watermark brings; returns how many of its draws were compared."""
    batch, game = unit.batch, unit.batch.clock.game
    watermark, folded, minutes = _progress_row(db, key)
    assert batch.first == watermark + 1
    _keep_totals(db, key, unit.delta, batch.last, game)
    compared = compare_batch(db, key, batch)
    if batch.last - folded <= TAIL_DRAWS_MAX:
        db.execute("INSERT INTO hot_tail VALUES (?, ?, ?)", (key, batch.first, pack_ranks(game, batch.ranks)))
    else:
        _fold(db, key, game, folded, np.concatenate([read_tail(db, key, game, folded), batch.ranks]), keep_raw=keep_raw)
        folded = batch.last
    now = time.time()
    minutes = add_minute(minutes, now, len(batch.ranks))
    db.execute("REPLACE INTO progress VALUES (?, ?, ?, ?, ?)", (key, batch.last, folded, now, minutes))
    return compared


def _progress_row(db: apsw.Connection, key: int) -> tuple[int, int, bytes]:
    row = db.execute("SELECT watermark, folded, minutes FROM progress WHERE game_key = ?", (key,)).get
    return row or (0, 0, b"")


def _keep_totals(db: apsw.Connection, key: int, delta: Delta, last: int, game: Game) -> None:
    """Carry the running totals on through the delta's logical days."""
    packed = db.execute("SELECT totals FROM day_total WHERE game_key = ? ORDER BY day DESC LIMIT 1", (key,)).get
    running = np.zeros(totals_width(game), dtype=np.int64) if packed is None else unpack_counts(packed)
    reached, rows = last - sum(delta.draws.values()), []
    for day in sorted(delta.draws):
        running = running + delta.totals[day]
        reached += delta.draws[day]
        rows.append((key, day, reached, pack_counts(running)))
    db.executemany("REPLACE INTO day_total VALUES (?, ?, ?, ?)", rows)


def read_tail(db: apsw.Connection, key: int, game: Game, after: int) -> Ranks:
    """Return the ranks of the tail's draws with numbers above ``after``, in order."""
    parts = []
    for first, packed in db.execute("SELECT first, ranks FROM hot_tail WHERE game_key = ? ORDER BY first", (key,)):
        ranks = unpack_ranks(game, packed)
        parts.append(ranks[max(0, after + 1 - first) :])
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def _fold(db: apsw.Connection, key: int, game: Game, folded: int, ranks: Ranks, *, keep_raw: bool) -> None:
    """Move all draws after ``folded`` into segments and indexes; the newest stay in the tail, marked as counted."""
    fold_ranks(db, key, game, ranks)
    if keep_raw:
        keep_segments(db, key, game, folded + 1, ranks)
    last = folded + len(ranks)
    newest = np.concatenate([read_tail(db, key, game, last - NEWEST_DRAWS), ranks])[-NEWEST_DRAWS:]
    db.execute("DELETE FROM hot_tail WHERE game_key = ?", (key,))
    db.execute("INSERT INTO hot_tail VALUES (?, ?, ?)", (key, last - len(newest) + 1, pack_ranks(game, newest)))


def keep_segments(db: apsw.Connection, key: int, game: Game, first: int, ranks: Ranks) -> None:
    """Append raw draws as packed segments, each with its digest."""
    for start in range(0, len(ranks), SEGMENT_DRAWS_MAX):
        piece = ranks[start : start + SEGMENT_DRAWS_MAX]
        packed = pack_ranks(game, piece)
        db.execute(
            "INSERT INTO raw_segment (game_key, first, last, ranks, digest) VALUES (?, ?, ?, ?, ?)",
            (key, first + start, first + start + len(piece) - 1, packed, hashlib.sha256(packed).digest()),
        )
