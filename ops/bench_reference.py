"""What everything is measured against: OpenSSL's SHA-256, and the same lottery written down plainly in Python."""

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from storage.connection import Location, open_writer, transaction
from universe.calendar import LogicalClock
from universe.game import Game
from universe.ranking import unrank

SHA256_BLOCK_BYTES = 64  # one draw's message and its padding
LONG_INPUT_BYTES = 64 * 2**20
COMMIT_DRAWS = 10_000  # far more often, and plain Python would measure the disk instead

_TABLE = "CREATE TABLE draw (number INTEGER PRIMARY KEY, draw_date TEXT, seed TEXT, main TEXT, bonus TEXT)"
_INSERT = "INSERT INTO draw VALUES (?, ?, ?, ?, ?)"

Row = tuple[int, str, str, str, str]
Counts = Counter[tuple[str, int]]  # how often each number came up, by pool and number
MakeRows = Callable[[LogicalClock, int, int, Counts], Iterator[Row]]


def hash_long_input(data: bytes) -> None:
    """Hash one long input, as OpenSSL does it best: in one thread, without a call a block."""
    hashlib.sha256(data).digest()


def draw_plainly(clock: LogicalClock, first: int, last: int) -> list[int]:
    """Return the ranks of draws ``first`` to ``last``: the seed rule written down, one call of hashlib each."""
    game, ranks = clock.game, list[int]()
    for day, start, end in clock.days_of_draws(first, last):
        draw_date = clock.date_of_day(day).isoformat()
        for number in range(start, end + 1):
            seed = hashlib.sha256(f"{game.game_id}|{draw_date}|{number}".encode("ascii")).digest()[:16]
            ranks.append(int.from_bytes(seed, "big") % game.outcomes)
    return ranks


def hashed_rows(clock: LogicalClock, first: int, last: int, counts: Counts) -> Iterator[Row]:
    """Yield the draws of the seed rule as rows of text, and count their numbers in a dictionary."""
    game = clock.game
    for day, start, end in clock.days_of_draws(first, last):
        draw_date = clock.date_of_day(day).isoformat()
        for number in range(start, end + 1):
            seed = hashlib.sha256(f"{game.game_id}|{draw_date}|{number}".encode("ascii")).digest()[:16]
            main, bonus = unrank(game, int.from_bytes(seed, "big") % game.outcomes)
            _count(counts, main, bonus)
            yield number, draw_date, seed.hex(), " ".join(map(str, main)), " ".join(map(str, bonus))


def sampled_rows(clock: LogicalClock, first: int, last: int, counts: Counts) -> Iterator[Row]:
    """Yield as many draws of ``random.sample``, with the same dates, rows and dictionary: what most people would write.

    A generator with a seed of its own: the draws are the same in every run, though not those of the seed rule.
    """
    game, source = clock.game, random.Random(first)  # noqa: S311  a lottery for a stopwatch
    main_numbers = range(1, game.main.size + 1)
    for day, start, end in clock.days_of_draws(first, last):
        draw_date = clock.date_of_day(day).isoformat()
        for number in range(start, end + 1):
            main = sorted(source.sample(main_numbers, game.main.picked))
            bonus = sorted(source.sample(_bonus_numbers(game, main), game.bonus_picked))
            _count(counts, main, bonus)
            yield number, draw_date, "", " ".join(map(str, main)), " ".join(map(str, bonus))


def _bonus_numbers(game: Game, main: Sequence[int]) -> Sequence[int]:
    if game.bonus_from_rest:
        return [number for number in range(1, game.main.size + 1) if number not in main]
    return range(1, game.bonus_size + 1)


def _count(counts: Counts, main: Sequence[int], bonus: Sequence[int]) -> None:
    for one in main:
        counts["main", one] += 1
    for one in bonus:
        counts["bonus", one] += 1


def keep_plainly(make_rows: MakeRows, clock: LogicalClock, draws: int, path: Path) -> None:
    """Make so many draws and keep them in a new database, under our own settings: one row each."""
    counts: Counts = Counter()
    with closing(open_writer(Location(path), create=True)) as db:
        db.execute(_TABLE)
        for first in range(1, draws + 1, COMMIT_DRAWS):
            with transaction(db):
                db.executemany(_INSERT, make_rows(clock, first, min(draws, first + COMMIT_DRAWS - 1), counts))
