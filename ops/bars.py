"""Progress bars for a person, on stderr: draws, rate, time left. Log lines scroll above them."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


class RichBars:
    """One bar a game."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}

    @property
    def started(self) -> Collection[str]:
        """The games that have a bar."""
        return self._bars

    def start(self, name: str, done: int, total: int) -> None:
        """Begin a bar at ``done`` of ``total`` draws."""
        self._bars[name] = self._progress.add_task(name, total=total, completed=done, numbers="", rate="")

    def show(self, name: str, done: int) -> None:
        """Move a bar on."""
        bar = self._bars[name]
        task = next(task for task in self._progress.tasks if task.id == bar)
        numbers = f"{done:,} of {task.total:,.0f} draws" if task.total else f"{done:,} draws"
        rate = f"{task.speed:,.1f} draws/s" if task.speed else ""
        self._progress.update(bar, completed=done, numbers=numbers, rate=rate)


@contextmanager
def rich_bars() -> Iterator[RichBars]:
    """Show bars until the block ends."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[numbers]}"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns,
        console=Console(stderr=True),
        redirect_stdout=False,
        refresh_per_second=2,
        speed_estimate_period=120,
    ) as progress:
        yield RichBars(progress)
