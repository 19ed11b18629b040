"""One scrape: the store, the board and the traffic of a process, all as they are at this moment."""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import get_args

import attrs
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from actors.board import game_of
from ops.life import Life
from ops.metrics_evidence import evidence_figures
from ops.metrics_files import file_figures
from ops.metrics_games import feed_figures, game_figures
from ops.readiness import Glance, glance, readiness_of
from tools.source import Role
from universe import __version__

CORE = "core"  # shown before its first restart, so that a first one is a change


@attrs.frozen(eq=False)  # a registry asks only which it is
class Scrape(Collector):
    """Everything that is looked up rather than counted, in one go: the figures of the store are of one commit.

    What trails behind the draws (evidence, proofs, histories) is of one commit too, that one or the next.
    """

    _life: Life
    _subscriptions: Callable[[], int]

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        life, now = self._life, datetime.now(UTC)
        seen = glance(life.current)
        yield from self._state(seen, now)
        yield from game_figures(seen.games, life.board.drawn, life.board.simulating, now)
        if seen.games and not life.options.dry_run:
            yield from self._behind(seen)
        yield from feed_figures(life.board.feeds(), now)
        yield from self._actors()
        yield from self._traffic()
        if not life.options.dry_run:
            yield from file_figures(life.options.target.place)

    def _behind(self, seen: Glance) -> Iterator[Metric]:
        from storage.connection import Location  # numpy: a server answers before it needs any

        yield from evidence_figures(Location(self._life.options.target.place.database), seen.games)

    def _state(self, seen: Glance, now: datetime) -> Iterator[Metric]:
        life, universe = self._life, seen.universe
        yield InfoMetricFamily(
            "universe",
            "The program and the universe it serves; always 1.",
            {
                "version": __version__,
                "universe_version": universe.version if universe else "",
                "mode": life.options.target.mode,
                "universe_id": universe.universe_id if universe else "",
            },
        )
        roles = {role: float(role == life.role) for role in get_args(Role)}
        yield labelled("universe_role", "1 for what this process does now: lead, follow or only read.", "role", roles)
        yield gauge("universe_ready", "1 if /ready says that this process can do its work.",
                    readiness_of(life, seen).ready)  # fmt: skip  # a name, its meaning, its value
        yield gauge("universe_store_readable", "1 if the store could be read for this scrape.", seen.fault is None)
        yield gauge("universe_uptime_seconds", "Age of this process, in seconds.", time.perf_counter() - life.started)
        yield gauge(
            "universe_clock_timestamp_seconds", "This machine's clock, in seconds since 1970 UTC.", now.timestamp()
        )

    def _actors(self) -> Iterator[Metric]:
        board = self._life.board
        commits = board.commits.rings
        yield CounterMetricFamily("universe_commits", "Transactions that this process has committed.", commits)
        yield SummaryMetricFamily(
            "universe_commit_seconds",
            "Duration of these transactions, waits for a store that could not take them included, in seconds.",
            commits,
            board.commit_seconds,
        )
        restarts = CounterMetricFamily(
            "universe_restarts",
            "Crashes that an actor was restarted after; game_id is empty for one of the whole process.",
            labels=["actor", "game_id"],
        )
        for name, count in ({CORE: 0} | board.restarts()).items():
            restarts.add_metric(actor_labels(name), count)
        yield restarts
        parked = GaugeMetricFamily(
            "universe_parked",
            "1 for each actor that waits for something outside and tries again by itself; absent for all others.",
            labels=["actor", "game_id"],
        )
        for actor in board.parked():
            parked.add_metric(actor_labels(actor.actor), 1)
        yield parked

    def _traffic(self) -> Iterator[Metric]:
        traffic = self._life.traffic
        yield gauge("universe_http_connections", "HTTP connections that are open.", traffic.connections)
        yield gauge("universe_http_requests", "HTTP requests at work, streams included.", traffic.requests)
        refused = CounterMetricFamily("universe_http_refused", "HTTP requests refused, by reason.", labels=["reason"])
        for reason, count in traffic.refused.items():
            refused.add_metric([reason], count)
        yield refused
        yield gauge("universe_subscriptions", "Subscriptions of MCP clients that are open.", self._subscriptions())


def actor_labels(name: str) -> list[str]:
    """Return what an actor is and whose: the two labels that tell of it."""
    game_id = game_of(name)
    return [name.removeprefix(f"{game_id}."), game_id]


def gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    """Return a gauge without labels."""
    return GaugeMetricFamily(name, meaning, float(value))


def labelled(name: str, meaning: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    """Return a gauge with one label."""
    family = GaugeMetricFamily(name, meaning, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
