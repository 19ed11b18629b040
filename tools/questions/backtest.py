"""backtest_strategy: what a way of choosing numbers would have hit, beside what any tickets hit in the mean."""

from typing import Annotated, Any, Literal

import attrs
from pydantic import Field
from typing_extensions import TypedDict

from tools.answers import SnapshotField, mark
from tools.arguments import GAME_ID, Arguments, GameId
from tools.question import Question
from tools.source import Snapshot, Witness
from tools.wire import DateText
from tools.words import heading
from universe.errors import UniverseError

DRAWS_MAX = 20_000  # of the synthetic stream: about a second's work

StrategyName = Literal["random", "hot", "cold", "overdue", "weighted", "patterns"]


class BacktestArguments(Arguments):
    """What is played, against what."""

    strategy: Annotated[StrategyName, Field(description="How tickets are chosen, from the draws before alone.")]
    top: Annotated[
        int | None, Field(ge=1, le=255, description="Of how many numbers (or patterns); null: a default.")
    ] = None
    window: Annotated[int | None, Field(ge=1, le=10**6, description="Count so many last draws; null: all.")] = None
    tickets: Annotated[int, Field(ge=1, le=100, description="Tickets a draw.")] = 10
    matches: Annotated[int, Field(ge=1, le=20, description="A hit has exactly so many main numbers right.")] = 3
    claim: Annotated[float, Field(gt=0, le=1000, description="A claimed factor over chance, put to the test.")] = 2.11
    source: Annotated[Literal["real", "synthetic"], Field(description="Which draws are played.")] = "real"
    draws: Annotated[int, Field(ge=1, le=DRAWS_MAX, description="How many synthetic draws, from draw 1 on.")] = 10_000
    seed: Annotated[int, Field(ge=0, le=2**53, description="Equal seeds choose equal tickets.")] = 0
    game_id: Annotated[GameId | None, GAME_ID] = None


@attrs.frozen(kw_only=True)
class ClaimFigures:
    """What speaks against a claim."""

    factor: Annotated[float, Field(description="The factor claimed.")]
    log10_e: Annotated[float, Field(description="Evidence against the claim; 3 refutes it.")]
    log10_e_highest: Annotated[float, Field(description="The highest on the way.")]
    refuted_after_draws: Annotated[int | None, Field(description="When it first was 3; null if never.")]


class TierRow(TypedDict):
    """All tickets with exactly so many right."""

    matches: Annotated[int, Field(description="Main numbers right.")]
    probability: Annotated[float, Field(description="Of one ticket.")]
    expected: Annotated[float, Field(description="Exact mean of the count.")]
    observed: Annotated[int, Field(description="Tickets.")]


class BacktestError(UniverseError):
    """Nothing to play against."""


@attrs.frozen(kw_only=True)
class BacktestAnswer:
    """A strategy walked forward through the past."""

    snapshot: SnapshotField
    source: Annotated[str, Field(description="real or synthetic.")]
    strategy: Annotated[str, Field(description="What was played.")]
    draws: Annotated[int, Field(description="Draws played.")]
    first_date: Annotated[DateText, Field(description="Date of the first.")]
    last_date: Annotated[DateText, Field(description="Date of the last.")]
    tickets_per_draw: Annotated[int, Field(description="Tickets a draw.")]
    matches: Annotated[int, Field(description="Main numbers right in a hit.")]
    observed: Annotated[int, Field(description="Hits.")]
    expected: Annotated[float, Field(description="Their exact mean, whatever the tickets.")]
    standard_deviation: Annotated[float, Field(description="Exact, given the tickets.")]
    efficiency: Annotated[float, Field(description="observed / expected: 1 in the mean for any tickets.")]
    efficiency_low: Annotated[float, Field(description="95 % interval.")]
    efficiency_high: Annotated[float, Field(description="Its upper end.")]
    no_edge_log10_e: Annotated[float, Field(description="Evidence of an edge; 3 would show one.")]
    claim: Annotated[ClaimFigures, Field(description="The claim under test.")]
    tiers: Annotated[list[TierRow], Field(description="All tickets by main numbers right.")]


def ask(snapshot: Snapshot, asked: BacktestArguments, _: Witness) -> BacktestAnswer:
    """Return what the strategy hit."""
    from universe.backtest.document import backtest_document
    from universe.backtest.strategies import Strategy
    from universe.backtest.walk import backtest
    from universe.fairness.history import history_of_draws

    view = snapshot.game(asked.game_id)
    if asked.source == "real":
        history = snapshot.history(view)
        if not len(history):
            raise BacktestError(
                f"{view.game.game_id}: no real result is stored; source synthetic plays synthetic draws"
            )
    else:
        if view.clock is None or not view.watermark:
            raise BacktestError(f"{view.game.game_id}: it has no synthetic draw yet")
        history = history_of_draws(view.clock, 1, min(asked.draws, view.watermark))
    strategy = Strategy(name=asked.strategy, top=asked.top, window=asked.window)
    test = backtest(history, strategy, asked.tickets, asked.matches, asked.claim, asked.seed)
    document: dict[str, Any] = backtest_document(test)
    names = {field.name for field in attrs.fields(BacktestAnswer)} - {"snapshot", "source", "claim"}
    return BacktestAnswer(
        snapshot=mark(view),
        source=asked.source,
        claim=ClaimFigures(**document["claim"]),
        **{name: document[name] for name in names},
    )


def tell(answer: BacktestAnswer) -> str:
    """Return the figures in words."""
    from universe.backtest.reading import claim_reading, reading

    claim = answer.claim
    return "\n".join(
        [
            heading(answer.snapshot),
            (
                f"{answer.strategy}, {answer.tickets_per_draw} tickets in each of {answer.draws} {answer.source} draws"
                f" ({answer.first_date} to {answer.last_date}), chosen from the draws before alone."
            ),
            (
                f"Exactly {answer.matches} right: {answer.observed} hits, expected {answer.expected:.6g}"
                f" (standard deviation {answer.standard_deviation:.4g})."
            ),
            (
                f"Efficiency {answer.efficiency:.3f}, 95 % interval {answer.efficiency_low:.3f} to"
                f" {answer.efficiency_high:.3f}; 1 is what any tickets have in the mean."
            ),
            f"Evidence of an edge: log10 e = {answer.no_edge_log10_e:.2f} (3 would show one). "
            + reading(expected=answer.expected, no_edge_log10_e=answer.no_edge_log10_e),
            f"Evidence against a claimed factor of {claim.factor:g}: log10 e = {claim.log10_e:.2f}, highest"
            f" {claim.log10_e_highest:.2f} (3 refutes it). " + claim_reading(claim.factor, claim.refuted_after_draws),
            "By main numbers right, tickets (expected): "
            + ", ".join(f"{tier['matches']}: {tier['observed']} ({tier['expected']:.6g})" for tier in answer.tiers),
        ]
    )


BACKTEST_STRATEGY = Question(
    name="backtest_strategy",
    title="Backtest a strategy",
    description=(
        "What hot, cold, overdue, weighted or random numbers, or common digit patterns, would have hit: tickets chosen"
        " before each draw from its past alone, hits beside their exact mean, the efficiency with an interval, e-values"
        ' against "no edge" and against a claimed factor. Use it on any claim of a system that beats chance. Counts'
        ' are tickets. Example: {"strategy": "hot", "tickets": 10, "claim": 2.11, "game_id": "GAME_001"}.'
    ),
    arguments=BacktestArguments,
    answer=BacktestAnswer,
    ask=ask,
    tell=tell,
    heavy=True,
)
