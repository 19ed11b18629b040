"""Each configured source asked once, all side by side: whether results come from it, how new and how complete."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import trio

from actors.feed import FeedError, fetch_source
from actors.feed_bounds import FeedLimits
from actors.feed_pages import PAGE_MARK, page_plan, shown_source
from actors.feed_results import FeedPlan
from ops.checks.finding import Finding, Patient, broken, fail, ok, warn
from universe.game import Game
from universe.results.gaps import missing_dates
from universe.results.reading import read_pages
from universe.results.result import FormatError, Reading

LIMITS = FeedLimits(connect_seconds=3, silence_seconds=3, total_seconds=5)


async def ask_sources(patient: Patient, games: Mapping[str, Game], found: Callable[[Finding], None]) -> None:
    """Ask every source; none waits for another."""
    async with trio.open_nursery() as nursery:
        for plan in plans(patient):
            if plan.game_id in games:
                nursery.start_soon(_ask, plan, games[plan.game_id], found)
            else:
                found(fail(check_name(plan), "the source of an unknown game", "do as `games` says"))


def plans(patient: Patient) -> list[FeedPlan]:
    """Return the configured sources, by game."""
    return [
        FeedPlan(
            game_id=game_id,
            source=feed.source,
            format_name=feed.format,
            timezone=ZoneInfo(feed.timezone),
            results_after=feed.results_after,
        )
        for game_id, feed in sorted(patient.settings.game.items())
        if feed.source is not None
    ]


def check_name(plan: FeedPlan) -> str:
    """Return how the finding about a source is called."""
    return f"source {plan.game_id}"


async def _ask(plan: FeedPlan, game: Game, found: Callable[[Finding], None]) -> None:
    now = datetime.now(UTC)
    table = f"[game.{plan.game_id}]"
    try:
        pages = await fetch_source(_first_page(plan.source), format_name=plan.format_name, limits=LIMITS)
        read = partial(read_pages, game, pages, format_name=plan.format_name, today=plan.today(now))
        reading = await trio.to_thread.run_sync(read, abandon_on_cancel=True)
    except FeedError as error:
        remedy = (
            f"see whether it answers elsewhere, then again; else correct source in {table}"
            if error.retryable
            else f"correct source in {table}"
        )
        found(fail(check_name(plan), str(error), remedy))
    except FormatError as error:
        found(
            fail(
                check_name(plan),
                f"{shown_source(plan.source)}: {error}",
                f"give format in {table}, or correct its source",
            )
        )
    except Exception as fault:  # noqa: BLE001  whatever a publisher does to its reader is a finding
        found(broken(check_name(plan), fault))
    else:
        found(finding_on(plan, game, reading, now))


def _first_page(source: str) -> str:
    """Return where the newest results are, of a source that counts its pages: a doctor reads no whole archive."""
    return page_plan(source).address(1) if PAGE_MARK in source else source


def finding_on(plan: FeedPlan, game: Game, reading: Reading, now: datetime) -> Finding:
    """Say how new and how complete a source is."""
    check, table = check_name(plan), f"[game.{plan.game_id}]"
    if not reading.results:
        return warn(
            check,
            f"{reading.rows:,} rows, no result of {plan.game_id}",
            f"correct source in {table}: is it another game's?",
        )
    newest, due = reading.results[-1].draw_date, plan.last_due(game, now)
    gaps = missing_dates(game, [result.draw_date for result in reading.results])
    shown = f"{len(reading.results):,} results ({reading.format_name}) to {newest}, {gaps.count:,} gaps"
    if reading.invalid:
        first = reading.invalid[0]
        shown = f"{shown}, {len(reading.invalid):,} bad rows (line {first.line}: {first.reason})"
        return warn(
            check, shown, f"universe ingest --game {plan.game_id} --results SOURCE lists them; good rows are taken"
        )
    if due is not None and newest < due:
        return warn(
            check,
            f"{shown}; the result of {due} is missing",
            f"wait if it is late; else look at the publisher, or at results_after in {table}",
        )
    return ok(check, shown)
