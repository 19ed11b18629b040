"""Progress bars for a person, on stderr: draws, rate, time left. Log lines scroll above them."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.text import Text

DAY_SECONDS = 86_400
DAYS_MAX = 36_500  # beyond a century it is no forecast


class TimeLeftColumn(ProgressColumn):
    """The time left: to the second within a day, else in days, as a production universe has before its milestone."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        """Return it as text; a dash while it cannot be told."""
        return Text(time_left_text(task.time_remaining))


def time_left_text(seconds: float | None) -> str:
    """Return a time left as a person says it."""
    if seconds is None or seconds > DAYS_MAX * DAY_SECONDS:
        return "-"
    if seconds >= DAY_SECONDS:
        days = round(seconds / DAY_SECONDS)
        return f"{days:,} day{'s' if days > 1 else ''} left"
    minutes, second = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{second:02} left"


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
def rich_bars(clock: Callable[[], float] = time.monotonic) -> Iterator[RichBars]:
    """Show bars until the block ends."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[numbers]}"),
        TextColumn("{task.fields[rate]}"),
        TimeLeftColumn(),
    )
    with Progress(
        *columns,
        console=Console(stderr=True),
        redirect_stdout=False,
        refresh_per_second=2,
        speed_estimate_period=120,
        get_time=clock,
    ) as progress:
        yield RichBars(progress)
