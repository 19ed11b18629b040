"""The calls of tools as a scrape shows them."""

from collections.abc import Iterator, Mapping
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.utils import INF, floatToGoString

from ops.metrics import TOOL_SECONDS, ToolCalls

BOUNDS: list[str] = [floatToGoString(bound) for bound in (*TOOL_SECONDS, INF)]  # type: ignore[no-untyped-call]


def tool_figures(tools: Mapping[str, ToolCalls]) -> Iterator[Metric]:
    """Yield durations and outcomes, by tool."""
    seconds = HistogramMetricFamily(
        "universe_tool_seconds", "Duration of calls of a tool, in seconds.", labels=["tool"]
    )
    calls = CounterMetricFamily("universe_tool_calls", "Calls of a tool by their outcome.", labels=["tool", "outcome"])
    for tool, so_far in tools.items():
        cumulative = list(zip(BOUNDS, map(float, accumulate(so_far.buckets)), strict=True))
        seconds.add_metric([tool], cumulative, so_far.seconds)
        for outcome, count in so_far.outcomes.items():
            calls.add_metric([tool, outcome], count)
    yield seconds
    yield calls
