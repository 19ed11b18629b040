"""Evidence rows depend on draws and results alone, not on how they came; an alarm is raised once."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import evidence
from storage.connection import Location
from storage.differences import Difference
from storage.encoding import row_digest
from storage.interface import Alarm
from storage.registry import Milestone
from storage.store import SqliteStore
from storage.verify import verify_universe
from tests.storage.universes import draw_to, draw_unit, keep
from universe.calendar import LogicalClock
from universe.evidence import steps
from universe.game import Game, Period, Pool, RestOfDrum
from universe.ranking import unrank
from universe.results.result import RealResult
from universe.seed import ranks_of_draws
from universe.units import ResultsUnit

SINCE = date(2024, 1, 1)
DAILY = Period(start=SINCE, days=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))
ONE_BALL = Game(
    game_id="ONE_BALL", since=SINCE, main=Pool(picked=3, size=12), bonus=Pool(picked=1, size=4), schedule=(DAILY,)
)
OF_THE_REST = Game(
    game_id="OF_THE_REST", since=SINCE, main=Pool(picked=2, size=9), bonus=RestOfDrum(picked=2), schedule=(DAILY,)
)
PLAIN = Game(game_id="PLAIN", since=SINCE, main=Pool(picked=2, size=6), schedule=(DAILY,))
GAMES = (ONE_BALL, OF_THE_REST, PLAIN)
PACE, DAYS = 7, 40
DRAWS = PACE * DAYS + 3
LOW_ALARM_E = 1.02  # fair draws pass it and fall below it again and again
Row = tuple[str, int, int, float, float, bytes]


def clock_of(game: Game) -> LogicalClock:
    return LogicalClock(game=game, epoch=SINCE, draws_per_day=PACE)


def opened(location: Location, *games: Game) -> SqliteStore:
    store = SqliteStore.open(location, "test", create=True)
    for game in games:
        store.initialise(clock_of(game), Milestone())
    return store


def rows(store: SqliteStore) -> list[Row]:
    with store.reading() as db:
        columns = "stream, step, draws, main, bonus, digest"
        found: list[Any] = db.execute(f"SELECT {columns} FROM evidence ORDER BY game_key, stream, step").fetchall()
    return found


def drawn_in(store: SqliteStore, sizes: Sequence[int]) -> list[Alarm]:
    """Commit all draws of all games in batches of these sizes, game by game in turn; returns every alarm."""
    alarms: list[Alarm] = []
    for game in GAMES:
        first, wanted = 1, cycle(sizes)
        while first <= DRAWS:
            last = min(DRAWS, first + next(wanted) - 1)
            alarms += store.commit([draw_unit(clock_of(game), first, last)]).alarms
            first = last + 1
    return alarms


@pytest.fixture(scope="module")
def at_once() -> tuple[list[Row], list[Alarm]]:
    """What one commit a game gives."""
    with pytest.MonkeyPatch.context() as patched, opened(Location(None), *GAMES) as store:
        patched.setattr(steps, "ALARM_E", LOW_ALARM_E)
        alarms = drawn_in(store, [DRAWS])
        return rows(store), alarms


@given(sizes=st.lists(st.integers(1, 3 * PACE), min_size=1, max_size=6), piece=st.sampled_from([1, 2, 5, 4_096]))
@settings(max_examples=15)
def test_rows_are_equal_to_the_last_bit_whatever_the_commits_and_alarms_are_raised_once(
    at_once: tuple[list[Row], list[Alarm]], sizes: list[int], piece: int
) -> None:
    with pytest.MonkeyPatch.context() as patched, opened(Location(None), *GAMES) as store:
        patched.setattr(steps, "ALARM_E", LOW_ALARM_E)
        patched.setattr(evidence, "STEPS_MAX", piece)
        alarms = drawn_in(store, sizes)
        assert rows(store) == at_once[0]
    told = [(alarm.game_id, alarm.stream, alarm.drum, alarm.draws, alarm.log10_e) for alarm in alarms]
    assert told == [(alarm.game_id, alarm.stream, alarm.drum, alarm.draws, alarm.log10_e) for alarm in at_once[1]]
    assert len({alarm[:3] for alarm in told}) == len(told)


def test_the_low_line_is_passed_and_left_and_passed_again(at_once: tuple[list[Row], list[Alarm]]) -> None:
    """So that the property above says something of alarms."""
    line = np.log(LOW_ALARM_E)
    found = []
    for number, game in enumerate(GAMES):
        of_game = [row for row in at_once[0] if row[0] == "synthetic"][number * DAYS : (number + 1) * DAYS]
        for place, drum in ((3, "main"), (4, "bonus")):
            above = np.array([0.0, *(row[place] for row in of_game)]) >= line
            ups = np.flatnonzero(above[1:] & ~above[:-1])
            found.append((game.game_id, drum, len(ups), of_game[ups[0]][2] if len(ups) else None))
    assert max(ups for *_, ups, _ in found) >= 2
    passed = [(game_id, drum, draws) for game_id, drum, ups, draws in found if ups]
    assert [(alarm.game_id, alarm.drum, alarm.draws) for alarm in at_once[1]] == passed


def test_a_store_that_is_opened_again_goes_on_where_it_was(
    tmp_path: Path, at_once: tuple[list[Row], list[Alarm]]
) -> None:
    location = Location(tmp_path / "universe.db")
    opened(location, *GAMES).close()
    for last in (5, 23, 24, 150, DRAWS):
        with SqliteStore.open(location, "test") as store:
            for game in GAMES:
                draw_to(store, game, last, batch=11)
    with SqliteStore.open(location, "test") as store:
        assert rows(store) == at_once[0]


def made_up(game: Game, count: int) -> list[RealResult]:
    """Results of consecutive days, drawn fairly, so that any order of them is an order of fair draws."""
    ranks = ranks_of_draws(clock_of(game), 1, count).tolist()
    found = []
    for day, rank in enumerate(ranks):
        main, bonus = unrank(game, rank)
        found.append(RealResult(draw_date=SINCE + timedelta(days=day), main_numbers=main, bonus_numbers=bonus))
    return found


RESULTS = made_up(ONE_BALL, 60)


def keep_in(store: SqliteStore, results: Sequence[RealResult]) -> tuple[Alarm, ...]:
    unit = ResultsUnit(game_id=ONE_BALL.game_id, results=tuple(results), source="test")
    (stored,) = store.commit([unit]).results
    return stored.alarms


@given(order=st.permutations(range(len(RESULTS))), cuts=st.lists(st.integers(0, len(RESULTS)), max_size=8))
@settings(max_examples=15)
def test_evidence_of_results_follows_their_order_of_storing_whatever_the_commits(
    order: list[int], cuts: list[int]
) -> None:
    """A bet on a result is made before the result is known: what is stored later changes no row."""
    with opened(Location(None), ONE_BALL) as store:
        for first, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(RESULTS)], strict=True):
            before = rows(store)
            keep_in(store, [RESULTS[place] for place in order[first:end]])
            assert rows(store)[: len(before)] == before
        found = rows(store)
        with store.reading() as db:
            stored = [day for (day,) in db.execute("SELECT draw_date FROM real_result ORDER BY result")]
    by_date = {str(result.draw_date): result for result in RESULTS}
    with opened(Location(None), ONE_BALL) as store:
        for day in stored:
            keep_in(store, [by_date[day]])
        assert rows(store) == found
    assert [row[:3] for row in found] == [("real", step, step + 1) for step in range(len(RESULTS))]


@given(cuts=st.lists(st.integers(0, len(RESULTS)), max_size=8))
@settings(max_examples=15)
def test_alarms_of_results_in_their_order_are_raised_once(cuts: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(steps, "ALARM_E", LOW_ALARM_E)
        with opened(Location(None), ONE_BALL) as store:
            expected = keep_in(store, RESULTS)
        with opened(Location(None), ONE_BALL) as store:
            told: list[Alarm] = []
            for first, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(RESULTS)], strict=True):
                told += keep_in(store, RESULTS[first:end])
            told += keep_in(store, RESULTS)  # all there already
    assert expected
    assert sorted(told, key=str) == sorted(expected, key=str)


def test_evidence_of_one_game_is_untouched_by_anothers_results() -> None:
    with opened(Location(None), *GAMES) as store:
        draw_to(store, PLAIN, DRAWS)
        before = rows(store)
        keep_in(store, RESULTS)
        assert [row for row in rows(store) if row not in before] == [row for row in rows(store) if row[0] == "real"]


REAL, SYNTHETIC = "WHERE stream = 'real' AND step =", "WHERE stream = 'synthetic' AND step ="
HARM = (
    (f"UPDATE evidence SET bonus = bonus + 1 {REAL} 5", "real, step 5, digest"),
    (f"UPDATE evidence SET draws = draws + 1 {SYNTHETIC} 3", "synthetic, step 3, digest"),
    (f"DELETE FROM evidence {SYNTHETIC} 39", "synthetic, steps"),
    (f"DELETE FROM evidence {REAL} 0", "real, steps"),
    (f"UPDATE evidence SET step = 99 {REAL} 59", "real, step 99, digest"),
    (
        f"UPDATE evidence SET main = main + 1, digest = again(stream, step, draws, main + 1, bonus) {REAL} 4",
        "real, step 4, main",
    ),
    (
        f"UPDATE evidence SET step = 99, digest = again(stream, 99, draws, main, bonus) {SYNTHETIC} 39",
        "synthetic, step 39, main",
    ),
)


@pytest.mark.parametrize(("harm", "key"), HARM, ids=[harm[:60] for harm, _ in HARM])
def test_verify_names_the_row_of_evidence_that_is_not_what_follows(harm: str, key: str) -> None:
    """Also a row whose digest somebody made again: it does not follow from the draws."""
    with opened(Location(None), ONE_BALL) as store:
        draw_to(store, ONE_BALL, DRAWS)
        keep(store, ONE_BALL, RESULTS)
        with store.writing() as db:
            assert verify_universe(db, full=True).first_difference is None
            db.create_scalar_function("again", lambda *row: row_digest("evidence", ONE_BALL.game_id, *row))
            db.execute(harm)
            assert db.changes() == 1
            found = verify_universe(db, full=True).first_difference
    assert isinstance(found, Difference)
    assert (found.game_id, found.table) == (ONE_BALL.game_id, "evidence")
    assert found.key.startswith(key), found
