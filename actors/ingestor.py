"""Real results from a game's configured source: once at the start (phase 0), then after each scheduled draw.

A bad feed is ordinary: it is logged and asked again, ever more rarely, and stops nothing.
"""

from datetime import date, datetime

import structlog
import tenacity
import trio

from actors.feed_pages import shown_source
from actors.feed_results import FeedPlan
from actors.mail import Letter, deliver
from actors.world import World
from storage.interface import Conflict
from universe.results.result import Reading
from universe.units import ResultsUnit

FETCH_SECONDS_MAX = 30.0
RETRY_SECONDS_MIN = 60.0
RETRY_SECONDS_MAX = 2 * 3600.0
NAP_SECONDS_MAX = 600.0  # a machine that slept, or a clock that was set, is noticed this late

log = structlog.get_logger()


async def run_ingestor(
    plan: FeedPlan, world: World, letters: trio.MemorySendChannel[Letter], bootstrapped: trio.Event
) -> None:
    """Fetch at once, and again while the newest result due is not there; then after every draw. Runs until cancelled.

    ``bootstrapped`` is set after the first fetch, whether or not it worked: draws may be made from then on.
    """
    while True:
        game = await world.offload(world.store.game, plan.game_id)
        due, next_due_at = plan.last_due(game, world.now()), plan.next_due_at(game, world.now())
        await _retrying(plan, next_due_at, world)(_attempt, plan, due, world, letters, bootstrapped)
        while (left := seconds_until(next_due_at, world)) > 0:  # noqa: ASYNC110 - no event tells what the wall clock says
            await trio.sleep(min(left, NAP_SECONDS_MAX))


def seconds_until(moment: datetime, world: World) -> float:
    """Return how long it is until then on the world's clock."""
    return (moment - world.now()).total_seconds()


def _retrying(plan: FeedPlan, next_due_at: datetime, world: World) -> tenacity.AsyncRetrying:
    """Return the backoff: until an attempt has nothing to report, or the next draw makes it one fetch for both."""
    grow = tenacity.wait_exponential_jitter(
        multiplier=RETRY_SECONDS_MIN, jitter=RETRY_SECONDS_MIN, max=RETRY_SECONDS_MAX
    )

    def wait(state: tenacity.RetryCallState) -> float:
        return max(0.0, min(grow(state), seconds_until(next_due_at, world)))

    def is_worth_it(reason: str | None) -> bool:
        return reason is not None and seconds_until(next_due_at, world) > 0

    def log_failure(state: tenacity.RetryCallState) -> None:
        reason = state.outcome.result() if state.outcome else None
        log.warning(
            "feed.failed", game_id=plan.game_id, reason=reason, attempts=state.attempt_number,
            next_try_seconds=round(state.upcoming_sleep, 1),
        )  # fmt: skip  # one line of facts

    return tenacity.AsyncRetrying(
        wait=wait, retry=tenacity.retry_if_result(is_worth_it), before_sleep=log_failure, sleep=trio.sleep
    )


async def _attempt(
    plan: FeedPlan,
    due: date | None,
    world: World,
    letters: trio.MemorySendChannel[Letter],
    bootstrapped: trio.Event,
) -> str | None:
    """Fetch once and hand over what is new. Return why the result due is not there; None if it is.

    Phase 0 ends with the first attempt, unless this life ends before it.
    """
    fault = await _fetch_and_hand_over(plan, world, letters)
    bootstrapped.set()
    if fault is None and due is not None:
        missing = await world.offload(world.store.missing_results, plan.game_id, due, due)
        return f"no result of {due} yet" if missing else None
    return fault


async def _fetch_and_hand_over(plan: FeedPlan, world: World, letters: trio.MemorySendChannel[Letter]) -> str | None:
    """Do it once, and wait until the results are kept. Return what is wrong with the feed, None if it can be read."""
    game = await world.offload(world.store.game, plan.game_id)
    try:
        with trio.fail_after(FETCH_SECONDS_MAX):
            reading = await plan.fetch(plan, game, plan.today(world.now()))
    except trio.TooSlowError:
        return f"not done within {FETCH_SECONDS_MAX:g} s"
    except Exception as fault:  # whatever a feed does to its reader must not stop anything
        log.debug("feed.fault", game_id=plan.game_id, exc_info=fault)
        return f"{type(fault).__name__}: {fault}"
    await _hand_over(plan, reading, world, letters)
    return None


async def _hand_over(plan: FeedPlan, reading: Reading, world: World, letters: trio.MemorySendChannel[Letter]) -> None:
    """Have every valid result kept that is not yet; parked for as long as the feed contradicts what is stored.

    All are sent, for only so a contradiction is found.
    """
    if reading.broken:
        log.warning(
            "feed.invalid", game_id=plan.game_id, rows=len(reading.invalid),
            first=f"line {reading.invalid[0].line}: {reading.invalid[0].reason}",
        )  # fmt: skip  # one line of facts
    if not reading.results:
        return
    unit = ResultsUnit(game_id=plan.game_id, results=reading.results, source=shown_source(plan.source))
    committed = await deliver(unit, letters)
    conflicts = [
        conflict for stored in committed.results for conflict in stored.conflicts if stored.game_id == plan.game_id
    ]
    if conflicts:
        world.board.park(plan.actor, conflict_text(conflicts), world.now())
    else:
        world.board.unpark(plan.actor)


def conflict_text(conflicts: list[Conflict]) -> str:
    """Say what the feed contradicts."""
    dates = ", ".join(conflict.draw_date.isoformat() for conflict in conflicts[:3])
    more = f" and {len(conflicts) - 3} more" if len(conflicts) > 3 else ""
    return f"the feed contradicts the stored result of {dates}{more}"
