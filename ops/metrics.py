"""The metrics of one process, as Prometheus and its kin read them: counted while it works, looked up when asked.

A scrape costs one bounded look at the store and a few at the file system. It never fails: what cannot be had is absent.
The library that writes the text is loaded by the first scrape, for a server answers before it needs that.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from ops.life import Life

OUTCOMES = ("answered", "refused", "crashed")  # of a call of a tool
TOOL_SECONDS = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


@attrs.define
class ToolCalls:
    """The calls of one tool so far: how they ended and how long they took."""

    outcomes: Counter[str] = attrs.field(factory=lambda: Counter(dict.fromkeys(OUTCOMES, 0)))
    seconds: float = 0.0
    buckets: list[int] = attrs.field(factory=lambda: [0] * (len(TOOL_SECONDS) + 1))  # by TOOL_SECONDS, and beyond


@attrs.define
class Metrics:
    """What one process counts itself, and what it looks up at each scrape.

    ``subscriptions`` counts those that are open now. ``tools`` are shown before their first call, so that a first crash
    is a change.
    """

    life: "Life"
    subscriptions: Callable[[], int] = attrs.field(default=lambda: 0, kw_only=True)
    tools: dict[str, ToolCalls] = attrs.field(factory=dict, kw_only=True)
    _registry: "CollectorRegistry | None" = attrs.field(default=None, init=False)

    def observe_call(self, tool: str, seconds: float, outcome: str) -> None:
        """Count a call of a tool: ``outcome`` is one of OUTCOMES, ``tool`` a name that the server knows."""
        calls = self.tools.setdefault(tool, ToolCalls())
        calls.outcomes[outcome] += 1
        calls.seconds += seconds
        calls.buckets[bisect_left(TOOL_SECONDS, seconds)] += 1

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """Return all metrics as text, and its content type: the newest format that an Accept header asks for."""
        from prometheus_client import CollectorRegistry
        from prometheus_client.exposition import choose_encoder

        from ops.metrics_process import ProcessFigures
        from ops.metrics_scrape import Scrape

        if self._registry is None:
            self._registry = CollectorRegistry()
            self._registry.register(Scrape(self))
            self._registry.register(ProcessFigures())
        try:
            encode, content_type = choose_encoder(accept)
        except (TypeError, ValueError):  # a version that is none
            encode, content_type = choose_encoder("")
        return encode(self._registry), content_type


def make_metrics(life: "Life", *, tools: Iterable[str] = (), subscriptions: Callable[[], int] = lambda: 0) -> Metrics:
    """Return the metrics of a process that serves these tools."""
    return Metrics(life, tools={tool: ToolCalls() for tool in tools}, subscriptions=subscriptions)
