"""Weeks of a process with all their trouble: every result in time, and nothing grows that should not."""

import pytest

from tests.simulation.promptness import PROMPT_SECONDS_MAX
from tests.simulation.scenario import DAY
from tests.simulation.week import Week, play_weeks, scenario_of_weeks

DAYS = 10
WARM_DAYS = 3  # until everything was used once
GROWTH_KIB_MAX = 32.0  # of the actors' own memory, in all
GROWTH_RSS_MIB_MAX = 16.0


@pytest.fixture(scope="module")
def week() -> Week:
    return play_weeks(seed=1, days=DAYS)


def test_every_result_is_stored_once_and_in_time(week: Week) -> None:
    assert week.breaches() == []
    assert len(week.play.stage.stored_at) >= week.rows[-1].results > DAYS
    assert len(week.play.lives) > 2


def test_memory_and_open_files_stay_flat(week: Week) -> None:
    warm, last = week.rows[WARM_DAYS], week.rows[-1]
    assert len(week.rows) >= DAYS - 1
    assert last.handles == warm.handles
    assert last.actors_kib - warm.actors_kib < GROWTH_KIB_MAX
    assert last.rss_mib - warm.rss_mib < GROWTH_RSS_MIB_MAX


def test_a_result_that_comes_too_late_is_found_out(week: Week) -> None:
    """The judge itself: what is stored an hour after its bound is a breach."""
    stored_at = week.play.stage.stored_at
    day = max(day for game_id, day in stored_at if game_id == "B")
    honest = stored_at["B", day]
    stored_at["B", day] = honest + PROMPT_SECONDS_MAX + 3_600
    try:
        assert any(f"B: {day}" in breach for breach in week.breaches())
    finally:
        stored_at["B", day] = honest


def test_the_weeks_are_full_of_trouble() -> None:
    scenario = scenario_of_weeks(seed=1, days=28)
    endings = {life.ending for life in scenario.lives}
    assert endings == {"stop", "kill"}
    assert {outage.kind for feed in scenario.feeds for outage in feed.outages} > {"refused", "silent"}
    assert max(jump.by.days for jump in scenario.jumps) == 5 * 365
    assert scenario.end == 28 * DAY
