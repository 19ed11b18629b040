"""Strategies see the past alone; built-in ones for all draws at once, a user's draw by draw."""

import tracemalloc

import attrs
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import games
from tests.universe.backtest.histories import CASH, fair_history
from universe.backtest import past as past_module
from universe.backtest.errors import StrategyError
from universe.backtest.past import pasts
from universe.backtest.strategies import STRATEGIES, WINDOW_MAX, Strategy, UserStrategy, played, settled
from universe.backtest.user import chosen
from universe.fairness.history import History
from universe.game import Game

TICKETS = 3


def tickets_of(history: History, strategy: Strategy, seed: int = 1) -> npt.NDArray[np.uint8]:
    return np.concatenate(list(played(history, settled(history.game, strategy), TICKETS, seed)))


def changed_from(history: History, draw: int, seed: int) -> History:
    """The same draws up to ``draw``, others from there on."""
    other = fair_history(history.game, len(history), seed)
    return attrs.evolve(
        history,
        main=np.concatenate([history.main[:draw], other.main[draw:]]),
        bonus=np.concatenate([history.bonus[:draw], other.bonus[draw:]]),
    )


@pytest.mark.parametrize("name", STRATEGIES)
@settings(max_examples=30)
@given(game=games(), draws=st.integers(1, 40), cut=st.integers(0, 39), seed=st.integers(0, 2**32))
def test_tickets_do_not_know_what_is_to_come(name: str, game: Game, draws: int, cut: int, seed: int) -> None:
    """Tickets of a draw are the same whatever that draw and all later ones are."""
    strategy = next(Strategy(name=known) for known in STRATEGIES if known == name)
    history = fair_history(game, draws, seed)
    other = changed_from(history, cut, seed + 1)
    one, two = tickets_of(history, strategy), tickets_of(other, strategy)
    assert np.array_equal(one[: cut + 1], two[: cut + 1])


@pytest.mark.parametrize("name", STRATEGIES)
@settings(max_examples=30)
@given(game=games(), draws=st.integers(1, 30), seed=st.integers(0, 2**32))
def test_tickets_are_tickets(name: str, game: Game, draws: int, seed: int) -> None:
    strategy = next(Strategy(name=known) for known in STRATEGIES if known == name)
    history = fair_history(game, draws, seed)
    tickets = tickets_of(history, strategy)
    assert tickets.shape == (draws, TICKETS, game.main.picked)
    assert tickets.min() >= 1
    assert tickets.max() <= game.main.size
    assert (np.diff(tickets.astype(int), axis=2) > 0).all()
    assert np.array_equal(tickets, tickets_of(history, strategy))


@given(games(), st.integers(1, 60), st.none() | st.integers(1, 70), st.integers(0, 2**32))
def test_the_past_of_each_draw_is_counted_right(game: Game, draws: int, window: int | None, seed: int) -> None:
    """Against counting one by one, with pieces that end in the middle."""
    history = fair_history(game, draws, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(past_module, "PIECE_CELLS", 7 * game.main.size)
        pieces = list(pasts(history, window))
    counts, last = (np.concatenate([getattr(one, name) for one in pieces]) for name in ("counts", "last_seen"))
    for draw in range(draws):
        before = history.main[max(0, draw - (window or draw)) : draw]
        assert counts[draw].tolist() == np.bincount(before.ravel(), minlength=game.main.size + 1)[1:].tolist()
        for number in range(1, game.main.size + 1):
            seen = np.flatnonzero((history.main[:draw] == number).any(axis=1))
            assert last[draw, number - 1] == (seen[-1] if len(seen) else -1)


def test_each_strategy_picks_from_where_it_says() -> None:
    history = fair_history(CASH, 300, seed=4)
    counts = np.bincount(history.main[:299].ravel(), minlength=36)[1:]
    recent = np.bincount(history.main[199:299].ravel(), minlength=36)[1:]
    last = [max(np.flatnonzero((history.main[:299] == number).any(axis=1))) for number in range(1, 36)]
    orders: dict[Strategy, npt.ArrayLike] = {
        Strategy(name="hot", top=5): -counts,
        Strategy(name="cold", top=5): counts,
        Strategy(name="hot", top=5, window=100): -recent,
        Strategy(name="overdue", top=5): last,
    }
    for strategy, order in orders.items():
        wanted = sorted(1 + np.argsort(order, kind="stable")[:5])
        assert tickets_of(history, strategy)[-1].tolist() == [wanted] * TICKETS, strategy


def test_a_wider_pool_is_used_evenly() -> None:
    history = fair_history(CASH, 4_000, seed=4)
    tickets = tickets_of(attrs.evolve(history, main=np.repeat(history.main[:1], 4_000, axis=0)), Strategy(name="cold"))
    counts = np.bincount(tickets[1:].ravel(), minlength=36)[1:]
    pool = [number for number in range(1, 36) if number not in history.main[0]][:10]
    assert set(np.flatnonzero(counts) + 1) == set(pool)
    assert counts[np.array(pool) - 1] == pytest.approx(3_999 * TICKETS / 2, rel=0.05)


def test_weighted_tickets_follow_the_counts() -> None:
    """One number counted three times as often as twelve others lacks with (12/15)(11/14)(10/13)(9/12)(8/11)."""
    main = np.tile(np.array([[1, 2, 3, 4, 5], [1, 6, 7, 8, 9], [1, 10, 11, 12, 13]], dtype=np.uint8), (2_000, 1))
    history = attrs.evolve(fair_history(CASH, 6_000, seed=4), main=main)
    counts = np.bincount(tickets_of(history, Strategy(name="weighted"))[1_000:].ravel(), minlength=36)[1:]
    assert counts[13:].max() < 60  # those that never came up weigh as if once
    lacks = 12 * 11 * 10 * 9 * 8 / (15 * 14 * 13 * 12 * 11)
    assert counts[0] / counts[1:13].mean() == pytest.approx((1 - lacks) / (4 + lacks) * 12, rel=0.02)


@pytest.mark.parametrize(
    ("strategy", "wrong"),
    [
        (Strategy(name="hot", top=4), "top 4 is not in 5..35"),
        (Strategy(name="overdue", top=36), "top 36 is not in 5..35"),
        (Strategy(name="patterns", top=0), "top 0 is not in 1.."),
        (Strategy(name="random", top=5), "random has no order"),
        (Strategy(name="overdue", window=5), "overdue looks at no counts"),
        (Strategy(name="hot", window=0), "window 0 is not in 1..1,000,000,000"),
        (Strategy(name="weighted", window=10**23), "window 100000000000000000000000 is not in 1..1,000,000,000"),
    ],
)
def test_what_a_game_cannot_play_is_refused(strategy: Strategy, wrong: str) -> None:
    with pytest.raises(StrategyError, match=wrong):
        settled(CASH, strategy)


def test_the_longest_window_is_the_whole_past() -> None:
    history = fair_history(CASH, 50, seed=2)
    all_of_it, longest = (
        tickets_of(history, Strategy(name="weighted", window=window)) for window in (None, WINDOW_MAX)
    )
    assert np.array_equal(all_of_it, longest)


@pytest.mark.parametrize("name", STRATEGIES)
@settings(max_examples=10)
@given(game=games(), draws=st.integers(1, 30), seed=st.integers(0, 2**32), piece=st.integers(1, 10))
def test_tickets_do_not_depend_on_the_pieces(name: str, game: Game, draws: int, seed: int, piece: int) -> None:
    strategy = next(Strategy(name=known) for known in STRATEGIES if known == name)
    history = fair_history(game, draws, seed)
    at_once = tickets_of(history, strategy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(past_module, "PIECE_CELLS", piece * TICKETS * game.main.size)
        pieces = list(played(history, settled(game, strategy), TICKETS, 1))
    assert {len(one) for one in pieces[:-1]} <= {piece}
    assert np.array_equal(at_once, np.concatenate(pieces))


@pytest.mark.parametrize("name", ["weighted", "patterns", "hot"])
def test_a_hundred_tickets_a_draw_take_little_memory(name: str) -> None:
    """Of 4,000 draws one array of a double for each number and ticket alone would be 112 MB."""
    strategy = next(Strategy(name=known) for known in STRATEGIES if known == name)
    history = fair_history(CASH, 4_000, seed=2)
    tracemalloc.start()
    for _ in played(history, settled(CASH, strategy), 100, 1):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000_000


# a user's own


def test_a_function_is_handed_exactly_the_past() -> None:
    history, seen = fair_history(CASH, 50, seed=2), []

    def choose(past: History) -> list[list[int]]:
        seen.append(past)
        assert len(past) == len(seen) - 1
        assert np.array_equal(past.main, history.main[: len(past)])
        assert np.array_equal(past.dates, history.dates[: len(past)])
        base = past.main.base
        assert base is None or not base[len(past) :].any()  # nothing of the future in memory it can reach
        with pytest.raises(ValueError, match="read-only"):
            past.main[:] = 1
        return [[5, 4, 3, 2, 1]]

    (tickets,) = chosen(history, UserStrategy(name="mine", choose=choose), 1)
    assert len(seen) == 50
    assert (tickets == [1, 2, 3, 4, 5]).all()


@pytest.mark.parametrize(
    ("returned", "wrong"),
    [
        (5, "returned 5; it must return a list of 2 lists of 5 numbers of 1..35"),
        ([1, 2, 3, 4, 5], "returned 1 among its tickets"),
        ([[1, 2, 3, 4, 5]], "returned 1 tickets"),
        ([[1, 2, 3, 4, 5]] * 3, "returned more than 2 tickets"),
        ([[1, 2, 3, 4, 5], [1, 2, 3, 4, 36]], "main number 36 is not in 1..35"),
        ([[1, 2, 3, 4, 5], [1, 2, 3, 4, 4]], "main numbers repeat"),
        ([[1, 2, 3, 4, 5], [1, 2, 3, 4]], "4 main numbers given"),
        ([[1, 2, 3, 4, 5], [1, 2, 3, 4, 5.5]], "returned the ticket"),
        (["abcde", "abcde"], "returned the ticket"),
        (None, "returned None"),
    ],
)
def test_nonsense_is_one_line_that_names_the_draw(returned: object, wrong: str) -> None:
    def choose(past: History) -> object:
        return returned if len(past) == 3 else [[1, 2, 3, 4, 5]] * 2

    with pytest.raises(StrategyError) as told:
        list(chosen(fair_history(CASH, 9, seed=2), UserStrategy(name="mine", choose=choose), 2))  # type: ignore[arg-type]
    assert str(told.value).startswith("mine, before draw 4: ")
    assert wrong in str(told.value)


class SpeechlessError(Exception):
    """One that cannot say what it is."""

    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (ZeroDivisionError("by zero"), "ZeroDivisionError: by zero"),
        (SystemExit("enough"), "SystemExit: enough"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (GeneratorExit("over"), "GeneratorExit: over"),
        (BaseExceptionGroup("several", [KeyboardInterrupt()]), "BaseExceptionGroup: several (1 sub-exception)"),
        (SpeechlessError(), "SpeechlessError (and RuntimeError when it was asked what that means)"),
        (ValueError("\ud800"), "ValueError: \\ud800"),
        (ValueError("x" * 10_000), f"ValueError: {'x' * 500}…"),
    ],
)
def test_a_function_that_fails_is_named(failure: BaseException, told: str) -> None:
    """Whatever it raises: only the line that names the draw helps its author."""

    def choose(_: History) -> list[list[int]]:
        raise failure

    with pytest.raises(StrategyError) as error:
        list(chosen(fair_history(CASH, 9, seed=2), UserStrategy(name="mine", choose=choose), 1))
    assert str(error.value) == f"mine, before draw 1: {told}"
    assert error.value.__cause__ is failure
