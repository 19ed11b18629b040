"""Where and when a game's real results are published, and how they are read from there."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time
from functools import partial
from zoneinfo import ZoneInfo

import attrs
import trio

from actors.board import actor_name
from actors.feed import fetch_source
from universe.calendar import ONE_DAY, first_draw_date, last_draw_date
from universe.game import Game
from universe.results.reading import read_pages
from universe.results.result import Reading

TIMEZONE = ZoneInfo("UTC")
RESULTS_AFTER = time(23, 30)
# A clock that is set beyond counts as standing here: there is a date in every zone, and another draw to come.
NOW_MIN, NOW_MAX = datetime(1970, 1, 1, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC)


async def fetch_results(plan: "FeedPlan", game: Game, today: date) -> Reading:
    """Fetch a plan's source and read it, each in threads. FeedError or FormatError if that cannot be done."""
    pages = await fetch_source(plan.source, format_name=plan.format_name)
    read = partial(read_pages, game, pages, format_name=plan.format_name, today=today)
    return await trio.to_thread.run_sync(read, abandon_on_cancel=True)  # it may take longer than anyone waits


@attrs.frozen(kw_only=True)
class FeedPlan:
    """One game's configured source. The result of a draw date is due from ``results_after`` on, that day, locally."""

    game_id: str
    source: str
    format_name: str | None = None  # None: detected
    timezone: ZoneInfo = TIMEZONE
    results_after: time = RESULTS_AFTER
    fetch: Callable[["FeedPlan", Game, date], Awaitable[Reading]] = fetch_results

    @property
    def actor(self) -> str:
        """The ingestor's name."""
        return actor_name(self.game_id, "ingestor")

    def today(self, now: datetime) -> date:
        """Return the publisher's date."""
        return _within_bounds(now).astimezone(self.timezone).date()

    def due_at(self, draw_date: date) -> datetime:
        """Return when the result of a draw date is due."""
        return datetime.combine(draw_date, self.results_after, self.timezone)

    def last_due(self, game: Game, now: datetime) -> date | None:
        """Return the newest draw date whose result is due; None before the game's first."""
        last = last_draw_date(game, self.today(now))
        if last is not None and self.due_at(last) > now:
            last = last_draw_date(game, last - ONE_DAY)
        return last

    def next_due_at(self, game: Game, now: datetime) -> datetime:
        """Return when the next result will be due."""
        last = self.last_due(game, now)
        return self.due_at(first_draw_date(game, game.since if last is None else last + ONE_DAY))

    def seconds_until_due(self, game: Game, now: datetime) -> float:
        """Return how long it is until the next result is due."""
        return (self.next_due_at(game, now) - _within_bounds(now)).total_seconds()


def _within_bounds(now: datetime) -> datetime:
    return min(max(now, NOW_MIN), NOW_MAX)
