"""Memory, processor time and handles of this process, as the system counts them; nothing where it does not tell."""

from collections.abc import Iterator
from contextlib import suppress

from prometheus_client import ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.registry import Collector


class ProcessFigures(Collector):
    """The client library's own figures, by our names."""

    def __init__(self) -> None:
        self._figures = ProcessCollector(namespace="universe", registry=None)

    def collect(self) -> Iterator[Metric]:
        """Yield what the system tells."""
        with suppress(OSError, ValueError):  # a limit of "unlimited" is a number for nobody
            yield from self._figures.collect()
