"""get_draw_date_summary: everything about one draw date."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import attrs
from pydantic import Field

from tools.answers import Draw, FirstDrawDate, MatchTotal, SnapshotField, mark, real_draw, total_lines
from tools.arguments import GAME_ID, Arguments, GameId, IsoDate
from tools.question import Question
from tools.source import Snapshot, Witness
from tools.windows import first_draw_date
from tools.words import counted, heading, numbers_text, totals_text
from universe.calendar import require_draw_date

if TYPE_CHECKING:  # this module imports numpy, and the first answer must not wait for it
    from storage.views import GameView


class DateSummaryArguments(Arguments):
    """Which date."""

    draw_date: Annotated[IsoDate, Field(description="A draw date of the game's calendar, YYYY-MM-DD.")]
    game_id: Annotated[GameId | None, GAME_ID] = None


@attrs.frozen(kw_only=True)
class DateSummaryAnswer:
    """One draw date: its synthetic draws, its real draw, and how they compare."""

    snapshot: SnapshotField
    draw_date: Annotated[date, Field(description="The draw date.")]
    first_draw_date: FirstDrawDate
    synthetic_draws: Annotated[int, Field(ge=0, description="Synthetic draws of this date so far.")]
    first_draw_number: Annotated[int | None, Field(description="Number of the first of them; null if there is none.")]
    last_draw_number: Annotated[int | None, Field(description="Number of the last of them; null if there is none.")]
    real: Annotated[Draw | None, Field(description="The real draw of this date; null if none is stored.")]
    match_totals: Annotated[
        list[MatchTotal],
        Field(
            description="Every match level of the synthetic draws compared with the real one, beside its expectation;"
            " [] if no real draw is stored."
        ),
    ]
    compared_draws: Annotated[int, Field(ge=0, description="Draws compared so far: n of every expectation.")]


def ask(snapshot: Snapshot, asked: DateSummaryArguments, _: Witness) -> DateSummaryAnswer:
    """Return one date's draws, result and comparison."""
    return date_summary(snapshot, snapshot.game(asked.game_id), asked.draw_date)


def date_summary(snapshot: Snapshot, view: "GameView", draw_date: date) -> DateSummaryAnswer:
    """Return the same of a game; DrawError that names the neighbours unless a draw is held on that date."""
    require_draw_date(view.game, draw_date)
    drawn, stored = snapshot.date_view(view, draw_date), snapshot.result(view, draw_date)
    totals = snapshot.match_totals(view, draw_date)
    return DateSummaryAnswer(
        snapshot=mark(view),
        draw_date=draw_date,
        first_draw_date=first_draw_date(view),
        synthetic_draws=drawn.draws,
        first_draw_number=drawn.first if drawn.draws else None,
        last_draw_number=drawn.last if drawn.draws else None,
        real=real_draw(view.game, stored.result) if stored else None,
        match_totals=total_lines(view.game, totals) if stored else [],
        compared_draws=totals.compared_draws,
    )


def tell(answer: DateSummaryAnswer) -> str:
    """Return the date in words."""
    real = answer.real
    lines = [heading(answer.snapshot), _drawn_text(answer)]
    if real is None:
        return "\n".join([*lines, "No real draw of this date is stored, so nothing is compared."])
    lines.append(f"Real draw: {numbers_text(real['main_numbers'], real['bonus_numbers'])}")
    if not answer.compared_draws:
        return "\n".join([*lines, "No synthetic draw has been compared with it."])
    lines.append(f"{counted(answer.compared_draws, 'compared draws')} by match level (main+bonus):")
    return "\n".join([*lines, *totals_text(answer.match_totals)])


def _drawn_text(answer: DateSummaryAnswer) -> str:
    day, first, last = answer.draw_date, answer.first_draw_date, answer.snapshot.draw_date
    if first is None:
        return f"{day}: no synthetic draw yet; the simulation of this game has not begun."
    if day < first:
        return f"{day} lies before this universe's first draw date, {first}: it gets no synthetic draws."
    if not answer.synthetic_draws:
        so_far = f"draws so far lie on {first}..{last}" if last else f"{first} is to be the first draw date"
        return f"{day}: no synthetic draw yet; {so_far}."
    numbers = f"draw numbers {answer.first_draw_number} to {answer.last_draw_number}"
    drawn = counted(answer.synthetic_draws, "synthetic draws")
    return f"{day}: {drawn}, {numbers}; the first draw date of this universe is {first}."


DATE_SUMMARY = Question(
    name="get_draw_date_summary",
    title="Draw date summary",
    description=(
        "One draw date of a game: how many synthetic draws it has and their numbers' range, the real draw of that date,"
        " and how the synthetic draws compare with it on every match level, counts of draws beside exact expectations."
        ' Use it for one date; get_match_events lists the close ones of all. Example: {"draw_date": "2026-11-21",'
        ' "game_id": "GAME_001"}.'
    ),
    arguments=DateSummaryArguments,
    answer=DateSummaryAnswer,
    ask=ask,
    tell=tell,
)
