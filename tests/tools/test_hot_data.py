"""Every tool answers from hot data alone: by what SQLite says it will read, and with the raw draws gone.

Light answers search by key. Heavy ones may take long, beside the event loop, so they may read what they are about from
end to end: all real results, the evidence after each step, all measured histories, and once a fold the occurrence
index, to count the outcomes in it. That is bounded by results, days, histories and outcomes; the raw draws are not, and
no answer reads those.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from itertools import islice
from typing import Any

import apsw
import attrs
import pytest

from actors.historian import measure_histories
from actors.prover import PROVER
from storage.connection import open_writer
from storage.reader import Reader
from storage.store import SqliteStore
from tests.storage.universes import draw_to, keep, new_store, trail
from tools.server import QUESTIONS
from tools.source import Role
from universe.calendar import draw_dates
from universe.catalogue import shipped_games
from universe.ranking import unrank
from universe.results.result import RealResult
from universe.vitals import GameVitals

GAME = shipped_games()["GAME_001"]
DRAWS = 120_000  # past a fold, with a tail
RESULTS = 100
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("get_universe_status", {}),
    ("get_latest_draws", {"limit": 100}),
    ("get_latest_draws", {"limit": 100, "source": "real"}),
    ("get_frequency_stats", {}),
    ("get_frequency_stats", {"window": "2000-06-10..2000-07-01"}),
    ("get_frequency_stats", {"window": "last_7_days"}),
    ("generate_numbers", {"mode": "frequency_weighted", "count": 5, "seed": 1}),
    ("check_numbers_occurrence", {"main_numbers": [3, 14, 15, 26, 35], "bonus_number": 9}),
    ("get_match_events", {"min_match_level": 4, "limit": 100}),
    ("get_match_events", {"draw_date": "2000-06-07"}),
    ("verify_draw", {"draw_number": 77}),
    ("get_real_results", {"from": "2000-06-07", "to": "2000-07-01"}),
    ("get_draw_date_summary", {"draw_date": "2000-06-10"}),
    ("get_frequency_stats", {"as_of": "2000-06-10"}),
    ("analyze_fairness", {}),
    ("analyze_fairness", {"scope": "synthetic"}),
    ("get_null_distribution", {"statistic": "numbers"}),
    ("backtest_strategy", {"strategy": "hot"}),
    ("backtest_strategy", {"strategy": "weighted", "source": "synthetic", "draws": 1_000, "tickets": 1}),
    ("get_audit_proof", {"draw_number": 77, "from_size": 3}),
)
SCANNED = {"game", "universe"}  # a row a game, and one row
LONG = {"evidence", "null_histories"}  # what grows with days and histories: heavy answers alone may read it


@attrs.frozen
class Here:
    """The least that a question needs to know of its process."""

    role: Role = "leader"

    def vitals(self, game_id: str) -> GameVitals:
        return GameVitals(simulating=bool(game_id))

    def today(self) -> date:
        return date(2026, 11, 21)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    with new_store(tmp_path_factory.mktemp("universe"), GAME, 2_000) as made:
        days = islice(draw_dates(GAME, date(2000, 6, 7), date.max), RESULTS)
        numbers = [unrank(GAME, 1_000_003 * at % GAME.outcomes) for at in range(1, RESULTS + 1)]
        keep(
            made,
            GAME,
            [RealResult(draw_date=d, main_numbers=m, bonus_numbers=b) for d, (m, b) in zip(days, numbers, strict=True)],
        )
        draw_to(made, GAME, 110_000, batch=60_000)
        draw_to(made, GAME, DRAWS)
        trail(made, GAME, PROVER)
        (few,) = made.pending_histories(GAME.game_id, 3 * RESULTS)
        made.commit(measure_histories([few]))
        yield made


def answers(reader: Reader, *, heavy: bool = True, light: bool = True) -> list[Any]:
    by_name = {question.name: question for question in QUESTIONS}
    found = []
    for name, arguments in CALLS:
        question = by_name[name]
        if heavy if question.heavy else light:
            with reader.snapshot() as snapshot:
                found.append(question.ask(snapshot, question.arguments.model_validate(arguments), Here()))
    return found


def statements_of(reader: Reader, *, heavy: bool) -> set[str]:
    """Every SELECT that the heavy answers execute, or the others."""
    statements = set[str]()

    def note(_: apsw.Cursor, sql: str, __: object) -> bool:
        statements.add(sql)
        return True

    reader._db.exec_trace = note
    assert len(answers(reader, heavy=heavy, light=not heavy)) >= 6
    reader._db.exec_trace = None
    return {sql for sql in statements if sql.startswith("SELECT")}


def test_every_tool_is_called() -> None:
    assert {name for name, _ in CALLS} == {question.name for question in QUESTIONS}


def plan_of(reader: Reader, sql: str) -> list[str]:
    return [str(row[3]) for row in reader._db.execute(f"EXPLAIN QUERY PLAN {sql}", (None,) * sql.count("?"))]


@pytest.mark.parametrize("heavy", [False, True], ids=["light", "heavy"])
def test_no_statement_of_a_tool_scans_or_touches_raw_draws(store: SqliteStore, heavy: bool) -> None:
    """SQLite's own plan of every statement that the answers execute: searches by key, and no raw segment."""
    with closing(Reader.open(store.location, "test")) as reader:
        selects = statements_of(reader, heavy=heavy)
        assert len(selects) >= 10
        for sql in selects:
            plan = plan_of(reader, sql)
            assert plan or " FROM " not in sql
            assert not any("raw_segment" in step for step in plan), sql
            scanned = {step.split()[1] for step in plan if step.startswith("SCAN") and "CONSTANT ROW" not in step}
            assert scanned <= SCANNED, (sql, plan)
            assert heavy or not any(table in step for step in plan for table in LONG), sql


def test_answers_stay_the_same_with_the_raw_draws_deleted(store: SqliteStore) -> None:
    reader = Reader.open(store.location, "test")
    before = answers(reader)
    reader.close()
    db = open_writer(store.location)
    assert db.execute("SELECT count(*) FROM raw_segment").get >= 2
    db.execute("DROP TABLE raw_segment")
    db.close()
    reader = Reader.open(store.location, "test")
    assert answers(reader) == before
    reader.close()
