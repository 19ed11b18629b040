"""The seed rule and the bijection of ranks, held against the rule's own text and its stand-alone program."""

import importlib.util
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle import all_outcomes, oracle_draws
from tests.strategies import games
from universe.calendar import LogicalClock
from universe.catalogue import shipped_games
from universe.definition import game_from_data
from universe.errors import DrawError
from universe.game import Game
from universe.ranking import rank_all, rank_of, require_ticket, unrank, unrank_all
from universe.seed import FEW_DRAWS, draw_digest, draw_rank, draw_ranks, ranks_of_draws

GAMES = shipped_games()
DAY = date(2026, 11, 21)


def other_game(game_id: str, main: tuple[int, int], bonus: tuple[int, int] | None = None) -> Game:
    data = {
        "id": game_id,
        "since": "2000-01-01",
        "main": {"picked": main[0], "size": main[1]},
        "schedule": [{"from": "2000-01-01", "days": ["Sat"]}],
    }
    if bonus:
        data["bonus"] = {"picked": bonus[0], "size": bonus[1]}
    return game_from_data(data, source="test")


@pytest.mark.parametrize(
    ("game", "number", "seed", "rank", "main", "bonus"),
    [
        (GAMES["GAME_001"], 1, "186317243c0eefd432cf68c789e645f3", 324176, (4, 6, 8, 12, 20), (15,)),
        (
            other_game("POWERBALL", (5, 69), (1, 26)),
            40_000_000,
            "6d9e62a13d56cf83e620314a68cfdcdc",
            242450690,
            (33, 50, 51, 57, 67),
            (15,),
        ),
        (other_game("TX_CASH5", (5, 35)), 7, "2371391093bf91681bad24ba5321e9ba", 98682, (2, 7, 9, 12, 29), ()),
    ],
)
def test_published_vectors_come_out(
    game: Game, number: int, seed: str, rank: int, main: tuple[int, ...], bonus: tuple[int, ...]
) -> None:
    assert draw_digest(game.game_id, DAY, number)[:16].hex() == seed
    assert draw_rank(game, DAY, number) == rank
    assert draw_ranks(game, DAY, number, number).tolist() == [rank]
    assert unrank(game, rank) == (main, bonus)


@pytest.mark.parametrize("game", GAMES.values(), ids=GAMES)
def test_three_thousand_draws_of_each_game_equal_the_rule(game: Game) -> None:
    clock = LogicalClock(game=game, epoch=game.since, draws_per_day=100)
    expected = oracle_draws(game, game.since, 100, 3_000)
    ranks = ranks_of_draws(clock, 1, 3_000)
    main, bonus = unrank_all(game, ranks)
    assert ranks.tolist() == [draw.rank for draw in expected]
    assert [tuple(row) for row in main.tolist()] == [draw.main for draw in expected]
    assert [tuple(row) for row in bonus.tolist()] == [draw.bonus for draw in expected]
    assert [clock.draw_date(draw.number) for draw in expected] == [draw.draw_date for draw in expected]


@pytest.mark.parametrize("game", GAMES.values(), ids=GAMES)
def test_draws_equal_the_stand_alone_program(game: Game, shared: Path) -> None:
    spec = importlib.util.spec_from_file_location("reference_draw", shared / "reference_draw.py")
    assert spec is not None
    assert spec.loader is not None
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    main = f"{game.main.picked}/{game.main.size}"
    bonus = "-" if game.bonus is None else f"{game.bonus_picked}/{'rest' if game.bonus_from_rest else game.bonus_size}"
    for number in (1, 9, 10, 99_999, 100_000, 40_000_000):
        theirs = reference.draw(game.game_id, main, bonus, DAY.isoformat(), number)
        rank = draw_rank(game, DAY, number)
        assert (rank, *map(list, unrank(game, rank))) == (
            theirs["rank"],
            theirs["main_numbers"],
            theirs["bonus_numbers"],
        )


@settings(max_examples=20)
@given(game=games(), first=st.integers(1, 10**6), draws_per_day=st.integers(50, 5_000))
def test_many_draws_at_once_equal_one_by_one(game: Game, first: int, draws_per_day: int) -> None:
    """The batch path hashes with numpy above FEW_DRAWS and with hashlib below: both must be the rule."""
    clock = LogicalClock(game=game, epoch=game.since, draws_per_day=draws_per_day)
    last = first + FEW_DRAWS + 100
    many = ranks_of_draws(clock, first, last)
    few = ranks_of_draws(clock, last - 60, last)
    assert many[-61:].tolist() == few.tolist()
    assert few.tolist() == [draw_rank(game, clock.draw_date(n), n) for n in range(last - 60, last + 1)]


@pytest.mark.parametrize("first", [1, 95_000, 999_990])
def test_a_number_that_gains_a_digit_changes_nothing(first: int) -> None:
    game = GAMES["GAME_001"]
    ranks = draw_ranks(game, DAY, first, first + FEW_DRAWS)
    assert ranks.tolist() == [draw_rank(game, DAY, number) for number in range(first, first + FEW_DRAWS + 1)]


def test_games_beyond_32_bits_and_long_messages_are_drawn_too() -> None:
    keno, long = other_game("KENO", (20, 80)), other_game("L" * 32, (2, 9))
    for game in (keno, long):
        ranks = draw_ranks(game, DAY, 10**13, 10**13 + FEW_DRAWS)
        assert int(ranks[7]) == draw_rank(game, DAY, 10**13 + 7)
        assert rank_all(game, *unrank_all(game, ranks)).tolist() == ranks.tolist()


@given(game=games(size_max=9, picked_max=3))
def test_ranks_and_outcomes_are_a_bijection(game: Game) -> None:
    outcomes = all_outcomes(game)
    assert len(outcomes) == game.outcomes
    ranks = np.arange(game.outcomes, dtype=np.int64)
    main, bonus = unrank_all(game, ranks)
    pairs = [(tuple(m), tuple(b)) for m, b in zip(main.tolist(), bonus.tolist(), strict=True)]
    assert sorted(pairs) == sorted(outcomes)
    assert rank_all(game, main, bonus).tolist() == ranks.tolist()
    for rank in range(0, game.outcomes, max(1, game.outcomes // 50)):
        assert unrank(game, rank) == pairs[rank]
        assert rank_of(game, *pairs[rank]) == rank


@pytest.mark.parametrize(
    ("game_id", "main", "bonus", "says"),
    [
        ("GAME_001", [1, 2, 3, 4], [1], "4 main numbers given, the game has 5 of 1..47"),
        ("GAME_001", [1, 2, 3, 4, 48], [1], "main number 48 is not in 1..47"),
        ("GAME_001", [1, 2, 3, 4, 4], [1], "main numbers repeat"),
        ("GAME_001", [1, 2, 3, 4, 5], [], "0 bonus numbers given, the game has 1 of 1..27"),
        ("GAME_004", [1, 2, 3, 4, 5], [1], "1 bonus numbers given, the game has none"),
        ("GAME_007", [1, 2, 3, 4, 5, 6], [6], "bonus number 6 is among the main numbers"),
    ],
)
def test_numbers_that_cannot_be_drawn_are_named(game_id: str, main: list[int], bonus: list[int], says: str) -> None:
    with pytest.raises(DrawError, match=says.replace("(", r"\(")):
        require_ticket(GAMES[game_id], main, bonus)
