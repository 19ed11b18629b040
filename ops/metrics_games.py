"""The figures of each game: as the store has it, as this process's actors draw it, as its feed fares."""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, NamedTuple, get_args

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from actors.board import FeedVitals
from tools.questions.status import completion_percent, lag_logical_days

if TYPE_CHECKING:  # this module imports numpy, and a server answers before it needs any
    from storage.views import GameView


class Figure(NamedTuple):
    """A metric of every game: ``of`` a game at a time, None where there is nothing to tell."""

    kind: type[CounterMetricFamily] | type[GaugeMetricFamily]
    name: str
    meaning: str
    of: "Callable[[GameView, datetime], float | None]"


def _committed_at(view: "GameView", _: datetime) -> float | None:
    return view.committed_at.timestamp() if view.committed_at else None


def _lag(view: "GameView", now: datetime) -> float | None:
    return lag_logical_days(view, now.date())


def _completion(view: "GameView", _: datetime) -> float | None:
    percent = completion_percent(view)
    return None if percent is None else percent / 100


def _result_age(view: "GameView", now: datetime) -> float | None:
    if view.results_last is None:
        return None
    return (now - datetime.combine(view.results_last, time(), UTC)).total_seconds()


COUNTER, GAUGE = CounterMetricFamily, GaugeMetricFamily
STORED = (
    Figure(COUNTER, "universe_draws", "Committed draws of the universe, since its beginning.",
           lambda view, _: view.watermark),
    Figure(GAUGE, "universe_last_commit_timestamp_seconds", "Last commit of draws, in seconds since 1970 UTC.",
           _committed_at),
    Figure(GAUGE, "universe_draws_per_logical_day", "Pace: draws of a simulated day.",
           lambda view, _: view.clock.draws_per_day if view.clock else None),
    Figure(GAUGE, "universe_lag_logical_days",
           "The world's date (UTC) minus the logical date of the last draw, in days; negative: ahead.", _lag),
    Figure(GAUGE, "universe_completion_ratio", "Committed draws over those of the milestone, 0 to 1.", _completion),
    Figure(GAUGE, "universe_real_results", "Real results stored, one a draw date.", lambda view, _: view.results_count),
    Figure(GAUGE, "universe_result_conflicts", "Distinct other values that were offered for stored dates.",
           lambda view, _: view.conflicts),
    Figure(GAUGE, "universe_newest_result_age_seconds",
           "Time since the newest stored result's draw date began (UTC), in seconds.", _result_age),
)  # fmt: skip  # a table


def game_figures(
    views: "Sequence[GameView]", drawn: Mapping[str, int], simulating: Container[str], now: datetime
) -> Iterator[Metric]:
    """Yield the figures of every game in the store; ``drawn`` and ``simulating`` are of this process."""
    for kind, name, meaning, of in STORED:
        values = {view.game.game_id: of(view, now) for view in views}
        yield _per_game(kind, name, meaning, values)
    yield _phases(views)
    ids = sorted({view.game.game_id for view in views} | drawn.keys())
    yield _per_game(COUNTER, "universe_generated_draws", "Draws committed by this process.",
                    {game_id: drawn.get(game_id, 0) for game_id in ids})  # fmt: skip  # a name, its meaning, its values
    yield _per_game(GAUGE, "universe_simulating", "1 if this process makes the game's draws right now.",
                    {game_id: float(game_id in simulating) for game_id in ids})  # fmt: skip  # as above


def _phases(views: "Sequence[GameView]") -> Metric:
    family = GaugeMetricFamily("universe_phase", "1 for the phase that a game is in.", labels=["game_id", "phase"])
    if views:
        from storage.views import Phase

        for view in views:
            for phase in get_args(Phase):
                family.add_metric([view.game.game_id, phase], float(phase == view.phase))
    return family


def feed_figures(feeds: Mapping[str, FeedVitals], now: datetime) -> Iterator[Metric]:
    """Yield how the feeds of this process fare; nothing of a game without one."""
    ages = {
        game_id: max(0.0, (now - (feed.read_at or feed.asked_since)).total_seconds()) for game_id, feed in feeds.items()
    }
    yield _per_game(GAUGE, "universe_feed_age_seconds",
                    "Time since a game's feed was last read, or first asked by this process, in seconds.",
                    ages)  # fmt: skip  # as above
    yield _per_game(COUNTER, "universe_feed_failures", "Attempts after which a game's feed could not be read.",
                    {game_id: feed.failures for game_id, feed in feeds.items()})  # fmt: skip  # as above


def _per_game(
    kind: type[CounterMetricFamily] | type[GaugeMetricFamily],
    name: str,
    meaning: str,
    values: Mapping[str, float | None],
) -> Metric:
    family = kind(name, meaning, labels=["game_id"])
    for game_id, value in values.items():
        if value is not None:
            family.add_metric([game_id], value)
    return family
