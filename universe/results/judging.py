"""One row held against a game: its result, and every reason why it cannot be taken."""

import re
from collections.abc import Sequence
from datetime import date

import attrs

from universe.calendar import require_draw_date
from universe.errors import DrawError
from universe.game import Game
from universe.results.result import RealResult
from universe.results.rows import Row, shown

WHOLE_DIGITS_MAX = 18  # longer ones are no draw number, and slow to convert
_STILL_TO_COME = re.compile(r"0*|-+|tb[ad]", re.IGNORECASE)


@attrs.frozen(kw_only=True)
class Judged:
    """A row with what was found. The result is there whenever date and numbers are, even if the row is refused."""

    row: Row
    draw_date: date | None
    result: RealResult | None
    draw_number: int | None
    placeholder: bool
    faults: tuple[str, ...]


def judge(game: Game, row: Row, *, today: date) -> Judged:
    """Check everything that one row shows by itself: it was taken apart, its date, its numbers, its draw number."""
    draw_date = row.draw_date if isinstance(row.draw_date, date) else None
    main, bonus = divide(game, row)
    readable = draw_date is not None and not row.fault
    placeholder = readable and all(_STILL_TO_COME.fullmatch(text) for text in main + bonus)
    number_faults = [_placeholder_fault(main + bonus)] if placeholder else _number_faults(game, row, main, bonus)
    return Judged(
        row=row,
        draw_date=draw_date,
        result=_result(draw_date, main, bonus) if draw_date and not number_faults else None,
        draw_number=whole(row.draw_number),
        placeholder=placeholder,
        faults=(*_date_faults(game, row.draw_date, today), *number_faults, *_draw_number_faults(row.draw_number)),
    )


def divide(game: Game, row: Row) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return main and bonus numbers. Where the publisher labels none, the main numbers come first."""
    if row.bonus is not None:
        return row.main, row.bonus
    numbers = row.main
    if row.multiplier_may_follow and game.bonus_picked and len(numbers) == game.picks + 1:
        numbers = numbers[:-1]  # games without a bonus have no multiplier either
    return numbers[: game.main.picked], numbers[game.main.picked :]


def whole(text: str) -> int | None:
    """Return a whole number written in plain digits, None for anything else: signs, points, digits of other scripts."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= WHOLE_DIGITS_MAX else None


def _date_faults(game: Game, draw_date: date | str, today: date) -> list[str]:
    if isinstance(draw_date, str):
        return [draw_date]
    faults = [f"{draw_date} lies in the future: today is {today}"] if draw_date > today else []
    try:
        require_draw_date(game, draw_date)
    except DrawError as error:
        faults.append(str(error))
    return faults


def _draw_number_faults(draw_number: str) -> list[str]:
    return [f"draw number {shown(draw_number)} is not 1, 2, 3, …"] if draw_number and not whole(draw_number) else []


def _placeholder_fault(texts: Sequence[str]) -> str:
    return f"placeholder: the numbers are still to come ({shown(' '.join(texts))})"


def _number_faults(game: Game, row: Row, main: Sequence[str], bonus: Sequence[str]) -> list[str]:
    """Return one kind of fault only: values are not worth a word while their count is wrong."""
    if row.fault:
        return [row.fault]
    return _count_faults(game, row, main, bonus) or _value_faults(game, main, bonus)


def _count_faults(game: Game, row: Row, main: Sequence[str], bonus: Sequence[str]) -> list[str]:
    if row.bonus is None:
        wanted = f"{game.main.picked} main and {game.bonus_picked} bonus"
        given = len(main) + len(bonus)
        return [] if given == game.picks else [f"{given} numbers, not {game.picks} ({wanted})"]
    return [
        f"{len(texts)} {kind} numbers, not {picked}"
        for kind, texts, picked in (("main", main, game.main.picked), ("bonus", bonus, game.bonus_picked))
        if len(texts) != picked
    ]


def _value_faults(game: Game, main: Sequence[str], bonus: Sequence[str]) -> list[str]:
    main_faults = _pool_faults("main", main, game.main.size)
    bonus_faults = _pool_faults("bonus", bonus, game.bonus_size)
    if game.bonus_from_rest and not main_faults and not bonus_faults:
        both = sorted({int(text) for text in main} & {int(text) for text in bonus})
        bonus_faults = [f"bonus number {number} is a main number too, it comes from the rest" for number in both]
    return main_faults + bonus_faults


def _pool_faults(kind: str, texts: Sequence[str], size: int) -> list[str]:
    values = [whole(text) for text in texts]
    faults = [
        f"{kind} number {shown(text)} is not a whole number from 1 to {size}"
        for text, value in zip(texts, values, strict=True)
        if value is None or not 1 <= value <= size
    ]
    twice = sorted({value for value in values if value is not None and values.count(value) > 1})
    return faults + [f"{kind} number {value} is there twice" for value in twice]


def _result(draw_date: date, main: Sequence[str], bonus: Sequence[str]) -> RealResult:
    return RealResult(
        draw_date=draw_date,
        main_numbers=tuple(sorted(int(text) for text in main)),
        bonus_numbers=tuple(sorted(int(text) for text in bonus)),
    )
