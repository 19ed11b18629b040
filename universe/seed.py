"""The seed rule, which never changes.

message = game_id|draw_date|draw_number (ASCII, ISO date, decimal without padding); seed = the first 16 bytes of its
SHA-256; rank = the seed as a big-endian number, modulo the outcomes of the game. ``draw_rank`` is the rule;
``draw_ranks`` and ``ranks_of_draws`` give the same for many draws, on one of three paths: compiled, numpy, hashlib.
"""

import hashlib
from collections.abc import Iterator
from datetime import date

import numpy as np
import numpy.typing as npt

from universe.calendar import LogicalClock
from universe.compiled import kernels_for
from universe.game import WORD_OUTCOMES_MAX, Game
from universe.ranking import Ranks, rank_type
from universe.sha256 import MESSAGE_BYTES_MAX, digest_words

SEED_BYTES = 16
FEW_DRAWS = 4_096  # up to here a call of hashlib each takes less time than thousands of calls of numpy


def draw_message(game_id: str, draw_date: date, draw_number: int) -> str:
    """Return the text that is hashed."""
    return f"{game_id}|{draw_date.isoformat()}|{draw_number}"


def draw_digest(game_id: str, draw_date: date, draw_number: int) -> bytes:
    """Return the SHA-256 of the message, 32 bytes; the seed is its first 16."""
    return hashlib.sha256(draw_message(game_id, draw_date, draw_number).encode("ascii")).digest()


def draw_rank(game: Game, draw_date: date, draw_number: int) -> int:
    """Return the rank of one draw. Its arguments alone decide it: anyone can check it, a restart repeats it."""
    assert draw_number >= 1
    return int.from_bytes(draw_digest(game.game_id, draw_date, draw_number)[:SEED_BYTES], "big") % game.outcomes


def draw_ranks(game: Game, draw_date: date, first: int, last: int) -> Ranks:
    """Return the ranks of draws ``first`` to ``last``, all of one draw date."""
    return _ranks(game, [(draw_date, first, last)])


def ranks_of_draws(clock: LogicalClock, first: int, last: int) -> Ranks:
    """Return the ranks of draws ``first`` to ``last`` of a game's own simulation, whatever their dates."""
    days = clock.days_of_draws(first, last)
    return _ranks(clock.game, [(clock.date_of_day(day), start, end) for day, start, end in days])


def _ranks(game: Game, spans: list[tuple[date, int, int]]) -> Ranks:
    """Return the ranks of consecutive spans of draws, each with its date, first and last number."""
    if not spans:
        return np.empty(0, dtype=rank_type(game))
    kernels = kernels_for(game)
    if kernels is not None and (ranks := kernels.ranks_of_spans(game, spans)) is not None:
        return ranks
    first, last = spans[0][1], spans[-1][2]
    long = len(draw_message(game.game_id, date.max, last)) > MESSAGE_BYTES_MAX
    if last - first < FEW_DRAWS or long or game.outcomes > WORD_OUTCOMES_MAX:
        return np.array([rank for span in spans for rank in hashed_ranks(game, *span)], dtype=rank_type(game))
    numbers = np.arange(first, last + 1, dtype=np.int64)
    dates = np.array([day.isoformat().encode("ascii") for day, _, _ in spans]).view(np.uint8).reshape(len(spans), -1)
    span_of = np.repeat(np.arange(len(spans)), [end - start + 1 for _, start, end in spans])
    parts = []
    for digits in range(len(str(first)), len(str(last)) + 1):  # messages of one length at a time
        chosen = slice(max(0, 10 ** (digits - 1) - first), min(last + 1, 10**digits) - first)
        messages = _messages(game.game_id, dates[span_of[chosen]], numbers[chosen], digits)
        parts.append(_reduced(digest_words(messages), game.outcomes))
    return np.concatenate(parts)


def hashed_ranks(game: Game, day: date, first: int, last: int) -> Iterator[int]:
    """Yield the same ranks as draw_rank, with everything that does not change taken out of the loop."""
    head, outcomes = f"{game.game_id}|{day.isoformat()}|".encode("ascii"), game.outcomes
    for number in range(first, last + 1):
        digest = hashlib.sha256(head + b"%d" % number).digest()
        yield int.from_bytes(digest[:SEED_BYTES], "big") % outcomes


def _messages(
    game_id: str, dates: npt.NDArray[np.uint8], numbers: npt.NDArray[np.int64], digits: int
) -> npt.NDArray[np.uint8]:
    """Return one message a row; every number has so many digits."""
    head = np.frombuffer(f"{game_id}|".encode("ascii"), dtype=np.uint8)
    messages = np.empty((len(numbers), len(head) + dates.shape[1] + 1 + digits), dtype=np.uint8)
    messages[:, : len(head)] = head
    messages[:, len(head) : -digits - 1] = dates
    messages[:, -digits - 1] = ord("|")
    for place in range(1, digits + 1):
        numbers, digit = np.divmod(numbers, 10)
        messages[:, -place] = digit + ord("0")
    return messages


def _reduced(words: npt.NDArray[np.uint32], outcomes: int) -> Ranks:
    """Return the 128-bit numbers of four big-endian words modulo ``outcomes`` <= 2**32, by Horner's rule."""
    modulus = np.uint64(outcomes)
    rank: npt.NDArray[np.uint64] = words[0].astype(np.uint64) % modulus
    for word in words[1:]:
        rank = ((rank << np.uint64(32)) | word) % modulus
    return rank.astype(np.uint32)
