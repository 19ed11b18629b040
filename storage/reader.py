"""Reading: one connection, one snapshot an answer, hot data only. A bounded look costs microseconds: it is inline."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import apsw
import attrs

from storage.connection import Location, open_reader, read_transaction, translated
from storage.errors import StoreError
from storage.remembered import Remembered
from storage.schema import Mode, require_schema
from storage.snapshot import Snapshot
from universe.game import Game


@attrs.define
class Reader:
    """A read-only connection, for one thread at a time.

    ``defaults`` are the games a process works on; the first of them is the default game until one is initialised.
    """

    mode: Mode
    _location: Location
    _db: apsw.Connection
    _defaults: tuple[Game, ...] = ()
    _remembered: Remembered = attrs.field(factory=Remembered)

    @classmethod
    def open(cls, location: Location, mode: Mode, defaults: Sequence[Game] = ()) -> "Reader":
        """Open a universe for reading; StoreError if there is none, or one of another mode or schema."""
        if location.path is not None and not location.path.exists():
            raise StoreError(f"{location}: no universe here; `universe run` or `universe ingest` creates it")
        db = open_reader(location)
        try:
            with translated(location):
                require_schema(db, mode, name=str(location))
        except BaseException:
            db.close()
            raise
        return cls(mode, location, db, tuple(sorted(defaults, key=lambda game: game.game_id)))

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """One read transaction: every figure of an answer is of the same commit."""
        with translated(self._location), read_transaction(self._db):
            yield Snapshot(self._db, self.mode, self._defaults, self._remembered)
