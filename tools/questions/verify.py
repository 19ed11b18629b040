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
from tools.words import heading, numbers_text, pools_text
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
    bonus_number: Annotated[int | None, Field(description="The bonus number if there is exactly one, else null.")]
    message: Annotated[str, Field(description="The ASCII text that is hashed: game_id|draw_date|draw_number.")]
    digest: Annotated[str, Field(description="SHA-256 of the message, 64 lowercase hex digits.")]
    rank: Annotated[
        int | str,
        Field(
            description="The seed as a number, modulo outcomes: the draw's index among all. This and the like are text"
            " where outcomes exceed 2**53."
        ),
    ]
    pools: Annotated[str, Field(description="The drums: 5 of 47 + 1 of 27.")]
    outcomes: Annotated[int | str, Field(description="Different draws, equally likely.")]
    bonus_outcomes: Annotated[int | str, Field(description="Different bonuses for given main numbers; 1 without.")]
    main_rank: Annotated[int | str, Field(description="rank // bonus_outcomes: names the main numbers.")]
    bonus_rank: Annotated[
        int | str | None, Field(description="rank % bonus_outcomes: names the bonus; null without one.")
    ]
    shell: Annotated[
        str,
        Field(description="Shell lines that print the numbers; just the rank where awk would round."),
    ]
    stored: Annotated[
        bool | None, Field(description="Whether the occurrence index holds this rank; null without an index.")
    ]


def ask(snapshot: Snapshot, asked: VerifyDrawArguments, _: Witness) -> VerifyDrawAnswer:
    """Return a draw, recomputed from its number alone."""
    from universe.draws import explained_draw
    from universe.shell import shell_check

    view = snapshot.game(asked.game_id)
    game, number = view.game, asked.draw_number
    if view.clock is None or number > view.watermark:
        known = f"the last draw is {view.watermark}" if view.watermark else "it has none yet"
        raise DrawError(f"{game.game_id}: draw {number} has not been made, {known}")
    draw = explained_draw(game, view.clock.draw_date(number), number)
    main_rank, bonus_rank = divmod(draw.rank, game.bonus_outcomes)
    return VerifyDrawAnswer(
        snapshot=mark(view),
        game_id=game.game_id,
        draw_number=number,
        draw_date=draw.draw_date,
        seed=draw.seed,
        main_numbers=list(draw.main_numbers),
        bonus_numbers=list(draw.bonus_numbers),
        bonus_number=only(draw.bonus_numbers),
        message=draw.message,
        digest=draw.digest,
        rank=safe_integer(draw.rank, game.outcomes),
        pools=pools_text(game),
        outcomes=safe_integer(game.outcomes, game.outcomes),
        bonus_outcomes=safe_integer(game.bonus_outcomes, game.outcomes),
        main_rank=safe_integer(main_rank, game.outcomes),
        bonus_rank=safe_integer(bonus_rank, game.outcomes) if game.bonus else None,
        shell=shell_check(draw),
        stored=snapshot.occurrences(view, draw.rank) > 0,
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
            f"seed {answer.seed}, its first 16 bytes",
            f"outcomes {answer.outcomes}: {answer.pools}",
            f"rank {answer.rank}, the seed modulo outcomes; the occurrence index {held}.",
            _ranks_text(answer),
            "The same by shell:"
            if "awk" in answer.shell
            else "The rank by shell (awk would round what follows from it):",
            answer.shell,
        ]
    )


def _ranks_text(answer: VerifyDrawAnswer) -> str:
    if answer.bonus_rank is None:
        return (
            f"main rank {answer.main_rank}: the rank, since there is no bonus ({answer.bonus_outcomes} bonus outcome)."
        )
    divided = f"rank divided by {answer.bonus_outcomes} bonus outcomes, quotient and remainder"
    return f"main rank {answer.main_rank}, bonus rank {answer.bonus_rank}: {divided}."


VERIFY_DRAW = Question(
    name="verify_draw",
    title="Verify a draw",
    description=(
        "One synthetic draw recomputed from its number, with every step: message, SHA-256 digest, seed, rank, numbers,"
        " and whether the store holds it; and shell lines that repeat the steps. Use it to cite or check a draw."
        ' Example: {"draw_number": 1, "game_id": "GAME_001"}.'
    ),
    arguments=VerifyDrawArguments,
    answer=VerifyDrawAnswer,
    ask=ask,
    tell=tell,
)
