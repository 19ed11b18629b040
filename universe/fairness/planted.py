"""Biased histories on purpose: a battery that has never caught a planted bias proves nothing.

Each function of a frame, the size of the bias, a number of histories and a numpy generator returns B histories (main,
bonus), uint8[B, n, k] and uint8[B, n, b], rows ascending. Size 0 gives fair draws. What is not biased is fair.
"""

from collections.abc import Callable
from math import comb

import numpy as np
import numpy.typing as npt

from universe.fairness.tallies import Frame
from universe.fairness.weighted import Weights, weighted_draws
from universe.ranking import Numbers, unrank_subsets

Planted = tuple[Numbers, Numbers]
Plant = Callable[[Frame, float, int, np.random.Generator], Planted]

CHOSEN = 0  # the place of the number that is planted on; all are alike


def fair(frame: Frame, histories: int, source: np.random.Generator) -> Planted:
    """Draws without any bias."""
    main = _fair_main(frame, histories, source)
    return main, _fair_bonus(frame, main, source)


def heavy_ball(frame: Frame, size: float, histories: int, source: np.random.Generator) -> Planted:
    """One number weighs 1 + size, all others 1; below 0 it is lighter."""
    return _one_number(frame, np.full(frame.draws, size), histories, source)


def missing_on_weekday(frame: Frame, size: float, histories: int, source: np.random.Generator) -> Planted:
    """One number weighs 1 - size on the weekday with the most draws; size 1: it is not in the drum then."""
    return _one_number(frame, np.where(_busiest(frame.weekdays), -size, 0.0), histories, source)


def missing_in_month(frame: Frame, size: float, histories: int, source: np.random.Generator) -> Planted:
    """One number weighs 1 - size in the month with the most draws."""
    return _one_number(frame, np.where(_busiest(frame.months), -size, 0.0), histories, source)


def drifting_weight(frame: Frame, size: float, histories: int, source: np.random.Generator) -> Planted:
    """One number weighs 1 - size at the first draw and 1 + size at the last, evenly more from draw to draw."""
    return _one_number(frame, size * np.linspace(-1.0, 1.0, frame.draws), histories, source)


def rising_weights(frame: Frame, size: float, histories: int, source: np.random.Generator) -> Planted:
    """Weights rise evenly from 1 - size for the lowest number to 1 + size for the highest."""
    return _weighted(frame, np.linspace(1 - size, 1 + size, frame.game.main.size), histories, source)


def heavy_odd_numbers(frame: Frame, size: float, histories: int, source: np.random.Generator) -> Planted:
    """Each odd number weighs 1 + size."""
    return _weighted(frame, 1 + size * (np.arange(1, frame.game.main.size + 1) % 2), histories, source)


def heavy_bonus(frame: Frame, size: float, histories: int, source: np.random.Generator) -> Planted:
    """One bonus number weighs 1 + size, all others 1."""
    game, shape = frame.game, (histories, frame.draws)
    main = _fair_main(frame, histories, source)
    weights = np.ones(game.bonus_size)
    weights[CHOSEN] += size
    if game.bonus_from_rest:
        weights = np.tile(weights, (*shape, 1))
        np.put_along_axis(weights, main.astype(np.int64) - 1, 0.0, axis=2)
    return main, weighted_draws(weights, game.bonus_picked, shape, source)


def repeated_draws(frame: Frame, size: float, histories: int, source: np.random.Generator) -> Planted:
    """With probability ``size`` a draw is a copy of an earlier one, any of them alike; numbers and bonus."""
    shape = (histories, frame.draws)
    places = np.broadcast_to(np.arange(frame.draws), shape)
    copied = (source.random(shape) < size) & (places > 0)
    origin = np.where(copied, (source.random(shape) * places).astype(np.int64), places)
    for _ in range(frame.draws.bit_length()):  # a copy of a copy: each step halves the way to the original
        origin = np.take_along_axis(origin, origin, axis=1)
    main, bonus = fair(frame, histories, source)
    return np.take_along_axis(main, origin[:, :, None], axis=1), np.take_along_axis(bonus, origin[:, :, None], axis=1)


def frequent_pair(frame: Frame, size: float, histories: int, source: np.random.Generator) -> Planted:
    """One pair comes up 1 + size times as often: some draws are made to hold it, and are fair apart from that."""
    return _frequent(frame, 2, size, histories, source)


def frequent_triple(frame: Frame, size: float, histories: int, source: np.random.Generator) -> Planted:
    """One set of three numbers comes up 1 + size times as often, as above."""
    return _frequent(frame, 3, size, histories, source)


def returning_numbers(frame: Frame, size: float, histories: int, source: np.random.Generator, lag: int = 1) -> Planted:
    """Each number of the draw ``lag`` before weighs 1 + size. Draw by draw: each depends on an earlier one."""
    drum = frame.game.main
    main = np.empty((histories, frame.draws, drum.picked), dtype=np.uint8)
    weights, nobody = np.ones((1, histories, drum.size)), np.empty((1, histories, 0), dtype=np.int64)
    for draw in range(frame.draws):
        before = main[None, :, draw - lag].astype(np.int64) - 1 if draw >= lag else nobody
        np.put_along_axis(weights, before, 1 + size, axis=2)
        main[:, draw] = weighted_draws(weights, drum.picked, (1, histories), source)[0]
        np.put_along_axis(weights, before, 1.0, axis=2)
    return main, _fair_bonus(frame, main, source)


def _busiest(part_of: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    busiest: npt.NDArray[np.bool_] = part_of == np.bincount(part_of).argmax()
    return busiest


def _one_number(frame: Frame, excess: npt.NDArray[np.float64], histories: int, source: np.random.Generator) -> Planted:
    """Give one number the weight 1 + excess[n]."""
    weights = np.ones((frame.draws, frame.game.main.size))
    weights[:, CHOSEN] += excess
    return _weighted(frame, weights, histories, source)


def _weighted(frame: Frame, weights: Weights, histories: int, source: np.random.Generator) -> Planted:
    main = weighted_draws(weights, frame.game.main.picked, (histories, frame.draws), source)
    return main, _fair_bonus(frame, main, source)


def _frequent(frame: Frame, chosen: int, size: float, histories: int, source: np.random.Generator) -> Planted:
    """Replace so many draws by draws that hold the numbers 1..chosen that these come up 1 + size times as often."""
    drum = frame.game.main
    main, bonus = fair(frame, histories, source)
    chance = comb(drum.picked, chosen) / comb(drum.size, chosen)
    replaced = source.random(main.shape[:2]) < size * chance / (1 - chance)
    rest = _subsets(drum.size - chosen, drum.picked - chosen, int(replaced.sum()), source) + np.uint8(chosen)
    together = np.broadcast_to(np.arange(1, chosen + 1, dtype=np.uint8), (len(rest), chosen))
    main[replaced] = np.concatenate([together, rest], axis=1)
    return main, bonus if not frame.game.bonus_from_rest else _fair_bonus(frame, main, source)


def _subsets(size: int, picked: int, draws: int, source: np.random.Generator) -> Numbers:
    return unrank_subsets(source.integers(0, comb(size, picked), draws), size, picked)


def _fair_main(frame: Frame, histories: int, source: np.random.Generator) -> Numbers:
    drum = frame.game.main
    numbers = _subsets(drum.size, drum.picked, histories * frame.draws, source)
    return numbers.reshape(histories, frame.draws, drum.picked)


def _fair_bonus(frame: Frame, main: Numbers, source: np.random.Generator) -> Numbers:
    game, shape = frame.game, main.shape[:2]
    left = game.main.size - game.main.picked if game.bonus_from_rest else game.bonus_size
    bonus = _subsets(left, game.bonus_picked, shape[0] * shape[1], source).reshape(*shape, game.bonus_picked)
    if game.bonus_from_rest:
        for column in range(game.main.picked):  # ascending: each main number at or below pushes the place one up
            bonus += bonus >= main[:, :, column : column + 1]
    return bonus
