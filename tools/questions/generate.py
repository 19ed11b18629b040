"""generate_numbers: tickets by chance, all numbers alike or weighted by past frequency."""

import secrets
from typing import TYPE_CHECKING, Annotated, Literal

import attrs
from pydantic import Field

from tools.answers import Numbers, SnapshotField, mark
from tools.arguments import GAME_ID, LIST_LENGTH_MAX, Arguments, GameId
from tools.question import Question
from tools.source import Snapshot, Witness
from tools.windows import ALL_TIME, Window, WindowName, synthetic_counts, window_of
from tools.words import heading, ticket_text
from universe.game import POOL_SIZE_MAX
from universe.sampling import (
    EXPONENT_MAX,
    Weights,
    equal_weights,
    frequency_weights,
    make_tickets,
    require_top_n,
)

if TYPE_CHECKING:  # this module imports numpy, and the first answer must not wait for it
    from storage.views import GameView

Mode = Literal["random", "frequency_weighted"]
SEED_CHARACTERS_MAX = 64
FRESH_SEED_BYTES = 16


class GenerateArguments(Arguments):
    """How many tickets, and what weighs in."""

    mode: Annotated[
        Mode,
        Field(
            description="random: every number has the same chance; frequency_weighted: a number's chance is its count"
            " in the window to the power of exponent. Neither predicts anything."
        ),
    ]
    count: Annotated[int, Field(ge=1, le=LIST_LENGTH_MAX, description="How many tickets to make.")] = 1
    window: WindowName = ALL_TIME
    top_n: Annotated[
        Annotated[int, Field(ge=1, le=POOL_SIZE_MAX)] | None,
        Field(
            description="frequency_weighted only: use this many of the most frequent numbers of each drum. At least as"
            " many as a ticket needs of one drum, at most the size of the main drum. Omitted or null: all numbers."
        ),
    ] = None
    exponent: Annotated[
        float,
        Field(
            ge=-EXPONENT_MAX,
            le=EXPONENT_MAX,
            allow_inf_nan=False,
            description="frequency_weighted only: 1 weighs by count, 0 not at all, -1 prefers rare numbers.",
        ),
    ] = 1.0
    seed: Annotated[
        Annotated[int, Field(ge=0, le=2**63 - 1)]
        | Annotated[str, Field(min_length=1, max_length=SEED_CHARACTERS_MAX)]
        | None,
        Field(
            description="Equal seed, arguments and snapshot give equal tickets; a number and its decimal text are the"
            " same seed. Omitted or null: a fresh one, returned with the tickets."
        ),
    ] = None
    game_id: Annotated[GameId | None, GAME_ID] = None


@attrs.frozen(kw_only=True)
class GenerateAnswer:
    """Tickets made by chance. They predict nothing."""

    snapshot: SnapshotField
    mode: Annotated[Mode, Field(description="How the numbers were weighed.")]
    window: Annotated[Window | None, Field(description="The draw dates whose counts weighed; null in mode random.")]
    top_n: Annotated[
        int | None, Field(description="Most frequent numbers used of each drum; null: all, or mode random.")
    ]
    exponent: Annotated[float | None, Field(description="Power of the counts; null in mode random.")]
    seed: Annotated[str, Field(description="Give it again to get the same tickets from the same snapshot.")]
    tickets: Annotated[list[Numbers], Field(description="The tickets, independent of each other.")]


def ask(snapshot: Snapshot, asked: GenerateArguments, _: Witness) -> GenerateAnswer:
    """Return tickets."""
    view = snapshot.game(asked.game_id)
    window = window_of(view, asked.window)
    if asked.top_n is not None:
        require_top_n(view.game, asked.top_n)
    weighted = asked.mode == "frequency_weighted"
    if weighted:
        main, bonus = _weights(snapshot, view, window, asked)
    else:
        main, bonus = equal_weights(view.game.main.size), equal_weights(view.game.bonus_size)
    seed = secrets.token_hex(FRESH_SEED_BYTES) if asked.seed is None else str(asked.seed)
    tickets = make_tickets(view.game, main, bonus, count=asked.count, seed=seed)
    return GenerateAnswer(
        snapshot=mark(view),
        mode=asked.mode,
        window=window if weighted else None,
        top_n=asked.top_n if weighted else None,
        exponent=asked.exponent if weighted else None,
        seed=seed,
        tickets=[
            {"main_numbers": list(ticket.main_numbers), "bonus_numbers": list(ticket.bonus_numbers)}
            for ticket in tickets
        ],
    )


def _weights(snapshot: Snapshot, view: "GameView", window: Window, asked: GenerateArguments) -> tuple[Weights, Weights]:
    size, totals = view.game.main.size, synthetic_counts(snapshot, view, window).totals.tolist()
    top_n = size if asked.top_n is None else asked.top_n
    bonus_top_n = view.game.bonus_size if asked.top_n is None else top_n
    return (
        frequency_weights(totals[:size], top_n, asked.exponent),
        frequency_weights(totals[size:], bonus_top_n, asked.exponent),
    )


def tell(answer: GenerateAnswer) -> str:
    """Return one line a ticket."""
    weighing = ""
    if window := answer.window:
        weighing = (
            f", window {window.name} ({window.from_} to {window.to}), top_n {answer.top_n or 'all'},"
            f" exponent {answer.exponent}"
        )
    opening = f"{len(answer.tickets)} tickets, mode {answer.mode}{weighing}, seed {answer.seed}. They predict nothing:"
    return "\n".join([heading(answer.snapshot), opening, *map(ticket_text, answer.tickets)])


GENERATE_NUMBERS = Question(
    name="generate_numbers",
    title="Generate tickets",
    description=(
        "Tickets made by chance, for experiments: uniformly, or weighted by how often numbers came up in the synthetic"
        " draws of a window. This predicts nothing and improves no one's odds: every ticket wins with the same"
        ' probability. A seed makes it repeatable. Example: {"mode": "frequency_weighted", "count": 3,'
        ' "window": "last_30_days", "top_n": 20, "exponent": 2, "seed": 7}.'
    ),
    arguments=GenerateArguments,
    answer=GenerateAnswer,
    ask=ask,
    tell=tell,
    repeatable=False,
    lasting=False,
)
