"""The seed rule, logical time and every count, written once more from CONTRACT.md with the standard library alone."""

import csv
import hashlib
import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from math import comb
from pathlib import Path

Level = tuple[int, int]
Numbers = tuple[int, ...]
Ticket = tuple[Numbers, Numbers]


@dataclass(frozen=True)
class Lottery:
    """A game as the table in CONTRACT.md shows it. ``bonus`` is (picked, size); ``rest``: out of the main drum."""

    game_id: str
    main: tuple[int, int]
    bonus: tuple[int, int] | None
    rest: bool
    periods: tuple[tuple[str, str], ...]

    @property
    def since(self) -> date:
        return date.fromisoformat(self.periods[0][0])

    @property
    def bonus_outcomes(self) -> int:
        if self.bonus is None:
            return 1
        return comb(self.main[1] - self.main[0] if self.rest else self.bonus[1], self.bonus[0])

    @property
    def outcomes(self) -> int:
        return comb(self.main[1], self.main[0]) * self.bonus_outcomes

    @property
    def picks(self) -> int:
        return self.main[0] + (self.bonus[0] if self.bonus else 0)

    def draws_on(self, day: date) -> bool:
        days = [names for start, names in self.periods if date.fromisoformat(start) <= day]
        return bool(days) and f"{day:%a}" in days[-1].split()

    def dates(self, first: date, last: date) -> list[date]:
        """The scheduled draw dates, ends included."""
        return [day for day in every_day(first, last) if self.draws_on(day)]

    def draw_date(self, epoch: date, pace: int, number: int) -> date:
        day = epoch + timedelta(days=(number - 1) // pace)
        while not self.draws_on(day):
            day += timedelta(days=1)
        return day


WED_SAT = "Wed Sat"
TUE_FRI = "Tue Fri"
SHIPPED = {
    game.game_id: game
    for game in (
        Lottery("GAME_001", (5, 47), (1, 27), False, (("2000-06-07", WED_SAT),)),
        Lottery("GAME_002", (5, 69), (1, 26), False, (("2015-10-07", WED_SAT), ("2021-08-23", "Mon Wed Sat"))),
        Lottery("GAME_003", (5, 70), (1, 24), False, (("2025-04-08", TUE_FRI),)),
        Lottery("GAME_004", (5, 35), None, False, (("2018-09-24", "Mon Tue Wed Thu Fri Sat"),)),
        Lottery("GAME_005", (5, 50), (2, 12), False, (("2016-09-27", TUE_FRI),)),
        Lottery("GAME_006", (6, 59), (1, 59), True, (("2015-10-10", WED_SAT),)),
        Lottery("GAME_007", (6, 49), (1, 49), True, (("1985-09-11", WED_SAT),)),
    )
}


@dataclass(frozen=True)
class Made:
    """One synthetic draw."""

    game_id: str
    number: int
    day: date
    message: str
    digest: str
    rank: int
    main: Numbers
    bonus: Numbers

    @property
    def ticket(self) -> Ticket:
        return self.main, self.bonus

    def document(self) -> dict[str, object]:
        """A draw as CONTRACT.md writes it."""
        return {
            "game_id": self.game_id,
            "draw_number": self.number,
            "draw_date": self.day.isoformat(),
            "seed": self.digest[:32],
            "main_numbers": [*self.main],
            "bonus_numbers": [*self.bonus],
            "bonus_number": self.bonus[0] if len(self.bonus) == 1 else None,
        }


def every_day(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


@cache
def _tops(size: int) -> list[int]:
    return [comb(top, size) for top in range(size - 1, 300)]


def unrank(rank: int, picked: int) -> Numbers:
    """The subset with this rank in colexicographic order."""
    numbers = []
    for size in range(picked, 0, -1):
        tops = _tops(size)
        at = bisect_right(tops, rank) - 1
        rank -= tops[at]
        numbers.append(at + size)
    return tuple(reversed(numbers))


def make(game: Lottery, day: date, number: int) -> Made:
    message = f"{game.game_id}|{day.isoformat()}|{number}"
    digest = hashlib.sha256(message.encode("ascii")).hexdigest()
    rank = int(digest[:32], 16) % game.outcomes
    main_rank, bonus_rank = divmod(rank, game.bonus_outcomes)
    main = unrank(main_rank, game.main[0])
    bonus = unrank(bonus_rank, game.bonus[0]) if game.bonus else ()
    if game.rest:
        left = [ball for ball in range(1, game.main[1] + 1) if ball not in main]
        bonus = tuple(left[index - 1] for index in bonus)
    return Made(game.game_id, number, day, message, digest, rank, main, bonus)


def make_all(game: Lottery, epoch: date, pace: int, last: int, first: int = 1) -> list[Made]:
    days = {day: game.draw_date(epoch, pace, day * pace + 1) for day in range((last - 1) // pace + 1)}
    return [make(game, days[(number - 1) // pace], number) for number in range(first, last + 1)]


def levels(game: Lottery) -> list[Level]:
    """Every match level, main matches first."""
    bonus = game.bonus[0] if game.bonus else 0
    return [(m, b) for m in range(game.main[0] + 1) for b in range(bonus + 1)]


def level_of(one: Ticket, other: Ticket) -> Level:
    return len({*one[0]} & {*other[0]}), len({*one[1]} & {*other[1]})


def level_counts(draws: Iterable[Made], ticket: Ticket) -> Counter[Level]:
    return Counter(level_of(draw.ticket, ticket) for draw in draws)


def level_probability(game: Lottery, level: Level) -> Fraction:
    """The chance that a draw falls on this level with a ticket, by counting."""
    (k, n), (m, b) = game.main, level
    hit = Fraction(comb(k, m) * comb(n - k, k - m), comb(n, k))
    if game.bonus is None:
        return hit
    if game.rest:
        both = Fraction(comb(k, m) * comb(n - k - 1, k - m), comb(n, k)) / (n - k)
        return both if b else hit - both
    picked, size = game.bonus
    return hit * Fraction(comb(picked, b) * comb(size - picked, picked - b), comb(size, picked))


def drums(game: Lottery) -> dict[str, tuple[int, int]]:
    """(picked, size) of each drum whose frequencies are shown."""
    return {"main": game.main, **({"bonus": game.bonus} if game.bonus else {})}


def number_counts(numbers: Iterable[Sequence[int]]) -> Counter[int]:
    return Counter(ball for drawn in numbers for ball in drawn)


def z_score(count: int, draws: int, picked: int, size: int) -> float:
    p = picked / size
    return (count - draws * p) / math.sqrt(draws * p * (1 - p))


def statistic(counts: Counter[int], draws: int, picked: int, size: int) -> float:
    expected = Fraction(draws * picked, size)
    squares = sum((counts[ball] - expected) ** 2 for ball in range(1, size + 1)) / expected
    return float(squares * (size - 1) / (size - picked))


def chi_square_tail(statistic_: float, degrees: int) -> float:
    """P(X > statistic) by the series of the lower incomplete gamma function."""
    a, x = degrees / 2, statistic_ / 2
    if x <= 0:
        return 1.0
    term = total = 1 / a
    n = a
    while abs(term) > abs(total) * 1e-16:
        n += 1
        term *= x / n
        total += term
    return max(0.0, 1 - total * math.exp(-x + a * math.log(x) - math.lgamma(a)))


def read_normalised(path: Path) -> dict[date, Ticket]:
    """The real results of a file ``draw_date,main,bonus``."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            date.fromisoformat(row["draw_date"]): (
                tuple(int(ball) for ball in row["main"].split()),
                tuple(int(ball) for ball in row["bonus"].split()),
            )
            for row in csv.DictReader(file)
        }
