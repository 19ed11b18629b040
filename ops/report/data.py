"""Everything that a report shows, as plain values: what the page and its pictures are made of.

A part is None or empty where the universe has nothing to fill it with: no real results, no synthetic draws, no bonus.
"""

from datetime import date, datetime

import attrs

from ops.report.findings import Backtest, Fairness, NullDistribution, StreamRow
from ops.report.series import Drum, Evidence, Frequencies, Gaps, Matches, Pairs, Stream
from universe.game import Game


@attrs.frozen(kw_only=True)
class Synthetic:
    """How far the synthetic draws are; ``last_date`` is the draw date of the last of them."""

    draws: int
    epoch: date
    draws_per_day: int
    last_date: date
    committed_at: datetime


@attrs.frozen(kw_only=True)
class Real:
    """The stored real results, and the scheduled dates between them that have none."""

    draws: int
    first: date
    last: date
    missing: int


@attrs.frozen(kw_only=True)
class Source:
    """One file or feed that real results came from, and how many of its values contradict those stored."""

    name: str
    rows: int
    first: date | None
    last: date | None
    conflicts: int


@attrs.frozen(kw_only=True)
class Contradiction:
    """A date of which two sources say different things. The first one said stays."""

    draw_date: date
    stored: str
    stored_source: str
    offered: str
    offered_source: str


@attrs.frozen(kw_only=True)
class Checking:
    """What a reader needs to check the page without us."""

    definition_digest: str
    draw_number: int | None  # the draw whose shell lines are shown; None without draws
    draw_date: date | None
    numbers: str | None
    rank: int | None
    shell: str | None
    draws_root: str | None  # of the log of draws, with how many it holds
    draws_logged: int
    results_root: str | None
    results_logged: int


@attrs.frozen(kw_only=True, eq=False)
class ReportData:
    """One game of one universe as of one commit."""

    game: Game
    made_at: datetime
    program: str
    universe_id: str
    mode: str
    synthetic: Synthetic | None
    real: Real | None
    frequencies: tuple[Frequencies, ...]
    fairness: Fairness | None
    stream: tuple[StreamRow, ...]
    nulls: dict[str, NullDistribution]  # by test name
    gaps: Gaps | None
    pairs: tuple[Pairs, ...]
    matches: Matches | None
    evidence: tuple[Evidence, ...]
    backtests: tuple[Backtest, ...]
    sources: tuple[Source, ...]
    contradictions: tuple[Contradiction, ...]  # the first of them
    conflicts: int
    checking: Checking

    def frequency(self, stream: Stream, drum: Drum) -> Frequencies | None:
        """Return the counts of one drum of one stream; None where there are none."""
        return next((one for one in self.frequencies if (one.stream, one.drum) == (stream, drum)), None)
