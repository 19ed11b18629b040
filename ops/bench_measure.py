"""How the benchmark measures: several things in turns, medians of them, and ratios. It knows no universe."""

import statistics
from collections.abc import Callable, Mapping
from time import perf_counter

import attrs

from universe.errors import UniverseError


class BenchmarkError(UniverseError):
    """What is under measurement failed, or is not what it should be, so that there is nothing to measure."""


@attrs.frozen
class Timing:
    """Seconds of the same thing, measured again and again."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median, in seconds."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float | None:
        """How far the slowest lies above the fastest, as a share of the median: the machine's noise. None for one."""
        if len(self.seconds) == 1:
            return None
        return significant((max(self.seconds) - min(self.seconds)) / self.median)


def in_turns(repeats: int, tasks: Mapping[str, Callable[[], object]]) -> dict[str, Timing]:
    """Time each task so many times, one after the other and over again: a busy moment of the machine meets all."""
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(repeats):
        for name, task in tasks.items():
            before = perf_counter()
            task()
            seconds[name].append(perf_counter() - before)
    return {name: Timing(tuple(measured)) for name, measured in seconds.items()}


def significant(value: float, digits: int = 3) -> float:
    """Round to so many significant digits: no figure here is known better."""
    return float(f"{value:.{digits}g}")


def times(figure: float, reference: float) -> float:
    """Return how many times the reference a figure is, to three digits; 0.0 without a reference."""
    return significant(figure / reference) if reference else 0.0


def nanoseconds(seconds: float, draws: int) -> float:
    """Return nanoseconds a draw, to three digits."""
    return significant(1e9 * seconds / draws)
