"""Bytes that were sound, made hostile: each mutation is small, and several of them come together."""

import re
from collections.abc import Callable, Sequence
from random import Random

BYTES_MAX = 2**16
STRETCHED_BYTES_MAX = 2**15
MUTATIONS_MAX = 8

EDGES = (0, -1, 1, 255, 256, 2**31 - 1, 2**31, 2**32, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64, 10**400)
NUMBER_WORDS = (
    *map(str, EDGES),
    *("00", "+1", "-0", "1.0", "1e5", "1e400", "0x1F", "1_000", "NaN", "inf", "-Infinity", "9" * 5_000),
    "0x" + "f" * 5_000,  # the one way to write a number that Python reads and will not write again
)
DATE_WORDS = (
    *("0000-00-00", "0001-01-01", "1900-02-29", "2024-02-29", "2024-02-30", "9998-12-31", "9999-12-31", "10000-01-01"),
    *("2/29/2024", "31-Feb-2024", "31/12/99", "2024-W01-1", "20240229", "24:00", "23:59:60"),
)
CHARACTERS = (
    *("\0", "\x1b[31m", "\x7f", "\x85", "\xa0", "\xad", "\u0301", "\u200b", "\u200e", "\u202e", "\u2028", "\u2029"),
    *("\u3000", "\ud800", "\udfff", "\ufeff", "\ufffd", "\uff11\uff12", "\u0661\u0662", "\u0130", "\xdf", "\U0010ffff"),
)
MARKS = (
    *"\"',;[]{}=#|&\\\t\n\r ",
    *('""', '"""', ",,,,", "[[", "\\u0000", "\\ud800", "..", "../", "%00", "null", "true", "\r\n", "\n\n"),
)
WORDS = (*NUMBER_WORDS, *DATE_WORDS, *CHARACTERS, *MARKS)
NUMBERS, DATES, UNITS, TOKENS = (
    tuple(word.encode("utf-8", "surrogatepass") for word in words)
    for words in (NUMBER_WORDS, DATE_WORDS, (*CHARACTERS, *MARKS, "x", "9", "1 ", "a="), WORDS)
)
ENCODINGS = ("utf-16", "utf-16-be", "utf-8-sig", "utf-32", "cp1252", "utf-7")
LINE_ENDS = (b"\n", b"\r\n", b"\r", b"\x0b", b"\xc2\x85", b"\xe2\x80\xa8")

_NUMBER = re.compile(rb"[0-9]+")


def mutated(dice: Random, sample: bytes, others: Sequence[bytes]) -> bytes:
    """Return a sample with one to a few things wrong; ``others`` are what it may be spliced with."""
    data = sample
    for _ in range(dice.choice((1, 1, 1, 2, 2, 3, MUTATIONS_MAX))):
        data = dice.choice(MUTATIONS)(dice, data, others)[:BYTES_MAX]
    return data


def _piece(dice: Random, data: bytes) -> slice:
    """Return a short piece, or now and then any."""
    start = dice.randint(0, len(data))
    return slice(start, start + dice.choice((1, 2, 8, 40, dice.randint(0, len(data)))))


def _replaced(data: bytes, piece: slice, by: bytes) -> bytes:
    return data[: piece.start] + by + data[piece.stop :]


def flip_bits(dice: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Flip one to eight bits."""
    flipped = bytearray(data or b"\0")
    for _flip in range(dice.randint(1, 8)):
        flipped[dice.randrange(len(flipped))] ^= 1 << dice.randrange(8)
    return bytes(flipped)


def delete(dice: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Leave a piece out."""
    return _replaced(data, _piece(dice, data), b"")


def cut_off(dice: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """End in the middle, as a broken download does."""
    return data[: dice.randint(0, len(data))]


def repeat(dice: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Write a piece several times."""
    piece = _piece(dice, data)
    return _replaced(data, piece, data[piece] * dice.choice((2, 3, 100)))


def stretch(dice: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Make a field very long, or nest very deeply."""
    unit = dice.choice(UNITS)
    return _replaced(data, _piece(dice, data), unit * dice.choice((100, 5_000, STRETCHED_BYTES_MAX // len(unit))))


def insert_token(dice: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Write something over a piece that means something to a parser."""
    return _replaced(data, _piece(dice, data), dice.choice(TOKENS))


def replace_number(dice: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Put another token in the place of a number."""
    found = list(_NUMBER.finditer(data))
    if not found:
        return data + dice.choice(NUMBERS)
    number = dice.choice(found)
    return _replaced(data, slice(*number.span()), dice.choice(TOKENS))


def splice(dice: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Put a piece of another sample in."""
    other = dice.choice(others)
    return _replaced(data, _piece(dice, data), other[_piece(dice, other)])


def move_lines(dice: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Shuffle the lines, or write the first one, which may be a header, between them."""
    lines = data.split(b"\n")
    if dice.random() < 0.5:
        dice.shuffle(lines)
    else:
        lines.insert(dice.randint(0, len(lines)), lines[0])
    return b"\n".join(lines)


def change_line_ends(dice: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """End lines by another mark each."""
    first, *others = data.split(b"\n")
    return first + b"".join(dice.choice(LINE_ENDS) + line for line in others)


def change_encoding(dice: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Write the text in another encoding."""
    return data.decode("utf-8", "replace").encode(dice.choice(ENCODINGS), "replace")


MUTATIONS: tuple[Callable[[Random, bytes, Sequence[bytes]], bytes], ...] = (
    flip_bits,
    delete,
    cut_off,
    repeat,
    stretch,
    insert_token,
    insert_token,
    replace_number,
    replace_number,
    splice,
    move_lines,
    change_line_ends,
    change_encoding,
)
