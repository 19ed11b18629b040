"""A small model of supervision: lives that end somehow after a while, and what a budget makes of them."""

from collections.abc import Sequence
from typing import Literal

import attrs
import trio
from hypothesis import strategies as st

from actors.supervisor import RestartBudget, RestartBudgetExceeded

End = Literal["crash", "group", "spent", "finish"]


@attrs.frozen
class Span:
    """One life: so long, then this."""

    seconds: float
    end: End


@attrs.frozen
class Story:
    """What came of a supervised child: when its lives started, when it was over, and how."""

    starts: tuple[float, ...]
    pauses: tuple[float, ...]
    over: float
    outcome: Literal["finished", "gave up", "cancelled"]


def expected_story(spans: Sequence[Span], budget: RestartBudget, cancelled_at: float = float("inf")) -> Story:
    """Say what has to come of these lives, each looked at with the whole history; the last ends well."""
    now = 0.0
    starts: list[float] = []
    crashes: list[float] = []
    pauses: list[float] = []
    for span in [*spans, Span(0.0, "finish")]:
        if now >= cancelled_at:
            return Story(tuple(starts), tuple(pauses), cancelled_at, "cancelled")
        starts.append(now)
        now += span.seconds
        if now >= cancelled_at and span.seconds:
            return Story(tuple(starts), tuple(pauses), cancelled_at, "cancelled")
        if span.end == "finish":
            return Story(tuple(starts), tuple(pauses), now, "finished")
        crashes.append(now)
        recent = sum(crash >= now - budget.window_seconds for crash in crashes)
        if recent > budget.crashes_max:
            return Story(tuple(starts), tuple(pauses), now, "gave up")
        doubled = budget.backoff_seconds * 2 ** (recent - 1)
        pauses.append(min(doubled, budget.backoff_seconds_max) * (1 - budget.jitter() / 2))
        now += pauses[-1]
    raise AssertionError


def error_of(end: End) -> Exception:
    match end:
        case "group":
            return ExceptionGroup("of one nursery", [RuntimeError("one"), ExceptionGroup("inner", [OSError("two")])])
        case "spent":
            return RestartBudgetExceeded("a child of it", 6, 300.0)
        case _:
            return RuntimeError("crash")


async def live(spans: Sequence[Span], starts: list[float]) -> None:
    """Be the next life of a child."""
    starts.append(trio.current_time())
    span = spans[len(starts) - 1] if len(starts) <= len(spans) else Span(0.0, "finish")
    if span.seconds:
        await trio.sleep(span.seconds)
    if span.end != "finish":
        raise error_of(span.end)


EIGHTHS = st.integers(0, 320).map(lambda eighths: eighths / 8)  # exact, so that boundaries are met exactly
SPANS = st.lists(st.builds(Span, EIGHTHS, st.sampled_from(["crash", "crash", "group", "spent", "finish"])), max_size=10)
BUDGETS = st.builds(
    lambda crashes, window, first, most, jitter: RestartBudget(
        crashes_max=crashes,
        window_seconds=window,
        backoff_seconds=first,
        backoff_seconds_max=most,
        jitter=lambda: jitter,
    ),
    st.integers(0, 5),
    st.integers(1, 60).map(float),
    st.sampled_from([0.0, 0.25, 1.0, 4.0]),
    st.sampled_from([0.5, 4.0, 10.0]),
    st.sampled_from([0.0, 0.5, 1.0]),
)
