"""How commits are noticed, whatever process made them: while somebody watches, a look at the store once a second.

What is looked at is what is watched, and nothing else. A resource that is watched anew is looked at at once, so that
no change is missed after the client's request for it is answered.
"""

import math
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import attrs
import trio

from storage.errors import StoreError
from tools.addresses import Address, address_of
from tools.sessions import LIST
from tools.source import Snapshot, Source, Witness
from tools.subscriptions import Subscriptions
from universe.calendar import is_draw_date

if TYPE_CHECKING:  # this module imports numpy, and the first answer must not wait for it
    from storage.views import GameView

PAUSE_SECONDS = 1.0

Marks = Mapping[str, object]  # by URI: what stands there, as something to compare


async def announce(source: Source, subscriptions: Subscriptions, *, pause_seconds: float = PAUSE_SECONDS) -> None:
    """Tell subscribers what changed, each resource at most once in ``pause_seconds``. Runs until it is cancelled."""
    known: dict[str, object] = {}
    due = math.inf
    async with trio.open_nursery() as senders:
        while True:
            known |= await _look(source, subscriptions.watched - known.keys())
            if subscriptions.watched:
                due = min(due, trio.current_time() + pause_seconds)
            with trio.move_on_at(due):
                await subscriptions.wait_for_news()
            if trio.current_time() >= due:
                known = {uri: mark for uri, mark in known.items() if uri in subscriptions.watched}
                now = await _look(source, known.keys())
                senders.start_soon(subscriptions.publish, changed(known, now), senders)
                known, due = {**known, **now}, math.inf


def changed(before: Marks, now: Marks) -> list[str]:
    """Return the URIs under which something else stands than before; one that was not looked at before is no change."""
    return [uri for uri, mark in now.items() if uri in before and before[uri] != mark]


async def _look(source: Source, uris: Collection[str]) -> Marks:
    """Return what stands there now; nothing while the store cannot be read, which passes."""
    if not uris:
        return {}
    reader = await source.reader()
    try:
        with reader.snapshot() as snapshot:
            return marks_of(snapshot, source, uris)
    except StoreError:
        return {}


def marks_of(snapshot: Snapshot, source: Witness, uris: Collection[str]) -> Marks:
    """Return the mark of each resource: equal as long as it says the same, its own times and rates aside."""
    views = {view.game.game_id: attrs.evolve(view, draws_last_hour=0) for view in snapshot.games()}
    standings = {game_id: (view, source.vitals(game_id)) for game_id, view in views.items()}
    marks: dict[str, object] = {}
    for uri in uris:
        address = address_of(uri)
        if uri == LIST:
            marks[uri] = [(game_id, view.draw_date, view.results_count) for game_id, view in views.items()]
        elif address is None or address.kind == "status":
            marks[uri] = (source.role, standings)
        elif address.kind == "game":
            marks[uri] = standings.get(address.game_id)
        else:
            marks[uri] = _mark_of_part(snapshot, views.get(address.game_id), address)
    return marks


def _mark_of_part(snapshot: Snapshot, view: "GameView | None", address: Address) -> object:
    day = address.draw_date
    if view is None or day is None:
        return view.game if view else None
    if not is_draw_date(view.game, day):
        return None
    compared = snapshot.match_totals(view, day).compared_draws
    return snapshot.date_view(view, day).draws, snapshot.result(view, day) is not None, compared
