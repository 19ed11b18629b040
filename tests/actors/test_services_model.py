"""Services start first and stop last; a failure asks the work to stop, and is raised, plain, in the end."""

from collections.abc import Sequence
from functools import partial

import attrs
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from trio.testing import MockClock

from actors.board import Board
from actors.services import Service, run_beside
from actors.supervisor import Child, RestartBudget, RestartBudgetExceeded
from tests.actors.lives import BUDGETS, SPANS, Span, error_of, expected_story, live


@attrs.frozen
class ServiceStory:
    """A service by its lives, and whether it may restart."""

    spans: tuple[Span, ...]
    restarts: bool

    def failure_at(self, budget: RestartBudget) -> float:
        """Return when it fails for good; infinity if it never does."""
        if self.restarts:
            story = expected_story(self.spans, budget)
            return story.over if story.outcome == "gave up" else float("inf")
        first = next(iter(self.spans), Span(0.0, "finish"))
        return float("inf") if first.end == "finish" else first.seconds

    def failure_type(self) -> type[Exception]:
        """Return what its failure is: a spent budget, or whatever its only life ended with."""
        return RestartBudgetExceeded if self.restarts else type(error_of(self.spans[0].end))


SERVICES = st.lists(st.builds(ServiceStory, SPANS.map(tuple), st.booleans()), max_size=3)


@given(services=SERVICES, work_seconds=st.integers(0, 320), drain_seconds=st.sampled_from([0, 3]), budget=BUDGETS)
@settings(max_examples=150)
def test_services_and_work_end_as_the_model_says(
    services: list[ServiceStory], work_seconds: int, drain_seconds: int, budget: RestartBudget
) -> None:
    length = work_seconds / 8 + 1 / 16  # never in the moment of a failure
    first = min((service.failure_at(budget) for service in services), default=float("inf"))
    stopped = first < length
    ended, stop_set, error, running = _run_beside(services, length, drain_seconds, budget)
    assert ended == (min(length, first + drain_seconds) if stopped else length)
    assert stop_set == stopped
    assert (error is not None) == stopped
    if error is not None:
        candidates = [service for service in services if service.failure_at(budget) == first]
        assert any(isinstance(error, service.failure_type()) for service in candidates)
    assert running == 0


def _run_beside(
    services: Sequence[ServiceStory], length: float, drain_seconds: float, budget: RestartBudget
) -> tuple[float, bool, Exception | None, int]:
    running: list[int] = []

    async def serve(spans: Sequence[Span], starts: list[float]) -> None:
        running.append(1)
        try:
            await live(spans, starts)
        finally:
            running.pop()

    async def run() -> tuple[float, bool, Exception | None, int]:
        stop = trio.Event()

        async def work() -> None:
            with trio.move_on_after(length):
                await stop.wait()
                await trio.sleep(drain_seconds)

        children = [
            Service(child=Child(name=f"service {place}", run=partial(serve, one.spans, [])), restarts=one.restarts)
            for place, one in enumerate(services)
        ]
        try:
            await run_beside(children, work, stop=stop, budget=budget, board=Board())
        except Exception as failure:  # noqa: BLE001  it is what is asked for
            return trio.current_time(), stop.is_set(), failure, len(running)
        return trio.current_time(), stop.is_set(), None, len(running)

    with capture_logs():
        return trio.run(run, clock=MockClock(autojump_threshold=0))
