"""Before the actors start: the store opened or created, its games chosen, definitions and pace checked and fixed."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import attrs
import structlog

from ops.options import Target
from ops.place import Mode, chosen_games
from storage.connection import LEADER_BUSY_MS, Location
from storage.errors import NoUniverseError
from storage.lock import LeaderLock
from storage.reader import Reader, older_schema
from storage.registry import Milestone
from storage.schema import SCHEMA_VERSION
from storage.store import SqliteStore
from universe.calendar import DATE_MAX, LogicalClock
from universe.errors import SettingsError
from universe.game import Game

MAX_DRAWS = 40_000_000
DRAWS_PER_DAY: dict[Mode, int] = {"prod": 227_500, "test": 1_000}
DRAWS_PER_DAY_ALLOWED: dict[Mode, range] = {"prod": range(225_000, 230_001), "test": range(1, 1_000_001)}

log = structlog.get_logger()


@attrs.frozen(kw_only=True)
class Initialisation:
    """What a person asked for of that which is fixed when a simulation is initialised; None: no wish."""

    epoch: date | None = None
    draws_per_day: int | None = None
    max_draws: int | None = None
    milestone_date: date | None = None

    def check(self, mode: Mode) -> None:
        """Raise SettingsError for a pace that this mode does not allow."""
        allowed = DRAWS_PER_DAY_ALLOWED[mode]
        if self.draws_per_day is not None and self.draws_per_day not in allowed:
            raise SettingsError(
                f"--draws-per-day {self.draws_per_day}: {mode} allows {allowed.start:,} to {allowed[-1]:,}"
            )

    def clock(self, game: Game, mode: Mode) -> LogicalClock:
        """Return the logical time of a game that is initialised now."""
        default_epoch = datetime.now(UTC).date() if mode == "prod" else game.since
        return LogicalClock(
            game=game, epoch=self.epoch or default_epoch, draws_per_day=self.draws_per_day or DRAWS_PER_DAY[mode]
        )

    @property
    def milestone(self) -> Milestone:
        """Return where the game halts: the default count unless a count or a date was asked for."""
        max_draws = self.max_draws or (None if self.milestone_date else MAX_DRAWS)
        return Milestone(max_draws=max_draws, until=self.milestone_date)


@attrs.frozen(kw_only=True)
class Opened:
    """A universe that this process may change, and the games it works on, their definitions fixed."""

    store: SqliteStore
    location: Location
    games: tuple[Game, ...]
    wishes: Initialisation

    def initialise(self, game: Game, *, limit_draws: int | None = None) -> None:
        """Phase 1 of one game: fix epoch and pace unless that was done before; a test run's limit holds from now on."""
        if self.store.clock(game.game_id) is None:
            clock = self.wishes.clock(game, self.store.mode)
            self.store.initialise(clock, self.wishes.milestone)
        if limit_draws is not None:
            self.store.change_milestone(game.game_id, limit_draws=limit_draws)

    def other_games(self) -> list[str]:
        """Return the initialised games of the universe that this process does not simulate."""
        reader = self.reader()
        try:
            with reader.snapshot() as snapshot:
                initialised = {view.game.game_id for view in snapshot.games() if view.clock}
        finally:
            reader.close()
        return sorted(initialised - {game.game_id for game in self.games})

    def reader(self) -> Reader:
        """Open a reader of this universe."""
        return Reader.open(self.location, self.store.mode, self.games)

    def close(self) -> None:
        """Close the store."""
        self.store.close()


def stored_games(location: Location, mode: Mode) -> tuple[list[Game], list[str]]:
    """Return the games that a universe holds and the ids of those initialised; none where there is no universe."""
    if location.in_memory:
        return [], []
    try:
        reader = Reader.open(location, mode)
    except NoUniverseError:
        return [], []
    try:
        with reader.snapshot() as snapshot:
            views = snapshot.games()
    finally:
        reader.close()
    return [view.game for view in views], [view.game.game_id for view in views if view.clock]


def games_to_change(target: Target) -> tuple[list[Game], list[str]]:
    """Return what stored_games does, for a command that goes on to write: an older universe is migrated first.

    Not beside a process that leads: either it has done that, or it is an older program and would not know the rows.
    """
    location = Location(target.place.database)
    if _older_schema(location, target.mode) is not None:
        with LeaderLock(target.place.root) as lock:
            if lock.try_acquire():
                migrate(location, target.mode)
    return stored_games(location, target.mode)


def migrate(location: Location, mode: Mode) -> None:
    """Bring an older universe to this program's schema. The caller holds the leader's lock.

    It comes before anything is read: what reads knows one schema alone.
    """
    version = _older_schema(location, mode)
    if version is not None:
        log.info("migration.begun", file=str(location), schema=version, becomes=SCHEMA_VERSION)
        SqliteStore.open(location, mode, busy_ms=LEADER_BUSY_MS).close()


def _older_schema(location: Location, mode: Mode) -> int | None:
    try:
        return None if location.in_memory else older_schema(location, mode)
    except NoUniverseError:
        return None


def open_universe(target: Target, names: Sequence[str], wishes: Initialisation, *, in_memory: bool = False) -> Opened:
    """Open or create the universe and fix its games' definitions; UniverseError if that is refused.

    A refusal changes nothing, but that an older universe is migrated by then. The caller holds the leader's lock,
    unless the universe is in memory.
    """
    wishes.check(target.mode)
    location = Location(None if in_memory else target.place.database)
    migrate(location, target.mode)
    stored, initialised = stored_games(location, target.mode)
    known = known_games_of(target, stored, in_memory=in_memory)
    games = chosen_games(names, known, initialised)
    strangers = target.settings.game.keys() - known.keys() - {game.game_id for game in games}
    if strangers:
        raise SettingsError(f"config: [game.{min(strangers)}]: unknown game; known are {', '.join(sorted(known))}")
    for game in games:
        if game.game_id not in initialised:
            _check_epoch(game, wishes.clock(game, target.mode), asked=wishes.epoch is not None)
    keep_raw = target.settings.universe.raw_draws == "keep"
    store = SqliteStore.open(location, target.mode, create=True, keep_raw=keep_raw, busy_ms=LEADER_BUSY_MS)
    try:
        for game in games:
            _check_wishes(store, game, wishes)
        store.register(*games)
    except BaseException:
        store.close()
        raise
    return Opened(store=store, location=location, games=tuple(games), wishes=wishes)


def known_games_of(target: Target, stored: list[Game], *, in_memory: bool) -> dict[str, Game]:
    """Return the games that can be named; a universe in memory reads nothing from the data directory."""
    from universe.catalogue import shipped_games

    return shipped_games() if in_memory else target.known_games(stored)


def _check_epoch(game: Game, clock: LogicalClock, *, asked: bool) -> None:
    """Refuse an epoch at which no draw of the game can be made: the one asked for, or what the machine's clock says."""
    what = f"--epoch {clock.epoch}" if asked else f"this machine's clock says {clock.epoch} (set it, or give --epoch)"
    if clock.epoch < game.since:
        raise SettingsError(f"{what}: {game.game_id} begins {game.since}")
    if not clock.last_draw_until(DATE_MAX):
        raise SettingsError(f"{what}: {game.game_id} has no draw from then to {DATE_MAX}")


def _check_wishes(store: SqliteStore, game: Game, wishes: Initialisation) -> None:
    """Refuse wishes that contradict what is fixed, before anything is changed."""
    fixed = store.clock(game.game_id)
    if fixed is None:
        return
    milestone = store.milestone(game.game_id)
    wanted: list[tuple[str, date | int | None, date | int | None, str]] = [
        ("--epoch", wishes.epoch, fixed.epoch, "it is fixed"),
        ("--draws-per-day", wishes.draws_per_day, fixed.draws_per_day, "it is fixed"),
        ("--max-draws", wishes.max_draws, milestone.max_draws, "`universe extend` changes it"),
        ("--milestone-date", wishes.milestone_date, milestone.until, "`universe extend` changes it"),
    ]
    for name, wish, value, remedy in wanted:
        if wish is not None and wish != value:
            raise SettingsError(f"{name} {wish}: {game.game_id} was initialised with {value or 'none'}; {remedy}")


def locked(target: Target, purpose: str) -> LeaderLock:
    """Create the directory if need be and take its lock; LockedError naming the process that has it."""
    target.place.create()
    return LeaderLock(target.place.root).require(purpose)
