"""A whole file, or several pages of one feed, for one game: what each row is, and what rows say of each other."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from datetime import date

import attrs

from universe.game import Game
from universe.results.document import document_from, require_rows
from universe.results.formats import read_table
from universe.results.judging import Judged, judge
from universe.results.result import FormatError, Invalid, Reading
from universe.results.rows import Row
from universe.results.running import out_of_order

LINES_LISTED_MAX = 5


def read_results(game: Game, data: bytes | str, *, format_name: str | None = None, today: date) -> Reading:
    """Read one file. Bad rows are listed in the reading; FormatError only if the whole is of another kind."""
    return read_pages(game, [data], format_name=format_name, today=today)


def read_pages(game: Game, pages: Sequence[bytes | str], *, format_name: str | None = None, today: date) -> Reading:
    """Read the pages of one feed as one file; lines and records go on counting. All pages are of one format."""
    name, rows = _rows_of(pages, format_name)
    since = [row for row in rows if isinstance(row.draw_date, str) or row.draw_date >= game.since]
    judged = [judge(game, row, today=today) for row in since if not row.extra_draw]
    judged = _judge_draw_numbers(_judge_dates(judged))
    taken = [one for one in judged if not one.faults]
    results = {one.result.draw_date: one.result for one in taken if one.result is not None}
    return Reading(
        format_name=name,
        rows=len(rows),
        results=tuple(results[day] for day in sorted(results)),
        duplicates=len(taken) - len(results),
        before_matrix=len(rows) - len(since),
        extra_draws=len(since) - len(judged),
        invalid=tuple(
            Invalid(line=one.row.line, reason="; ".join(one.faults), placeholder=one.placeholder)
            for one in judged
            if one.faults
        ),
    )


def _rows_of(pages: Sequence[bytes | str], format_name: str | None) -> tuple[str | None, list[Row]]:
    rows: list[Row] = []
    length = 0
    for number, page in enumerate(pages, start=1):
        try:
            format_name, table = read_table(document_from(page), format_name)
        except FormatError as error:
            raise (FormatError(f"page {number}: {error}") if len(pages) > 1 else error) from error
        rows += [attrs.evolve(row, line=row.line + length) for row in table.rows] if length else table.rows
        length += table.length
        require_rows(length)
    return format_name, rows


def _judge_dates(judged: Sequence[Judged]) -> list[Judged]:
    """Refuse every row of a date for which the rows differ. Placeholders say nothing that could differ."""
    by_date = defaultdict(list)
    for one in judged:
        if one.draw_date and not one.placeholder:
            by_date[one.draw_date].append(one)
    differing = {day: rows for day, rows in by_date.items() if len({_numbers(one) for one in rows}) > 1}
    return [
        _with_fault(one, f"lines {_listed(rows)} give different numbers for {one.draw_date}")
        if one.draw_date and not one.placeholder and (rows := differing.get(one.draw_date))
        else one
        for one in judged
    ]


def _judge_draw_numbers(judged: Sequence[Judged]) -> list[Judged]:
    """Refuse the rows, otherwise fine, whose running number does not rise with the dates."""
    pairs = {pair for one in judged if (pair := _running_pair(one))}
    wrong = out_of_order(pairs)
    right = sorted(pairs - wrong)
    return [
        _with_fault(one, _order_fault(pair, right)) if (pair := _running_pair(one)) in wrong and pair else one
        for one in judged
    ]


def _running_pair(one: Judged) -> tuple[date, int] | None:
    return (one.draw_date, one.draw_number) if one.draw_date and one.draw_number and not one.faults else None


def _order_fault(pair: tuple[date, int], right: Sequence[tuple[date, int]]) -> str:
    place = bisect_left(right, pair)
    neighbours = [f"{day} has {number}" for day, number in right[max(0, place - 1) : place + 1]]
    told = " and ".join(neighbours) or "no other row tells which"
    return f"draw number {pair[1]} does not rise with the dates: {told}"


def _with_fault(one: Judged, fault: str) -> Judged:
    return attrs.evolve(one, faults=(*one.faults, fault))


def _numbers(one: Judged) -> object:
    """Return what makes two rows of one date the same: their numbers, as text where they are no result."""
    return one.result or (one.row.main, one.row.bonus)


def _listed(rows: Sequence[Judged]) -> str:
    lines = ", ".join(str(one.row.line) for one in rows[:LINES_LISTED_MAX])
    return lines if len(rows) <= LINES_LISTED_MAX else f"{lines}, …"
