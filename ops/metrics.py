"""The metrics of one process, as Prometheus and its kin read them: counted while it works, looked up when asked.

A scrape costs one bounded look at the store and a few at the file system. It never fails: what cannot be had is absent.
Import it only where HTTP is served.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import attrs
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.exposition import choose_encoder

from ops.metrics_process import ProcessFigures
from ops.metrics_scrape import Scrape

if TYPE_CHECKING:
    from ops.life import Life

OUTCOMES = ("answered", "refused", "crashed")  # of a call of a tool
TOOL_SECONDS = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


@attrs.frozen
class Metrics:
    """What one process counts itself, and what it looks up at each scrape."""

    _registry: CollectorRegistry
    _tool_seconds: Histogram
    _tool_calls: Counter

    def observe_call(self, tool: str, seconds: float, outcome: str) -> None:
        """Count a call of a tool: ``outcome`` is one of OUTCOMES, ``tool`` a name that the server knows."""
        self._tool_seconds.labels(tool).observe(seconds)
        self._tool_calls.labels(tool, outcome).inc()

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """Return all metrics as text, and its content type: the newest format that an Accept header asks for."""
        try:
            encode, content_type = choose_encoder(accept)
        except (TypeError, ValueError):  # a version that is none
            encode, content_type = choose_encoder("")
        return encode(self._registry), content_type


def make_metrics(life: "Life", *, tools: Iterable[str] = (), subscriptions: Callable[[], int] = lambda: 0) -> Metrics:
    """Return the metrics of a process. ``tools`` are shown before their first call, so that a first crash is a change.

    ``subscriptions`` counts those that are open now.
    """
    disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each; nobody asks when one began
    registry = CollectorRegistry()
    registry.register(Scrape(life, subscriptions))
    seconds = Histogram(
        "universe_tool_seconds",
        "Duration of calls of a tool, in seconds.",
        ["tool"],
        registry=registry,
        buckets=TOOL_SECONDS,
    )
    calls = Counter("universe_tool_calls", "Calls of a tool by their outcome.", ["tool", "outcome"], registry=registry)
    registry.register(ProcessFigures())
    for tool in tools:
        seconds.labels(tool)
        for outcome in OUTCOMES:
            calls.labels(tool, outcome)
    return Metrics(registry, seconds, calls)
