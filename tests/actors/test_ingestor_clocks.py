"""A wall clock that jumps: the ingestor neither crashes, nor asks without pause, nor goes to sleep for good."""

# ruff: noqa: ARG001 - a test asks for virtual time by naming autojump_clock

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import attrs
import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from actors.feed import FeedError
from actors.feed_results import FeedPlan
from actors.ingestor import NAP_SECONDS_MAX, RETRY_SECONDS_MAX, RETRY_SECONDS_MIN, run_ingestor
from actors.mail import Letter
from actors.writer import run_writer
from storage.memory import MemoryStore
from tests.actors.scenes import GAME, GAME_ID, START, WEDNESDAY, make_store, make_world, result, run_for, virtual_now
from universe.calendar import ONE_DAY
from universe.game import Game, Period
from universe.results.result import FormatError, Reading, RealResult

HOUR = 3_600.0
WEDNESDAYS_RESULT_DUE = 11.5 * HOUR
SUNDAYS = attrs.evolve(GAME, schedule=(Period(start=GAME.since, days=("Sun",)),))


@attrs.define
class Scene:
    """An ingestor of a publisher who has every result at once, with a clock in the test's hands."""

    now: Callable[[], datetime] = virtual_now
    fault: Exception | None = None
    published: tuple[RealResult, ...] = ()
    zone: str = "UTC"
    asked: list[float] = attrs.field(factory=list)
    store: MemoryStore = attrs.field(factory=make_store)
    bootstrapped: trio.Event = attrs.field(factory=trio.Event)

    async def fetch(self, _plan: FeedPlan, _game: Game, _today: date) -> Reading:
        self.asked.append(trio.current_time())
        await trio.lowlevel.checkpoint()
        if self.fault:
            raise self.fault
        return Reading(
            format_name="csv",
            rows=len(self.published),
            results=self.published,
            duplicates=0,
            before_matrix=0,
            extra_draws=0,
            invalid=(),
        )

    async def run(self) -> None:
        plan = FeedPlan(game_id=GAME_ID, source="x", timezone=ZoneInfo(self.zone), fetch=self.fetch)
        world = attrs.evolve(make_world(self.store), now=lambda: self.now())  # noqa: PLW0108  a test sets it meanwhile
        letters, inbox = trio.open_memory_channel[Letter](1)
        with capture_logs():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(run_writer, inbox, world)
                nursery.start_soon(run_ingestor, plan, world, letters, self.bootstrapped)

    @property
    def pauses(self) -> list[float]:
        return [later - earlier for earlier, later in pairwise(self.asked)]


def at(moment: datetime) -> Callable[[], datetime]:
    """Return a clock that shows this moment at the start, and goes on from there for as long as a date can."""

    def now() -> datetime:
        try:
            return moment + timedelta(seconds=trio.current_time())
        except OverflowError:
            return datetime.max.replace(tzinfo=UTC)

    return now


async def test_a_clock_that_was_years_ahead_for_a_moment_is_forgotten(autojump_clock: MockClock) -> None:
    scene = Scene(at(datetime(2078, 1, 1, tzinfo=UTC)), published=(result(WEDNESDAY),))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(scene.run)
        await trio.sleep(30)
        scene.now = virtual_now
        await trio.sleep_until(WEDNESDAYS_RESULT_DUE + 1)
        assert len(scene.asked) == 4  # at the start, again for the far result, for what is due now, and when one is
        assert scene.asked[-1] == pytest.approx(WEDNESDAYS_RESULT_DUE)
        nursery.cancel_scope.cancel()


async def test_a_clock_that_was_years_ahead_and_satisfied_is_forgotten_too(autojump_clock: MockClock) -> None:
    far = datetime(2077, 12, 30, 12, tzinfo=UTC)  # a Thursday; the result of the day before is there
    scene = Scene(at(far), published=(result(WEDNESDAY), result(far.date() - ONE_DAY)))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(scene.run)
        await trio.sleep(NAP_SECONDS_MAX / 2)
        assert scene.asked == [0]
        scene.now = virtual_now
        await trio.sleep(2 * NAP_SECONDS_MAX)
        assert len(scene.asked) == 2
        await trio.sleep_until(WEDNESDAYS_RESULT_DUE + 1)
        assert scene.asked[2:] == [pytest.approx(WEDNESDAYS_RESULT_DUE)]
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Niue"])
@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00",
        "1970-01-01T00:00:00",
        "2023-12-31T23:59:59",
        "2024-02-28T23:59:59",
        "2024-02-29T12:00:00",
        "2038-01-19T03:14:07",
        "2100-02-28T23:59:59",
        "9998-12-31T23:59:59",
        "9999-12-31T23:59:59.999999",
    ],
)
async def test_whatever_the_clock_shows_the_source_is_asked_a_few_times_a_day(
    moment: str, zone: str, autojump_clock: MockClock
) -> None:
    scene = Scene(at(datetime.fromisoformat(f"{moment}+00:00")), zone=zone)
    await run_for(24 * HOUR, scene.run)
    assert scene.bootstrapped.is_set()
    assert 1 <= len(scene.asked) <= 30
    assert not scene.pauses or min(scene.pauses) > RETRY_SECONDS_MIN - 1e-6
    scene.now = virtual_now
    scene.published = (result(WEDNESDAY),)
    scene.asked.clear()
    await run_for(24 * HOUR, scene.run)
    assert set(scene.store.games[GAME_ID].results) == {WEDNESDAY}


@pytest.mark.parametrize("seed", range(5))
async def test_a_clock_that_shows_something_else_at_each_look_does_not_make_it_hurry(
    seed: int, autojump_clock: MockClock
) -> None:
    dice = random.Random(seed)
    due = datetime(2024, 1, 3, 23, 30, tzinfo=UTC)

    def now() -> datetime:
        return due + dice.choice((1, -1)) * timedelta(seconds=dice.choice((1e-6, 1, 1e4, 1e9)))

    scene = Scene(now, published=(result(WEDNESDAY),))
    await run_for(5 * HOUR, scene.run)
    assert 5 <= len(scene.asked) <= 5 * 61
    assert min(scene.pauses) > RETRY_SECONDS_MIN - 1e-6


async def test_a_clock_that_stands_just_before_a_result_is_due_makes_nobody_spin(autojump_clock: MockClock) -> None:
    looks = 0

    def now() -> datetime:
        nonlocal looks
        looks += 1
        return datetime(2024, 1, 3, 23, 30, tzinfo=UTC) - timedelta(microseconds=1)

    scene = Scene(now)
    await run_for(HOUR, scene.run)
    assert scene.asked == [0]
    assert looks < 3 * HOUR


async def test_a_clock_set_back_a_day_costs_one_more_fetch_for_each_result(autojump_clock: MockClock) -> None:
    def now() -> datetime:
        return virtual_now() - (ONE_DAY if trio.current_time() > WEDNESDAYS_RESULT_DUE + HOUR else timedelta(0))

    scene = Scene(now, published=(result(WEDNESDAY),))
    await run_for(WEDNESDAYS_RESULT_DUE + 30 * HOUR, scene.run)
    assert len(scene.asked) == 4  # at the start, when due, when it no longer was, and when it was again


@pytest.mark.parametrize(
    ("fault", "lasting"),
    [
        (FeedError("x", "answered 404", retryable=False), True),
        (FormatError("of no known format, say a page that says sorry"), False),
        (FeedError("x", "answered 503", retryable=True), False),
        (ZeroDivisionError("an adapter's mistake"), False),
    ],
)
async def test_a_source_that_is_not_as_it_should_be_is_asked_rarely_but_after_each_draw(
    fault: Exception, lasting: bool, autojump_clock: MockClock
) -> None:
    scene = Scene(fault=fault)
    await run_for(WEDNESDAYS_RESULT_DUE + 2 * HOUR, scene.run)
    first, *_ = scene.pauses
    assert (first == RETRY_SECONDS_MAX) is lasting
    assert first >= RETRY_SECONDS_MIN
    assert WEDNESDAYS_RESULT_DUE in [pytest.approx(moment) for moment in scene.asked]


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Europe/London", "Australia/Lord_Howe", "America/St_Johns"])
@pytest.mark.parametrize("results_after", [time(0), time(2, 30), time(1, 59, 59), time(23, 59)])
def test_what_is_due_is_sound_all_through_a_year_with_its_clock_changes(zone: str, results_after: time) -> None:
    plan = FeedPlan(game_id=GAME_ID, source="x", timezone=ZoneInfo(zone), results_after=results_after)
    now = START
    for _ in range(366 * 6):
        last, upcoming = plan.last_due(SUNDAYS, now), plan.next_due_at(SUNDAYS, now)
        assert upcoming > now
        assert upcoming - now <= timedelta(days=7, hours=2)
        assert last is None or plan.due_at(last) <= now
        now += timedelta(hours=4)
