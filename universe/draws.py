"""A draw as every document shows it, and the seed rule for one draw step by step."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import attrs

from universe.game import Game
from universe.ranking import unrank
from universe.seed import SEED_BYTES, draw_digest, draw_message

SAFE_INTEGER_MAX = 2**53  # beyond it JSON readers lose digits


@attrs.frozen(kw_only=True)
class ExplainedDraw:
    """One draw with everything the seed rule makes on the way. ``digest`` is 64 hex digits, ``seed`` its first 32."""

    game: Game
    draw_number: int
    draw_date: date
    message: str
    digest: str
    rank: int
    main_numbers: tuple[int, ...]
    bonus_numbers: tuple[int, ...]

    @property
    def seed(self) -> str:
        """The first 16 bytes of the digest, in hexadecimal."""
        return self.digest[: 2 * SEED_BYTES]


def explained_draw(game: Game, draw_date: date, draw_number: int) -> ExplainedDraw:
    """Make one draw by the seed rule."""
    digest = draw_digest(game.game_id, draw_date, draw_number)
    rank = int.from_bytes(digest[:SEED_BYTES], "big") % game.outcomes
    main, bonus = unrank(game, rank)
    return ExplainedDraw(
        game=game,
        draw_number=draw_number,
        draw_date=draw_date,
        message=draw_message(game.game_id, draw_date, draw_number),
        digest=digest.hex(),
        rank=rank,
        main_numbers=main,
        bonus_numbers=bonus,
    )


def numbers_document(main: Sequence[int], bonus: Sequence[int]) -> dict[str, Any]:
    """Return numbers as documents show them; ``bonus_number`` is null where there is none or several."""
    return {
        "main_numbers": list(main),
        "bonus_numbers": list(bonus),
        "bonus_number": bonus[0] if len(bonus) == 1 else None,
    }


def draw_document(draw: ExplainedDraw) -> dict[str, Any]:
    """Return the draw as documents show it."""
    return {
        "game_id": draw.game.game_id,
        "draw_number": draw.draw_number,
        "draw_date": draw.draw_date.isoformat(),
        "seed": draw.seed,
        **numbers_document(draw.main_numbers, draw.bonus_numbers),
    }


def shown_rank(game: Game, rank: int) -> int | str:
    """Return a rank as documents show it: a string where the game has ranks that JSON readers would round."""
    return str(rank) if game.outcomes > SAFE_INTEGER_MAX else rank
