"""How large a universe's files are, and how much room is left for them; nothing of what is not there."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric

from ops.place import Place


def file_figures(place: Place) -> Iterator[Metric]:
    """Yield what the file system tells."""
    database = place.database
    yield from _bytes("universe_database_bytes", "Size of the database file, in bytes.", lambda: _size(database))
    yield from _bytes(
        "universe_log_bytes",
        "Size of the log beside the database, in bytes.",
        lambda: _size(database.with_name(f"{database.name}-wal")),
    )
    yield from _bytes(
        "universe_free_bytes",
        "Room left on the data directory's disk, in bytes.",
        lambda: shutil.disk_usage(place.root).free,
    )


def _bytes(name: str, meaning: str, measure: Callable[[], int]) -> Iterator[Metric]:
    with suppress(OSError):
        yield GaugeMetricFamily(name, meaning, float(measure()))


def _size(path: Path) -> int:
    return path.stat().st_size
