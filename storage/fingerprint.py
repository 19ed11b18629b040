"""The fingerprint: SHA-256 over what a game's universe says, never over how it is stored.

In this order, each part after a line with its name: definition (pools, schedule, epoch, draws per day, watermark), day
totals, (rank, count) pairs, match totals, match events, real results. Numbers are little-endian 64-bit, texts end with
a newline. Not in it: universe id, times, rates, milestone, conflicts.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping

import apsw
import numpy as np

from storage.counters import stored_groups
from storage.draws import read_tail
from storage.encoding import unpack_counts
from storage.registry import game_ids, require_game_key, stored_clock, stored_game, stored_watermark
from universe.cells import Cells, Counts, counted_cells, places_in
from universe.definition import game_to_data
from universe.game import Game
from universe.subsets import occurrence_index


def universe_fingerprint(fingerprints: Mapping[str, str]) -> str:
    """Return SHA-256 over ``game_id:fingerprint`` lines in id order."""
    lines = "".join(f"{game_id}:{fingerprints[game_id]}\n" for game_id in sorted(fingerprints))
    return hashlib.sha256(lines.encode()).hexdigest()


def fingerprints(db: apsw.Connection) -> dict[str, str]:
    """Return every game's fingerprint, by id. A scan of all counters: not for answers."""
    return {game_id: game_fingerprint(db, require_game_key(db, game_id)) for game_id in game_ids(db)}


def game_fingerprint(db: apsw.Connection, key: int) -> str:
    """Return one game's fingerprint, 64 hex digits."""
    digest = hashlib.sha256()
    for name, parts in _content(db, key):
        digest.update(f"{name}\n".encode())
        for part in parts:
            digest.update(part)
    return digest.hexdigest()


def _content(db: apsw.Connection, key: int) -> Iterator[tuple[str, Iterator[bytes]]]:
    game = stored_game(db, key)
    yield "definition", _definition(db, key, game)
    totals = db.execute("SELECT day, last, totals FROM day_total WHERE game_key = ? ORDER BY day", (key,))
    yield "day totals", (_integers(day, last, *unpack_counts(packed)) for day, last, packed in totals)
    yield "occurrences", (np.stack(pair, axis=1).astype("<i8").tobytes() for pair in occurrences(db, key, game))
    levels = db.execute("SELECT draw_date, levels FROM comparison WHERE game_key = ? ORDER BY draw_date", (key,))
    yield "match totals", (_text(day) + _integers(*unpack_counts(packed)) for day, packed in levels)
    events = db.execute(
        "SELECT draw_number, main, bonus, rank FROM match_event WHERE game_key = ? ORDER BY draw_number", (key,)
    )
    yield "match events", (_integers(*row) for row in events)
    results = db.execute("SELECT draw_date, main, bonus FROM real_result WHERE game_key = ? ORDER BY draw_date", (key,))
    yield "real results", (_text("|".join(row)) for row in results)


def _definition(db: apsw.Connection, key: int, game: Game) -> Iterator[bytes]:
    clock, data = stored_clock(db, key), game_to_data(game)
    document = {
        "pools": [data["main"], data["bonus"]],
        "schedule": data["schedule"],
        "moved": data["moved"],
        "epoch": clock.epoch.isoformat() if clock else None,
        "draws_per_day": clock.draws_per_day if clock else None,
        "watermark": stored_watermark(db, key),
    }
    yield _text(json.dumps(document, sort_keys=True, separators=(",", ":")))


def occurrences(db: apsw.Connection, key: int, game: Game) -> Iterator[tuple[Cells, Counts]]:
    """Yield (ranks, counts) of all outcomes ever drawn, ascending, by chunks: the index with the tail merged in."""
    folded: int = db.execute("SELECT ifnull(max(folded), 0) FROM progress WHERE game_key = ?", (key,)).get
    index, tail = occurrence_index(game), np.sort(read_tail(db, key, game, folded))
    for start, end, chunks in stored_groups(db, key, index):
        ranks, counts = counted_cells(chunks, index.chunk_cells)
        low, high = places_in(tail, [start, end])
        if low < high:
            ranks, counts = np.unique(np.concatenate([np.repeat(ranks, counts), tail[low:high]]), return_counts=True)
        yield ranks, counts


def _integers(*values: int) -> bytes:
    return np.array(values, dtype="<i8").tobytes()


def _text(text: str) -> bytes:
    return text.encode() + b"\n"
