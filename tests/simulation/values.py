"""What a date's real result is, and what a source says by mistake: pure functions of game and date."""

from datetime import date
from random import Random

from universe.game import Game
from universe.ranking import unrank
from universe.results.result import RealResult


def true_result(game: Game, day: date) -> RealResult:
    return _result(game, day, _place(game, day))


def wrong_result(game: Game, day: date) -> RealResult:
    return _result(game, day, (_place(game, day) + 1) % game.outcomes)


def _place(game: Game, day: date) -> int:
    return Random(f"{game.game_id} {day}").randrange(game.outcomes)


def _result(game: Game, day: date, rank: int) -> RealResult:
    main, bonus = unrank(game, rank)
    return RealResult(draw_date=day, main_numbers=tuple(main), bonus_numbers=tuple(bonus))


def row(result: RealResult) -> str:
    """Return a result as a row of a source."""
    return f"{result.draw_date},{_spaced(result.main_numbers)},{_spaced(result.bonus_numbers)}"


def placeholder_row(game: Game, day: date) -> str:
    return f"{day},{_spaced((0,) * game.main.picked)},{_spaced((0,) * game.bonus_picked)}"


def _spaced(numbers: tuple[int, ...]) -> str:
    return " ".join(map(str, numbers))
