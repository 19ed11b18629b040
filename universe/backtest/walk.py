"""A backtest: a strategy walked forward over a history, its hits beside the exact mean, and what they prove."""

from functools import cached_property
from math import log, sqrt

import attrs
import numpy as np
import numpy.typing as npt

from universe.backtest.betting import log_e_against, log_e_no_edge
from universe.backtest.chances import match_probabilities, second_moments
from universe.backtest.errors import StrategyError
from universe.backtest.past import held
from universe.backtest.strategies import Strategy, Tickets, UserStrategy, played, settled
from universe.backtest.user import chosen
from universe.evidence.steps import ALARM_E
from universe.fairness.history import History

TICKETS_MAX = 100
LEVEL = 0.95
ROUNDING = 1e-12  # a variance below so much of the mean square is none
MATCHES, CLAIM = 3, 2.11  # what is asked where nothing else is

Floats = npt.NDArray[np.float64]


@attrs.frozen(kw_only=True)
class Tier:
    """All tickets with exactly so many main numbers right."""

    matches: int
    probability: float
    expected: float
    observed: int


@attrs.frozen(kw_only=True, eq=False)
class Backtest:
    """What a strategy hit, and what it had to hit whatever it chose.

    A hit is a ticket with exactly ``matches`` main numbers right. ``hits`` int64[draws] are those of each draw,
    ``squares`` float64[draws] the exact means of their squares given the tickets; ``edge_log_e`` and ``claim_log_e``
    float64[draws] the running natural logarithms of the e-values against "no edge" and against the claim.
    """

    history: History
    strategy: str
    tickets: int  # a draw
    matches: int
    claim: float
    seed: int
    tiers: tuple[Tier, ...]
    hits: npt.NDArray[np.int64]
    squares: Floats
    edge_log_e: Floats
    claim_log_e: Floats

    @property
    def draws(self) -> int:
        """How many draws were played."""
        return len(self.hits)

    @property
    def expected(self) -> float:
        """The exact mean of all hits under fairness, whatever the tickets."""
        return self.tiers[self.matches].expected

    @property
    def observed(self) -> int:
        """All hits."""
        return self.tiers[self.matches].observed

    @cached_property
    def standard_deviation(self) -> float:
        """The exact standard deviation of all hits under fairness, given the tickets."""
        variance = float(np.sum(self.squares - (self.expected / self.draws) ** 2))
        return sqrt(variance) if variance > ROUNDING * float(self.squares.sum()) else 0.0

    @property
    def efficiency(self) -> float:
        """Observed over expected: 1 is what any tickets have in the mean."""
        return self.observed / self.expected

    @property
    def interval(self) -> tuple[float, float]:
        """A 95 % interval of the efficiency.

        Garwood's for a Poisson mean (Biometrika 28:437, 1936), counting in units of the variance over the mean:
        tickets that share numbers hit together, so fewer hits are hits of their own. Tickets that must hit equally
        often whatever is drawn leave nothing open.
        """
        from scipy.special import gammaincinv

        if not self.standard_deviation:
            return self.efficiency, self.efficiency
        unit = self.standard_deviation**2 / self.expected
        scaled, tail = self.observed / unit, (1 - LEVEL) / 2
        low = gammaincinv(scaled, tail) if scaled else 0.0
        return float(low) * unit / self.expected, float(gammaincinv(scaled + 1, 1 - tail)) * unit / self.expected

    @property
    def refuted_after(self) -> int | None:
        """The draw after which the e-value against the claim first reached 1000; None if it never did."""
        reached = np.flatnonzero(self.claim_log_e >= log(ALARM_E))
        return int(reached[0]) + 1 if len(reached) else None


def backtest(
    history: History,
    strategy: Strategy | UserStrategy,
    tickets: int = 1,
    matches: int = MATCHES,
    claim: float = CLAIM,
    seed: int = 0,
) -> Backtest:
    """Play ``tickets`` tickets in every draw, chosen by what came before it. Equal arguments give equal results.

    ``claim`` is the factor by which somebody says the strategy beats chance at exactly ``matches`` main numbers.
    StrategyError for what cannot be played or claimed.
    """
    pool = history.game.main
    chances = match_probabilities(pool)
    _require(history, tickets, matches, claim, chances)
    if isinstance(strategy, UserStrategy):
        pieces = chosen(history, strategy, tickets)
    else:
        strategy = settled(history.game, strategy)
        pieces = played(history, strategy, tickets, seed)
    levels = np.zeros(len(chances), dtype=np.int64)
    hits, squares = np.empty(len(history), dtype=np.int64), np.empty(len(history))
    first = 0
    for piece in pieces:
        here = slice(first, first + len(piece))
        right = right_numbers(history[here], piece)
        levels += np.bincount(right.ravel(), minlength=len(levels))
        hits[here] = (right == matches).sum(axis=1)
        squares[here] = second_moments(pool, matches, piece)
        first += len(piece)
    mean = tickets * float(chances[matches])
    return Backtest(
        history=history,
        strategy=str(strategy),
        tickets=tickets,
        matches=matches,
        claim=claim,
        seed=seed,
        tiers=_tiers(chances, levels, len(history) * tickets),
        hits=hits,
        squares=squares,
        edge_log_e=log_e_no_edge(hits, mean, squares),
        claim_log_e=log_e_against(claim, hits, mean, squares, tickets),
    )


def right_numbers(history: History, tickets: Tickets) -> npt.NDArray[np.int64]:
    """Return how many main numbers each ticket of each draw has right, int64[draws, tickets]."""
    drawn = held(history.main, history.game.main.size)
    places = tickets.reshape(len(tickets), -1).astype(np.int64) - 1
    right: npt.NDArray[np.int64] = np.take_along_axis(drawn, places, axis=1).reshape(tickets.shape).sum(axis=2)
    return right


def _tiers(chances: Floats, levels: npt.NDArray[np.int64], tickets: int) -> tuple[Tier, ...]:
    return tuple(
        Tier(matches=matches, probability=float(chance), expected=tickets * float(chance), observed=int(count))
        for matches, (chance, count) in enumerate(zip(chances, levels, strict=True))
    )


def _require(history: History, tickets: int, matches: int, claim: float, chances: Floats) -> None:
    game_id = history.game.game_id
    possible = [match for match, chance in enumerate(chances) if 0 < chance < 1]
    if not len(history):
        raise StrategyError(f"{game_id}: there is no draw to play in")
    if not 1 <= tickets <= TICKETS_MAX:
        raise StrategyError(f"tickets {tickets} is not in 1..{TICKETS_MAX}")
    if matches not in possible:
        raise StrategyError(f"{game_id}: matches {matches} is not one of {', '.join(map(str, possible)) or 'none'}")
    if not 1 < claim < 1 / chances[matches]:
        raise StrategyError(
            f"claim {claim} is not between 1 and {1 / chances[matches]:.6g}, where every ticket would hit"
        )
