"""What is restarted, after which pause, and when that ends."""

# ruff: noqa: ARG001 - a test asks for virtual time by naming autojump_clock

from collections.abc import Awaitable, Callable

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from trio.testing import MockClock

from actors.board import Board
from actors.supervisor import Child, RestartBudget, RestartBudgetExceeded, keep_alive


def budget(crashes_max: int = 3, *, window: float = 60.0, jitter: float = 0.0) -> RestartBudget:
    return RestartBudget(
        crashes_max=crashes_max,
        window_seconds=window,
        backoff_seconds=1.0,
        backoff_seconds_max=10.0,
        jitter=lambda: jitter,
    )


def lives(*durations: float, starts: list[float]) -> Callable[[], Awaitable[None]]:
    """Return an actor that notes its starts; each life ends in a crash after its duration, the one after them well."""

    async def run() -> None:
        starts.append(trio.current_time())
        if len(starts) > len(durations):
            return
        await trio.sleep(durations[len(starts) - 1])
        raise RuntimeError("crash")

    return run


async def test_a_crashed_actor_starts_again_until_it_finishes(autojump_clock: MockClock) -> None:
    starts: list[float] = []
    board = Board()
    await keep_alive(Child(name="A_GAME.simulator", run=lives(0, 0, starts=starts)), budget(), board)
    assert starts == [0, 1, 3]
    assert board.status_of("A_GAME").restarts == 2
    assert board.status_of("ANOTHER").restarts == 0


async def test_each_crash_is_logged_with_its_traceback_and_pause(autojump_clock: MockClock) -> None:
    with capture_logs() as logs:
        await keep_alive(Child(name="x", run=lives(0, starts=[])), budget(), Board())
    (line,) = logs
    assert (line["event"], line["actor"], line["crashes"], line["pause_seconds"]) == ("actor.crashed", "x", 1, 1.0)
    assert line["exc_info"]


async def test_a_spent_budget_gives_up_loudly_with_the_last_crash_as_its_cause(autojump_clock: MockClock) -> None:
    with capture_logs() as logs, pytest.raises(RestartBudgetExceeded, match=r"x crashed 3 times within 60 s") as caught:
        await keep_alive(Child(name="x", run=lives(0, 0, 0, 0, starts=[])), budget(2), Board())
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert [line["event"] for line in logs] == ["actor.crashed", "actor.crashed", "actor.gave_up"]


async def test_jitter_takes_up_to_half_of_a_pause_away(autojump_clock: MockClock) -> None:
    starts: list[float] = []
    await keep_alive(Child(name="x", run=lives(0, 0, starts=starts)), budget(jitter=1.0), Board())
    assert starts == [0, 0.5, 1.5]


async def test_what_is_cancelled_has_not_crashed(autojump_clock: MockClock) -> None:
    board = Board()
    with capture_logs() as logs, trio.move_on_after(5) as scope:
        await keep_alive(Child(name="x", run=trio.sleep_forever), budget(0), board)
    assert scope.cancelled_caught
    assert not logs


async def test_several_errors_out_of_one_nursery_are_one_crash(autojump_clock: MockClock) -> None:
    starts: list[float] = []

    async def fail() -> None:
        raise RuntimeError

    async def run() -> None:
        starts.append(trio.current_time())
        if len(starts) == 1:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(fail)
                nursery.start_soon(fail)

    await keep_alive(Child(name="x", run=run), budget(1), Board())
    assert len(starts) == 2


def model(durations: list[float], allowed: RestartBudget) -> tuple[list[float], bool]:
    """Return when lives start and whether the supervisor gives up, written another way: over the whole history."""
    now, starts, crashes = 0.0, [], []
    for duration in durations:
        starts.append(now)
        now += duration
        crashes.append(now)
        recent = sum(1 for crash in crashes if crash >= now - allowed.window_seconds)
        if recent > allowed.crashes_max:
            return starts, True
        now += min(10.0, 1.0 * 2 ** (recent - 1))
    return [*starts, now], False


@given(
    durations=st.lists(st.integers(0, 40).map(float), max_size=12),
    crashes_max=st.integers(0, 5),
    window=st.integers(1, 100).map(float),
)
def test_the_supervisor_does_what_its_model_says(durations: list[float], crashes_max: int, window: float) -> None:
    allowed = budget(crashes_max, window=window)
    starts: list[float] = []

    async def supervise() -> bool:
        try:
            await keep_alive(Child(name="x", run=lives(*durations, starts=starts)), allowed, Board())
        except RestartBudgetExceeded:
            return True
        return False

    with capture_logs():
        gave_up = trio.run(supervise, clock=MockClock(autojump_threshold=0))
    assert (starts, gave_up) == model(durations, allowed)
