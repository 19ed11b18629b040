"""Raw draws, the cold data: read by number for people, moved out for good. Nothing that answers a tool comes here."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import attrs

from storage.encoding import unpack_ranks
from storage.whole_file import sync
from universe.calendar import LogicalClock
from universe.game import Game
from universe.ranking import Ranks, rank_type
from universe.seed import ranks_of_draws

PIECE_DRAWS_MAX = 32_768


@attrs.frozen(eq=False)
class Piece:
    """Consecutive draws from number ``first``; ``stored`` False where they had to be drawn again by the seed rule."""

    first: int
    ranks: Ranks
    stored: bool


def read_draws(db: apsw.Connection, key: int, clock: LogicalClock, first: int, last: int) -> Iterator[Piece]:
    """Yield draws ``first`` to ``last`` in order: raw segments and tail, and what neither holds by the seed rule."""
    number = first
    for held in _stored_pieces(db, key, clock.game, first, last):
        yield from _drawn_again(clock, number, held.first - 1)
        number = max(number, held.first)
        ranks = held.ranks[number - held.first : last - held.first + 1]
        if len(ranks):
            yield Piece(number, ranks, stored=True)
            number += len(ranks)
    yield from _drawn_again(clock, number, last)


def _stored_pieces(db: apsw.Connection, key: int, game: Game, first: int, last: int) -> Iterator[Piece]:
    segments = db.execute(
        "SELECT first, ranks FROM raw_segment WHERE game_key = ? AND first <= ? AND last >= ? ORDER BY first",
        (key, last, first),
    )
    for start, packed in segments:
        yield Piece(start, unpack_ranks(game, packed), stored=True)
    tail = db.execute("SELECT first, ranks FROM hot_tail WHERE game_key = ? AND first <= ? ORDER BY first", (key, last))
    for start, packed in tail:
        yield Piece(start, unpack_ranks(game, packed), stored=True)


def _drawn_again(clock: LogicalClock, first: int, last: int) -> Iterator[Piece]:
    for start in range(first, last + 1, PIECE_DRAWS_MAX):
        end = min(last, start + PIECE_DRAWS_MAX - 1)
        yield Piece(start, ranks_of_draws(clock, start, end), stored=False)


@attrs.frozen(kw_only=True)
class Archived:
    """One file of raw draws that left the database."""

    game_id: str
    first: int
    last: int
    file: str


def archive_segments(db: apsw.Connection, key: int, game: Game, folder: Path) -> Archived | None:
    """Write all raw segments of a game to one file, synced; None if there are none. Deleting them is the caller's.

    The file is packed ranks, little-endian; beside it a JSON document says of which draws, how wide, and its SHA-256.
    """
    rows: list[Any] = db.execute(
        "SELECT first, last FROM raw_segment WHERE game_key = ? ORDER BY first", (key,)
    ).fetchall()
    if not rows:
        return None
    first, last = rows[0][0], rows[-1][1]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path, digest = folder / f"{game.game_id}.{first}-{last}.ranks", hashlib.sha256()
    with path.with_suffix(".part").open("wb") as file:
        for (packed,) in db.execute("SELECT ranks FROM raw_segment WHERE game_key = ? ORDER BY first", (key,)):
            digest.update(packed)
            file.write(packed)
        file.flush()
        os.fsync(file.fileno())
    spans = _joined(rows)
    document = {
        "game_id": game.game_id,
        "draws": spans,
        "bytes_per_rank": rank_type(game).itemsize,
        "sha256": digest.hexdigest(),
    }
    path.with_suffix(".json").write_text(json.dumps(document) + "\n", encoding="ascii")
    sync(path.with_suffix(".json"))
    path.with_suffix(".part").rename(path)
    sync(folder)
    return Archived(game_id=game.game_id, first=first, last=last, file=str(path))


def _joined(spans: list[tuple[int, int]]) -> list[list[int]]:
    """Return ascending spans with neighbours joined."""
    joined: list[list[int]] = []
    for first, last in spans:
        if joined and joined[-1][1] == first - 1:
            joined[-1][1] = last
        else:
            joined.append([first, last])
    return joined
