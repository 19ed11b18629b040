"""Arrays and dates as SQLite keeps them: little-endian blobs and ISO text."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from storage.errors import StoreDamaged
from universe.game import Game
from universe.ranking import Ranks, rank_type
from universe.results.result import RealResult

TotalsArray = npt.NDArray[np.int64]


def pack_ranks(game: Game, ranks: Ranks) -> bytes:
    """Return the ranks as raw segments and the tail keep them."""
    return ranks.astype(rank_type(game), copy=False).tobytes()


def unpack_ranks(game: Game, packed: bytes) -> Ranks:
    """Return what pack_ranks was given, read only; StoreDamaged for bytes that it cannot have made."""
    with _damage_of("ranks"):
        ranks = np.frombuffer(packed, dtype=rank_type(game))
        if len(ranks) and not 0 <= int(ranks.min()) <= int(ranks.max()) < game.outcomes:
            raise ValueError(f"not all below {game.outcomes}")
        return ranks


def pack_counts(counts: TotalsArray) -> bytes:
    """Return counts in the narrowest width of 1, 2, 4 or 8 bytes that holds them; the width leads."""
    width = next(width for width in (1, 2, 4, 8) if int(counts.max(initial=0)) < 256**width)
    return bytes([width]) + counts.astype(f"<u{width}").tobytes()


def unpack_counts(packed: bytes) -> TotalsArray:
    """Return what pack_counts was given; StoreDamaged for bytes that it cannot have made."""
    with _damage_of("counts"):
        if not packed or packed[0] not in (1, 2, 4, 8):
            raise ValueError("no width leads them")
        return np.frombuffer(packed, dtype=f"<u{packed[0]}", offset=1).astype(np.int64)


@contextmanager
def _damage_of(what: str) -> Iterator[None]:
    """Say of what cannot be taken apart that it is damaged."""
    try:
        yield
    except (ValueError, OverflowError) as error:
        raise StoreDamaged(f"damaged {what}: {error}") from error


def numbers_text(numbers: tuple[int, ...]) -> str:
    """Return numbers as they stand in a result row: ascending, separated by spaces."""
    return " ".join(map(str, numbers))


def numbers_from_text(text: str) -> tuple[int, ...]:
    """Return what numbers_text was given."""
    return tuple(map(int, text.split()))


def result_from_row(draw_date: str, main: str, bonus: str) -> RealResult:
    """Return a stored result; StoreDamaged for a row that cannot be read."""
    with _damage_of("real result"):
        return RealResult(
            draw_date=date.fromisoformat(draw_date),
            main_numbers=numbers_from_text(main),
            bonus_numbers=numbers_from_text(bonus),
        )


def row_digest(*values: Any) -> bytes:
    """Return the SHA-256 by which a changed row is noticed: of the table's name and what the row says, as JSON."""
    return hashlib.sha256(json.dumps(values, separators=(",", ":")).encode()).digest()


def now_text() -> str:
    """Return the present, UTC, in seconds."""
    return datetime.now(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def time_from_text(text: str) -> datetime:
    """Return what now_text wrote; StoreDamaged for what it cannot have written."""
    with _damage_of("time"):
        return datetime.fromisoformat(text)
