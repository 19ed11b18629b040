"""The commit of draws: raw ranks, running totals, the hot tail and its fold, and the watermark, all or nothing.

A commit writes what its draws are worth: new ranks go to the hot tail and a few rows; the indexes are folded from
the tail rarely, or at once when a commit is large.
"""

import hashlib
import time
from collections.abc import Sequence

import apsw
import numpy as np

from storage.comparisons import compare_batch
from storage.counters import fold
from storage.encoding import pack_counts, pack_ranks, unpack_counts, unpack_ranks
from storage.interface import GapError
from storage.rate import add_minute
from universe.counting import Delta, count_draws, totals_width
from universe.game import Game
from universe.ranking import Ranks, rank_type
from universe.subsets import count_indexes
from universe.units import DrawBatch, DrawUnit, IndexUnit, Unit

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


def count_ahead(units: Sequence[Unit]) -> list[IndexUnit]:
    """Count what each game's units will add to its indexes, where they are to be folded at once. It needs no store."""
    counted = []
    for game_id, batches in batches_by_game(units).items():
        first, last = batches[0].first, batches[-1].last
        if last - first >= TAIL_DRAWS_MAX:
            increments = count_indexes(batches[0].clock.game, [batch.ranks for batch in batches])
            counted.append(IndexUnit(game_id=game_id, first=first, last=last, increments=increments))
    return counted


def batches_by_game(units: Sequence[Unit]) -> dict[str, list[DrawBatch]]:
    """Return the batches of each game, in order."""
    by_game: dict[str, list[DrawBatch]] = {}
    for unit in units:
        if isinstance(unit, DrawUnit):
            by_game.setdefault(unit.batch.game_id, []).append(unit.batch)
    return by_game


def keep_draws(
    db: apsw.Connection, key: int, units: Sequence[DrawUnit], ahead: IndexUnit | None, *, keep_raw: bool
) -> int:
    """Write all that consecutive units right above the watermark bring; returns how many of their draws were compared.

    ``ahead`` is what these very draws add to the indexes, where it is known.
    """
    game, first, last = units[0].batch.clock.game, units[0].batch.first, units[-1].batch.last
    watermark, folded, minutes = _progress_row(db, key)
    assert first == watermark + 1
    _keep_totals(db, key, sum((unit.delta for unit in units), Delta()), last, game)
    compared = sum(compare_batch(db, key, unit.batch) for unit in units)
    pieces = [unit.batch.ranks for unit in units]
    if last - folded <= TAIL_DRAWS_MAX:
        db.execute("INSERT INTO hot_tail VALUES (?, ?, ?)", (key, first, pack_ranks(game, np.concatenate(pieces))))
    else:
        tail = read_tail(db, key, game, folded)
        fitting = ahead is not None and not len(tail) and (ahead.first, ahead.last) == (first, last)
        fold(db, key, game, ahead.increments if ahead and fitting else count_indexes(game, [tail, *pieces]))
        _move_to_segments(db, key, game, folded, [tail, *pieces] if len(tail) else pieces, keep_raw=keep_raw)
        folded = last
    now = time.time()
    minutes = add_minute(minutes, now, last - watermark)
    db.execute("REPLACE INTO progress VALUES (?, ?, ?, ?, ?)", (key, last, folded, now, minutes))
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
    return np.concatenate(parts) if parts else np.empty(0, dtype=rank_type(game))


def _move_to_segments(
    db: apsw.Connection, key: int, game: Game, folded: int, pieces: Sequence[Ranks], *, keep_raw: bool
) -> None:
    """Move all draws after ``folded`` into segments; the newest stay in the tail, marked as counted."""
    last = folded
    for ranks in pieces:
        if keep_raw:
            keep_segments(db, key, game, last + 1, ranks)
        last += len(ranks)
    before = read_tail(db, key, game, last - NEWEST_DRAWS)[: max(0, folded + NEWEST_DRAWS - last)]
    newest = np.concatenate([before, *(ranks[-NEWEST_DRAWS:] for ranks in pieces)])[-NEWEST_DRAWS:]
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
