"""The null of real results: its frame, how it is measured piece by piece, and when it is measured anew."""

import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.historian import HISTORIAN, measure_histories
from storage import fairness
from storage.connection import Location
from storage.differences import Difference
from storage.encoding import row_digest
from storage.fairness import StoredNull, stored_null
from storage.interface import PendingHistories
from storage.registry import Milestone
from storage.store import SqliteStore
from storage.verify import verify_universe
from tests.storage.universes import draw_to, keep, new_store, reading, trail
from universe.calendar import LogicalClock
from universe.compiled import plain_only
from universe.fairness.battery import Measurements, measure
from universe.fairness.history import history_of, history_of_draws
from universe.fairness.tallies import frame_of, tally
from universe.game import Game, Period, Pool
from universe.results.result import RealResult

SINCE = date(2024, 1, 1)
DAILY = Period(start=SINCE, days=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))
GAME = Game(game_id="GAME", since=SINCE, main=Pool(picked=2, size=8), schedule=(DAILY,))
CLOCK = LogicalClock(game=GAME, epoch=SINCE, draws_per_day=500)
HISTORIES = 12
DRAWS = HISTORIES * 100 + 50


def results(first: int, last: int) -> list[RealResult]:
    """Results of these days, counted from 1: what they hold does not matter to the null."""
    days = range(first, last + 1)
    pairs = [(1 + day % 7, 8) for day in days]
    return [
        RealResult(draw_date=SINCE + timedelta(days=day - 1), main_numbers=pair)
        for day, pair in zip(days, pairs, strict=True)
    ]


def opened(location: Location) -> SqliteStore:
    store = SqliteStore.open(location, "test", create=True)
    store.initialise(CLOCK, Milestone())
    return store


@pytest.fixture
def store() -> Iterator[SqliteStore]:
    with opened(Location(None)) as made:
        yield made


def null_of(store: SqliteStore) -> StoredNull:
    with store.reading() as db:
        found = stored_null(db, 1)
    assert found is not None
    return found


def measured(store: SqliteStore) -> int:
    with store.reading() as db:
        return fairness.measured_histories(db, 1)


def pending(store: SqliteStore, draws_max: int = 10**6) -> tuple[int, int, int] | None:
    """The first history that waits, how many do, and how long they are."""
    found = store.pending_histories("GAME", draws_max)
    assert len(found) <= 1
    return (found[0].first, found[0].histories, found[0].frame.draws) if found else None


def measure_next(store: SqliteStore, draws_max: int) -> None:
    store.commit(measure_histories(store.pending_histories("GAME", draws_max)))


def by_hand(kept: Sequence[RealResult], histories: int) -> Measurements:
    """The battery over one history after the other, as long as the real one, by the seed rule."""
    frame = frame_of(history_of(GAME, kept))
    found = []
    for first in range(1, histories * frame.draws, frame.draws):
        drawn = history_of_draws(CLOCK, first, first + frame.draws - 1)
        found.append(measure(frame, tally(frame, drawn.main[None], drawn.bonus[None])))
    return attrs.evolve(
        found[0],
        statistics=np.concatenate([one.statistics for one in found]),
        p_values=np.concatenate([one.p_values for one in found]),
    )


def test_nothing_waits_before_a_hundred_results_or_before_the_first_history_is_drawn(store: SqliteStore) -> None:
    draw_to(store, GAME, DRAWS)
    keep(store, GAME, results(1, 99))
    assert pending(store) is None
    keep(store, GAME, results(100, 100))
    assert pending(store) == (0, HISTORIES, 100)
    with opened(Location(None)) as other:
        keep(other, GAME, results(1, 100))
        draw_to(other, GAME, 99)
        assert pending(other) is None
        draw_to(other, GAME, 100)
        assert pending(other) == (0, 1, 100)


def test_a_look_asks_for_about_as_many_draws_as_it_may_and_for_one_history_at_least(store: SqliteStore) -> None:
    keep(store, GAME, results(1, 100))
    draw_to(store, GAME, DRAWS)
    assert [pending(store, most) for most in (1, 100, 199, 200, 10**6)] == [
        (0, 1, 100), (0, 1, 100), (0, 1, 100), (0, 2, 100), (0, HISTORIES, 100)
    ]  # fmt: skip  # one list


@pytest.fixture(scope="module")
def expected() -> Measurements:
    return by_hand(results(1, 100), HISTORIES)


def like(found: StoredNull, expected: Measurements) -> None:
    assert found.measurements.names == expected.names
    np.testing.assert_allclose(found.measurements.statistics, expected.statistics, rtol=1e-12)
    np.testing.assert_allclose(found.measurements.p_values, expected.p_values, rtol=1e-9)


@given(
    sizes=st.lists(st.integers(1, 700), min_size=1, max_size=4),
    drawn=st.lists(st.integers(0, DRAWS), max_size=3),
    again=st.booleans(),
)
@settings(max_examples=12)
def test_histories_are_the_same_whatever_the_pieces_and_however_draws_come(
    expected: Measurements, sizes: list[int], drawn: list[int], again: bool
) -> None:
    with opened(Location(None)) as store:
        keep(store, GAME, results(1, 100))
        for last in [*sorted(drawn), DRAWS]:
            draw_to(store, GAME, last)
            for size in cycle(sizes):
                waiting = store.pending_histories("GAME", size)
                if not waiting:
                    break
                units = measure_histories(waiting)
                store.commit(units)
                if again:  # a replay, as after a crash whose commit was kept
                    store.commit(units)
        like(null_of(store), expected)


def test_a_process_that_starts_again_measures_what_is_missing(tmp_path: Path, expected: Measurements) -> None:
    location = Location(tmp_path / "universe.db")
    with opened(location) as store:
        keep(store, GAME, results(1, 100))
        draw_to(store, GAME, DRAWS)
    for done in (0, 3, 6, 9):
        with SqliteStore.open(location, "test") as store:
            assert pending(store) == (done, HISTORIES - done, 100)
            measure_next(store, 300)
    with SqliteStore.open(location, "test") as store:
        assert pending(store) is None
        like(null_of(store), expected)


def test_what_does_not_follow_is_left_out(store: SqliteStore, expected: Measurements) -> None:
    keep(store, GAME, results(1, 100))
    draw_to(store, GAME, DRAWS)
    (all_of_them,) = measure_histories(store.pending_histories("GAME", 10**6))
    late = attrs.evolve(all_of_them, first=4)
    store.commit([late])
    assert (measured(store), pending(store)) == (0, (0, HISTORIES, 100))
    measure_next(store, 300)
    store.commit([late])
    assert pending(store) == (3, HISTORIES - 3, 100)
    trail(store, GAME, HISTORIAN)
    like(null_of(store), expected)


def test_the_frame_stays_until_the_history_has_grown_by_a_twentieth(store: SqliteStore) -> None:
    keep(store, GAME, results(1, 100))
    draw_to(store, GAME, DRAWS)
    measure_next(store, 300)
    for last in range(101, 105):
        keep(store, GAME, results(last, last))
        assert pending(store) == (3, HISTORIES - 3, 100)
    keep(store, GAME, results(105, 105))
    assert pending(store) == (0, DRAWS // 105, 105)
    assert (null_of(store).frame.draws, measured(store)) == (100, 3)  # until there is something in their place
    measure_next(store, 105)
    assert (null_of(store).frame.draws, measured(store)) == (105, 1)
    trail(store, GAME, HISTORIAN)
    like(null_of(store), by_hand(results(1, 105), DRAWS // 105))


def test_a_result_between_others_moves_the_calendar_and_all_is_measured_anew(store: SqliteStore) -> None:
    with_a_gap = [*results(1, 40), *results(42, 101)]
    keep(store, GAME, with_a_gap)
    draw_to(store, GAME, DRAWS)
    trail(store, GAME, HISTORIAN)
    like(null_of(store), by_hand(with_a_gap, HISTORIES))
    keep(store, GAME, results(41, 41))
    assert pending(store) == (0, DRAWS // 101, 101)
    trail(store, GAME, HISTORIAN)
    like(null_of(store), by_hand(results(1, 101), DRAWS // 101))


def test_a_unit_of_a_frame_that_is_gone_does_not_mix_with_the_new_one(store: SqliteStore) -> None:
    """It was under way when results came. As a first one it may replace what there is; then all begins anew."""
    keep(store, GAME, results(1, 100))
    draw_to(store, GAME, DRAWS)
    former = measure_histories(store.pending_histories("GAME", 200))
    later = [attrs.evolve(former[0], first=1)]
    keep(store, GAME, results(101, 110))
    measure_next(store, 330)
    store.commit(later)
    assert (null_of(store).frame.draws, measured(store)) == (110, 3)
    store.commit(former)
    trail(store, GAME, HISTORIAN)
    like(null_of(store), by_hand(results(1, 110), DRAWS // 110))


def test_no_more_histories_are_measured_than_anybody_needs(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fairness, "HISTORIES_MAX", 7)
    keep(store, GAME, results(1, 100))
    draw_to(store, GAME, DRAWS)
    trail(store, GAME, HISTORIAN)
    assert (measured(store), pending(store)) == (7, None)
    draw_to(store, GAME, DRAWS + 1_000)
    assert pending(store) is None


def test_histories_that_are_forgotten_are_measured_in_the_frame_of_now(store: SqliteStore) -> None:
    keep(store, GAME, results(1, 100))
    draw_to(store, GAME, DRAWS)
    trail(store, GAME, HISTORIAN)
    keep(store, GAME, results(101, 103))
    store.forget_histories("GAME")
    assert pending(store) == (0, DRAWS // 103, 103)


def test_two_processes_agree_on_the_frame_after_one_has_forgotten_it(tmp_path: Path) -> None:
    """Each remembers what it has seen; with the former frame they would replace each other's work for ever."""
    location = Location(tmp_path / "universe.db")
    with opened(location) as one, SqliteStore.open(location, "test") as other:
        keep(one, GAME, results(1, 100))
        draw_to(one, GAME, DRAWS)
        trail(one, GAME, HISTORIAN)
        keep(one, GAME, results(101, 103))
        assert pending(other) is None
        one.forget_histories("GAME")
        measure_next(one, 206)
        assert pending(other) == (2, DRAWS // 103 - 2, 103)
        assert pending(one) == pending(other)


def digest_again(*row: Any) -> bytes:
    return row_digest("null_histories", "GAME", *row)


def test_verify_names_what_is_not_measured_so(store: SqliteStore) -> None:
    keep(store, GAME, results(1, 100))
    draw_to(store, GAME, DRAWS)
    while pending(store):
        measure_next(store, 300)
    with store.writing() as db:
        db.create_scalar_function("again", digest_again)
        assert verify_universe(db, full=True).first_difference is None
        for harm, key in HARM:
            db.execute("SAVEPOINT sound")
            db.execute(harm)
            found = verify_universe(db, full=True).first_difference
            assert isinstance(found, Difference), harm
            assert (found.game_id, found.table, found.key[: len(key)]) == ("GAME", *key_of(key), key), found
            db.execute("ROLLBACK TO sound")


def key_of(key: str) -> tuple[str]:
    return ("null_frame",) if key.startswith("frame") else ("null_histories",)


NOTHING = "zeroblob(length(figures))"
HARM = (
    (f"UPDATE null_histories SET figures = {NOTHING} WHERE first = 3", "histories from 3"),
    ("DELETE FROM null_histories WHERE first = 0", "histories from 3, where the former end"),
    ("DELETE FROM null_histories WHERE first = 3", "histories from 6, where the former end"),
    (
        f"UPDATE null_histories SET figures = {NOTHING}, digest = again(first, hex({NOTHING})) WHERE first = 9",
        "history 11, ",
    ),
    ("UPDATE null_frame SET weekdays = zeroblob(100)", "frame"),
    ("DELETE FROM null_frame", "rows without a frame"),
)


def test_a_game_of_which_nothing_can_be_asked_has_no_histories(tmp_path: Path) -> None:
    """Every number is in every draw: no test applies, and nothing waits to be measured."""
    game = Game(game_id="ALL", since=SINCE, main=Pool(picked=4, size=4), schedule=(DAILY,))
    with new_store(tmp_path, game, 1_000) as store:
        days = [SINCE + timedelta(days=day) for day in range(120)]
        keep(store, game, [RealResult(draw_date=day, main_numbers=(1, 2, 3, 4), bonus_numbers=()) for day in days])
        draw_to(store, game, 3_000)
        assert store.pending_histories("ALL", 10**6) == ()
        with reading(store) as reader, reader.snapshot() as snapshot:
            view = snapshot.game("ALL")
            analysis = snapshot.analysis(view)
            assert snapshot.null(view) is None
        assert analysis is not None
        assert (analysis.tests, analysis.verdict) == ((), None)


def test_a_piece_of_short_histories_takes_little_memory() -> None:
    """However many histories a piece has, and however large the drum: they are tallied some at a time."""
    game = Game(game_id="WIDE", since=SINCE, main=Pool(picked=4, size=255), schedule=(DAILY,))
    clock = LogicalClock(game=game, epoch=SINCE, draws_per_day=500)
    frame = frame_of(history_of_draws(clock, 1, 100))
    piece = PendingHistories(clock=clock, frame=frame, first=0, histories=300)
    with plain_only():
        measure_histories([attrs.evolve(piece, histories=1)])  # imports
        tracemalloc.start()
        try:
            (unit,) = measure_histories([piece])
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert len(unit.measurements) == 300
    assert peak < 120 * 2**20
