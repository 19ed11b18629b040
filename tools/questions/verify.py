"""verify_draw: one synthetic draw with every step of the rule that made it."""

from datetime import date
from typing import Annotated

import attrs
from pydantic import Field

from tools.answers import BonusNumbers, MainNumbers, SnapshotField, mark, only
from tools.arguments import GAME_ID, Arguments, GameId
from tools.question import Question
from tools.source import Snapshot, Witness
from tools.wire import safe_integer
from tools.words import heading, numbers_text
from universe.errors import DrawError


class VerifyDrawArguments(Arguments):
    """Which draw."""

    draw_number: Annotated[
        int, Field(ge=1, description="Number of the draw, from 1 to the last committed one (see get_universe_status).")
    ]
    game_id: Annotated[GameId | None, GAME_ID] = None


@attrs.frozen(kw_only=True)
class VerifyDrawAnswer:
    """One draw, recomputed."""

    snapshot: SnapshotField
    game_id: Annotated[str, Field(description="The game it belongs to.")]
    draw_number: Annotated[int, Field(ge=1, description="1, 2, 3, … per game.")]
    draw_date: Annotated[date, Field(description="The date in its message.")]
    seed: Annotated[str, Field(description="The first 32 hex digits of the digest.")]
    main_numbers: MainNumbers
    bonus_numbers: BonusNumbers
    bonus_number: Annotated[
        int | None, Field(description="The bonus number where the game has exactly one, else null.")
    ]
    message: Annotated[str, Field(description="The ASCII text that is hashed: game_id|draw_date|draw_number.")]
    digest: Annotated[str, Field(description="SHA-256 of the message, 64 lowercase hex digits.")]
    rank: Annotated[
        int | str,
        Field(
            description="The seed as a number, modulo the game's outcomes: the draw's index among all of them. An"
            " integer; a string of decimal digits where the game has more than 2**53 outcomes."
        ),
    ]
    stored: Annotated[
        bool | None, Field(description="Whether the occurrence index holds this rank; null without an index.")
    ]


def ask(snapshot: Snapshot, asked: VerifyDrawArguments, _: Witness) -> VerifyDrawAnswer:
    """Return a draw, recomputed from its number alone."""
    from universe.ranking import unrank
    from universe.seed import SEED_BYTES, draw_digest, draw_message, draw_rank

    view = snapshot.game(asked.game_id)
    game, number = view.game, asked.draw_number
    if view.clock is None or number > view.watermark:
        known = f"the last draw is {view.watermark}" if view.watermark else "it has none yet"
        raise DrawError(f"{game.game_id}: draw {number} has not been made, {known}")
    draw_date = view.clock.draw_date(number)
    rank = draw_rank(game, draw_date, number)
    main, bonus = unrank(game, rank)
    digest = draw_digest(game.game_id, draw_date, number)
    return VerifyDrawAnswer(
        snapshot=mark(view),
        game_id=game.game_id,
        draw_number=number,
        draw_date=draw_date,
        seed=digest[:SEED_BYTES].hex(),
        main_numbers=list(main),
        bonus_numbers=list(bonus),
        bonus_number=only(bonus),
        message=draw_message(game.game_id, draw_date, number),
        digest=digest.hex(),
        rank=safe_integer(rank, game.outcomes),
        stored=snapshot.occurrences(view, rank) > 0,
    )


def tell(answer: VerifyDrawAnswer) -> str:
    """Return the steps of the rule."""
    held = {True: "holds it", False: "does NOT hold it", None: "does not exist"}[answer.stored]
    numbers = numbers_text(answer.main_numbers, answer.bonus_numbers)
    return "\n".join(
        [
            heading(answer.snapshot),
            f"{answer.game_id} draw {answer.draw_number} ({answer.draw_date}): {numbers}",
            f"message {answer.message}",
            f"SHA-256 {answer.digest}",
            f"seed {answer.seed}",
            f"rank {answer.rank}; the occurrence index {held}.",
        ]
    )


VERIFY_DRAW = Question(
    name="verify_draw",
    title="Verify a draw",
    description=(
        "One synthetic draw recomputed from its number, with every step: message, SHA-256 digest, seed, rank, numbers,"
        " and whether the store holds it. Anyone can repeat the steps with sha256sum. Use it to cite or check a draw."
        ' Example: {"draw_number": 1, "game_id": "GAME_001"}.'
    ),
    arguments=VerifyDrawArguments,
    answer=VerifyDrawAnswer,
    ask=ask,
    tell=tell,
)
