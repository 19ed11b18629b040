"""get_match_events: synthetic draws that came close to the real draw of their date."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import attrs
from pydantic import Field
from typing_extensions import TypedDict

from tools.answers import (
    FirstDrawDate,
    FirstResultDate,
    LastResultDate,
    MatchTotal,
    Numbers,
    SnapshotField,
    mark,
    numbers_of_ranks,
    total_lines,
)
from tools.arguments import CURSOR, GAME_ID, LIMIT, Arguments, GameId, IsoDate
from tools.cursors import draw_number, make_cursor, read_cursor
from tools.question import Question
from tools.source import Snapshot, Witness
from tools.windows import first_draw_date
from tools.wire import DateText, date_text
from tools.words import counted, heading, level_text, next_text, ticket_text, totals_text
from universe.calendar import require_draw_date
from universe.errors import UniverseError
from universe.game import PICKED_MAX, Game

if TYPE_CHECKING:  # this module imports numpy, and the first answer must not wait for it
    from storage.views import EventView


class LevelError(UniverseError):
    """A match level from which no events are kept."""


class MatchEventsArguments(Arguments):
    """How close, of which date, which page."""

    min_match_level: Annotated[
        Annotated[int, Field(json_schema_extra={"minimum": 0, "maximum": 2 * PICKED_MAX})] | None,
        Field(
            description="Lowest match level (main matches + bonus matches) to list, from picks - 2 to picks; picks is"
            " how many numbers a draw has: 4 to 6 for five main numbers and a bonus. Omitted or null: picks - 2."
        ),
    ] = None
    draw_date: Annotated[
        IsoDate | None, Field(description="Only events and totals of this draw date. Omitted or null: all dates.")
    ] = None
    limit: Annotated[int, LIMIT] = 50
    cursor: Annotated[str | None, CURSOR] = None
    game_id: Annotated[GameId | None, GAME_ID] = None


class MatchEvent(TypedDict):
    """A synthetic draw beside the real draw of the same date."""

    draw_number: Annotated[int, Field(ge=1, description="Number of the synthetic draw.")]
    draw_date: Annotated[DateText, Field(description="Draw date of both.")]
    match_level: Annotated[int, Field(ge=0, description="Main matches + bonus matches.")]
    main_matches: Annotated[int, Field(ge=0, description="Main numbers in common.")]
    bonus_matches: Annotated[int, Field(ge=0, description="Bonus numbers in common.")]
    synthetic: Annotated[Numbers, Field(description="Numbers of the synthetic draw.")]
    real: Annotated[Numbers, Field(description="Numbers of the real draw.")]


@attrs.frozen(kw_only=True)
class MatchEventsAnswer:
    """Close matches, newest first, and totals of all compared draws."""

    snapshot: SnapshotField
    min_match_level: Annotated[int, Field(ge=0, description="Lowest match level listed.")]
    events: Annotated[list[MatchEvent], Field(description="Newest draw first.")]
    next_cursor: Annotated[str | None, Field(description="Pass it as cursor for the next page; null at the end.")]
    totals: Annotated[
        list[MatchTotal],
        Field(description="Every match level over all compared draws; narrowed by draw_date, by nothing else."),
    ]
    compared_draws: Annotated[
        int,
        Field(ge=0, description="Synthetic draws compared with the real draw of their date: n of every expectation."),
    ]
    first_draw_date: FirstDrawDate
    first_result_date: FirstResultDate
    last_result_date: LastResultDate


def ask(snapshot: Snapshot, asked: MatchEventsArguments, _: Witness) -> MatchEventsAnswer:
    """Return one page of events and the totals."""
    view = snapshot.game(asked.game_id)
    level = checked_level(view.game, asked.min_match_level)
    if asked.draw_date is not None:
        require_draw_date(view.game, asked.draw_date)
    query = ("get_match_events", snapshot.universe.universe_id, view.game.game_id, level, asked.draw_date)
    before = None if asked.cursor is None else read_cursor(asked.cursor, draw_number, *query)
    found = snapshot.events(view, level, asked.draw_date, asked.limit + 1, before)
    page, totals = found[: asked.limit], snapshot.match_totals(view, asked.draw_date)
    return MatchEventsAnswer(
        snapshot=mark(view),
        min_match_level=level,
        events=_told_events(view.game, page),
        next_cursor=make_cursor(page[-1].draw_number, *query) if len(found) > len(page) else None,
        totals=total_lines(view.game, totals),
        compared_draws=totals.compared_draws,
        first_draw_date=first_draw_date(view),
        first_result_date=view.results_first,
        last_result_date=view.results_last,
    )


def checked_level(game: Game, level: int | None) -> int:
    """Return the lowest level to list; LevelError with the range unless events are kept from there."""
    from universe.matching import event_level_min

    lowest = event_level_min(game)
    if level is None:
        return lowest
    if not lowest <= level <= game.picks:
        raise LevelError(
            f"{game.game_id}: min_match_level {level} is not in {lowest}..{game.picks}; events are kept from level"
            f" {lowest} up, totals cover all levels"
        )
    return level


def _told_events(game: Game, page: "Sequence[EventView]") -> list[MatchEvent]:
    numbers = numbers_of_ranks(game, [event.rank for event in page])
    return [
        {
            "draw_number": number,
            "draw_date": date_text(real.draw_date),
            "match_level": main_matches + bonus_matches,
            "main_matches": main_matches,
            "bonus_matches": bonus_matches,
            "synthetic": {"main_numbers": main, "bonus_numbers": bonus},
            "real": {"main_numbers": list(real.main_numbers), "bonus_numbers": list(real.bonus_numbers)},
        }
        for (number, main_matches, bonus_matches, _, real), main, bonus in zip(page, *numbers, strict=True)
    ]


def tell(answer: MatchEventsAnswer) -> str:
    """Return one line an event, one a level."""
    found = counted(len(answer.events), "match events")
    lines = [heading(answer.snapshot), f"{found} from level {answer.min_match_level} up{':' if answer.events else '.'}"]
    for event in answer.events:
        matches = level_text(event["main_matches"], event["bonus_matches"])
        lines.append(
            f"draw {event['draw_number']} ({event['draw_date']}): {matches} (level {event['match_level']}),"
            f" synthetic {ticket_text(event['synthetic'])}, real {ticket_text(event['real'])}"
        )
    lines.append(next_text(answer.next_cursor))
    lines.append(_dates_text(answer))
    if not answer.compared_draws:
        return "\n".join([*lines, "No draw was compared, so every match level counts 0."])
    lines.append(f"{counted(answer.compared_draws, 'compared draws')} by match level (main+bonus):")
    return "\n".join([*lines, *totals_text(answer.totals)])


def _dates_text(answer: MatchEventsAnswer) -> str:
    """Say what could be compared: the reason where nothing was."""
    if answer.first_result_date is None:
        results = "no real results are stored"
    else:
        results = f"the stored results are of {answer.first_result_date}..{answer.last_result_date}"
    first, last = answer.first_draw_date, answer.snapshot.draw_date
    draws = (
        f"the draws of {first}..{last}"
        if last
        else f"the first draw will be of {first}"
        if first
        else "no draw has been made yet"
    )
    return f"Real results are compared with the synthetic draws of their own date: {results}, {draws}."


MATCH_EVENTS = Question(
    name="get_match_events",
    title="Match events",
    description=(
        "Synthetic draws that nearly or fully equal the real draw of the same date, newest first, paged by cursor; and"
        " for all compared draws how many fell on each match level, beside the exact expectation. Use it for 'how close"
        ' did pure chance come to the real results?\'. Example: {"min_match_level": 5, "limit": 20}.'
    ),
    arguments=MatchEventsArguments,
    answer=MatchEventsAnswer,
    ask=ask,
    tell=tell,
)
