"""Which cell a test of extremes is about: the number, the pair, the number of a weekday or a month, in words."""

from collections.abc import Callable, Sequence
from math import sqrt

import numpy as np

from universe.fairness.dates import draws_of_months, draws_of_weekdays, often_enough
from universe.fairness.history import History
from universe.fairness.tallies import MONTHS, Counts, Frame, Tallies
from universe.ranking import unrank_subset
from universe.statistics import expected_count

Part = tuple[str, Counts, int, float]  # what all cells of it share; their counts, draws, and chance in a draw


def extreme_cell(name: str, frame: Frame, tallies: Tallies, history: History) -> str | None:
    """Return what decided a test of one history, such as ``13 in Jul: 0 times, 18.1 expected``; None for other tests.

    ``tallies`` are of that history alone.
    """
    if name == "drought":
        number, draws = _longest_absence(history)
        return f"{number} stayed out for {draws:,} draws"
    parts = _parts(name, frame, tallies)
    if not parts:
        return None
    shared, counts, draws, chance = max(parts, key=_extremity)
    place = int(np.abs(counts - draws * chance).argmax())
    cell = " with ".join(map(str, unrank_subset(place, 2 if name == "pairs_max" else 1)))
    return f"{cell}{shared}: {int(counts[place]):,} times, {draws * chance:.4g} expected"


def _parts(name: str, frame: Frame, tallies: Tallies) -> Sequence[Part]:
    """Return the parts whose cells a test of extremes looks at."""
    main, size = frame.game.main, frame.game.main.size
    chance = expected_count(1, main.picked, size)
    match name:
        case "numbers_max":
            return [("", tallies.numbers[0], frame.draws, chance)]
        case "pairs_max":
            return [("", tallies.pairs[0], frame.draws, chance * (main.picked - 1) / (size - 1))]
        case "weekdays_max":
            return _dated(
                frame, tallies.by_weekday[0], draws_of_weekdays, [f" on {day}" for day in frame.weekday_names]
            )
        case "months_max":
            return _dated(frame, tallies.by_month[0], draws_of_months, [f" in {month}" for month in MONTHS])
        case _:
            return []


def _dated(frame: Frame, counts: Counts, draws_of: Callable[[Frame], Counts], names: Sequence[str]) -> Sequence[Part]:
    draws, chance = draws_of(frame), expected_count(1, frame.game.main.picked, frame.game.main.size)
    parts = np.flatnonzero(often_enough(frame, draws)).tolist()
    return [(names[part], counts[part], int(draws[part]), chance) for part in parts]


def _extremity(part: Part) -> float:
    _, counts, draws, chance = part
    return float(np.abs(counts - draws * chance).max()) / sqrt(draws * chance * (1 - chance))


def _longest_absence(history: History) -> tuple[int, int]:
    """Return the number that stayed out for the longest run of draws, and how long; runs at both ends included."""
    longest = (0, -1)
    for number in range(1, history.game.main.size + 1):
        seen = np.flatnonzero((history.main == number).any(axis=1))
        run = int(np.diff(np.concatenate([[-1], seen, [len(history)]])).max()) - 1
        longest = max(longest, (number, run), key=lambda found: found[1])
    return longest
