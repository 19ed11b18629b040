"""A strategy of the user's own, called draw by draw with nothing but the past."""

from collections.abc import Iterable, Iterator
from itertools import islice
from numbers import Integral

import attrs
import numpy as np

from universe.backtest.errors import StrategyError
from universe.backtest.strategies import Tickets, UserStrategy
from universe.errors import UniverseError
from universe.fairness.history import History
from universe.game import POOL_SIZE_MAX, Game
from universe.ranking import Numbers, require_ticket

PIECE_DRAWS = 4096
SHOWN_CHARACTERS, TOLD_CHARACTERS = 60, 500


def chosen(history: History, strategy: UserStrategy, tickets: int) -> Iterator[Tickets]:
    """Yield the tickets for each draw, in pieces of draws in order.

    The function is handed a history into which a draw is copied only after its tickets were taken: what is to come is
    not in memory that it could reach through its argument. StrategyError if it raises or returns anything but
    ``tickets`` tickets; its cause is what the function raised, whatever that was.
    """
    revealed, main_alone = _Revealed(history), attrs.evolve(history.game, bonus=None)
    for first in range(0, len(history), PIECE_DRAWS):
        last = min(first + PIECE_DRAWS, len(history))
        piece = np.empty((last - first, tickets, history.game.main.picked), dtype=np.uint8)
        for place in range(first, last):
            piece[place - first] = _asked(strategy, revealed.until(place), main_alone, tickets)
        yield piece


class _Revealed:
    """Arrays of the whole length that are filled draw by draw."""

    def __init__(self, history: History) -> None:
        self._whole = history
        self._dates = np.zeros(len(history), dtype=history.dates.dtype)
        self._main = np.zeros_like(history.main)
        self._bonus = np.zeros_like(history.bonus)
        self._done = 0

    def until(self, draws: int) -> History:
        """Return the first ``draws`` draws, to be read only."""
        new = slice(self._done, draws)
        self._done = draws
        shown = ((self._dates, self._whole.dates), (self._main, self._whole.main), (self._bonus, self._whole.bonus))
        for held, whole in shown:
            held.flags.writeable = True
            held[new] = whole[new]
            held.flags.writeable = False  # so that nobody rewrites the past, a view's base included
        return History(
            game=self._whole.game, dates=self._dates[:draws], main=self._main[:draws], bonus=self._bonus[:draws]
        )


def _asked(strategy: UserStrategy, past: History, game: Game, tickets: int) -> Numbers:
    place = f"{strategy.name}, before draw {len(past) + 1:,}"
    try:
        rows = _listed(strategy.choose(past), tickets, game)
    except BaseException as failure:  # it is not our code, and its author needs the draw at which it failed
        told = str(failure) if isinstance(failure, UniverseError) else told_failure(failure)
        raise StrategyError(f"{place}: {told}") from failure
    return np.sort(np.array(rows, dtype=np.uint8), axis=1)


def _listed(returned: Iterable[Iterable[int]], tickets: int, game: Game) -> list[list[int]]:
    """Return what should be tickets as numbers, or raise StrategyError; never more of it than can be right."""
    allowed = f"a list of {tickets} lists of {game.main.picked} numbers of 1..{game.main.size}"
    if not isinstance(returned, Iterable):
        raise StrategyError(f"returned {shown(returned)}; it must return {allowed}")
    rows = []
    for ticket in islice(returned, tickets + 1):
        if not isinstance(ticket, Iterable):
            raise StrategyError(f"returned {shown(ticket)} among its tickets; it must return {allowed}")
        numbers = list(islice(ticket, POOL_SIZE_MAX + 1))
        if not all(isinstance(number, Integral) for number in numbers):
            raise StrategyError(f"returned the ticket {shown(numbers)}; it must return {allowed}")
        row = [int(number) for number in numbers]
        require_ticket(game, row, ())
        rows.append(row)
    if len(rows) != tickets:
        few = f"{len(rows)}" if len(rows) < tickets else f"more than {tickets}"
        raise StrategyError(f"returned {few} tickets; it must return {allowed}")
    return rows


def told_failure(failure: BaseException) -> str:
    """Return what somebody else's code raised, as text that can be printed; it may be unable to say so itself."""
    kind = type(failure).__name__
    try:
        text = str(failure).encode(errors="backslashreplace").decode()
    except Exception as broken:  # noqa: BLE001  whatever its __str__ does
        return f"{kind} (and {type(broken).__name__} when it was asked what that means)"
    return f"{kind}: {cut(text, TOLD_CHARACTERS)}" if text else kind


def shown(value: object) -> str:
    """Return the start of what a value looks like."""
    return cut(repr(value), SHOWN_CHARACTERS)


def cut(text: str, characters: int) -> str:
    """Return a text, or its start if it is long."""
    return text if len(text) <= characters else f"{text[:characters]}…"
