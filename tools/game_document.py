"""What there is to know of one game before asking about it: how it stands, its drums, its schedule, example calls."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import attrs
from pydantic import Field
from typing_extensions import TypedDict

from tools.answers import SnapshotField, mark
from tools.draw_dates import newest_dates
from tools.questions.occurrence import ticket_rule
from tools.questions.status import GameStatus, game_status
from tools.source import Snapshot, Witness
from tools.wire import DateText, date_text, safe_integer

if TYPE_CHECKING:  # this module imports numpy, and the first answer must not wait for it
    from storage.views import GameView
    from universe.game import Game


class Drum(TypedDict):
    """``picked`` different numbers out of 1 to ``size``."""

    picked: Annotated[int, Field(description="How many numbers a draw takes.")]
    size: Annotated[int, Field(description="Numbers run from 1 to this.")]
    rest_of_main_drum: Annotated[bool, Field(description="Whether they come out of what the main draw has left.")]


class SchedulePeriod(TypedDict):
    """From a date on, until the next period starts, draws are held on these weekdays."""

    since: Annotated[DateText, Field(description="First date of the period.")]
    days: Annotated[list[str], Field(description="Weekdays: Mon to Sun.")]


class ExampleCall(TypedDict):
    """A call of a tool that this game answers."""

    tool: Annotated[str, Field(description="Name of the tool.")]
    arguments: Annotated[dict[str, Any], Field(description="Its arguments.")]


@attrs.frozen(kw_only=True)
class GameDocument:
    """One game: how it stands, what it is, what can be asked."""

    snapshot: SnapshotField
    status: Annotated[GameStatus, Field(description="As in get_universe_status.")]
    since: Annotated[date, Field(description="First date of its current matrix and schedule.")]
    main: Annotated[Drum, Field(description="The main numbers.")]
    bonus: Annotated[Drum | None, Field(description="The bonus numbers; null where it has none.")]
    outcomes: Annotated[
        int | str, Field(description="Different draws, all equally likely; decimal text where it exceeds 2**53.")
    ]
    schedule: Annotated[list[SchedulePeriod], Field(description="On which weekdays draws are held, oldest first.")]
    moved_draws: Annotated[int, Field(description="Draws that were held on another date than the schedule says.")]
    newest_draw_date: Annotated[date | None, Field(description="The newest with draws or a real result; null if none.")]
    ticket: Annotated[str, Field(description="What numbers a ticket takes.")]
    match_events_from_level: Annotated[int, Field(description="Lowest match level whose draws are listed one by one.")]
    ask: Annotated[list[ExampleCall], Field(description="Calls that this game answers now.")]


def game_document(snapshot: Snapshot, source: Witness, view: "GameView") -> GameDocument:
    """Return what there is to know of a game as of a snapshot."""
    from universe.matching import event_level_min

    game, dates = view.game, newest_dates(snapshot, view, None, 1)
    return GameDocument(
        snapshot=mark(view),
        status=game_status(view, source),
        since=game.since,
        main={"picked": game.main.picked, "size": game.main.size, "rest_of_main_drum": False},
        bonus=_bonus(game),
        outcomes=safe_integer(game.outcomes, game.outcomes),
        schedule=[{"since": date_text(period.start), "days": list(period.days)} for period in game.schedule],
        moved_draws=len(game.moved),
        newest_draw_date=dates[0] if dates else None,
        ticket=ticket_rule(game),
        match_events_from_level=event_level_min(game),
        ask=example_calls(view, dates[0] if dates else None),
    )


def _bonus(game: "Game") -> Drum | None:
    if game.bonus is None:
        return None
    return {"picked": game.bonus_picked, "size": game.bonus_size, "rest_of_main_drum": game.bonus_from_rest}


def example_calls(view: "GameView", newest_date: date | None) -> list[ExampleCall]:
    """Return calls that this game answers now: those about synthetic draws once there is one, and so on."""
    game, game_id = view.game, view.game.game_id
    calls: list[ExampleCall] = []
    if view.watermark:
        calls += [
            _example("get_latest_draws", limit=5, game_id=game_id),
            _example("get_frequency_stats", window="all_time", game_id=game_id),
            _example("verify_draw", draw_number=view.watermark, game_id=game_id),
        ]
    ticket = _first_ticket(game)
    calls.append(_example("check_numbers_occurrence", **ticket, game_id=game_id))
    if newest_date is not None:
        calls.append(_example("get_draw_date_summary", draw_date=date_text(newest_date), game_id=game_id))
    if view.results_count:
        calls.append(_example("get_real_results", limit=5, game_id=game_id))
    if view.watermark and view.results_count:
        calls.append(_example("get_match_events", limit=5, game_id=game_id))
    return calls


def _example(tool: str, **arguments: Any) -> ExampleCall:
    return {"tool": tool, "arguments": arguments}


def _first_ticket(game: "Game") -> dict[str, Any]:
    """Return the arguments of the lowest ticket."""
    main = list(range(1, game.main.picked + 1))
    lowest = main[-1] + 1 if game.bonus_from_rest else 1
    bonus = list(range(lowest, lowest + game.bonus_picked))
    return {"main_numbers": main, "bonus_number": bonus[0] if len(bonus) == 1 else bonus or None}
