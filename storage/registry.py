"""What is fixed: the universe's identity, each game's definition, and its epoch and pace once initialised."""

from datetime import date
from functools import lru_cache

import apsw
import attrs

from storage.encoding import now_text, row_digest, time_from_text
from storage.errors import StoreDamaged, StoreError
from storage.interface import GameProgress, HaltReason
from storage.schema import TEST_DRAWS_MAX, Mode
from storage.views import UniverseView
from universe.calendar import DATE_MAX, LogicalClock
from universe.definition import forbidden_differences, game_from_json, game_to_json
from universe.errors import DefinitionError
from universe.game import Game


@attrs.frozen(kw_only=True)
class Milestone:
    """Where a game's simulation halts: by draw count, by draw date, and in test mode by the run's limit."""

    max_draws: int | None = None
    until: date | None = None
    limit_draws: int | None = None


def universe_view(db: apsw.Connection) -> UniverseView:
    """Return the universe's identity."""
    row = db.execute("SELECT universe_id, version, mode, created_at FROM universe").get
    if row is None:
        raise StoreDamaged("the universe has lost its identity")
    universe_id, version, mode, created_at = row
    return UniverseView(universe_id=universe_id, version=version, mode=mode, created_at=time_from_text(created_at))


def game_key(db: apsw.Connection, game_id: str) -> int | None:
    """Return the small number that stands for a game in every other table; None for a game without data."""
    key: int | None = db.execute("SELECT game_key FROM game WHERE game_id = ?", (game_id,)).get
    return key


def require_game_key(db: apsw.Connection, game_id: str) -> int:
    """Return the game's key, or raise StoreError that names the games there are."""
    key = game_key(db, game_id)
    if key is None:
        raise StoreError(f"{game_id} has no data in this universe; games here: {', '.join(game_ids(db)) or 'none'}")
    return key


def game_ids(db: apsw.Connection) -> list[str]:
    """Return the games of this universe, by id."""
    return [game_id for (game_id,) in db.execute("SELECT game_id FROM game ORDER BY game_id")]


def game_id_of(db: apsw.Connection, key: int) -> str:
    """Return the id of the game that a key stands for."""
    game_id: str = db.execute("SELECT game_id FROM game WHERE game_key = ?", (key,)).get
    return game_id


def stored_game(db: apsw.Connection, key: int) -> Game:
    """Return the definition in force."""
    document = db.execute(
        "SELECT document FROM definition WHERE game_key = ? ORDER BY revision DESC LIMIT 1", (key,)
    ).get
    return _parsed(document)


def game_of_revision(db: apsw.Connection, key: int, revision: int) -> Game:
    """Return the definition of a revision, which never changes."""
    document = db.execute("SELECT document FROM definition WHERE game_key = ? AND revision = ?", (key, revision)).get
    return _parsed(document)


@lru_cache(maxsize=64)
def _parsed(document: str) -> Game:
    """Parse a definition once: each commit and each answer asks for it."""
    return game_from_json(document)


def register_game(db: apsw.Connection, game: Game) -> int:
    """Fix a game's definition, or check it against the one fixed; runs inside the caller's transaction.

    A definition that adds schedule periods or moved draws after everything already there becomes a revision; any other
    change is a DefinitionError with the differences.
    """
    key = game_key(db, game.game_id)
    if key is None:
        db.execute("INSERT INTO game (game_id) VALUES (?)", (game.game_id,))
        key = require_game_key(db, game.game_id)
    else:
        fixed = stored_game(db, key)
        if fixed == game:
            return key
        differences = forbidden_differences(fixed, game, after=_protected_until(db, key))
        if differences:
            raise DefinitionError(f"{game.game_id}: its definition is fixed in this universe: {'; '.join(differences)}")
    revision = db.execute("SELECT ifnull(max(revision), 0) + 1 FROM definition WHERE game_key = ?", (key,)).get
    row = (revision, game_to_json(game), now_text())
    digest = row_digest("definition", game.game_id, *row)
    db.execute("INSERT INTO definition VALUES (?, ?, ?, ?, ?)", (key, *row, digest))
    return key


def _protected_until(db: apsw.Connection, key: int) -> date:
    """Return the last date that carries draws or a result; a definition may only grow after it."""
    last_result = db.execute("SELECT max(draw_date) FROM real_result WHERE game_key = ?", (key,)).get
    dates = [date.fromisoformat(last_result)] if last_result else []
    clock, watermark = stored_clock(db, key), stored_watermark(db, key)
    if clock is not None:
        dates.append(clock.draw_date(watermark) if watermark else clock.epoch)
    return max(dates, default=stored_game(db, key).since)


def stored_clock(db: apsw.Connection, key: int) -> LogicalClock | None:
    """Return the game's logical time; None until its simulation is initialised."""
    row = db.execute("SELECT epoch, draws_per_day FROM simulation WHERE game_key = ?", (key,)).get
    if row is None:
        return None
    return LogicalClock(game=stored_game(db, key), epoch=date.fromisoformat(row[0]), draws_per_day=row[1])


def require_clock(db: apsw.Connection, key: int) -> LogicalClock:
    """Return the game's logical time; StoreError before its simulation is initialised."""
    clock = stored_clock(db, key)
    if clock is None:
        raise StoreError(f"{stored_game(db, key).game_id}: its simulation is not initialised")
    return clock


def stored_watermark(db: apsw.Connection, key: int) -> int:
    """Return the number of the last committed draw; 0 before the first."""
    watermark: int = db.execute("SELECT ifnull(max(watermark), 0) FROM progress WHERE game_key = ?", (key,)).get
    return watermark


def initialise_simulation(db: apsw.Connection, key: int, clock: LogicalClock, milestone: Milestone) -> None:
    """Fix epoch and pace of a game (phase 1), in the caller's transaction; another value later is a StoreError."""
    fixed = stored_clock(db, key)
    if fixed is None:
        if clock.epoch < clock.game.since:
            raise StoreError(
                f"{clock.game.game_id}: epoch {clock.epoch} lies before the game's since {clock.game.since}"
            )
        row = (clock.epoch.isoformat(), clock.draws_per_day, now_text())
        digest = row_digest("simulation", clock.game.game_id, *row)
        db.execute("INSERT INTO simulation VALUES (?, ?, ?, ?, ?)", (key, *row, digest))
        set_milestone(db, key, milestone)
        return
    for name, old, new in (
        ("epoch", fixed.epoch, clock.epoch),
        ("draws per day", fixed.draws_per_day, clock.draws_per_day),
    ):
        if old != new:
            raise StoreError(f"{clock.game.game_id}: its {name} is fixed at {old}, {new} was asked for")


def stored_milestone(db: apsw.Connection, key: int) -> Milestone:
    """Return where the game halts."""
    row = db.execute("SELECT max_draws, until, limit_draws FROM milestone WHERE game_key = ?", (key,)).get
    if row is None:
        return Milestone()
    max_draws, until, limit_draws = row
    return Milestone(max_draws=max_draws, until=date.fromisoformat(until) if until else None, limit_draws=limit_draws)


def set_milestone(db: apsw.Connection, key: int, milestone: Milestone) -> None:
    """Keep where the game halts from now on; runs inside the caller's transaction."""
    until = milestone.until.isoformat() if milestone.until else None
    row = (milestone.max_draws, until, milestone.limit_draws)
    digest = row_digest("milestone", game_id_of(db, key), *row)
    db.execute("REPLACE INTO milestone VALUES (?, ?, ?, ?, ?)", (key, *row, digest))


def game_progress(db: apsw.Connection, key: int, mode: Mode, clock: LogicalClock) -> GameProgress:
    """Return how far the game is and may go."""
    milestone, watermark = stored_milestone(db, key), stored_watermark(db, key)
    allowed = [last for reason, last in _bounds(clock, milestone, mode) if last is not None and reason != "limit"]
    cap = [TEST_DRAWS_MAX] if mode == "test" else []
    return GameProgress(
        clock=clock,
        watermark=watermark,
        last_allowed=min([*allowed, *cap], default=2**62),
        halt_reason=halt_reason(clock, milestone, watermark, mode),
    )


def halt_reason(clock: LogicalClock, milestone: Milestone, watermark: int, mode: Mode) -> HaltReason | None:
    """Return which bound a game has reached; None while it may go on."""
    bounds = _bounds(clock, milestone, mode)
    return next((reason for reason, last in bounds if last is not None and watermark >= last), None)


def _bounds(clock: LogicalClock, milestone: Milestone, mode: Mode) -> list[tuple[HaltReason, int | None]]:
    limit = milestone.limit_draws if milestone.limit_draws is not None or mode == "prod" else TEST_DRAWS_MAX
    until = clock.last_draw_until(min(milestone.until or DATE_MAX, DATE_MAX))
    return [("limit", limit), ("max_draws", milestone.max_draws), ("until", until)]
