"""One process's universe: the actors wired to a store, followed on a terminal, summed up at the end."""

import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import trio

from actors.board import Board
from actors.comparer import COMPARER
from actors.feed_results import FeedPlan
from actors.simulator import SimulationPlan
from actors.system import run_system
from actors.trailing import Trailing
from actors.world import World
from ops.prepare import Opened
from ops.terminal import Bars, NoBars
from storage.connection import Location, open_reader
from storage.fingerprint import fingerprints
from storage.interface import Committed
from universe.settings import Settings

SWITCH_SECONDS = 0.0005  # how long an answer may wait for a thread that computes: a tenth of Python's own


def feed_plans(opened: Opened, settings: Settings) -> list[FeedPlan]:
    """Return the feeds of those games that have a source configured."""
    return [
        FeedPlan(
            game_id=game.game_id,
            source=feed.source,
            format_name=feed.format,
            timezone=ZoneInfo(feed.timezone),
            results_after=feed.results_after,
        )
        for game in opened.games
        if (feed := settings.feed(game.game_id)).source is not None
    ]


@attrs.define
class Tally:
    """What this process has committed, by game."""

    draws: Counter[str] = attrs.field(factory=Counter)
    started: float = attrs.field(factory=time.perf_counter)
    last_commit: float = attrs.field(factory=time.perf_counter)

    def note(self, committed: Committed) -> None:
        """Count a commit."""
        for game_id, (first, last) in committed.draws.items():
            self.draws[game_id] += last - first + 1
            self.last_commit = time.perf_counter()

    def rate(self, game_id: str) -> float:
        """Return the draws per second of a game from the start to the last commit."""
        return round(self.draws[game_id] / max(self.last_commit - self.started, 1e-6), 1)


async def simulate(
    opened: Opened,
    plans: Sequence[SimulationPlan],
    feeds: Sequence[FeedPlan],
    board: Board,
    bars: Bars,
    stop: trio.Event,
    *,
    until_halted: bool,
    trailing: Sequence[Trailing] = (COMPARER,),
) -> Tally:
    """Run the actors until ``stop``, or until every game is at its bound; return what was committed."""
    tally = Tally()
    sys.setswitchinterval(SWITCH_SECONDS)
    board.listeners.append(tally.note)
    if not isinstance(bars, NoBars):  # a bar's length comes from the store, which may be busy: only a person's run asks
        board.listeners.append(partial(_show, bars, {plan.game_id: plan for plan in plans}, opened))
    world = World(store=opened.store, board=board)
    await run_system(plans, feeds, world, stop=stop, until_halted=until_halted, trailing=trailing)
    return tally


def _show(bars: Bars, plans: Mapping[str, SimulationPlan], opened: Opened, committed: Committed) -> None:
    for game_id, (first, last) in committed.draws.items():
        if game_id not in bars.started:
            bars.start(game_id, first - 1, plans[game_id].bound(opened.store.progress(game_id)))
        bars.show(game_id, last)


def game_summaries(opened: Opened, tally: Tally, prints: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return where each game of this process stands, for the document at the end."""
    reader = opened.reader()
    try:
        with reader.snapshot() as snapshot:
            views = [snapshot.game(game.game_id) for game in opened.games]
    finally:
        reader.close()
    return {
        view.game.game_id: {
            "draw_number": view.watermark,
            "draw_date": view.draw_date.isoformat() if view.draw_date else None,
            "phase": view.phase,
            "halt_reason": view.halt_reason,
            "draws_per_second": tally.rate(view.game.game_id),
            "fingerprint": prints.get(view.game.game_id),
        }
        for view in views
    }


def stored_fingerprints(location: Location) -> dict[str, str]:
    """Return every game's fingerprint, by id. A scan."""
    db = open_reader(location)
    try:
        return fingerprints(db)
    finally:
        db.close()
