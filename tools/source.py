"""What the tools need from above and below, as small promises: a reader, the actors' vitals, and the world's date."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, Protocol

from universe.vitals import GameVitals

if TYPE_CHECKING:  # these modules import numpy, and the first answer must not wait for it
    from storage.evidence import EvidencePath
    from storage.fairness import StoredNull
    from storage.views import (
        DateView,
        DrawView,
        EventView,
        GameView,
        MatchTotals,
        NumberCounts,
        StoredResult,
        UniverseView,
    )
    from universe.fairness.analysis import Analysis
    from universe.fairness.history import History
    from universe.matching import Histogram

Role = Literal["leader", "follower", "reader"]


class Snapshot(Protocol):
    """The universe as of one commit. Every method is synchronous and takes microseconds, unless it is called heavy."""

    @property
    def universe(self) -> "UniverseView":
        """The identity of the universe."""
        ...

    def games(self) -> "Sequence[GameView]":
        """Return every game that is initialised or has draws or results, by id."""
        ...

    def game(self, game_id: str | None) -> "GameView":
        """Return one game, None for the default one; UniverseError with the known ids."""
        ...

    def latest_draws(self, view: "GameView", limit: int) -> "Sequence[DrawView]":
        """Return the newest draws, newest first."""
        ...

    def results(
        self, view: "GameView", first: date | None, last: date | None, limit: int, before: date | None
    ) -> "Sequence[StoredResult]":
        """Return real results of a range of dates, newest first, strictly before ``before`` if given."""
        ...

    def result_span(self, view: "GameView", first: date | None, last: date | None) -> tuple[date, date] | None:
        """Return the first and the last date with a real result in a range of dates; None without any."""
        ...

    def result(self, view: "GameView", draw_date: date) -> "StoredResult | None":
        """Return the real result of a date, if stored."""
        ...

    def number_counts(self, view: "GameView", first: date | None, last: date | None) -> "NumberCounts":
        """Return how often each number came up in the draws of a range of draw dates, ends inclusive."""
        ...

    def real_counts(self, view: "GameView", first: date | None, last: date | None) -> "NumberCounts | None":
        """Return the same for the real results; None if none is stored at all."""
        ...

    def occurrences(self, view: "GameView", rank: int) -> int:
        """Return how often an outcome was drawn."""
        ...

    def match_levels(self, view: "GameView", main: tuple[int, ...], bonus: tuple[int, ...]) -> "Histogram | None":
        """Return the draws on each match level of a ticket; None where ``why_no_levels`` says why."""
        ...

    def real_occurrences(self, view: "GameView", main: tuple[int, ...], bonus: tuple[int, ...]) -> Sequence[date]:
        """Return the dates on which exactly these numbers were the real result, ascending."""
        ...

    def events(
        self, view: "GameView", level_min: int, draw_date: date | None, limit: int, before: int | None
    ) -> "Sequence[EventView]":
        """Return close matches of at least this level, newest first, with draw numbers below ``before`` if given."""
        ...

    def match_totals(self, view: "GameView", draw_date: date | None) -> "MatchTotals":
        """Return all compared draws by match level, of one date or of all."""
        ...

    def evidence(self, view: "GameView", stream: Literal["synthetic", "real"]) -> "EvidencePath":
        """Return the evidence against fair draws of a stream after each of its steps."""
        ...

    def analysis(self, view: "GameView") -> "Analysis | None":
        """Return the whole look at the real results; None for too few. Heavy."""
        ...

    def null(self, view: "GameView") -> "StoredNull | None":
        """Return the synthetic histories that real results are held against; None before the first. Heavy."""
        ...

    def history(self, view: "GameView") -> "History":
        """Return all real results as one history. Heavy."""
        ...

    def draw_proof(
        self, view: "GameView", draw_number: int, tree_size: int | None, from_size: int | None
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Return the document of a draw's proof, and that of the log's growth from a size if asked for. Heavy."""
        ...

    def occupancy(self, view: "GameView") -> tuple[int, int]:
        """Return how many draws the occurrence index holds, and how many different outcomes. Heavy."""
        ...

    def date_view(self, view: "GameView", draw_date: date) -> "DateView":
        """Return which draws carry a draw date, as far as they exist."""
        ...


class Reader(Protocol):
    """A read-only connection."""

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Open one read transaction: every figure of an answer is of the same commit."""
        ...

    def twin(self) -> "Reader":
        """Return another reader of the same universe, for another thread."""
        ...

    def close(self) -> None:
        """Give back what it holds; in the thread that uses it, or while none does."""
        ...

    def commit_mark(self) -> object:
        """Return, inside of a snapshot, what is equal for snapshots of the same commit and for no others."""
        ...


class Witness(Protocol):
    """What can be told of the answering process itself. ``role`` says what it does beside answering."""

    @property
    def role(self) -> Role:
        """Leader: it simulates. Follower: another process does, this one stands by. Reader: it only looks."""
        ...

    def vitals(self, game_id: str) -> GameVitals:
        """Return how a game's actors fare."""
        ...

    def today(self) -> date:
        """Return the world's date, UTC."""
        ...


class Source(Witness, Protocol):
    """A process that serves tools."""

    async def reader(self) -> Reader:
        """Wait until the store is open, and return its reader."""
        ...
