"""Rule changes inside one history: the highest numbers of a drum that are not drawn before or after some date.

A drum of s numbers gives each draw of k the probability 1/C(s, k), and no number above s. The most likely course of s
through the draws, each change at a price, is found exactly (Viterbi 1967; penalised change points as in Killick,
Fearnhead & Eckley 2012, JASA 107:1590). The price is such that under one matrix throughout, the chance of any change
being told is below alpha: the m highest numbers of s stay silent for g given draws with [C(s - m, k) / C(s, k)]**g,
and there are no more places and sizes than draws times numbers.
"""

from datetime import date, timedelta
from math import exp, lgamma, log
from typing import Literal

import attrs
import numpy as np
import numpy.typing as npt

from universe.fairness.history import History
from universe.game import WEEKDAYS, Weekday

Sizes = npt.NDArray[np.int64]

DRAWS_REGULAR_MIN = 13  # a weekday with so many draws, in as many weeks at least half, is one of the schedule
WEEK = timedelta(days=7)


@attrs.frozen(kw_only=True)
class MatrixChange:
    """Numbers that left a drum or joined it, by their silence.

    ``last_or_first_seen`` is the last date with one of them before they ``left``, the first after they ``joined``;
    None if they were ``never`` seen. ``p_value`` is the chance of a silence of ``draws_silent`` draws or more, of any
    highest numbers anywhere in the history, had they been in the drum.
    """

    drum: Literal["main", "bonus"]
    numbers: tuple[int, ...]
    direction: Literal["left", "joined", "never"]
    last_or_first_seen: date | None
    draws_silent: int
    p_value: float


@attrs.frozen(kw_only=True)
class WeekdayChange:
    """A weekday on which draws begin or end inside a history; ``seen`` is the first or the last of them."""

    weekday: Weekday
    direction: Literal["begins", "ends"]
    seen: date


@attrs.frozen(kw_only=True, eq=False)
class _Drum:
    """Numbers 1..size, ``picked`` a draw; ``highest`` [n] is the highest number of each draw."""

    name: Literal["main", "bonus"]
    size: int
    picked: int
    highest: Sizes

    def log_silence(self, below: int, size: int) -> float:
        """Return the log of C(below, k) / C(size, k): no number above ``below`` in one draw out of ``size``."""
        return _log_binomial(below, self.picked) - _log_binomial(size, self.picked)


def matrix_changes(history: History, alpha: float = 1e-6) -> tuple[MatrixChange, ...]:
    """Return the changes of the history's drums, main before bonus and the earliest first.

    Under one matrix throughout any is told with a probability of at most ``alpha``. A bonus from the rest of the drum
    is looked at together with the main numbers. Nothing is told of a drum whose every number is picked.
    """
    drums = [drum for drum in _drums(history) if len(history) and drum.picked < drum.size]
    looks = log(max(1, len(history) * sum(drum.size - drum.picked for drum in drums)))
    return tuple(change for drum in drums for change in _changes(drum, history, looks, log(alpha)))


def _drums(history: History) -> list[_Drum]:
    game = history.game
    if game.bonus_from_rest:
        both = np.concatenate([history.main, history.bonus], axis=1)
        return [_drum("main", game.main.size, both)]
    return [_drum("main", game.main.size, history.main), _drum("bonus", game.bonus_size, history.bonus)]


def _drum(name: Literal["main", "bonus"], size: int, numbers: npt.NDArray[np.uint8]) -> _Drum:
    highest = numbers.max(axis=1, initial=0).astype(np.int64)
    return _Drum(name=name, size=size, picked=numbers.shape[1], highest=highest)


def _changes(drum: _Drum, history: History, looks: float, log_alpha: float) -> list[MatrixChange]:
    course = _likeliest_sizes(drum, price=looks - log_alpha)
    starts = [0, *(np.flatnonzero(np.diff(course)) + 1).tolist()]
    told = [_change(drum, history, course, start, looks) for start in starts[1:]]
    largest = int(course.max())
    never = len(course) * drum.log_silence(largest, drum.size) + looks if largest < drum.size else 0.0
    if never <= log_alpha:
        told.append(_told(drum, (largest, drum.size), "never", None, len(course), never))
    return told


def _change(drum: _Drum, history: History, course: Sizes, start: int, looks: float) -> MatrixChange:
    """Return the change at draw ``start``, with the whole stretch through which its numbers are silent."""
    before, after = int(course[start - 1]), int(course[start])
    low, high = min(before, after), max(before, after)
    heard = np.flatnonzero(drum.highest > low)
    if after < before:
        later = heard[heard >= start]
        silent, at = (int(later[0]) if len(later) else len(course)) - start, start - 1
    else:
        earlier = heard[heard < start]
        silent, at = start - (int(earlier[-1]) + 1 if len(earlier) else 0), start
    chance = silent * drum.log_silence(low, high) + looks
    return _told(drum, (low, high), "left" if after < before else "joined", history.dates[at].item(), silent, chance)


def _told(
    drum: _Drum,
    between: tuple[int, int],
    direction: Literal["left", "joined", "never"],
    seen: date | None,
    silent: int,
    log_chance: float,
) -> MatrixChange:
    low, high = between
    return MatrixChange(
        drum=drum.name,
        numbers=tuple(range(low + 1, high + 1)),
        direction=direction,
        last_or_first_seen=seen,
        draws_silent=silent,
        p_value=exp(min(log_chance, 0.0)),
    )


def _likeliest_sizes(drum: _Drum, price: float) -> Sizes:
    """Return the size of the drum at each draw: the course with the least cost.

    A draw costs log C(s, k), a change ``price``. No draw has a number above the size. Of equal costs the course with
    fewer changes is taken.
    """
    sizes = np.arange(drum.picked, drum.size + 1)
    per_draw = np.array([_log_binomial(int(size), drum.picked) for size in sizes])
    costs = np.zeros(len(sizes))
    came_from = np.empty((len(drum.highest), len(sizes)), dtype=np.uint8)  # no drum holds more numbers
    stay = np.arange(len(sizes))
    for draw, highest in enumerate(drum.highest.tolist()):
        best = int(costs.argmin())
        moved = costs[best] + price < costs
        came_from[draw] = np.where(moved, best, stay)
        costs = np.where(moved, costs[best] + price, costs) + per_draw
        costs[: highest - drum.picked] = np.inf
    course = np.empty(len(drum.highest), dtype=np.int64)
    state = int(costs.argmin())
    for draw in range(len(course) - 1, -1, -1):
        course[draw] = sizes[state]
        state = int(came_from[draw, state])
    return course


def _log_binomial(size: int, picked: int) -> float:
    return lgamma(size + 1) - lgamma(picked + 1) - lgamma(size - picked + 1)


def weekday_changes(history: History) -> tuple[WeekdayChange, ...]:
    """Return the weekdays on which draws begin or end inside the history, the earliest first.

    Told is what a schedule does, not one moved draw: a weekday with a quarter of a year of draws, a quarter or more
    after the first draw of all or before the last.
    """
    days = np.unique(history.dates)
    told = []
    for index, name in enumerate(WEEKDAYS):
        held = [day for day in days.tolist() if day.weekday() == index]
        first, last = _regular(held), _regular(held[::-1])
        if first and first - days[0].item() >= DRAWS_REGULAR_MIN * WEEK:
            told.append(WeekdayChange(weekday=name, direction="begins", seen=first))
        if last and days[-1].item() - last >= DRAWS_REGULAR_MIN * WEEK:
            told.append(WeekdayChange(weekday=name, direction="ends", seen=last))
    return tuple(sorted(told, key=lambda change: change.seen))


def _regular(held: list[date]) -> date | None:
    """Return the first of these dates, in their order, from which draws are held in at least every other week."""
    ahead = DRAWS_REGULAR_MIN - 1
    for early, late in zip(held, held[ahead:], strict=False):
        if abs(late - early) <= 2 * ahead * WEEK:
            return early
    return None
