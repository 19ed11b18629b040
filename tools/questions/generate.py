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
from tools.words import counted, heading, ticket_text
from universe.game import POOL_SIZE_MAX, Game
from universe.sampling import (
    EXPONENT_MAX,
    Weights,
    equal_weights,
    frequency_weights,
    make_tickets,
    require_top_n,
)

if TYPE_CHECKING:  # this module imports numpy, and the first answer must not wait for it
    from storage.views import NumberCounts

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
            description="frequency_weighted only: use this many of the most frequent numbers of each drum, from what a"
            " ticket needs of one drum to the size of the main drum. Omitted or null: all numbers."
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
    note: Annotated[str | None, Field(description="Which arguments had no effect, and why; else null.")]
    seed: Annotated[str, Field(description="Give it again to get the same tickets from the same snapshot.")]
    tickets: Annotated[list[Numbers], Field(description="The tickets, independent of each other.")]


def ask(snapshot: Snapshot, asked: GenerateArguments, _: Witness) -> GenerateAnswer:
    """Return tickets."""
    view = snapshot.game(asked.game_id)
    window = window_of(view, asked.window)
    if asked.top_n is not None:
        require_top_n(view.game, asked.top_n)
    weighted = asked.mode == "frequency_weighted"
    counts = synthetic_counts(snapshot, view, window) if weighted else None
    if counts is not None and counts.draws:
        main, bonus = _weights(view.game, counts, asked)
    else:
        main, bonus = equal_weights(view.game.main.size), equal_weights(view.game.bonus_size)
    seed = secrets.token_hex(FRESH_SEED_BYTES) if asked.seed is None else str(asked.seed)
    tickets = make_tickets(view.game, main, bonus, count=asked.count, seed=seed)
    return GenerateAnswer(
        snapshot=mark(view),
        mode=asked.mode,
        window=window if weighted else None,
        top_n=asked.top_n if counts is not None and counts.draws else None,
        exponent=asked.exponent if weighted else None,
        note=_note(asked, counts),
        seed=seed,
        tickets=[
            {"main_numbers": list(ticket.main_numbers), "bonus_numbers": list(ticket.bonus_numbers)}
            for ticket in tickets
        ],
    )


def _note(asked: GenerateArguments, counts: "NumberCounts | None") -> str | None:
    """Say which of the arguments had no effect."""
    if counts is None:
        weighing = {"window": ALL_TIME, "top_n": None, "exponent": 1.0}
        idle = [name for name, default in weighing.items() if getattr(asked, name) != default]
        return f"{', '.join(idle)} had no effect: in mode random nothing is weighed" if idle else None
    if counts.draws:
        return None
    nothing = f"window {asked.window} holds no synthetic draws, so nothing could be weighted"
    return f"{nothing}: every number had the same chance"


def _weights(game: Game, counts: "NumberCounts", asked: GenerateArguments) -> tuple[Weights, Weights]:
    size, totals = game.main.size, counts.totals.tolist()
    top_n = size if asked.top_n is None else asked.top_n
    bonus_top_n = game.bonus_size if asked.top_n is None else top_n
    return (
        frequency_weights(totals[:size], top_n, asked.exponent),
        frequency_weights(totals[size:], bonus_top_n, asked.exponent),
    )


def tell(answer: GenerateAnswer) -> str:
    """Return one line a ticket."""
    weighing = ""
    if window := answer.window:
        dates = f" ({window.from_} to {window.to})" if window.to else ""
        weighing = f", window {window.name}{dates}, top_n {answer.top_n or 'all'}, exponent {answer.exponent}"
    made = counted(len(answer.tickets), "tickets")
    opening = f"{made}, mode {answer.mode}{weighing}, seed {answer.seed}. They predict nothing:"
    note = [f"Note: {answer.note}."] if answer.note else []
    return "\n".join([heading(answer.snapshot), *note, opening, *map(ticket_text, answer.tickets)])


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
