"""What can be done to a universe: steps, each one call of the store, each harmless when it is done again."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import apsw
import attrs

from storage.backup import replace_content
from storage.comparisons import comparison_of
from storage.connection import Location, open_reader, read_transaction
from storage.draws import count_ahead
from storage.errors import StoreUnavailable
from storage.registry import Milestone
from storage.store import SqliteStore
from tests.crash.content import Content, content
from tests.crash.scene import BUSY_MS, CLOCK_OF, GAME_OF, draws
from tests.crash.tape import Tape
from tests.crash.vfs import TapedLocation
from universe.seed import ranks_of_draws
from universe.units import ComparisonUnit, Unit

FILE, ARCHIVE = "universe.db", "archive"
PIECE_DRAWS_MAX = 25


class Life:
    """One process: a store that is open, and perhaps a reader that holds its snapshot."""

    def __init__(self, folder: Path | None, tape: Tape | None = None) -> None:
        if folder is None or tape is None:
            self.location = Location(folder / FILE if folder else None)
        else:
            self.location = TapedLocation(folder / FILE, tape)
        self.archive = (folder or Path()) / ARCHIVE
        self._store: SqliteStore | None = None
        self._reader: apsw.Connection | None = None

    @property
    def store(self) -> SqliteStore:
        """The store, opened when it is first asked for."""
        if self._store is None:
            self._store = SqliteStore.open(self.location, "test", create=True, busy_ms=BUSY_MS)
        return self._store

    def content(self) -> Content:
        """Return what is stored."""
        with self.store.reading() as db:
            return content(db)

    def look_on(self) -> None:
        """Begin to read, and do not stop: until then no checkpoint gets past this commit."""
        if self._reader is None:
            self._reader = open_reader(self.location)
        if not self._reader.in_transaction:
            self._reader.execute("BEGIN")
            self._reader.execute("SELECT count(*) FROM game").fetchall()  # the snapshot begins with the first read

    def look_away(self) -> None:
        """Stop reading."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def close(self) -> None:
        """End in an orderly way; what fails then is no longer this life's."""
        self.look_away()
        store, self._store = self._store, None
        if store is not None:
            store.close()


Step = Callable[[Life], None]


def _count(units: Sequence[Unit]) -> str:
    return str(len(units))


@attrs.frozen
class Open:
    """Make the universe, or open it."""

    def __call__(self, life: Life) -> None:
        """Do it."""
        assert life.store


@attrs.frozen
class Register:
    """Fix a game's definition."""

    game_id: str

    def __call__(self, life: Life) -> None:
        """Do it."""
        life.store.register(GAME_OF[self.game_id])


@attrs.frozen
class Initialise:
    """Fix a game's epoch and pace."""

    game_id: str
    max_draws: int | None = None

    def __call__(self, life: Life) -> None:
        """Do it."""
        life.store.initialise(CLOCK_OF[self.game_id], Milestone(max_draws=self.max_draws))


@attrs.frozen
class Commit:
    """Draws after each other, per game first and last; and other units."""

    ranges: tuple[tuple[str, int, int], ...] = ()
    others: tuple[Unit, ...] = attrs.field(default=(), repr=_count)
    ahead: bool = False

    def __call__(self, life: Life) -> None:
        """Do it."""
        units: list[Unit] = [*self.others, *(draws(*bounds) for bounds in self.ranges)]
        life.store.commit([*units, *count_ahead(units)] if self.ahead else units)


@attrs.frozen
class Extend:
    """Move a milestone."""

    game_id: str
    max_draws: int

    def __call__(self, life: Life) -> None:
        """Do it."""
        life.store.change_milestone(self.game_id, max_draws=self.max_draws)


@attrs.frozen
class Checkpoint:
    """Empty the log, as far as readers let it; what fails is left to a later one, as the writer leaves it."""

    def __call__(self, life: Life) -> None:
        """Do it."""
        with suppress(StoreUnavailable):
            life.store.checkpoint()


@attrs.frozen
class Reopen:
    """End and begin again: the last connection that closes empties the log and deletes it."""

    def __call__(self, life: Life) -> None:
        """Do it."""
        life.close()
        assert life.store


@attrs.frozen
class Archive:
    """Move raw segments out."""

    def __call__(self, life: Life) -> None:
        """Do it."""
        life.look_away()  # VACUUM waits for readers
        life.store.archive(life.archive)


@attrs.frozen
class Restore:
    """Replace everything with another universe, as a command beside no store does."""

    steps: tuple[Step, ...]  # those of the other universe

    def __call__(self, life: Life) -> None:
        """Do it."""
        life.close()
        other = Life(None)
        try:
            for step in self.steps:
                step(other)
            with other.store.reading() as source, read_transaction(source):
                replace_content(source, life.location, lambda *_: None)
        finally:
            other.close()


@attrs.frozen
class Watch:
    """Hold a snapshot beside what follows, or let go of it."""

    hold: bool

    def __call__(self, life: Life) -> None:
        """Do it."""
        if self.hold:
            life.look_on()
        else:
            life.look_away()


@attrs.frozen
class Compare:
    """Keep what late results say of draws; asks for what is pending, as a comparer does."""

    game_id: str
    units: tuple[ComparisonUnit, ...] = attrs.field(repr=_count)

    def __call__(self, life: Life) -> None:
        """Do it."""
        life.store.pending_comparisons(self.game_id, PIECE_DRAWS_MAX)
        life.store.commit(self.units)


def next_comparison(store: SqliteStore, game_id: str) -> Compare | None:
    """Return the step that a comparer takes next; None if nothing waits."""
    pieces = store.pending_comparisons(game_id, PIECE_DRAWS_MAX)
    units = [
        comparison_of(piece.clock, piece.result, piece.first, ranks_of_draws(piece.clock, piece.first, piece.last))
        for piece in pieces
    ]
    return Compare(game_id, tuple(units)) if units else None
