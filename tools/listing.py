"""The list of resources, in pages: status, guide, games, definitions, then the newest draw dates, newest first.

Clients tend to read the whole list, often its first page alone; older dates are reached by the template.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from mcp_types import Annotations, Resource

from tools.addresses import GUIDE_URI, STATUS_URI, Address, address_of, game_uri
from tools.cursors import make_cursor, read_cursor
from tools.draw_dates import newest_dates
from tools.source import Snapshot
from tools.wire import utc_text

if TYPE_CHECKING:  # this module imports numpy, and the first answer must not wait for it
    from storage.views import GameView

PAGE_RESOURCES_MAX = 100
DATES_LISTED_MAX = 30  # of a game
JSON, MARKDOWN, TOML = "application/json", "text/markdown", "application/toml"


def resource_page(snapshot: Snapshot, cursor: str | None) -> tuple[list[Resource], str | None]:
    """Return one page and the cursor of the next; CursorError for a cursor that this list never gave out."""
    query, views = ("resources/list", snapshot.universe.universe_id), snapshot.games()
    undated = list(_undated(views))
    places = {resource.uri: place for place, resource in enumerate(undated)}

    def last_listed(uri: str) -> Address:
        address = address_of(uri)
        if address is None or (address.draw_date is None and uri not in places):
            raise ValueError(uri)
        return address

    after = None if cursor is None else read_cursor(cursor, last_listed, *query)
    found = undated if after is None else undated[places.get(after.uri, len(undated)) + 1 :]
    room = PAGE_RESOURCES_MAX + 1 - len(found)
    if room > 0:
        found += [_dated(game_id, day) for day, game_id in _dates_after(snapshot, views, after)[:room]]
    page = found[:PAGE_RESOURCES_MAX]
    return page, make_cursor(page[-1].uri, *query) if len(found) > len(page) else None


def _dates_after(snapshot: Snapshot, views: "Sequence[GameView]", after: Address | None) -> list[tuple[date, str]]:
    """Return the draw dates that are listed after an address: the newest first, games of one date by id."""
    dates = [(day, view.game.game_id) for view in views for day in newest_dates(snapshot, view, None, DATES_LISTED_MAX)]
    ordered = sorted(dates, key=_place)
    if after is None or after.draw_date is None:
        return ordered
    return ordered[bisect_right(ordered, _place((after.draw_date, after.game_id)), key=_place) :]


def _place(dated: tuple[date, str]) -> tuple[int, str]:
    day, game_id = dated
    return -day.toordinal(), game_id


def _undated(views: "Sequence[GameView]") -> Iterator[Resource]:
    yield Resource(
        uri=STATUS_URI,
        name="status",
        title="Universe status",
        description="How the universe and each of its games stand; the document of get_universe_status.",
        mime_type=JSON,
        annotations=Annotations(priority=1.0, last_modified=_newest_commit(views)),
    )
    yield Resource(
        uri=GUIDE_URI,
        name="guide",
        title="Guide",
        description="The rule that makes every draw, how to check one by hand, and how to read the figures.",
        mime_type=MARKDOWN,
        annotations=Annotations(priority=0.9),
    )
    for view in views:
        game_id = view.game.game_id
        yield Resource(
            uri=game_uri(game_id),
            name=game_id,
            title=f"{game_id}: how it stands",
            description="Status, drums, schedule, and what can be asked about this game.",
            mime_type=JSON,
            annotations=Annotations(
                priority=0.8, last_modified=utc_text(view.committed_at) if view.committed_at else None
            ),
        )
    for view in views:
        game_id = view.game.game_id
        yield Resource(
            uri=Address(kind="definition", game_id=game_id).uri,
            name=f"{game_id} definition",
            title=f"{game_id}: its definition",
            description="Drums, schedule and moved draws as a file that `universe games validate` accepts.",
            mime_type=TOML,
            annotations=Annotations(priority=0.5),
        )


def _newest_commit(views: "Sequence[GameView]") -> str | None:
    moments = [view.committed_at for view in views if view.committed_at]
    return utc_text(max(moments)) if moments else None


def _dated(game_id: str, day: date) -> Resource:
    return Resource(
        uri=Address(kind="draw_date", game_id=game_id, draw_date=day).uri,
        name=f"{game_id} {day}",
        title=f"{game_id}: draw date {day}",
        mime_type=JSON,
        annotations=Annotations(priority=0.2),
    )
