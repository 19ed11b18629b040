"""Completion: the values that an argument of a prompt or a variable of a resource's address may take."""

from collections.abc import Iterator
from datetime import date
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from mcp.server import Server, ServerRequestContext
from mcp_types import CompleteRequestParams, CompleteResult, Completion, PromptReference

from tools.addresses import DEFINITION_TEMPLATE, DRAW_DATE_TEMPLATE, GAME_TEMPLATE
from tools.draw_dates import newest_dates
from tools.looking import look
from tools.prompts import PROMPTS
from tools.source import Snapshot, Source
from tools.windows import ALL_TIME, DAYS
from universe.calendar import DATE_MAX
from universe.errors import UniverseError

if TYPE_CHECKING:  # this module imports numpy, and the first answer must not wait for it
    from storage.views import GameView

VALUES_MAX = 100  # the protocol's own bound
DATES_LOOKED_AT_MAX = 1_000  # beyond it the total is left open

VARIABLES = {
    GAME_TEMPLATE: {"game_id"},
    DEFINITION_TEMPLATE: {"game_id"},
    DRAW_DATE_TEMPLATE: {"game_id", "draw_date"},
}

NOTHING = Completion(values=[], total=0, has_more=False)


def serve_completion(server: Server[Any], source: Source) -> None:
    """Complete arguments. Names that nobody knows have no values; that is no error."""

    async def complete(context: ServerRequestContext[Any, Any], params: CompleteRequestParams) -> CompleteResult:
        name, beginning = params.argument.name, params.argument.value
        if name not in _names(params):
            return CompleteResult(completion=NOTHING)
        if name == "window":
            return CompleteResult(completion=_matching([ALL_TIME, *DAYS], beginning))
        given = (params.context.arguments if params.context else None) or {}

        def see(snapshot: Snapshot) -> Completion:
            return completion_of(snapshot, name, beginning, given.get("game_id"))

        return CompleteResult(completion=await look(source, context.session, "completion/complete", see))

    server.add_request_handler("completion/complete", CompleteRequestParams, complete)


def _names(params: CompleteRequestParams) -> set[str]:
    if isinstance(params.ref, PromptReference):
        prompt = PROMPTS.get(params.ref.name)
        return set(prompt.arguments) if prompt else set()
    return VARIABLES.get(params.ref.uri, set())


def completion_of(snapshot: Snapshot, name: str, beginning: str, game_id: str | None) -> Completion:
    """Return the values that begin so, of the game named in the other arguments, else of the first."""
    if name == "game_id":
        return _matching([view.game.game_id for view in snapshot.games()], beginning)
    try:
        view = snapshot.game(game_id or None)
    except UniverseError:
        return NOTHING
    if name == "draw_date":
        return _draw_dates(snapshot, view, beginning)
    return _draw_numbers(view.watermark, beginning) if name == "draw_number" else NOTHING


def _matching(values: list[str], beginning: str) -> Completion:
    found = [value for value in values if value.startswith(beginning)]
    return _first(iter(found), len(found))


def _first(values: Iterator[str], total: int | None) -> Completion:
    found = list(islice(values, VALUES_MAX + 1))
    return Completion(values=found[:VALUES_MAX], total=total, has_more=len(found) > VALUES_MAX)


def _draw_dates(snapshot: Snapshot, view: "GameView", beginning: str) -> Completion:
    """Return draw dates, newest first; without their total where too many would have to be looked at."""
    dates = [str(day) for day in newest_dates(snapshot, view, _after(beginning), DATES_LOOKED_AT_MAX)]
    found = [day for day in dates if day.startswith(beginning)]
    ended = len(dates) < DATES_LOOKED_AT_MAX or not dates[-1].startswith(beginning)
    return _first(iter(found), len(found) if ended else None)


def _after(beginning: str) -> date | None:
    """Return a date after all that begin so, for a search to begin with."""
    year = f"{beginning[:4]}9999"[:4]
    return date(int(year) + 1, 1, 1) if year.isascii() and year.isdigit() and int(year) < DATE_MAX.year else None


def _draw_numbers(last: int, beginning: str) -> Completion:
    """Return draw numbers up to the last, newest first: those of most digits, then those of one digit less."""
    if not beginning:
        return _first(map(str, range(last, 0, -1)), last)
    if not (beginning.isascii() and beginning.isdigit()) or beginning.startswith("0"):
        return NOTHING
    spans = []
    for more in range(len(str(last)) - len(beginning), -1, -1):
        first = int(beginning) * 10**more
        spans.append(range(min(last, first + 10**more - 1), first - 1, -1))
    return _first(map(str, chain.from_iterable(spans)), sum(map(len, spans)))
