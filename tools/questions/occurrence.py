"""check_numbers_occurrence: how often a ticket came up, in full and on every match level."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import attrs
from pydantic import Field
from typing_extensions import TypedDict

from tools.answers import Numbers, SnapshotField, mark
from tools.arguments import GAME_ID, Arguments, GameId
from tools.question import Question
from tools.source import Snapshot, Witness
from tools.words import counted, heading, level_text, ticket_text
from universe.errors import DrawError
from universe.game import PICKED_MAX, POOL_SIZE_MAX, Game

if TYPE_CHECKING:  # this module imports numpy, and the first answer must not wait for it
    from storage.views import GameView

# The schema shows the widest bounds; the game's own are tighter, and its refusal names them.
_NUMBER: dict[str, Any] = {"minimum": 1, "maximum": POOL_SIZE_MAX}
_SET: dict[str, Any] = {"maxItems": PICKED_MAX, "uniqueItems": True}
Ball = Annotated[int, Field(json_schema_extra=_NUMBER)]
Balls = Annotated[list[Ball], Field(json_schema_extra=_SET, fail_fast=True)]  # one bad number of a million will do


class OccurrenceArguments(Arguments):
    """A ticket."""

    main_numbers: Annotated[
        list[Ball],
        Field(
            json_schema_extra={"minItems": 1, **_SET},
            fail_fast=True,
            description="The main numbers, in any order, as many different ones as the game draws: five of 1..47 for"
            " GAME_001.",
        ),
    ]
    bonus_number: Annotated[
        Ball | Balls | None,
        Field(description="The bonus number, a list of them where the game has several, null where it has none."),
    ] = None
    game_id: Annotated[GameId | None, GAME_ID] = None


class MatchLevel(TypedDict):
    """The draws that share exactly so many numbers with the ticket."""

    main_matches: Annotated[int, Field(ge=0, description="Main numbers in common with the ticket.")]
    bonus_matches: Annotated[int, Field(ge=0, description="Bonus numbers in common with the ticket.")]
    draws: Annotated[int, Field(ge=0, description="Synthetic draws on this level.")]
    expected: Annotated[float, Field(ge=0, description="Exact expectation of that count.")]


@attrs.frozen(kw_only=True)
class OccurrenceAnswer:
    """How often a ticket came up."""

    snapshot: SnapshotField
    ticket: Annotated[Numbers, Field(description="The ticket asked about.")]
    occurrences: Annotated[int, Field(ge=0, description="Synthetic draws with exactly these numbers.")]
    expected_occurrences: Annotated[float, Field(ge=0, description="Exact expectation: draws times probability.")]
    probability: Annotated[float, Field(description="Of exactly these numbers in one draw: one over all outcomes.")]
    match_levels: Annotated[
        list[MatchLevel] | None,
        Field(description="Every match level, zeros too, exact; null where they are not kept for the game."),
    ]
    match_levels_unavailable: Annotated[
        str | None, Field(description="Why match_levels is null; null where it is not.")
    ]
    real_occurrences: Annotated[
        tuple[date, ...], Field(description="Dates on which exactly these numbers were the real result, ascending.")
    ]


def ask(snapshot: Snapshot, asked: OccurrenceArguments, _: Witness) -> OccurrenceAnswer:
    """Return how often a ticket came up."""
    from universe.ranking import rank_of
    from universe.subsets import why_no_levels

    view = snapshot.game(asked.game_id)
    main, bonus = checked_ticket(view.game, asked.main_numbers, asked.bonus_number)
    return OccurrenceAnswer(
        snapshot=mark(view),
        ticket={"main_numbers": list(main), "bonus_numbers": list(bonus)},
        occurrences=snapshot.occurrences(view, rank_of(view.game, main, bonus)),
        expected_occurrences=view.watermark / view.game.outcomes,
        probability=1 / view.game.outcomes,
        match_levels=_levels(snapshot, view, main, bonus),
        match_levels_unavailable=why_no_levels(view.game),
        real_occurrences=tuple(snapshot.real_occurrences(view, main, bonus)),
    )


def checked_ticket(
    game: Game, main: list[int], bonus_number: int | list[int] | None
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the ticket's main and bonus numbers, ascending; DrawError with every fault and what the game takes."""
    from universe.ranking import require_ticket

    bonus = [bonus_number] if isinstance(bonus_number, int) else bonus_number or []
    try:
        require_ticket(game, main, bonus)
    except DrawError as fault:
        raise DrawError(f"{fault}; a ticket takes {ticket_rule(game)}") from fault
    return tuple(sorted(main)), tuple(sorted(bonus))


def ticket_rule(game: Game) -> str:
    """Return in words which numbers a ticket of the game takes."""
    mains = f"{game.main.picked} different main numbers of 1..{game.main.size}"
    if not game.bonus:
        return f"{mains} and no bonus number"
    different = "different " if game.bonus_picked > 1 else ""
    apart = ", none of them a main number" if game.bonus_from_rest else ""
    plural = "s" if game.bonus_picked > 1 else ""
    return f"{mains} and {game.bonus_picked} {different}bonus number{plural} of 1..{game.bonus_size}{apart}"


def _levels(
    snapshot: Snapshot, view: "GameView", main: tuple[int, ...], bonus: tuple[int, ...]
) -> list[MatchLevel] | None:
    from universe.levels import expected_by_level

    histogram = snapshot.match_levels(view, main, bonus)
    if histogram is None:
        return None
    expectations = expected_by_level(view.game, view.watermark)
    return [
        {"main_matches": mains, "bonus_matches": bonuses, "draws": draws, "expected": expected}
        for (mains, bonuses, expected), draws in zip(expectations, histogram.tolist(), strict=True)
    ]


def tell(answer: OccurrenceAnswer) -> str:
    """Return the counts in words."""
    chances = f"expected {answer.expected_occurrences:.6g} (probability {answer.probability:.6g} a draw)"
    lines = [
        heading(answer.snapshot),
        f"{ticket_text(answer.ticket)}: drawn {counted(answer.occurrences, 'times')}, {chances}.",
        f"Real draws with these numbers: {', '.join(map(str, answer.real_occurrences)) or 'none'}.",
    ]
    if answer.match_levels is None:
        return "\n".join([*lines, f"No match levels: {answer.match_levels_unavailable}."])
    lines.append("Draws by match level (main+bonus):")
    for level in answer.match_levels:
        matches = level_text(level["main_matches"], level["bonus_matches"])
        lines.append(f"{matches}: {level['draws']} (expected {level['expected']:.6g})")
    return "\n".join(lines)


CHECK_NUMBERS = Question(
    name="check_numbers_occurrence",
    title="Check a ticket",
    description=(
        "How often one ticket came up in all synthetic draws: exactly, and on every match level (how many draws share 3"
        " main numbers and the bonus with it, and so on), each count beside its exact expectation, with the dates on"
        " which it was the real result. Use it for 'has this combination ever been drawn?'. Example:"
        ' {"main_numbers": [4, 6, 8, 12, 20], "bonus_number": 15, "game_id": "GAME_001"}.'
    ),
    arguments=OccurrenceArguments,
    answer=OccurrenceAnswer,
    ask=ask,
    tell=tell,
)
