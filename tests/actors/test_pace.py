"""Draws at exact virtual times."""

# ruff: noqa: ARG001 - a test asks for virtual time by naming autojump_clock

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from actors.pace import FIRST_TICK_SECONDS, Pace, tick_seconds

PROD = 227_500 / 86_400
ENOUGH = 10**9


async def due_until(pace: Pace, end: float, draws_max: int = ENOUGH) -> list[tuple[float, int]]:
    """Return when how many draws were due."""
    seen = []
    while trio.current_time() < end:
        due = await pace.wait_due(draws_max)
        seen.append((round(trio.current_time(), 6), due))
    return seen


async def test_the_production_pace_is_a_batch_every_five_seconds(autojump_clock: MockClock) -> None:
    assert await due_until(Pace(PROD), 20) == [(0.5, 1), (5, 12), (10, 13), (15, 13), (20, 13)]


async def test_a_life_of_a_second_has_its_draws(autojump_clock: MockClock) -> None:
    """What a client starts and soon stops must get somewhere in the end."""
    with trio.move_on_after(1):
        assert await Pace(PROD).wait_due(ENOUGH) == 1
        assert trio.current_time() == FIRST_TICK_SECONDS
        return
    raise AssertionError("no draw was due")


async def test_fractions_are_carried_so_that_a_logical_day_is_exact(autojump_clock: MockClock) -> None:
    seen = await due_until(Pace(PROD), 86_400)
    assert seen[-1][0] == 86_400
    assert sum(due for _, due in seen) == 227_500
    assert {due for _, due in seen[2:]} == {13, 14}


async def test_a_high_rate_ticks_sooner(autojump_clock: MockClock) -> None:
    assert await due_until(Pace(1_000.0), 3) == [(0.5, 500), (1, 500), (2, 1_000), (3, 1_000)]
    assert await due_until(Pace(1_000_000.0), 3.5) == [(3.25, 250_000), (3.5, 250_000)]
    assert tick_seconds(1_000_000.0) == 0.25


async def test_no_tick_waits_longer_than_the_draws_that_are_left(autojump_clock: MockClock) -> None:
    assert await due_until(Pace(10.0), 1.5, draws_max=7) == [(0.5, 5), (1.2, 7), (1.9, 7)]


async def test_no_rate_means_no_waiting(autojump_clock: MockClock) -> None:
    assert await Pace(None).wait_due(123) == 123
    assert trio.current_time() == 0


async def test_missed_time_is_not_made_up(autojump_clock: MockClock) -> None:
    pace = Pace(2.0)
    assert await due_until(pace, 10) == [(0.5, 1), (5, 9), (10, 10)]
    await trio.sleep(1_000)
    assert await due_until(pace, 1_020) == [(1_010, 10), (1_015, 10), (1_020, 10)]


async def test_a_short_delay_does_not_slow_the_rate(autojump_clock: MockClock) -> None:
    pace = Pace(2.0)
    assert await pace.wait_due(ENOUGH) == 1
    for tick in range(1, 5):
        assert await pace.wait_due(ENOUGH) == (9 if tick == 1 else 10)
        assert trio.current_time() == 5 * tick
        await trio.sleep(3)


@pytest.mark.parametrize("rate", [0.0, -1.0])
async def test_a_rate_is_positive(rate: float) -> None:
    with pytest.raises(ValueError, match="> 0"):
        Pace(rate)


@given(rate=st.floats(0.01, 100_000), seconds=st.integers(1, 60))
def test_any_rate_is_kept_to_within_one_draw(rate: float, seconds: int) -> None:
    async def total() -> tuple[float, int]:
        seen = await due_until(Pace(rate), seconds)
        return seen[-1][0], sum(due for _, due in seen)

    end, drawn = trio.run(total, clock=MockClock(autojump_threshold=0))
    assert -0.1 <= end * rate - drawn <= 1.1
