"""Tickets by chance: always a ticket of the game, repeatable, and as likely as their weights say."""

import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from universe.game import Game, Period, Pool, RestOfDrum
from universe.ranking import require_ticket
from universe.sampling import (
    EXPONENT_MAX,
    SamplingError,
    Weights,
    equal_weights,
    frequency_weights,
    make_tickets,
    require_top_n,
)

SINCE = date(2024, 1, 1)


def game_of(main: Pool, bonus: Pool | RestOfDrum | None = None) -> Game:
    return Game(game_id="G", since=SINCE, main=main, bonus=bonus, schedule=(Period(start=SINCE, days=("Wed",)),))


PLAIN = game_of(Pool(picked=2, size=6))
GAMES = (
    PLAIN,
    game_of(Pool(picked=5, size=47), Pool(picked=1, size=27)),
    game_of(Pool(picked=5, size=50), Pool(picked=2, size=12)),
    game_of(Pool(picked=3, size=20), Pool(picked=1, size=60)),
    game_of(Pool(picked=6, size=49), RestOfDrum(picked=1)),
    game_of(Pool(picked=3, size=9), RestOfDrum(picked=2)),
)


@st.composite
def weighted(draw: st.DrawFn) -> tuple[Game, list[int], list[int], int]:
    game = draw(st.sampled_from(GAMES))
    counts = st.integers(0, 10**8)
    main = draw(st.lists(counts, min_size=game.main.size, max_size=game.main.size))
    bonus = draw(st.lists(counts, min_size=game.bonus_size, max_size=game.bonus_size))
    least = game.main.picked + (game.bonus_picked if game.bonus_from_rest else 0)
    return game, main, bonus, draw(st.integers(least, game.main.size))


@given(weighted(), st.floats(-EXPONENT_MAX, EXPONENT_MAX), st.text(min_size=1))
def test_whatever_the_counts_a_ticket_fits_its_game(
    case: tuple[Game, list[int], list[int], int], exponent: float, seed: str
) -> None:
    game, main, bonus, top_n = case
    require_top_n(game, top_n)
    weights = frequency_weights(main, top_n, exponent), frequency_weights(bonus, top_n, exponent)
    tickets = make_tickets(game, *weights, count=3, seed=seed)
    assert tickets == make_tickets(game, *weights, count=3, seed=seed)
    for ticket in tickets:
        require_ticket(game, ticket.main_numbers, ticket.bonus_numbers)
        assert list(ticket.main_numbers) == sorted(ticket.main_numbers)
        assert set(ticket.main_numbers) <= set(weights[0])
        assert set(ticket.bonus_numbers) <= set(weights[1])


def test_the_most_frequent_are_taken_and_of_equal_ones_the_lower() -> None:
    assert frequency_weights([5, 9, 5, 0], 2, 2.0) == {1: 25.0, 2: 81.0}
    assert frequency_weights([5, 9, 5, 0], 4, -1.0) == {1: 0.2, 2: 1 / 9, 3: 0.2, 4: 1.0}


def test_without_draws_all_weigh_the_same() -> None:
    assert frequency_weights([0] * 6, 6, 3.0) == equal_weights(6)


@pytest.mark.parametrize(("game", "least"), [(GAMES[0], 2), (GAMES[1], 5), (GAMES[2], 5), (GAMES[4], 7), (GAMES[5], 5)])
def test_too_few_or_too_many_numbers_are_refused(game: Game, least: int) -> None:
    require_top_n(game, least)
    require_top_n(game, game.main.size)
    for top_n in (least - 1, game.main.size + 1):
        with pytest.raises(SamplingError, match=f"is not in {least}..{game.main.size}"):
            require_top_n(game, top_n)


def test_numbers_come_in_proportion_to_their_weights() -> None:
    game = game_of(Pool(picked=1, size=4))
    tickets = make_tickets(game, {1: 1.0, 2: 2.0, 3: 3.0, 4: 4.0}, {}, count=10_000, seed="fixed")
    shares = [sum(ticket.main_numbers == (number,) for ticket in tickets) / 10_000 for number in (1, 2, 3, 4)]
    assert shares == pytest.approx([0.1, 0.2, 0.3, 0.4], abs=0.02)


def test_equal_weights_reach_every_combination_alike() -> None:
    tickets = make_tickets(PLAIN, equal_weights(6), {}, count=15_000, seed="fixed")
    counts = {ticket.main_numbers: 0 for ticket in tickets}
    for ticket in tickets:
        counts[ticket.main_numbers] += 1
    assert len(counts) == 15
    assert sum((count - 1_000) ** 2 / 1_000 for count in counts.values()) < 36.1  # chi-square(14), one in a thousand


def test_the_rule_never_changes() -> None:
    """A seed noted today must give its tickets next year."""
    tickets = make_tickets(GAMES[4], equal_weights(49), equal_weights(49), count=1, seed="7")
    assert (tickets[0].main_numbers, tickets[0].bonus_numbers) == ((14, 22, 35, 39, 44, 47), (17,))


def taken(dice: random.Random, weights: Weights, picked: int) -> tuple[int, ...]:
    """Take numbers one by one, as the standard library chooses by weight."""
    left = dict(weights)
    for _ in range(picked):
        left.pop(dice.choices(list(left), weights=list(left.values()))[0])
    return tuple(sorted(set(weights) - set(left)))


@given(weighted(), st.floats(-EXPONENT_MAX, EXPONENT_MAX), st.text(min_size=1))
def test_many_tickets_at_once_are_those_of_one_choice_after_the_other(
    case: tuple[Game, list[int], list[int], int], exponent: float, seed: str
) -> None:
    """A seed that was handed out must go on giving its tickets."""
    game, main_counts, bonus_counts, top_n = case
    main, bonus = frequency_weights(main_counts, top_n, exponent), frequency_weights(bonus_counts, top_n, exponent)
    dice = random.Random(seed)
    for ticket in make_tickets(game, main, bonus, count=3, seed=seed):
        assert ticket.main_numbers == taken(dice, main, game.main.picked)
        apart = set(ticket.main_numbers) if game.bonus_from_rest else set[int]()
        allowed = {number: weight for number, weight in bonus.items() if number not in apart}
        assert ticket.bonus_numbers == taken(dice, allowed, game.bonus_picked)
