"""The world's clock is wrong for a while, and right again: results come in time, and no source is asked in vain."""

from datetime import date, timedelta

import pytest

from tests.simulation.log import Log
from tests.simulation.oracle import breaches, has_settled
from tests.simulation.play import Play, play
from tests.simulation.promptness import late_results
from tests.simulation.scenario import (
    DAILY,
    DAY,
    EPOCH,
    HOUR,
    FeedScript,
    Jump,
    Outage,
    Publication,
    Scale,
    Scenario,
    Simulated,
    began_on,
    due_seconds,
)
from tests.simulation.stage import Stage
from universe.calendar import LogicalClock, draw_dates

BEGAN = began_on(date(2024, 1, 3), 12)
DUE = 11.5 * HOUR  # of the first result
DAYS = 8
ASKED_A_DAY_MAX = 4  # when it is due, and after pauses that double until the five minutes are over
YEARS = timedelta(days=5 * 365)


def days_with(*jumps: Jump, outages: tuple[Outage, ...] = (), days: int = DAYS) -> Scenario:
    """Return days in which little is out of order but the clock; each result is there five minutes after it is due."""
    dates = list(draw_dates(DAILY, EPOCH, BEGAN.date() + timedelta(days=days)))
    return Scenario(
        order_seed=1,
        began=BEGAN,
        scale=Scale(watch_seconds=HOUR, tick_seconds=HOUR),
        games=(
            Simulated(
                clock=LogicalClock(game=DAILY, epoch=EPOCH, draws_per_day=24), draws_per_second=24 / DAY, last_draw=None
            ),
        ),
        feeds=(
            FeedScript(
                game=DAILY,
                outages=outages,
                publications=tuple(Publication(day=day, at=due_seconds(DAILY, day, BEGAN) + 300) for day in dates),
            ),
        ),
        max_draws=10**6,
        storm_seconds=2 * DAY,
        calm_seconds=(days - 2) * DAY,
        at_bounds=False,
        jumps=jumps,
    )


def played(scenario: Scenario) -> Play:
    return play(Play(Stage(scenario, Log()), settled=has_settled))


@pytest.mark.parametrize(
    ("by", "start", "seconds"),
    [
        (YEARS, 0.0, 30.0),
        (YEARS, HOUR, 700.0),
        (YEARS, DUE + 30, 30.0),
        (YEARS, DUE + 3 * HOUR, 4 * HOUR),
        (-YEARS, 0.0, 4 * HOUR),
        (-YEARS, DUE - 60, 700.0),
        (timedelta(days=3), HOUR, 4 * HOUR),
        (timedelta(days=-3), DUE + 400, 4 * HOUR),
        (timedelta(hours=1), DUE - HOUR, 700.0),
    ],
)
def test_after_a_wrong_clock_results_come_in_time_and_a_source_is_asked_as_ever(
    by: timedelta, start: float, seconds: float
) -> None:
    """Nobody waits for years because the clock was years ahead for a moment, nor asks every two hours until then."""
    jump = Jump(start=start, end=start + seconds, by=by)
    wrong = played(days_with(jump))
    assert [*breaches(wrong), *late_results(wrong)] == []
    (publisher,) = wrong.stage.publishers
    assert sum(asked > 3 * DAY for asked in publisher.asked) <= ASKED_A_DAY_MAX * (DAYS - 3)


def test_a_clock_that_is_wrong_while_a_source_fails_makes_nobody_forget_the_result() -> None:
    outage = Outage(start=DUE, end=DUE + 20, kind="silent")
    jump = Jump(start=DUE + 10, end=DUE + 40, by=-YEARS)
    wrong = played(days_with(jump, outages=(outage,)))
    assert [*breaches(wrong), *late_results(wrong)] == []
