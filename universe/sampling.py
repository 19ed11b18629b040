"""Tickets by chance, repeatable from a seed. They predict nothing: every ticket wins with the same probability."""

import random
from collections.abc import Mapping, Sequence

import attrs

from universe.errors import UniverseError
from universe.game import Game

EXPONENT_MAX = 10.0  # beyond it weights of large counts leave the range of doubles in sight

Weights = Mapping[int, float]  # number: weight, above 0


class SamplingError(UniverseError):
    """A choice of numbers that no ticket can be made of."""


@attrs.frozen(kw_only=True)
class Ticket:
    """Numbers to play, both sets ascending."""

    main_numbers: tuple[int, ...]
    bonus_numbers: tuple[int, ...]


def equal_weights(size: int) -> Weights:
    """Return the same weight for 1 to ``size``."""
    return dict.fromkeys(range(1, size + 1), 1.0)


def frequency_weights(counts: Sequence[int], top_n: int, exponent: float) -> Weights:
    """Return count ** exponent of the ``top_n`` most frequent numbers; of equal counts the lower number first.

    A number that never came up weighs as if it had come up once, so that any exponent gives it a weight and no draws
    at all give equal weights.
    """
    assert abs(exponent) <= EXPONENT_MAX
    by_frequency = sorted(range(1, len(counts) + 1), key=lambda number: (-counts[number - 1], number))
    return {number: float(max(counts[number - 1], 1)) ** exponent for number in sorted(by_frequency[:top_n])}


def require_top_n(game: Game, top_n: int) -> None:
    """Raise SamplingError unless a ticket can be made of the ``top_n`` most frequent numbers of each drum."""
    least = max(game.main.picked + (game.bonus_picked if game.bonus_from_rest else 0), game.bonus_picked)
    if not least <= top_n <= game.main.size:
        raise SamplingError(f"{game.game_id}: top_n {top_n} is not in {least}..{game.main.size}")


def make_tickets(game: Game, main: Weights, bonus: Weights, *, count: int, seed: str) -> list[Ticket]:
    """Return ``count`` independent tickets. Equal arguments give equal tickets."""
    dice = random.Random(seed)  # noqa: S311  # repeatable on purpose, and no secret
    return [_ticket(game, dice, main, bonus) for _ in range(count)]


def _ticket(game: Game, dice: random.Random, main: Weights, bonus: Weights) -> Ticket:
    main_numbers = _pick(dice, main, game.main.picked)
    if game.bonus_from_rest:
        bonus = {number: weight for number, weight in bonus.items() if number not in main_numbers}
    return Ticket(main_numbers=main_numbers, bonus_numbers=_pick(dice, bonus, game.bonus_picked))


def _pick(dice: random.Random, weights: Weights, picked: int) -> tuple[int, ...]:
    """Take one number after the other, each in proportion to its weight among those left."""
    numbers, left = list(weights), list(weights.values())
    chosen = []
    for _ in range(picked):
        (place,) = dice.choices(range(len(left)), weights=left)
        chosen.append(numbers.pop(place))
        left.pop(place)
    return tuple(sorted(chosen))
