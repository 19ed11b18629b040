"""get_real_results: the published results stored beside the synthetic draws."""

from typing import Annotated

import attrs
from pydantic import Field
from typing_extensions import TypedDict

from tools.answers import BonusNumbers, FirstResultDate, LastResultDate, MainNumbers, SnapshotField, mark
from tools.arguments import CURSOR, GAME_ID, LIMIT, Arguments, GameId, IsoDate, day_of
from tools.cursors import make_cursor, read_cursor
from tools.question import Question
from tools.source import Snapshot, Witness
from tools.wire import DateText, date_text
from tools.words import counted, heading, next_text, numbers_text
from universe.errors import UniverseError


class RangeError(UniverseError):
    """A range of dates that ends before it begins."""


class RealResultsArguments(Arguments):
    """Which dates, which page."""

    from_: Annotated[
        IsoDate | None, Field(alias="from", description="First draw date, included. Omitted or null: no bound.")
    ] = None
    to: Annotated[IsoDate | None, Field(description="Last draw date, included. Omitted or null: no bound.")] = None
    limit: Annotated[int, LIMIT] = 50
    cursor: Annotated[str | None, CURSOR] = None
    game_id: Annotated[GameId | None, GAME_ID] = None


class PublishedResult(TypedDict):
    """The published result of one draw date."""

    draw_date: Annotated[DateText, Field(description="Date of the draw.")]
    main_numbers: MainNumbers
    bonus_numbers: BonusNumbers
    source: Annotated[str, Field(description="Where it was read from.")]


@attrs.frozen(kw_only=True)
class RealResultsAnswer:
    """Published results, newest first."""

    snapshot: SnapshotField
    results: Annotated[list[PublishedResult], Field(description="Newest first.")]
    next_cursor: Annotated[str | None, Field(description="Pass it as cursor for the next page; null at the end.")]
    first_result_date: FirstResultDate
    last_result_date: LastResultDate


def ask(snapshot: Snapshot, asked: RealResultsArguments, _: Witness) -> RealResultsAnswer:
    """Return one page of results."""
    view = snapshot.game(asked.game_id)
    if asked.from_ and asked.to and asked.from_ > asked.to:
        raise RangeError(f"from {asked.from_} lies after to {asked.to}: give the earlier date as from")
    query = ("get_real_results", snapshot.universe.universe_id, view.game.game_id, asked.from_, asked.to)
    before = None if asked.cursor is None else read_cursor(asked.cursor, day_of, *query)
    found = snapshot.results(view, asked.from_, asked.to, asked.limit + 1, before)
    page = found[: asked.limit]
    return RealResultsAnswer(
        snapshot=mark(view),
        results=[
            {
                "draw_date": date_text(stored.result.draw_date),
                "main_numbers": list(stored.result.main_numbers),
                "bonus_numbers": list(stored.result.bonus_numbers),
                "source": stored.source,
            }
            for stored in page
        ],
        next_cursor=make_cursor(page[-1].result.draw_date, *query) if len(found) > len(page) else None,
        first_result_date=view.results_first,
        last_result_date=view.results_last,
    )


def tell(answer: RealResultsAnswer) -> str:
    """Return one line a result."""
    lines = [
        f"{result['draw_date']}: {numbers_text(result['main_numbers'], result['bonus_numbers'])}"
        f" (source {result['source']})"
        for result in answer.results
    ]
    first, last = answer.first_result_date, answer.last_result_date
    stored = f"stored are those of {first}..{last}" if first else "none are stored for this game"
    opening = f"{counted(len(lines), 'real results')}, newest first; {stored}{':' if lines else '.'}"
    return "\n".join([heading(answer.snapshot), opening, *lines, next_text(answer.next_cursor)])


REAL_RESULTS = Question(
    name="get_real_results",
    title="Real results",
    description=(
        "Published results of the real game as stored here, newest first, with their source, optionally between two"
        " draw dates, paged by cursor. Use it to quote or page through real draws; get_frequency_stats counts them."
        ' Example: {"from": "2018-01-01", "to": "2018-12-31", "limit": 100}.'
    ),
    arguments=RealResultsArguments,
    answer=RealResultsAnswer,
    ask=ask,
    tell=tell,
)
