"""Answers in words, for hosts that show a model the text alone: compact lines with the same facts."""

from collections.abc import Iterable, Sequence

from tools.answers import Draw, MatchTotal, Numbers, SnapshotMark
from tools.wire import utc_text
from universe.game import POOL_SIZE_MAX, Game

_text_of = [str(number) for number in range(POOL_SIZE_MAX + 1)].__getitem__  # lists of draws hold thousands


def heading(snapshot: SnapshotMark) -> str:
    """Return which commit an answer is of."""
    if snapshot.draw_date is None or snapshot.committed_at is None:
        return f"{snapshot.game_id}: no synthetic draw yet (snapshot at draw 0)."
    committed = utc_text(snapshot.committed_at)
    return f"{snapshot.game_id} as of draw {snapshot.draw_number} ({snapshot.draw_date}), committed {committed}."


def numbers_text(main: Sequence[int], bonus: Sequence[int]) -> str:
    """Return numbers as people write them: ``4 6 8 12 20 + 15``."""
    mains = map(_text_of, main)
    return " ".join([*mains, "+", *map(_text_of, bonus)] if bonus else mains)


def ticket_text(numbers: Numbers) -> str:
    """Return a set of main and bonus numbers."""
    return numbers_text(numbers["main_numbers"], numbers["bonus_numbers"])


def draw_text(draw: Draw) -> str:
    """Return a draw in one line."""
    numbers = numbers_text(draw["main_numbers"], draw["bonus_numbers"])
    if draw["draw_number"] is None:
        return f"{draw['draw_date']}: {numbers}"
    return f"draw {draw['draw_number']} ({draw['draw_date']}): {numbers}, seed {draw['seed']}"


def pools_text(game: Game) -> str:
    """Return which numbers a game draws: ``5 of 47 + 1 of 27``, ``6 of 59 + 1 of the remaining 53``."""
    main = f"{game.main.picked} of {game.main.size}"
    if game.bonus is None:
        return main
    drum = f"the remaining {game.main.size - game.main.picked}" if game.bonus_from_rest else f"{game.bonus_size}"
    return f"{main} + {game.bonus_picked} of {drum}"


def counted(count: int, things: str) -> str:
    """Return how many of something there are; ``things`` is its plural."""
    return f"{count} {things.removesuffix('s')}" if count == 1 else f"{count} {things}"


def level_text(main_matches: int, bonus_matches: int) -> str:
    """Return a match level: ``3+1``."""
    return f"{main_matches}+{bonus_matches}"


def totals_text(totals: Iterable[MatchTotal]) -> list[str]:
    """Return one line a match level."""
    return [
        f"{level_text(total['main_matches'], total['bonus_matches'])}: {total['observed']}"
        f" (expected {total['expected']:.6g})"
        for total in totals
    ]


def next_text(cursor: str | None) -> str:
    """Return how a list goes on."""
    return f"More with cursor {cursor}" if cursor else "End of the list (next_cursor null)."
