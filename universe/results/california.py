"""California's two formats: the text download with its columns of blanks, and the pages of the DrawGameApi.

The text has five header lines or none, and lists numbers as drawn, the bonus last. In the API a number is marked as
special if it is the bonus.
"""

from itertools import islice
from typing import Any

from universe.results.dates import ISO, NAMED_WEEKDAY
from universe.results.document import Document, json_of, require_rows, text_of
from universe.results.result import FormatError
from universe.results.rows import Row, Table

_HEADER_STARTS = ("Download", "Draw #", "-----")
_LINES_LOOKED_AT = 50
_DATE_WORDS = slice(1, 5)  # "Wed." "Dec" "05," "2018", after the draw number


def is_calottery_text(document: Document) -> bool:
    """Whether a line among the first has a draw number and a date with its weekday, or the header's title is there."""
    return any(
        line.lstrip().startswith("Draw #") or NAMED_WEEKDAY.matches(_date_text(line.split(maxsplit=5)))
        for _, line in islice(document.filled_lines(), _LINES_LOOKED_AT)
    )


def read_calottery_text(document: Document) -> Table:
    """Read every line that is not of the header."""
    rows = tuple(
        _text_row(number, line.split())
        for number, line in document.filled_lines()
        if not line.lstrip().startswith(_HEADER_STARTS)
    )
    return Table(rows=rows, length=len(document.lines))


def _text_row(line: int, words: list[str]) -> Row:
    return Row(
        line=line,
        draw_number=words[0],
        draw_date=NAMED_WEEKDAY.read(_date_text(words)),
        main=tuple(words[_DATE_WORDS.stop :]),
    )


def _date_text(words: list[str]) -> str:
    return " ".join(words[_DATE_WORDS])


def is_calottery_api(document: Document) -> bool:
    """Whether this is one JSON object with a list of previous draws."""
    return document.text.lstrip().startswith("{") and '"PreviousDraws"' in document.text


def read_calottery_api(document: Document) -> Table:
    """Read the previous draws of a page; the most recent draw, named once more, is among them."""
    page = json_of(document)
    draws = page.get("PreviousDraws") if isinstance(page, dict) else None
    if draws is not None and not isinstance(draws, list):
        raise FormatError("PreviousDraws is not a JSON list")
    require_rows(len(draws or ()))
    rows = tuple(_api_row(line, draw) for line, draw in enumerate(draws or (), start=1))
    return Table(rows=rows, length=len(rows))


def _api_row(line: int, draw: Any) -> Row:
    if not isinstance(draw, dict):
        return Row(line=line, draw_date="the date is missing", fault="not a JSON object")
    balls = draw.get("WinningNumbers") or {}
    if not isinstance(balls, dict) or not all(isinstance(ball, dict) for ball in balls.values()):
        balls, fault = {}, "WinningNumbers is not a JSON object of numbers"
    else:
        fault = ""
    return Row(
        line=line,
        draw_date=ISO.read(text_of(draw.get("DrawDate"))),
        draw_number=text_of(draw.get("DrawNumber")),
        main=tuple(text_of(ball.get("Number")) for ball in balls.values() if ball.get("IsSpecial") is not True),
        bonus=tuple(text_of(ball.get("Number")) for ball in balls.values() if ball.get("IsSpecial") is True),
        fault=fault,
    )
