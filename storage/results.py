"""Real results: kept for ever once stored. A contradiction is remembered as a conflict, never as a change."""

from collections.abc import Sequence
from datetime import date

import apsw
import attrs

from storage.encoding import now_text, numbers_text, result_from_row, row_digest
from storage.evidence import keep_result_steps
from storage.interface import Conflict, StoredResults
from storage.registry import game_id_of, game_key, require_game_key, stored_game
from storage.views import StoredResult
from universe.calendar import draw_dates
from universe.results.result import RealResult
from universe.units import ResultsUnit


def classify_results(db: apsw.Connection, game_id: str, results: Sequence[RealResult]) -> StoredResults:
    """Return what storing these results would do: which are new, which are there, which contradict."""
    key = game_key(db, game_id)
    inserted, conflicts, present = [], [], 0
    for offered in results:
        stored = None if key is None else result_of_date(db, key, offered.draw_date)
        if stored is None:
            inserted.append(offered)
        elif stored.result == offered:
            present += 1
        else:
            conflicts.append(Conflict(draw_date=offered.draw_date, stored=stored.result, offered=offered))
    return StoredResults(game_id=game_id, inserted=tuple(inserted), already_present=present, conflicts=tuple(conflicts))


def keep_results(db: apsw.Connection, unit: ResultsUnit) -> StoredResults:
    """Insert what is new and remember what contradicts; runs inside the caller's transaction."""
    outcome = classify_results(db, unit.game_id, unit.results)
    key = require_game_key(db, unit.game_id)
    for result in sorted(outcome.inserted, key=lambda result: result.draw_date):  # logs and evidence go by the order
        row = _row(result, unit.source)
        db.execute(
            "INSERT INTO real_result (game_key, draw_date, main, bonus, source, stored_at, digest)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (key, *row, row_digest("real_result", unit.game_id, *row)),
        )
    keep_conflicts(db, key, outcome.conflicts, unit.source)
    if not outcome.inserted:
        return outcome
    return attrs.evolve(outcome, alarms=keep_result_steps(db, key, stored_game(db, key)))


def keep_conflicts(db: apsw.Connection, key: int, conflicts: Sequence[Conflict], source: str) -> None:
    """Remember each distinct (date, offered) once; runs inside the caller's transaction."""
    game_id = game_id_of(db, key)
    for conflict in conflicts:
        row = _row(conflict.offered, source)
        digest = row_digest("conflict", game_id, *row)
        db.execute("INSERT OR IGNORE INTO conflict VALUES (?, ?, ?, ?, ?, ?, ?)", (key, *row, digest))


def conflicts_of(db: apsw.Connection, key: int) -> list[tuple[RealResult, str]]:
    """Return what was offered for dates that have another value stored, by date, each with its source."""
    rows = db.execute(
        "SELECT draw_date, main, bonus, source FROM conflict WHERE game_key = ? ORDER BY draw_date", (key,)
    )
    return [(result_from_row(day, main, bonus), source) for day, main, bonus, source in rows]


def _row(result: RealResult, source: str) -> tuple[str, str, str, str, str]:
    """Return a result as it is kept from now on."""
    main, bonus = numbers_text(result.main_numbers), numbers_text(result.bonus_numbers)
    return result.draw_date.isoformat(), main, bonus, source, now_text()


def result_of_date(db: apsw.Connection, key: int, draw_date: date) -> StoredResult | None:
    """Return the stored result of a date, if any."""
    row = db.execute(
        "SELECT draw_date, main, bonus, source FROM real_result WHERE game_key = ? AND draw_date = ?",
        (key, draw_date.isoformat()),
    ).get
    return None if row is None else StoredResult(result=result_from_row(*row[:3]), source=row[3])


def results_between(db: apsw.Connection, key: int, first: date, last: date) -> list[RealResult]:
    """Return the stored results of a range of dates, ascending, ends included."""
    rows = db.execute(
        "SELECT draw_date, main, bonus FROM real_result WHERE game_key = ? AND draw_date BETWEEN ? AND ?"
        " ORDER BY draw_date",
        (key, first.isoformat(), last.isoformat()),
    )
    return [result_from_row(*row) for row in rows]


def missing_dates(db: apsw.Connection, key: int, first: date, last: date) -> tuple[date, ...]:
    """Return the draw dates of a range that have no stored result, ascending."""
    known = {result.draw_date for result in results_between(db, key, first, last)}
    return tuple(day for day in draw_dates(stored_game(db, key), first, last) if day not in known)
