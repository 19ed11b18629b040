"""Real results from a game's configured source: once at the start (phase 0), then after each scheduled draw.

A bad feed is ordinary: it is logged and asked again, ever more rarely, and stops nothing. Nor does a wall clock that
jumps: it is looked at anew before every wait, no wait is long, and two fetches are never closer than a minute.
"""

from datetime import date
from functools import partial

import attrs
import structlog
import tenacity
import trio

from actors.feed import FeedError
from actors.feed_pages import shown_source
from actors.feed_results import FeedPlan
from actors.mail import Letter, deliver
from actors.patience import patiently
from actors.world import World
from storage.interface import Conflict
from universe.game import Game
from universe.results.result import Reading
from universe.units import ResultsUnit

FETCH_SECONDS_MAX = 30.0
RETRY_SECONDS_MIN = 60.0
RETRY_SECONDS_MAX = 2 * 3600.0
NAP_SECONDS_MIN = 1.0
NAP_SECONDS_MAX = 600.0  # a machine that slept, or a clock that was set, is noticed this late

log = structlog.get_logger()


@attrs.frozen
class Shortfall:
    """Why the result due is not there. ``lasting``: the source is not as it should be, and asking soon is no use."""

    reason: str
    lasting: bool = False


async def run_ingestor(
    plan: FeedPlan, world: World, letters: trio.MemorySendChannel[Letter], bootstrapped: trio.Event
) -> None:
    """Fetch at once, and again while the newest result due is not there; then after every draw. Runs until cancelled.

    ``bootstrapped`` is set after the first fetch, whether or not it worked: draws may be made from then on.
    """
    world.board.expect_feed(plan.game_id, world.now())
    while True:
        game = await patiently(plan.actor, world, partial(world.offload, world.store.game, plan.game_id))
        due = plan.last_due(game, world.now())
        retrying = _retrying(plan, game, due, world)
        shortfall: Shortfall | None = await retrying(_attempt, plan, game, due, world, letters, bootstrapped)
        await trio.sleep(RETRY_SECONDS_MIN)
        while plan.last_due(game, world.now()) == due:
            left = plan.seconds_until_due(game, world.now())
            if shortfall is not None and left > RETRY_SECONDS_MAX:
                break  # the clock was wrong when it seemed that another result would be due before the next attempt
            await trio.sleep(min(max(left, NAP_SECONDS_MIN), NAP_SECONDS_MAX))


def _retrying(plan: FeedPlan, game: Game, due: date | None, world: World) -> tenacity.AsyncRetrying:
    """Return the backoff: until an attempt has nothing to report, or another result is due before the next one."""
    grow = tenacity.wait_exponential_jitter(
        multiplier=RETRY_SECONDS_MIN, jitter=RETRY_SECONDS_MIN, max=RETRY_SECONDS_MAX
    )

    def shortfall_of(state: tenacity.RetryCallState) -> Shortfall | None:
        return state.outcome.result() if state.outcome else None

    def wait(state: tenacity.RetryCallState) -> float:
        shortfall = shortfall_of(state)
        return RETRY_SECONDS_MAX if shortfall and shortfall.lasting else grow(state)

    def is_overtaken(state: tenacity.RetryCallState) -> bool:
        now = world.now()
        return plan.last_due(game, now) != due or state.upcoming_sleep >= plan.seconds_until_due(game, now)

    def log_failure(state: tenacity.RetryCallState) -> None:
        shortfall = shortfall_of(state)
        assert shortfall
        log.warning(
            "feed.failed", game_id=plan.game_id, reason=shortfall.reason, attempts=state.attempt_number,
            next_try_seconds=round(min(state.upcoming_sleep, plan.seconds_until_due(game, world.now())), 1),
        )  # fmt: skip  # one line of facts

    def give_up(state: tenacity.RetryCallState) -> Shortfall | None:
        log_failure(state)
        return shortfall_of(state)

    return tenacity.AsyncRetrying(
        wait=wait,
        retry=tenacity.retry_if_result(lambda shortfall: shortfall is not None),
        stop=is_overtaken,
        before_sleep=log_failure,
        retry_error_callback=give_up,
        sleep=trio.sleep,
    )


async def _attempt(
    plan: FeedPlan,
    game: Game,
    due: date | None,
    world: World,
    letters: trio.MemorySendChannel[Letter],
    bootstrapped: trio.Event,
) -> Shortfall | None:
    """Fetch once and hand over what is new. Return why the result due is not there; None if it is.

    Phase 0 ends with the first attempt, unless this life ends before it.
    """
    shortfall = await _fetch_and_hand_over(plan, game, world, letters)
    bootstrapped.set()
    if shortfall is not None:
        world.board.note_feed_failure(plan.game_id)
    if shortfall is None and due is not None:
        look = partial(world.offload, world.store.missing_results, plan.game_id, due, due)
        missing = await patiently(plan.actor, world, look)
        return Shortfall(f"no result of {due} yet") if missing else None
    return shortfall


async def _fetch_and_hand_over(
    plan: FeedPlan, game: Game, world: World, letters: trio.MemorySendChannel[Letter]
) -> Shortfall | None:
    """Do it once, and wait until the results are kept. Return what is wrong with the feed, None if it can be read."""
    try:
        with trio.fail_after(FETCH_SECONDS_MAX):
            reading = await plan.fetch(plan, game, plan.today(world.now()))
    except trio.TooSlowError:
        return Shortfall(f"not done within {FETCH_SECONDS_MAX:g} s")
    except Exception as fault:  # whatever a feed does to its reader must not stop anything
        log.debug("feed.fault", game_id=plan.game_id, exc_info=fault)
        lasting = isinstance(fault, FeedError) and not fault.retryable
        return Shortfall(f"{type(fault).__name__}: {fault}", lasting=lasting)
    world.board.note_feed_read(plan.game_id, world.now())
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
