"""When a source is asked, how often it is asked again, and that nothing it does stops anything."""

# ruff: noqa: ARG001 - a test asks for virtual time by naming autojump_clock

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import attrs
import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from actors.board import FeedVitals
from actors.feed_results import FeedPlan
from actors.ingestor import FETCH_SECONDS_MAX, RETRY_SECONDS_MAX, RETRY_SECONDS_MIN, run_ingestor
from actors.mail import Letter
from actors.world import World
from actors.writer import run_writer
from storage.memory import MemoryStore
from tests.actors.scenes import (
    GAME,
    GAME_ID,
    SATURDAY,
    START,
    WEDNESDAY,
    make_store,
    make_world,
    result,
    results,
    run_for,
    virtual_now,
)
from universe.game import Game
from universe.results.result import Invalid, Reading, RealResult

HOUR = 3_600.0
WEDNESDAYS_RESULT_DUE = 11.5 * HOUR  # the world starts on that day at noon, UTC
SATURDAYS_RESULT_DUE = WEDNESDAYS_RESULT_DUE + 72 * HOUR


def reading(*rows: RealResult, invalid: tuple[Invalid, ...] = ()) -> Reading:
    return Reading(
        format_name="csv",
        rows=len(rows) + len(invalid),
        results=rows,
        duplicates=0,
        before_matrix=0,
        extra_draws=0,
        invalid=invalid,
    )


@attrs.define
class Publisher:
    """A source that publishes each result some time after its draw, and notes when it was asked."""

    published: dict[date, datetime] = attrs.field(factory=dict)
    fault: Callable[[], object] | None = None
    asked: list[float] = attrs.field(factory=list)

    async def fetch(self, _plan: FeedPlan, game: Game, today: date) -> Reading:
        self.asked.append(trio.current_time())
        assert (game, today) == (GAME, virtual_now().date())
        await trio.lowlevel.checkpoint()
        if self.fault:
            self.fault()
        return reading(*(result(day) for day, when in self.published.items() if when <= virtual_now()))


@attrs.define
class Scene:
    """An ingestor with its writer, in a world that starts on a draw date at noon."""

    publisher: Publisher = attrs.field(factory=Publisher)
    store: MemoryStore = attrs.field(factory=make_store)
    world: World = attrs.field()
    bootstrapped: trio.Event = attrs.field(factory=trio.Event)

    @world.default
    def _around_the_store(self) -> World:
        return make_world(self.store)

    async def run(self, plan: FeedPlan | None = None) -> None:
        plan = plan or FeedPlan(game_id=GAME_ID, source="https://example.org/results", fetch=self.publisher.fetch)
        letters, inbox = trio.open_memory_channel[Letter](1)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run_writer, inbox, self.world)
            nursery.start_soon(run_ingestor, plan, self.world, letters, self.bootstrapped)

    def stored(self) -> set[date]:
        return set(self.store.games[GAME_ID].results)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def published_after(**delays: timedelta) -> Iterator[tuple[date, datetime]]:
    for name, delay in delays.items():
        day = {"wednesday": WEDNESDAY, "saturday": SATURDAY}[name]
        yield day, datetime.combine(day, time(23, 30), UTC) + delay


async def test_a_source_is_asked_once_at_the_start_and_once_after_each_draw(
    scene: Scene, autojump_clock: MockClock
) -> None:
    scene.publisher.published = dict(published_after(wednesday=timedelta(0), saturday=timedelta(minutes=-30)))
    await run_for(SATURDAYS_RESULT_DUE + 20 * HOUR, scene.run)
    assert scene.publisher.asked == [0, WEDNESDAYS_RESULT_DUE, SATURDAYS_RESULT_DUE]
    assert scene.stored() == {WEDNESDAY, SATURDAY}


async def test_a_missing_result_is_asked_for_ever_more_rarely_until_it_is_there(
    scene: Scene, autojump_clock: MockClock
) -> None:
    scene.publisher.published = dict(published_after(wednesday=timedelta(hours=20)))
    with capture_logs() as logs:
        await run_for(SATURDAYS_RESULT_DUE - HOUR, scene.run)
    asked = scene.publisher.asked[1:]
    pauses = [round(later - earlier, 3) for earlier, later in pairwise(asked)]
    assert asked[0] == WEDNESDAYS_RESULT_DUE
    assert WEDNESDAYS_RESULT_DUE + 20 * HOUR <= asked[-1] <= WEDNESDAYS_RESULT_DUE + 22 * HOUR
    assert RETRY_SECONDS_MIN <= pauses[0] <= 2 * RETRY_SECONDS_MIN
    assert pauses == sorted(pauses)
    assert pauses[-1] == RETRY_SECONDS_MAX
    assert scene.stored() == {WEDNESDAY}
    failures = [line for line in logs if line["event"] == "feed.failed"]
    assert len(failures) == len(pauses)
    assert failures[0]["reason"] == "no result of 2024-01-03 yet"
    assert failures[0]["next_try_seconds"] == pytest.approx(pauses[0], abs=0.1)


async def test_the_next_draw_makes_it_one_fetch_for_both_and_begins_the_backoff_anew(
    scene: Scene, autojump_clock: MockClock
) -> None:
    scene.publisher.published = dict(
        published_after(wednesday=timedelta(hours=72, minutes=1), saturday=timedelta(minutes=1))
    )
    await run_for(SATURDAYS_RESULT_DUE + 12 * HOUR, scene.run)
    after = [moment - SATURDAYS_RESULT_DUE for moment in scene.publisher.asked if moment > SATURDAYS_RESULT_DUE - 60]
    assert after[0] == pytest.approx(0, abs=0.01)
    assert RETRY_SECONDS_MIN <= after[-1] <= 2 * RETRY_SECONDS_MIN + 1
    assert scene.stored() == {WEDNESDAY, SATURDAY}


async def test_an_old_gap_that_nobody_will_fill_is_not_asked_for(scene: Scene, autojump_clock: MockClock) -> None:
    scene.world = attrs.evolve(scene.world, now=lambda: virtual_now() + timedelta(days=4))  # Sunday noon
    asked = []

    async def fetch(_plan: FeedPlan, _game: Game, _today: date) -> Reading:
        asked.append(trio.current_time())
        return reading(result(SATURDAY))

    await run_for(24 * HOUR, partial(scene.run, FeedPlan(game_id=GAME_ID, source="x", fetch=fetch)))
    assert asked == [0]


def crash() -> None:
    raise ZeroDivisionError("an adapter's mistake")


def unreadable() -> None:
    raise ExceptionGroup("many", [ValueError("what?")])


@pytest.mark.parametrize("fault", [crash, unreadable])
async def test_whatever_a_feed_does_it_is_asked_again(
    scene: Scene, fault: Callable[[], object], autojump_clock: MockClock
) -> None:
    scene.publisher.published = dict(published_after(wednesday=timedelta(hours=-20)))
    scene.publisher.fault = fault
    with capture_logs() as logs:
        await run_for(30, scene.run)
        assert scene.bootstrapped.is_set()
        scene.publisher.fault = None
        await run_for(3 * RETRY_SECONDS_MIN, scene.run)
    assert scene.stored() == {WEDNESDAY}
    assert "feed.failed" in [line["event"] for line in logs]


async def test_phase_0_waits_for_a_silent_source_only_so_long(scene: Scene, autojump_clock: MockClock) -> None:
    async def fetch(_plan: FeedPlan, _game: Game, _today: date) -> Reading:
        await trio.sleep_forever()
        raise AssertionError

    async with trio.open_nursery() as nursery:
        nursery.start_soon(scene.run, FeedPlan(game_id=GAME_ID, source="x", fetch=fetch))
        await scene.bootstrapped.wait()
        assert trio.current_time() == FETCH_SECONDS_MAX
        nursery.cancel_scope.cancel()


async def test_phase_0_ends_after_its_results_are_kept(scene: Scene, autojump_clock: MockClock) -> None:
    scene.publisher.published = dict(published_after(wednesday=timedelta(hours=-20)))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(scene.run)
        await scene.bootstrapped.wait()
        assert scene.stored() == {WEDNESDAY}
        nursery.cancel_scope.cancel()


async def test_a_life_that_ends_during_phase_0_leaves_it_to_the_next(scene: Scene, autojump_clock: MockClock) -> None:
    async def fetch(_plan: FeedPlan, _game: Game, _today: date) -> Reading:
        await trio.sleep(20)
        return reading(result(WEDNESDAY))

    plan = FeedPlan(game_id=GAME_ID, source="x", fetch=fetch)
    await run_for(10, partial(scene.run, plan))
    assert not scene.bootstrapped.is_set()
    await run_for(21, partial(scene.run, plan))
    assert scene.bootstrapped.is_set()


async def test_valid_rows_are_taken_and_bad_ones_are_told(scene: Scene, autojump_clock: MockClock) -> None:
    async def fetch(_plan: FeedPlan, _game: Game, _today: date) -> Reading:
        return reading(result(WEDNESDAY), invalid=(Invalid(line=7, reason="99 is out of range"),))

    with capture_logs() as logs:
        await run_for(1, partial(scene.run, FeedPlan(game_id=GAME_ID, source="x", fetch=fetch)))
    assert scene.stored() == {WEDNESDAY}
    (line,) = [line for line in logs if line["event"] == "feed.invalid"]
    assert (line["rows"], line["first"]) == (1, "line 7: 99 is out of range")


async def test_a_feed_that_contradicts_what_is_stored_is_parked_until_it_does_not(
    scene: Scene, autojump_clock: MockClock
) -> None:
    scene.store.commit([results(result(WEDNESDAY, (5, 6)))])
    scene.publisher.published = dict(published_after(wednesday=timedelta(hours=-20)))
    board = scene.world.board
    async with trio.open_nursery() as nursery:
        nursery.start_soon(scene.run)
        await trio.sleep(1)
        parked = board.status_of(GAME_ID).parked
        assert parked is not None
        assert (parked.actor, parked.since) == (f"{GAME_ID}.ingestor", START)
        assert parked.reason == "the feed contradicts the stored result of 2024-01-03"
        scene.publisher.published = dict(published_after(saturday=timedelta(0)))
        await trio.sleep(SATURDAYS_RESULT_DUE)
        assert board.status_of(GAME_ID).parked is None
        nursery.cancel_scope.cancel()


async def test_the_board_tells_when_the_feed_was_read_and_how_often_it_could_not_be(
    scene: Scene, autojump_clock: MockClock
) -> None:
    """A result that is not there yet is no failure of the feed: it could be read."""

    def feed() -> FeedVitals:
        return scene.world.board.feeds()[GAME_ID]

    scene.publisher.fault = unreadable
    async with trio.open_nursery() as nursery:
        nursery.start_soon(scene.run)
        await trio.sleep(1)
        assert feed() == FeedVitals(asked_since=START, read_at=None, failures=1)
        await trio.sleep(2 * RETRY_SECONDS_MIN)
        assert feed() == FeedVitals(asked_since=START, read_at=None, failures=2)
        scene.publisher.fault = None
        await trio.sleep(4 * RETRY_SECONDS_MIN)
        read_at = START + timedelta(seconds=scene.publisher.asked[-1])
        assert feed() == FeedVitals(asked_since=START, read_at=read_at, failures=2)
        await trio.sleep(WEDNESDAYS_RESULT_DUE)
        assert scene.stored() == set()
        assert feed() == FeedVitals(
            asked_since=START, read_at=START + timedelta(seconds=scene.publisher.asked[-1]), failures=2
        )
        nursery.cancel_scope.cancel()


async def test_a_source_is_named_without_its_secrets(scene: Scene, autojump_clock: MockClock) -> None:
    sources: list[str] = []

    async def fetch(_plan: FeedPlan, _game: Game, _today: date) -> Reading:
        return reading(result(WEDNESDAY))

    keep = scene.store.commit

    def commit(units: list[object]) -> object:
        sources.extend(unit.source for unit in units)  # type: ignore[attr-defined]  # only results come here
        return keep(units)  # type: ignore[arg-type]  # as above

    scene.store.commit = commit  # type: ignore[method-assign, assignment]  # a spy
    plan = FeedPlan(game_id=GAME_ID, source="https://me:pass@example.org/a?key=1", fetch=fetch)
    await run_for(1, partial(scene.run, plan))
    assert sources == ["https://***@example.org/a?…"]


def test_a_result_is_due_at_the_publishers_local_time() -> None:
    plan = FeedPlan(game_id=GAME_ID, source="x", timezone=ZoneInfo("America/Los_Angeles"), results_after=time(20, 30))
    due = datetime(2024, 1, 4, 4, 30, tzinfo=UTC)
    assert plan.due_at(WEDNESDAY) == due
    assert plan.last_due(GAME, due - timedelta(seconds=1)) is None
    assert plan.next_due_at(GAME, due - timedelta(seconds=1)) == due
    assert plan.last_due(GAME, due) == WEDNESDAY
    assert plan.next_due_at(GAME, due) == due + timedelta(days=3)
    assert plan.today(due) == WEDNESDAY


async def test_a_file_is_fetched_and_read_off_the_loop(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text("draw_date,main,bonus\n2024-01-03,1 2,\n")
    plan = FeedPlan(game_id=GAME_ID, source=str(path))
    with trio.fail_after(10):
        read = await plan.fetch(plan, GAME, SATURDAY)
    assert read.results == (result(WEDNESDAY),)
