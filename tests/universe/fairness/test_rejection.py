"""Rejection rates are counted right, and blocks of synthetic draws are those of the seed rule."""

from datetime import date

import attrs
import numpy as np
import pytest

from tests.universe.fairness.frames import game_of
from universe.calendar import LogicalClock
from universe.catalogue import shipped_games
from universe.fairness.battery import Measurements, measure
from universe.fairness.history import history_of_draws
from universe.fairness.rejection import TOGETHER, rejection_rates
from universe.fairness.synthetic import DRAWS_PER_DAY, ScheduleError, scheduled_frame, synthetic_blocks
from universe.fairness.tallies import tally
from universe.game import Pool


def uniform(histories: int, seed: int, shrink: float = 1.0) -> Measurements:
    """Two tests: an exact one whose naive p-value is twice as large, and one without a naive p-value."""
    p_values = np.random.default_rng(seed).random((histories, 2)) * [shrink, 1.0]
    naive = np.stack([2 * p_values[:, 0], np.full(histories, np.nan)], axis=1)
    return Measurements(names=("one", "other"), statistics=-np.log(p_values), p_values=p_values, naive=naive)


def test_rates_are_shares_below_alpha() -> None:
    rates = {rate.test: rate for rate in rejection_rates(uniform(1_200, 1), uniform(700, 2))}
    assert list(rates) == ["one", "other", TOGETHER]
    assert all(rate.holds for rate in rates.values())
    assert all(rate.randomised == pytest.approx(0.05, abs=4 * rate.error) for rate in rates.values())
    assert rates["one"].error == pytest.approx(0.0104, abs=1e-4)
    assert rates["one"].uncalibrated == pytest.approx(0.05, abs=0.03)
    assert rates["one"].naive == pytest.approx(0.025, abs=0.02)
    assert rates["other"].naive is None
    assert rates[TOGETHER].uncalibrated == pytest.approx(1 - 0.95**2, abs=0.03)


def test_a_rate_that_is_off_does_not_hold() -> None:
    """Histories that look worse than the null are rejected too often."""
    rates = {rate.test: rate for rate in rejection_rates(uniform(1_200, 1), uniform(700, 2, shrink=0.3))}
    assert not rates["one"].holds
    assert rates["one"].randomised == pytest.approx(0.05 / 0.3, abs=0.05)
    assert rates["other"].holds
    assert not rates[TOGETHER].holds


def test_a_test_that_rejects_too_rarely_does_not_hold_either() -> None:
    rates = {rate.test: rate for rate in rejection_rates(uniform(1_600, 1, shrink=0.1), uniform(1_600, 2))}
    assert rates["one"].randomised < 0.03
    assert not rates["one"].holds


def test_blocks_are_consecutive_draws_of_the_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("universe.fairness.synthetic.PIECE_DRAWS", 250)
    game = shipped_games()["GAME_001"]
    frame, ticks = scheduled_frame(game, 100), list[int]()
    found = synthetic_blocks(frame, 3, 5, ticks.append)
    clock = LogicalClock(game=game, epoch=game.since, draws_per_day=DRAWS_PER_DAY)
    drawn = history_of_draws(clock, 301, 800)
    by_hand = measure(frame, tally(frame, drawn.main.reshape(5, 100, 5), drawn.bonus.reshape(5, 100, 1)))
    assert found.names == by_hand.names
    assert np.array_equal(found.statistics, by_hand.statistics)
    assert ticks == [200, 200, 100]


def test_a_frame_has_the_first_dates_of_the_schedule() -> None:
    frame = scheduled_frame(shipped_games()["GAME_001"], 5)  # Wednesday 2000-06-07 and on
    assert frame.weekday_names == ("Wed", "Sat")
    assert frame.weekdays.tolist() == [0, 1, 0, 1, 0]
    assert frame.months.tolist() == [5] * 5


def test_a_schedule_may_be_too_short() -> None:
    game = game_of(2, 6, Pool(picked=1, size=3))
    late = attrs.evolve(
        game, since=date(9998, 12, 1), schedule=(attrs.evolve(game.schedule[0], start=date(9998, 12, 1)),)
    )
    with pytest.raises(ScheduleError, match="GAME_X: 32 draws are more than the 31 until 9998-12-31"):
        scheduled_frame(late, 32)
