"""Everything counted once more, by brute force and the standard library alone: what answers are held against."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import combinations
from math import comb

import attrs

from universe.game import Game, RestOfDrum


@attrs.frozen
class OracleDraw:
    """One draw, made number by number."""

    number: int
    draw_date: date
    rank: int
    main: tuple[int, ...]
    bonus: tuple[int, ...]


def outcomes_of(game: Game) -> tuple[int, int]:
    """Main and bonus outcomes."""
    left = 0 if game.bonus is None else game.main.size - game.main.picked
    size = left if isinstance(game.bonus, RestOfDrum) else game.bonus_size
    return comb(game.main.size, game.main.picked), comb(size, game.bonus_picked)


def subset(rank: int, picked: int) -> tuple[int, ...]:
    numbers = []
    for size in range(picked, 0, -1):
        top = size - 1
        while comb(top + 1, size) <= rank:
            top += 1
        rank -= comb(top, size)
        numbers.append(top + 1)
    return tuple(sorted(numbers))


def scheduled(game: Game, day: date) -> bool:
    if day in {move.held for move in game.moved}:
        return True
    in_force = [period for period in game.schedule if period.start <= day]
    names = in_force[-1].days if in_force else ()
    return f"{day:%a}" in names and day not in {move.scheduled for move in game.moved}


def oracle_draws(game: Game, epoch: date, draws_per_day: int, last: int, first: int = 1) -> list[OracleDraw]:
    """Draws ``first`` to ``last`` by the rule as DESIGN says it."""
    made: list[OracleDraw] = []
    dates: dict[int, date] = {}
    mains, bonuses = outcomes_of(game)
    for number in range(first, last + 1):
        logical = (number - 1) // draws_per_day
        if logical not in dates:
            day = epoch + timedelta(days=logical)
            while not scheduled(game, day):
                day += timedelta(days=1)
            dates[logical] = day
        message = f"{game.game_id}|{dates[logical].isoformat()}|{number}".encode("ascii")
        rank = int.from_bytes(hashlib.sha256(message).digest()[:16], "big") % (mains * bonuses)
        main_rank, bonus_rank = divmod(rank, bonuses)
        main, bonus = subset(main_rank, game.main.picked), subset(bonus_rank, game.bonus_picked)
        if isinstance(game.bonus, RestOfDrum):
            left = [n for n in range(1, game.main.size + 1) if n not in main]
            bonus = tuple(left[index - 1] for index in bonus)
        made.append(OracleDraw(number, dates[logical], rank, main, bonus))
    return made


def number_counts(draws: Iterable[OracleDraw]) -> tuple[Counter[int], Counter[int]]:
    main: Counter[int] = Counter()
    bonus: Counter[int] = Counter()
    for draw in draws:
        main.update(draw.main)
        bonus.update(draw.bonus)
    return main, bonus


def level(draw: OracleDraw, main: Sequence[int], bonus: Sequence[int]) -> tuple[int, int]:
    return len(set(draw.main) & set(main)), len(set(draw.bonus) & set(bonus))


def level_counts(draws: Iterable[OracleDraw], main: Sequence[int], bonus: Sequence[int]) -> Counter[tuple[int, int]]:
    return Counter(level(draw, main, bonus) for draw in draws)


def all_outcomes(game: Game) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Every outcome of a small game, in no particular order."""
    outcomes: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    for main in combinations(range(1, game.main.size + 1), game.main.picked):
        if isinstance(game.bonus, RestOfDrum):
            drum = [n for n in range(1, game.main.size + 1) if n not in main]
        else:
            drum = list(range(1, game.bonus_size + 1))
        outcomes.extend((main, bonus) for bonus in combinations(drum, game.bonus_picked))
    return outcomes
