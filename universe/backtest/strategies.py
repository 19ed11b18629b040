"""Ways to choose tickets. None of them can beat chance; a backtest shows by how much they do not."""

from collections.abc import Callable, Iterator, Sequence
from math import comb
from typing import Literal, get_args

import attrs
import numpy as np
import numpy.typing as npt

from universe.backtest.errors import StrategyError
from universe.backtest.past import Past, pasts
from universe.backtest.patterns import common_patterns, pattern_tickets
from universe.fairness.history import History
from universe.game import Game
from universe.ranking import Numbers, unrank_subsets

StrategyName = Literal["random", "hot", "cold", "overdue", "weighted", "patterns"]
STRATEGIES: tuple[StrategyName, ...] = get_args(StrategyName)
POOLED = frozenset({"hot", "cold", "overdue"})  # these pick out of the ``top`` numbers of an order
COUNTED = frozenset({"hot", "cold", "weighted"})  # these look at counts, so a window means something
PATTERNS_TOP = 6
WINDOW_MAX = 10**9  # draws, more than any history has

Tickets = npt.NDArray[np.uint8]  # [draws, tickets, k], numbers of a ticket ascending
Chooser = Callable[[History], Sequence[Sequence[int]]]


@attrs.frozen(kw_only=True)
class Strategy:
    """A strategy that comes with the program.

    ``random``: any numbers. ``hot``, ``cold``: of the ``top`` most, least frequent numbers of the past. ``overdue``: of
    the ``top`` numbers not seen for longest. Of equal ones the lower number goes first, and any k of the ``top`` are
    as likely. ``weighted``: one number after the other in proportion to its count, 1 at least. ``patterns``: any
    numbers whose digit pattern is one of the ``top`` with the most combinations. ``window``: counts are of so many
    last draws; None: of all.
    """

    name: StrategyName
    top: int | None = None  # None: 2k, of patterns six
    window: int | None = None

    def __str__(self) -> str:
        top = f" {self.top}" if self.top else ""
        return f"{self.name}{top}" + (f" of the last {self.window:,} draws" if self.window else "")


@attrs.frozen(kw_only=True)
class UserStrategy:
    """A function of the past: called before each draw with the history up to it, it returns the tickets to play."""

    name: str
    choose: Chooser

    def __str__(self) -> str:
        return self.name


def settled(game: Game, strategy: Strategy) -> Strategy:
    """Return the strategy with its ``top`` filled in; StrategyError for what this game cannot play."""
    name, picked, size = strategy.name, game.main.picked, game.main.size
    if strategy.window is not None and name not in COUNTED:
        raise StrategyError(f"window {strategy.window}: {name} looks at no counts, {', '.join(sorted(COUNTED))} do")
    if strategy.window is not None and not 1 <= strategy.window <= WINDOW_MAX:
        raise StrategyError(f"window {strategy.window} is not in 1..{WINDOW_MAX:,}")
    if name not in POOLED and name != "patterns":
        if strategy.top is not None:
            raise StrategyError(f"top {strategy.top}: {name} has no order; {', '.join(sorted(POOLED))}, patterns do")
        return strategy
    least, most = (1, len(common_patterns(game))) if name == "patterns" else (picked, size)
    top = min(PATTERNS_TOP if name == "patterns" else 2 * picked, most) if strategy.top is None else strategy.top
    if not least <= top <= most:
        raise StrategyError(f"{game.game_id}: top {top} is not in {least}..{most}")
    return attrs.evolve(strategy, top=top)


def played(history: History, strategy: Strategy, tickets: int, seed: int) -> Iterator[Tickets]:
    """Yield the tickets for each draw of a history, in pieces of draws in order, by a settled strategy.

    Equal arguments give equal tickets, with one version of numpy, whatever the pieces.
    """
    dice = np.random.default_rng(seed)
    for past in pasts(history, strategy.window, tickets):
        yield _choose(history.game, strategy, past, tickets, dice)


def _choose(game: Game, strategy: Strategy, past: Past, tickets: int, dice: np.random.Generator) -> Tickets:
    """Return tickets for some draws from their past, which is all that a strategy is told."""
    draws, size = past.counts.shape
    picked = game.main.picked
    match strategy.name:
        case "hot":
            pool = _first_of(-past.counts, strategy.top)
        case "cold":
            pool = _first_of(past.counts, strategy.top)
        case "overdue":
            pool = _first_of(past.last_seen, strategy.top)
        case "random":
            pool = np.broadcast_to(np.arange(1, size + 1, dtype=np.uint8), (draws, size))
        case "weighted":
            return _weighted(np.maximum(past.counts, 1), picked, tickets, dice)
        case "patterns":
            assert strategy.top is not None
            rows = pattern_tickets(game, strategy.top, draws * tickets, dice)
            return rows.reshape(draws, tickets, picked)
    return _any_of(pool, picked, tickets, dice)


def _first_of(order: npt.NDArray[np.int64], top: int | None) -> Numbers:
    """Return the ``top`` numbers that come first, ascending, uint8[draws, top]; of equal ones the lower number."""
    assert top is not None
    size = order.shape[1]
    unique = order * size + np.arange(size)
    first = np.partition(unique, top - 1, axis=1)[:, :top] % size
    return np.sort(first + 1, axis=1).astype(np.uint8)


def _any_of(pool: Numbers, picked: int, tickets: int, dice: np.random.Generator) -> Tickets:
    """Return tickets out of each draw's own pool uint8[draws, numbers], every subset as likely."""
    draws, numbers = pool.shape
    ranks = dice.integers(comb(numbers, picked), size=draws * tickets)
    places = unrank_subsets(ranks, numbers, picked).reshape(draws, tickets * picked)
    taken = np.take_along_axis(pool, places.astype(np.int64) - 1, axis=1)
    return taken.reshape(draws, tickets, picked)


def _weighted(weights: npt.NDArray[np.int64], picked: int, tickets: int, dice: np.random.Generator) -> Tickets:
    """Return tickets drawn without replacement, in proportion to the weights of those left.

    The k smallest of exponential waiting times with these rates (Efraimidis & Spirakis, Inf. Proc. Lett. 97:181, 2006).
    """
    waiting = dice.standard_exponential((len(weights), tickets, weights.shape[1]), dtype=np.float32)
    waiting /= weights[:, None, :].astype(np.float32)
    first = np.argpartition(waiting, picked - 1, axis=2)[:, :, :picked]
    return np.sort(first + 1, axis=2).astype(np.uint8)
