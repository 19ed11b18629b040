"""Tickets by chance, repeatable from a seed. They predict nothing: every ticket wins with the same probability."""

import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from universe.errors import UniverseError
from universe.game import Game

if TYPE_CHECKING:  # tickets alone need arrays, and the first answer must not wait for them
    import numpy as np
    import numpy.typing as npt

EXPONENT_MAX = 10.0  # beyond it weights of large counts leave the range of doubles in sight

Weights = Mapping[int, float]  # number: weight, above 0


class SamplingError(UniverseError):
    """A choice of numbers that no ticket can be made of."""


class Ticket(NamedTuple):
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
    import numpy as np

    dice = random.Random(seed)  # noqa: S311  # repeatable on purpose, and no secret
    rolls = np.array([dice.random() for _ in range(count * game.picks)]).reshape(count, game.picks)
    main_numbers = _pick(rolls[:, : game.main.picked], _every_ticket(main, game.main.size, count))
    bonus_weights = _every_ticket(bonus, game.bonus_size, count)
    if game.bonus_from_rest:
        np.put_along_axis(bonus_weights, main_numbers - 1, 0.0, axis=1)
    bonus_numbers = _pick(rolls[:, game.main.picked :], bonus_weights)
    return list(map(Ticket, map(tuple, main_numbers.tolist()), map(tuple, bonus_numbers.tolist())))


def _every_ticket(weights: Weights, size: int, count: int) -> "npt.NDArray[np.float64]":
    """Return the weight of each number 1..size, 0 where it has none: a row for each ticket."""
    import numpy as np

    return np.tile([weights.get(number, 0.0) for number in range(1, size + 1)], (count, 1))


def _pick(rolls: "npt.NDArray[np.float64]", left: "npt.NDArray[np.float64]") -> "npt.NDArray[np.int64]":
    """Take one number after the other, each in proportion to its weight among those ``left``; a row is a ticket.

    A roll is a part of the sum of the weights; the number whose weight reaches beyond it is taken. What was taken
    weighs nothing from then on.
    """
    import numpy as np

    taken, tickets = np.empty(rolls.shape, dtype=np.int64), np.arange(len(rolls))
    for pick, roll in enumerate(rolls.T):
        reached = left.cumsum(axis=1)
        places = (reached <= (roll * reached[:, -1])[:, None]).sum(axis=1)
        left[tickets, places] = 0.0
        taken[:, pick] = places + 1
    return np.sort(taken, axis=1)
