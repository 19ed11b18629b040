"""The pieces that answers share: snapshot, draw, numbers, window, match levels. Each field says what it is.

What lists are made of are TypedDicts, which travel as they are.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import attrs
from pydantic import Field
from typing_extensions import TypedDict

from tools.wire import DateText, date_text

if TYPE_CHECKING:  # these modules import numpy, and the first answer must not wait for it
    from storage.views import DrawView, GameView, MatchTotals
    from universe.game import Game
    from universe.results.result import RealResult

RANKS_ONE_BY_ONE_MAX = 2  # arrays pay from three on

MainNumbers = Annotated[list[int], Field(description="Main numbers, ascending.")]
BonusNumbers = Annotated[list[int], Field(description="Bonus numbers, ascending; [] without a bonus.")]


@attrs.frozen(kw_only=True)
class SnapshotMark:
    """The commit that every figure of the answer is of."""

    game_id: Annotated[str, Field(description="The game.")]
    draw_number: Annotated[int, Field(ge=0, description="Last committed draw; 0 before the first.")]
    draw_date: Annotated[date | None, Field(description="Its draw date; null before the first.")]
    committed_at: Annotated[datetime | None, Field(description="When, UTC; null before the first.")]


SnapshotField = Annotated[SnapshotMark, Field(description="The commit that all figures are of.")]
FirstDrawDate = Annotated[date | None, Field(description="Date of draw 1, made or to come; null while unknown.")]
FirstResultDate = Annotated[date | None, Field(description="Earliest stored real result; null without any.")]
LastResultDate = Annotated[date | None, Field(description="Latest stored real result; null without any.")]


def mark(view: "GameView") -> SnapshotMark:
    """Return which commit a game was seen at."""
    return SnapshotMark(
        game_id=view.game.game_id,
        draw_number=view.watermark,
        draw_date=view.draw_date,
        committed_at=view.committed_at,
    )


class Numbers(TypedDict):
    """Main and bonus numbers of one draw or ticket."""

    main_numbers: MainNumbers
    bonus_numbers: BonusNumbers


class Draw(TypedDict):
    """One draw, synthetic or real."""

    game_id: Annotated[str, Field(description="The game it belongs to.")]
    draw_number: Annotated[int | None, Field(description="1, 2, 3, … per game; null for a real draw.")]
    draw_date: Annotated[DateText, Field(description="Its date in the game's real calendar.")]
    seed: Annotated[str | None, Field(description="32 lowercase hex digits; null for a real draw.")]
    main_numbers: MainNumbers
    bonus_numbers: BonusNumbers
    bonus_number: Annotated[int | None, Field(description="The bonus number if there is exactly one, else null.")]


def only(numbers: Sequence[int]) -> int | None:
    """Return the only number of a set; None of any other set."""
    return numbers[0] if len(numbers) == 1 else None


def numbers_of_ranks(game: "Game", ranks: Sequence[int]) -> tuple[list[list[int]], list[list[int]]]:
    """Return the main and the bonus numbers of many ranks, unranked at once; of a few, one by one."""
    import numpy as np

    from universe.ranking import unrank, unrank_all

    if len(ranks) <= RANKS_ONE_BY_ONE_MAX:
        few = [unrank(game, rank) for rank in ranks]
        return [list(main) for main, _ in few], [list(bonus) for _, bonus in few]

    mains, bonuses = unrank_all(game, np.array(ranks, dtype=np.int64))
    return mains.tolist(), bonuses.tolist()


def synthetic_draws(game: "Game", draws: "Sequence[DrawView]") -> list[Draw]:
    """Return synthetic draws with their seeds and numbers."""
    from universe.seed import SEED_BYTES, draw_digest

    game_id, numbers = game.game_id, numbers_of_ranks(game, [rank for _, _, rank in draws])
    return [
        {
            "game_id": game_id,
            "draw_number": number,
            "draw_date": date_text(day),
            "seed": draw_digest(game_id, day, number)[:SEED_BYTES].hex(),
            "main_numbers": main,
            "bonus_numbers": bonus,
            "bonus_number": only(bonus),
        }
        for (number, day, _), main, bonus in zip(draws, *numbers, strict=True)
    ]


def real_draw(game: "Game", result: "RealResult") -> Draw:
    """Return a real result in the shape of a draw."""
    return {
        "game_id": game.game_id,
        "draw_number": None,
        "draw_date": date_text(result.draw_date),
        "seed": None,
        "main_numbers": list(result.main_numbers),
        "bonus_numbers": list(result.bonus_numbers),
        "bonus_number": only(result.bonus_numbers),
    }


class MatchTotal(TypedDict):
    """The compared draws on one match level, beside their exact expectation."""

    main_matches: Annotated[int, Field(ge=0, description="Main numbers in common with the real draw of the date.")]
    bonus_matches: Annotated[int, Field(ge=0, description="Bonus numbers in common with it.")]
    observed: Annotated[int, Field(ge=0, description="Compared synthetic draws on this level.")]
    expected: Annotated[float, Field(ge=0, description="Exact expectation of that count.")]


def total_lines(game: "Game", totals: "MatchTotals") -> list[MatchTotal]:
    """Return every level, main matches first, with what was observed and what is expected of so many draws."""
    from universe.levels import expected_by_level

    expectations = expected_by_level(game, totals.compared_draws)
    return [
        {"main_matches": main, "bonus_matches": bonus, "observed": observed, "expected": expected}
        for (main, bonus, expected), observed in zip(expectations, totals.levels.tolist(), strict=True)
    ]
