"""The battery: in order, of any game and length, blind to what a test must not see."""

from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import games, kernel_games, ranks_of
from tests.universe.fairness.chance import frame_by_turns, game_of, ranks_by_chance, tally_in_order
from universe.fairness import battery, tallies
from universe.fairness.battery import TESTS, Measurements, measure, measure_each, measure_ranks
from universe.fairness.tallies import Tallies, tally_ranks
from universe.game import Game, Pool, RestOfDrum
from universe.statistics import uniformity

NAMES = (
    *("numbers", "numbers_max", "bonus", "pairs", "pairs_max", "triples", "overlap_1", "overlap_2", "overlap_3"),
    *("repeats", "gaps", "drought", "sums", "parity", "patterns"),
    *("weekdays", "weekdays_max", "months", "months_max", "drift"),
)
BLIND_TO_NAMES = set(NAMES) - {"sums", "parity", "patterns", "bonus"}
BLIND_TO_ORDER = {"numbers", "numbers_max", "bonus", "pairs", "pairs_max", "triples", "repeats", "sums", "parity"} | {
    "patterns"
}
BLIND_TO_DIRECTION = BLIND_TO_ORDER | {"overlap_1", "overlap_2", "overlap_3", "gaps", "drought", "drift"}


def statistics(measured: Measurements) -> dict[str, float]:
    return dict(zip(measured.names, measured.statistics[0].tolist(), strict=True))


def test_the_tests_stand_in_this_order() -> None:
    assert tuple(test.name for test in TESTS) == NAMES
    assert all(test.title and test.question.endswith("?") for test in TESTS)


def test_a_usual_game_is_asked_everything() -> None:
    frame = frame_by_turns(game_of(5, 47, Pool(picked=1, size=27)), 500)
    assert tuple(test.name for test in battery.tests_of(frame)) == NAMES
    assert set(NAMES) - {test.name for test in battery.tests_of(attrs.evolve(frame, game=game_of(5, 47)))} == {"bonus"}


@pytest.mark.parametrize("draws", [1, 2, 50])
def test_a_game_without_a_choice_is_asked_nothing(draws: int) -> None:
    assert battery.tests_of(frame_by_turns(game_of(5, 5), draws, months=1)) == ()
    frame = frame_by_turns(game_of(5, 5), draws, months=1)
    assert measure(frame, tally_ranks(frame, np.zeros(3 * draws, dtype=np.int64))).statistics.shape == (3, 0)


def check(game: Game, draws: int, seed: int, weekdays: int) -> None:
    frame = frame_by_turns(game, draws, weekdays)
    measured = measure(frame, tally_ranks(frame, ranks_of(game, 3 * draws, seed)))
    assert set(measured.names) <= set(NAMES)
    assert measured.statistics.shape == measured.p_values.shape == measured.naive.shape == (3, len(measured.names))
    assert np.isfinite(measured.statistics).all()
    assert np.all((measured.p_values >= 0) & (measured.p_values <= 1))
    naive = measured.naive[~np.isnan(measured.naive)]
    assert np.all((naive >= 0) & (naive <= 1))


@given(game=games(), draws=st.integers(1, 200), seed=st.integers(0, 9), weekdays=st.integers(1, 7))
@settings(max_examples=60)
def test_any_game_and_length_can_be_measured(game: Game, draws: int, seed: int, weekdays: int) -> None:
    check(game, draws, seed, weekdays)


@given(game=kernel_games(), draws=st.integers(1, 120), seed=st.integers(0, 9))
@settings(max_examples=30)
def test_large_games_too(game: Game, draws: int, seed: int) -> None:
    check(game, draws, seed, 3)


@pytest.mark.parametrize("game", [game_of(20, 60, RestOfDrum(picked=2)), game_of(1, 255), game_of(2, 255)])
def test_the_edges_of_what_a_game_can_be(game: Game) -> None:
    check(game, 400, 1, 2)


CASES: dict[str, Any] = {"draws": st.integers(60, 200), "seed": st.integers(0, 10**6), "data": st.data()}


@given(**CASES)
@settings(max_examples=30)
def test_names_of_numbers_do_not_matter(draws: int, seed: int, data: st.DataObject) -> None:
    """But to sums, odd numbers and digits, which are made of names."""
    game = game_of(3, 12)
    frame, ranks, order = frame_by_turns(game, draws), ranks_by_chance(game, draws, seed), list(range(draws))
    names = list(range(1, 13))
    renamed = tally_in_order(frame, ranks, order, data.draw(st.permutations(names)))
    one, other = (
        statistics(measure(frame, tally_in_order(frame, ranks, order, names))),
        statistics(measure(frame, renamed)),
    )
    for name in BLIND_TO_NAMES & one.keys():
        assert one[name] == pytest.approx(other[name], rel=1e-9, abs=1e-9), name


@given(**CASES)
@settings(max_examples=30)
def test_what_forgets_the_order_does(draws: int, seed: int, data: st.DataObject) -> None:
    game = game_of(3, 12, Pool(picked=1, size=4))
    frame, ranks, names = frame_by_turns(game, draws), ranks_by_chance(game, draws, seed), list(range(1, 13))
    order = data.draw(st.permutations(list(range(draws))))
    one = statistics(measure(frame, tally_in_order(frame, ranks, list(range(draws)), names)))
    other = statistics(measure(frame, tally_in_order(frame, ranks, order, names)))
    back = statistics(measure(frame, tally_in_order(frame, ranks, list(range(draws))[::-1], names)))
    for name in BLIND_TO_ORDER & one.keys():
        assert one[name] == pytest.approx(other[name], rel=1e-9, abs=1e-9), name
    for name in BLIND_TO_DIRECTION & one.keys():
        assert one[name] == pytest.approx(back[name], rel=1e-9, abs=1e-9), name


def test_a_larger_statistic_has_no_larger_p() -> None:
    game = game_of(5, 35, Pool(picked=1, size=10))
    frame = frame_by_turns(game, 300)
    measured = measure_ranks(frame, ranks_by_chance(game, 300 * 150, seed=4))
    order = np.argsort(measured.statistics, axis=0, kind="stable")
    ascending = np.take_along_axis(measured.p_values, order, axis=0)
    assert np.all(np.diff(ascending, axis=0) <= 1e-7)
    same = np.diff(np.take_along_axis(measured.statistics, order, axis=0), axis=0) == 0
    assert np.all(np.diff(ascending, axis=0)[same] == 0)


@given(seed=st.integers(0, 99))
@settings(max_examples=20)
def test_single_numbers_are_tested_as_everywhere_else(seed: int) -> None:
    """The statistic that frequency statistics show."""
    game = game_of(6, 49)
    frame = frame_by_turns(game, 80)
    tallied = tally_ranks(frame, ranks_by_chance(game, 80, seed))
    measured, shown = measure_each(frame, tallied)["numbers"], uniformity(tallied.numbers[0].tolist(), 80, 6)
    assert measured.statistic[0] == pytest.approx(shown.statistic)
    assert measured.p_value[0] == pytest.approx(shown.p_value)


def test_measuring_in_pieces_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    game = game_of(5, 35)
    frame, ranks = frame_by_turns(game, 100), ranks_by_chance(game, 1_000, seed=5)
    whole = measure(frame, tally_ranks(frame, ranks))
    monkeypatch.setattr(battery, "histories_of_a_batch", lambda _: 3)
    pieces = measure_ranks(frame, ranks)
    assert pieces.names == whole.names
    assert len(pieces) == len(whole) == 10
    for name in ("statistics", "p_values", "naive"):
        assert getattr(pieces, name) == pytest.approx(getattr(whole, name), nan_ok=True, rel=1e-12)
    assert measure_ranks(frame, ranks[:0]).statistics.shape == (0, len(whole.names))


def test_kernels_are_asked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    class Kernels:
        @staticmethod
        def tally_ranks(frame: object, ranks: object) -> Tallies:
            raise NotImplementedError(f"kernels were asked for {frame is not None and ranks is not None}")

    game = game_of(2, 6)
    monkeypatch.setattr(tallies, "kernels_for", lambda _: object())
    monkeypatch.setattr(tallies, "kernel_module", lambda name: Kernels if name == "histories" else None)
    with pytest.raises(NotImplementedError, match="asked for True"):
        tally_ranks(frame_by_turns(game, 12), ranks_by_chance(game, 12, 1))


def test_a_copied_draw_is_found() -> None:
    game = game_of(5, 47)
    frame, ranks = frame_by_turns(game, 400), ranks_by_chance(game, 400, seed=6)
    ranks[300:] = ranks[10]
    each = measure_each(frame, tally_ranks(frame, ranks))
    assert each["repeats"].statistic[0] >= 5050
    assert each["repeats"].p_value[0] < 1e-50
    assert each["overlap_1"].p_value[0] < 1e-6
    assert each["triples"].p_value[0] < 1e-6
