"""Rule changes inside one history: found in real files and planted ones, not where there are none."""

from datetime import date, timedelta
from math import comb
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from universe.fairness import matrix_change as module
from universe.fairness.history import History, history_of
from universe.fairness.matrix_change import matrix_changes, weekday_changes
from universe.game import WEEKDAYS, Game, Period, Pool, RestOfDrum, Weekday
from universe.results.reading import read_results

EPOCH = date(1980, 1, 1)


def game(picked: int, size: int, bonus: Pool | RestOfDrum | None = None) -> Game:
    schedule = (Period(start=EPOCH, days=WEEKDAYS),)
    return Game(game_id="GAME_X", since=EPOCH, main=Pool(picked=picked, size=size), bonus=bonus, schedule=schedule)


def drawn(source: np.random.Generator, picked: int, sizes: list[int]) -> np.ndarray:
    """Draw ``picked`` of 1..size for each draw's own size."""
    rows = [np.sort(source.permutation(size)[:picked]) + 1 for size in sizes]
    return np.array(rows, dtype=np.uint8).reshape(len(sizes), picked)


def history(played: Game, main: np.ndarray, bonus: np.ndarray | None = None) -> History:
    dates = np.datetime64(EPOCH) + np.arange(len(main))
    empty = np.empty((len(main), 0), dtype=np.uint8)
    return History(game=played, dates=dates, main=main, bonus=empty if bonus is None else bonus)


def told(played: Game, path: Path) -> tuple[History, list[tuple[str, int, int, str, str]]]:
    reading = read_results(played, path.read_bytes(), today=date(2026, 11, 21))
    assert not reading.invalid
    found = history_of(played, reading.results)
    changes = matrix_changes(found)
    assert all(change.p_value < 1e-40 for change in changes)
    return found, [
        (change.drum, change.numbers[0], change.numbers[-1], change.direction, str(change.last_or_first_seen))
        for change in changes
    ]


def test_a_staircase_in_a_real_file(shared: Path) -> None:
    """Taken as one 5/39 game: 5/37 after 2002-07-19, 5/35 after 2018-09-20."""
    found, changes = told(game(5, 39), shared / "results/normalised/tx_cash_five.csv")
    assert changes == [("main", 38, 39, "left", "2002-07-19"), ("main", 36, 37, "left", "2018-09-20")]
    assert [(change.weekday, change.direction, str(change.seen)) for change in weekday_changes(found)] == [
        ("Mon", "begins", "1996-11-25"),
        ("Thu", "begins", "1996-11-28"),
        ("Wed", "begins", "2002-07-31"),
        ("Sat", "begins", "2002-08-03"),
    ]


def test_nothing_in_a_real_file_with_the_right_ranges(shared: Path) -> None:
    played = game(5, 47, Pool(picked=1, size=27))
    found, changes = told(played, shared / "results/normalised/superlotto_plus.csv")
    assert len(found) == 2_726
    assert not changes
    assert not weekday_changes(found)


def test_joins_and_leaves_in_a_real_file(shared: Path) -> None:
    _, changes = told(game(5, 69, Pool(picked=1, size=39)), shared / "results/normalised/powerball.csv")
    assert changes == [
        ("main", 60, 69, "joined", "2015-10-10"),
        ("bonus", 36, 39, "left", "2011-12-07"),
        ("bonus", 27, 35, "left", "2015-09-12"),
    ]


def test_numbers_that_were_away_for_a_while(shared: Path) -> None:
    """Two joins, then a leave; the bonus drum shrinks to 15 and grows again to 25."""
    _, changes = told(game(5, 75, Pool(picked=1, size=52)), shared / "results/normalised/mega_millions.csv")
    assert [change[:4] for change in changes] == [
        ("main", 53, 56, "joined"),
        ("main", 57, 75, "joined"),
        ("main", 71, 75, "left"),
        ("bonus", 47, 52, "left"),
        ("bonus", 16, 46, "left"),
        ("bonus", 16, 25, "joined"),
    ]


def test_a_bonus_from_the_rest_of_the_drum_changes_with_it(shared: Path) -> None:
    found, changes = told(game(6, 59, RestOfDrum(picked=1)), shared / "results/normalised/uk_lotto.csv")
    assert changes == [("main", 50, 59, "joined", "2015-10-10")]
    assert [(change.weekday, str(change.seen)) for change in weekday_changes(found)] == [("Wed", "1997-02-05")]


def test_the_probability_is_that_of_the_silence() -> None:
    """[C(N - m, k) / C(N, k)]**g, times the places and the sizes looked at."""
    source = np.random.default_rng(1)
    main = drawn(source, 3, [10] * 40 + [8] * 60)
    last = int(np.flatnonzero((main > 8).any(axis=1)).max())
    (change,) = matrix_changes(history(game(3, 10), main))
    silent = 100 - (last + 1)
    assert (change.numbers, change.direction, change.draws_silent) == ((9, 10), "left", silent)
    assert change.last_or_first_seen == EPOCH + timedelta(days=last)
    assert change.p_value == pytest.approx((comb(8, 3) / comb(10, 3)) ** silent * 100 * 7, rel=1e-9, abs=0)


def test_numbers_that_were_never_in_the_drum() -> None:
    main = drawn(np.random.default_rng(2), 4, [30] * 300)
    (change,) = matrix_changes(history(game(4, 36), main))
    assert (change.numbers, change.direction, change.last_or_first_seen) == (tuple(range(31, 37)), "never", None)


def test_a_fair_history_is_rarely_accused() -> None:
    """At alpha 0.3 the price of looking everywhere keeps the rate below it."""
    source, played = np.random.default_rng(3), game(2, 6, Pool(picked=1, size=4))
    accused = 0
    for _ in range(400):
        bonus = source.integers(1, 5, (40, 1), dtype=np.uint8)
        accused += bool(matrix_changes(history(played, drawn(source, 2, [6] * 40), bonus), alpha=0.3))
    assert accused / 400 < 0.3


sizes_course = st.lists(st.tuples(st.integers(2, 6), st.integers(1, 3)), min_size=1, max_size=2)


@settings(max_examples=25)
@given(sizes_course, st.integers(0, 2**32), st.floats(0.1, 4.0))
def test_the_course_of_sizes_costs_least(eras: list[tuple[int, int]], seed: int, price: float) -> None:
    """Against every course there is."""
    main = drawn(np.random.default_rng(seed), 2, [size for size, draws in eras for _ in range(draws)])
    drum = module._drum("main", 6, main)

    def cost(course: np.ndarray) -> np.ndarray:
        chances = np.log([comb(size, 2) for size in range(7)], where=np.arange(7) > 1, out=np.full(7, np.inf))
        total: np.ndarray = np.where(course < drum.highest, np.inf, chances[course]).sum(axis=-1)
        changes: np.ndarray = (np.diff(course, axis=-1) != 0).sum(axis=-1)
        return np.asarray(total + price * changes)

    every = np.stack(np.meshgrid(*[np.arange(2, 7)] * len(main), indexing="ij"), axis=-1).reshape(-1, len(main))
    found = module._likeliest_sizes(drum, price)
    assert cost(found) == pytest.approx(cost(every).min())


def test_an_empty_history_and_a_full_drum_tell_nothing() -> None:
    assert matrix_changes(history(game(3, 10), np.empty((0, 3), dtype=np.uint8))) == ()
    assert matrix_changes(history(game(3, 3), np.tile(np.array([1, 2, 3], dtype=np.uint8), (500, 1)))) == ()


@given(st.sampled_from(WEEKDAYS), st.integers(0, 12))
def test_a_few_moved_draws_are_no_change_of_days(day: Weekday, moved: int) -> None:
    weekly = np.datetime64("2000-01-05") + 7 * np.arange(200)  # Wednesdays
    others = np.datetime64("2001-01-01") + WEEKDAYS.index(day) + 7 * np.arange(moved)
    dates = np.sort(np.concatenate([weekly, others]))
    main = np.tile(np.array([1, 2], dtype=np.uint8), (len(dates), 1))
    found = History(game=game(2, 5), dates=dates, main=main, bonus=main[:, :0])
    assert weekday_changes(found) == ()


def test_an_exception_every_year_is_no_schedule() -> None:
    weekly = np.datetime64("2000-01-05") + 7 * np.arange(1_500)
    yearly = np.datetime64("2001-01-06") + 364 * np.arange(25)
    main = np.tile(np.array([1, 2], dtype=np.uint8), (1_525, 1))
    found = History(game=game(2, 5), dates=np.sort(np.concatenate([weekly, yearly])), main=main, bonus=main[:, :0])
    assert weekday_changes(found) == ()


def test_a_weekday_may_end() -> None:
    dates = np.sort(
        np.concatenate(
            [
                np.datetime64("2000-01-05") + 7 * np.arange(200),
                np.arange(np.datetime64("2000-01-08"), np.datetime64("2001-01-07"), np.timedelta64(7, "D")),
            ]
        )
    )
    main = np.tile(np.array([1, 2], dtype=np.uint8), (len(dates), 1))
    (change,) = weekday_changes(History(game=game(2, 5), dates=dates, main=main, bonus=main[:, :0]))
    assert (change.weekday, change.direction, str(change.seen)) == ("Sat", "ends", "2001-01-06")
