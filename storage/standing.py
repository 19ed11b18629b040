"""Where games stand in one snapshot, and which of them is meant when none is named."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import apsw
import attrs

from storage.errors import StoreError
from storage.past import ResultTable
from storage.rate import draws_last_hour
from storage.registry import Milestone, game_ids, halt_reason
from storage.remembered import Remembered
from storage.schema import Mode
from storage.views import GameView, Phase
from universe.calendar import LogicalClock
from universe.game import Game

NO_DATA = -1  # the key of a game without data: no row has it

_ROWS = """SELECT game_key, (SELECT max(revision) FROM definition AS d WHERE d.game_key = game.game_key),
    (SELECT max(result) FROM real_result), (SELECT count(*) FROM conflict AS c WHERE c.game_key = game.game_key),
    epoch, draws_per_day, max_draws, until, limit_draws, watermark, folded, minutes, committed_at
FROM game LEFT JOIN simulation USING (game_key)
    LEFT JOIN milestone USING (game_key) LEFT JOIN progress USING (game_key)"""
_ALL = f"{_ROWS} ORDER BY game_id"
_NAMED = f"{_ROWS} WHERE game_id = ?"
_INITIALISED = f"{_ROWS} WHERE epoch IS NOT NULL ORDER BY game_id LIMIT 1"


def no_date(day: int) -> date:
    """Stand in for the draw dates of a game that is not initialised: nothing asks for one."""
    raise AssertionError(f"logical day {day} of a game without logical time")


@attrs.frozen(kw_only=True)
class Standing:
    """One game as of a commit: its view, and what its data are found by."""

    view: GameView
    key: int = NO_DATA
    folded: int = 0
    past: ResultTable = attrs.field(factory=ResultTable)
    date_of_day: Callable[[int], date] = no_date


def named_game(
    db: apsw.Connection, game_id: str | None, defaults: Sequence[Game], remembered: Remembered, mode: Mode
) -> Standing:
    """Return one game, None for the default one; StoreError with the known ids. ``defaults`` are known without data."""
    if game_id is None:
        row = db.execute(_INITIALISED).get
        if row is not None:
            return _standing(db, row, remembered, mode)
        game_id = _first_candidate(db, defaults)
    row = db.execute(_NAMED, (game_id,)).get
    if row is not None:
        return _standing(db, row, remembered, mode)
    by_id = {game.game_id: game for game in defaults}
    if game_id in by_id:
        return Standing(view=GameView(game=by_id[game_id]))
    known = sorted({*game_ids(db), *by_id})
    meant = [one for one in known if one.casefold() == game_id.casefold()]
    there = f"did you mean {meant[0]}?" if meant else f"this universe has {', '.join(known) or 'none'}"
    raise StoreError(f"unknown game {game_id}: {there}")


def _first_candidate(db: apsw.Connection, defaults: Sequence[Game]) -> str:
    """Return the game that is meant before any is initialised."""
    candidates = [*(game.game_id for game in defaults), *game_ids(db)]
    if not candidates:
        raise StoreError("this universe has no game yet")
    return candidates[0]


def all_games(db: apsw.Connection, remembered: Remembered, mode: Mode) -> Iterator[Standing]:
    """Yield every game that has data, by id."""
    for row in db.execute(_ALL).fetchall():
        yield _standing(db, row, remembered, mode)


def _standing(db: apsw.Connection, row: tuple[Any, ...], remembered: Remembered, mode: Mode) -> Standing:
    key, revision, newest_result, conflicts, epoch, draws_per_day, max_draws, until, limit_draws, *progress = row
    watermark, folded, minutes, committed_at = progress if progress[0] else (0, 0, b"", 0.0)
    game, past = remembered.game(db, key, revision), remembered.results(db, key, newest_result or 0)
    milestone = Milestone(
        max_draws=max_draws, until=date.fromisoformat(until) if until else None, limit_draws=limit_draws
    )
    clock = halt = draw_date = None
    date_of_day: Callable[[int], date] = no_date
    if epoch is not None:
        clock = LogicalClock(game=game, epoch=date.fromisoformat(epoch), draws_per_day=draws_per_day)
        halt = halt_reason(clock, milestone, watermark, mode)
        date_of_day = remembered.date_of_day(key, clock)
        draw_date = date_of_day(clock.logical_day(watermark)) if watermark else None
    phase: Phase = "bootstrap" if clock is None else "halted" if halt else "running" if watermark else "initialized"
    view = GameView(
        game=game,
        clock=clock,
        watermark=watermark,
        draw_date=draw_date,
        committed_at=datetime.fromtimestamp(committed_at, UTC) if watermark else None,
        phase=phase,
        halt_reason=halt,
        max_draws=milestone.max_draws,
        until=milestone.until,
        draws_last_hour=draws_last_hour(minutes, time.time()),
        results_count=len(past),
        results_first=past.first(),
        results_last=past.last(),
        conflicts=conflicts,
    )
    return Standing(view=view, key=key, folded=folded, past=past, date_of_day=date_of_day)
