"""Numbers, dates and games as people read them."""

from datetime import date, datetime
from math import floor, isfinite, log10

from universe.game import Game, RestOfDrum

THIN = "\N{NARROW NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"
NONE = "\N{EN DASH}"
WHOLE_MAX = 10**15  # a larger number is told by its power of ten


def count(number: float) -> str:
    """Return a whole number with its thousands apart."""
    return f"{round(number):,}".replace("-", MINUS)


def figure(number: float | None, digits: int = 3) -> str:
    """Return a number to so many significant digits, without an exponent where people would not write one."""
    if number is None or not isfinite(number):
        return NONE
    if number == int(number) and abs(number) < WHOLE_MAX:
        return count(number)
    size = floor(log10(abs(number)))
    if not -5 < size < 15:
        mantissa = number / 10.0**size
        return f"{mantissa:.{digits - 1}f} {TIMES} 10{_superscript(size)}".replace("-", MINUS)
    return f"{number:,.{max(0, digits - 1 - size)}f}".replace("-", MINUS)


def fixed(number: float) -> str:
    """Return a number to three decimals, so that a column of them can be compared."""
    return f"{number:,.3f}".replace("-", MINUS)


def signed(number: float, digits: int = 2) -> str:
    """Return a number with its sign, to so many decimals."""
    return f"{number:+,.{digits}f}".replace("-", MINUS)


def percent(share: float | None, digits: int = 2) -> str:
    """Return a share of 1 as per cent."""
    return NONE if share is None or not isfinite(share) else f"{figure(100 * share, digits)}{THIN}%"


def axis_percent(share: float) -> str:
    """Return a deviation as an axis has it: signed per cent, no more digits than it has."""
    return f"{100 * share:+.6g}{THIN}%".replace("-", MINUS) if abs(share) > 1e-9 else f"0{THIN}%"


def probability(value: float | None, floor_: float | None = None) -> str:
    """Return a p-value; one at its floor as "at most"."""
    if value is None or not isfinite(value):
        return NONE
    if floor_ is not None and value <= floor_:
        return f"≤ {figure(floor_, 2)}"
    return figure(value, 2) if value < 0.1 else f"{value:.2f}"


def power_of_ten(exponent: float) -> str:
    """Return 10 to a power as people read it: a plain number where it is short, else a power."""
    if -3 < exponent < 5:
        return figure(10.0**exponent, 3)
    return f"10{_superscript(round(exponent))}"


def _superscript(number: int) -> str:
    return str(number).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def of_many(p_value: float) -> str:
    """Return a p-value as a natural frequency: about 16 of 100."""
    many = 100
    while p_value * many < 1.95 and many < 1_000_000:
        many *= 10
    return f"about {count(p_value * many)} of {count(many)}"


def day(when: date) -> str:
    """Return a date as it is written in a sentence."""
    return f"{when.day} {when:%B %Y}"


def moment(when: datetime) -> str:
    """Return a time to the minute, UTC."""
    return f"{when.day} {when:%B %Y, %H:%M} UTC"


def pools(game: Game) -> str:
    """Return what is drawn: 5 of 47, and 1 of 27."""
    main = f"{game.main.picked} of {game.main.size}"
    match game.bonus:
        case None:
            return main
        case RestOfDrum(picked=picked):
            return f"{main}, and {picked} of the rest"
        case bonus:
            return f"{main}, and {bonus.picked} of {bonus.size}"


def listed(items: list[str]) -> str:
    """Return a list as a sentence has it."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def short(number: float) -> str:
    """Return a large number as an axis has room for: 20M, 500k."""
    for unit, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= unit:
            return f"{number / unit:g}{sign}"
    return f"{number:g}"
