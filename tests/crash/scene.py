"""Two small games, and limits so low that a few dozen draws do all that millions do: folds, segments, checkpoints."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from functools import cache, lru_cache
from unittest.mock import patch

from tests.storage.universes import draw_unit
from universe.calendar import LogicalClock
from universe.compiled import plain_only
from universe.game import Game, Period, Pool
from universe.results.result import RealResult
from universe.units import DrawUnit, ResultsUnit

EPOCH = date(2024, 1, 1)  # a Monday
DAY_DRAWS = 10
TAIL_DRAWS_MAX = 40
BUSY_MS = 20

LIMITS = {
    "storage.draws.TAIL_DRAWS_MAX": TAIL_DRAWS_MAX,
    "storage.draws.NEWEST_DRAWS": 8,
    "storage.draws.SEGMENT_DRAWS_MAX": 40,
    "storage.comparisons.CATCH_UP_DRAWS_MAX": 5,
    "storage.access.CHECKPOINT_PAGES": 1,
}

PLAIN = Game(
    game_id="PLAIN",
    since=EPOCH,
    main=Pool(picked=2, size=6),
    schedule=(Period(start=EPOCH, days=("Wed", "Sat")),),
)
BONUS = Game(
    game_id="BONUS",
    since=EPOCH,
    main=Pool(picked=3, size=8),
    bonus=Pool(picked=1, size=3),
    schedule=(Period(start=EPOCH, days=("Mon", "Tue", "Fri")),),
)
GAMES = (PLAIN, BONUS)
GAME_OF = {game.game_id: game for game in GAMES}
CLOCK_OF = {game.game_id: LogicalClock(game=game, epoch=EPOCH, draws_per_day=DAY_DRAWS) for game in GAMES}


@contextmanager
def small_limits() -> Iterator[None]:
    """Within, the store folds, cuts segments and checkpoints after a few draws, on the plain path."""
    with ExitStack() as stack:
        stack.enter_context(plain_only())
        for name, value in LIMITS.items():
            stack.enter_context(patch(name, value))
        yield


@lru_cache(maxsize=4_096)
def draws(game_id: str, first: int, last: int) -> DrawUnit:
    """What a simulator makes of these draws; made once, mostly."""
    return draw_unit(CLOCK_OF[game_id], first, last)


@cache
def draw_dates(game_id: str, days: int) -> tuple[date, ...]:
    """The draw dates of the first logical days."""
    clock = CLOCK_OF[game_id]
    return tuple(sorted({clock.date_of_day(day) for day in range(days)}))


def result(game_id: str, day: date, shift: int = 0) -> RealResult:
    """A result of a date, another for another ``shift``."""
    game = GAME_OF[game_id]
    first = 1 + ((day - EPOCH) // timedelta(days=1) + shift) % (game.main.size - game.main.picked + 1)
    bonus = (1 + shift % game.bonus_size,) if game.bonus else ()
    return RealResult(draw_date=day, main_numbers=tuple(range(first, first + game.main.picked)), bonus_numbers=bonus)


def results(game_id: str, days: Sequence[date], shift: int = 0) -> ResultsUnit:
    """Results of these dates, as they are ingested."""
    return ResultsUnit(game_id=game_id, results=tuple(result(game_id, day, shift) for day in days), source="a test")
