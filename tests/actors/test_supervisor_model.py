"""Supervision held against a small model: when lives start, what is given up, what ends first, what is shown."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

import attrs
import pytest
import trio
from hypothesis import example, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from trio.testing import MockClock

from actors.board import Board
from actors.supervisor import Child, RestartBudget, RestartBudgetExceeded, keep_alive
from tests.actors.lives import BUDGETS, SPANS, Span, Story, expected_story, live
from tests.actors.scenes import (
    GAME_ID,
)


def told(spans: Sequence[Span], budget: RestartBudget, cancelled_at: float) -> tuple[Story, Board]:
    """Supervise for real, in virtual time, and tell the story from outside."""
    starts: list[float] = []
    board = Board()
    over: list[tuple[float, Literal["finished", "gave up", "cancelled"]]] = []

    async def supervise() -> None:
        with trio.CancelScope(deadline=cancelled_at) as scope:
            try:
                await keep_alive(Child(name=f"{GAME_ID}.child", run=partial(live, spans, starts)), budget, board)
                over.append((trio.current_time(), "finished"))
            except RestartBudgetExceeded:
                over.append((trio.current_time(), "gave up"))
        if scope.cancelled_caught:
            over.append((trio.current_time(), "cancelled"))

    with capture_logs() as logs:
        trio.run(supervise, clock=MockClock(autojump_threshold=0))
    pauses = tuple(line["pause_seconds"] for line in logs if line["event"] == "actor.crashed")
    return Story(tuple(starts), pauses, *over[0]), board


@given(spans=SPANS, budget=BUDGETS, sixteenth=st.none() | st.integers(0, 640))
@settings(max_examples=200)
@example([Span(0, "crash"), Span(10, "crash")], RestartBudget(crashes_max=1, window_seconds=10.25, jitter=float), None)
@example(
    [Span(0, "crash"), Span(10.125, "crash")], RestartBudget(crashes_max=1, window_seconds=10.25, jitter=float), None
)
def test_a_child_lives_as_the_model_says(spans: list[Span], budget: RestartBudget, sixteenth: int | None) -> None:
    """The examples: a crash as old as the window counts, an older one does not."""
    cancelled_at = float("inf") if sixteenth is None else sixteenth / 8 + 1 / 16  # never in the moment of an event
    expected = expected_story(spans, budget, cancelled_at)
    story, board = told(spans, budget, cancelled_at)
    assert (story.starts, story.outcome, story.over) == (expected.starts, expected.outcome, expected.over)
    assert story.pauses == pytest.approx(expected.pauses, abs=0.001)  # they are told in milliseconds
    assert board.status_of(GAME_ID).restarts == len(expected.pauses)


@given(budget=BUDGETS, jitter=st.floats(0, 1))
def test_pauses_double_up_to_their_maximum_and_lose_half_at_most(budget: RestartBudget, jitter: float) -> None:
    jittered = attrs.evolve(budget, jitter=lambda: jitter)
    whole = [attrs.evolve(budget, jitter=lambda: 0.0).pause_seconds(crashes) for crashes in range(1, 2_000, 7)]
    assert whole == sorted(whole)
    assert max(whole) <= budget.backoff_seconds_max
    assert all(pause / 2 <= jittered.pause_seconds(1 + 7 * place) <= pause for place, pause in enumerate(whole))


async def test_a_crash_beside_a_cancellation_is_told_and_not_raised(autojump_clock: MockClock) -> None:
    """While a life is being cancelled one of its tasks may still fail, say in a commit that is finished first."""
    assert autojump_clock.rate == 0

    async def fail_in_the_end() -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(2)
        raise RuntimeError("the last commit")

    async def run() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            nursery.start_soon(fail_in_the_end)

    with capture_logs() as logs, trio.move_on_after(1):
        await keep_alive(Child(name="core", run=run), RestartBudget(), Board())
    assert [line["actor"] for line in logs] == ["core"]
