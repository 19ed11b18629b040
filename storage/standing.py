"""Where games stand in one snapshot, and which of them is meant when none is named."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import apsw

from storage.errors import StoreError
from storage.rate import draws_last_hour
from storage.registry import game_ids, game_key, game_progress, stored_clock, stored_game, stored_milestone
from storage.remembered import Remembered
from storage.schema import Mode
from storage.views import GameView, Phase
from universe.game import Game

NO_DRAWS = (0, b"", 0.0)


def named_game(
    db: apsw.Connection, game_id: str | None, defaults: Sequence[Game], remembered: Remembered, mode: Mode
) -> GameView:
    """Return one game, None for the default one; StoreError with the known ids. ``defaults`` are known without data."""
    known, by_id = game_ids(db), {game.game_id: game for game in defaults}
    if game_id is None:
        game_id = _default_id(db, [*by_id, *known])
    key = game_key(db, game_id)
    if key is not None:
        return game_view(db, key, remembered, mode)
    if game_id in by_id:
        return GameView(game=by_id[game_id])
    raise StoreError(f"unknown game {game_id}: this universe has {', '.join(sorted({*known, *by_id})) or 'none'}")


def _default_id(db: apsw.Connection, candidates: Sequence[str]) -> str:
    """Return the first initialised game by id; before there is one, the first candidate."""
    initialised: str | None = db.execute(
        "SELECT game_id FROM game JOIN simulation USING (game_key) ORDER BY game_id LIMIT 1"
    ).get
    if initialised is not None:
        return initialised
    if not candidates:
        raise StoreError("this universe has no game yet")
    return candidates[0]


def game_view(db: apsw.Connection, key: int, remembered: Remembered, mode: Mode) -> GameView:
    """Return how one game stands."""
    game, past = stored_game(db, key), remembered.results(db, key)
    clock, milestone = stored_clock(db, key), stored_milestone(db, key)
    row: tuple[int, bytes, float] | None = db.execute(
        "SELECT watermark, minutes, committed_at FROM progress WHERE game_key = ?", (key,)
    ).get
    watermark, minutes, committed_at = row or NO_DRAWS
    halt = game_progress(db, key, mode, clock).halt_reason if clock else None
    phase: Phase = "bootstrap" if clock is None else "halted" if halt else "running" if watermark else "initialized"
    conflicts: int = db.execute("SELECT count(*) FROM conflict WHERE game_key = ?", (key,)).get
    return GameView(
        game=game,
        clock=clock,
        watermark=watermark,
        draw_date=clock.draw_date(watermark) if clock and watermark else None,
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
