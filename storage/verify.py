"""Recompute what is stored and name the first difference: all follows from definitions, watermark and results."""

import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import apsw
import attrs

from storage.checking import NUMBER_MAX, Check, check_digests
from storage.chunks import check_no_others, check_sums
from storage.differences import DAMAGE, Difference, DifferenceFoundError, found, reading
from storage.proof_check import check_sample
from storage.recheck import check_evidence, check_null
from storage.recount import recount_game
from storage.structure import structural_fault
from universe.game import Game
from universe.proofs import Head
from universe.seed import draw_rank

SAMPLE_DRAWS = 100_000
WHOLE_DRAWS_MAX = 500_000  # a universe of no more draws is checked in full at once: that takes a second

Tick = Callable[[int], None]


@attrs.frozen(kw_only=True)
class Verdict:
    """What a verification found; ``first_difference`` None means that nothing differs."""

    draws_checked: int
    raw_draws_skipped: int  # archived, or never kept
    first_difference: Difference | None


def verify_universe(
    db: apsw.Connection, *, full: bool, tick: Tick = lambda _: None, roots: Mapping[str, Head] | None = None
) -> Verdict:
    """Check the file, what is fixed, and every game: by sums, digests and a sample of draws, or by doing all again.

    A small universe is always done again, and so is one with ``roots``, by game, to hold its draws against. Damage is a
    difference too: it is named as far as the bytes allow.
    """
    examination = _Examination(tick=tick, roots=dict(roots or {}))
    fault = structural_fault(db)
    try:
        examination.run(db, full=full)
    except DifferenceFoundError as difference:  # what a page's damage does to a row says more than the page's number
        fault = difference.difference
    return Verdict(draws_checked=examination.checked, raw_draws_skipped=examination.skipped, first_difference=fault)


def sum_of_draws(db: apsw.Connection) -> int:
    """Return how many draws there are to check, as far as a damaged file tells."""
    with suppress(*DAMAGE):
        return min(int(db.execute("SELECT ifnull(sum(watermark), 0) FROM progress").get), NUMBER_MAX)
    return 0


@attrs.define
class _Examination:
    """How far it has come."""

    tick: Tick
    roots: dict[str, Head] = attrs.field(factory=dict)
    checked: int = 0
    skipped: int = 0

    def run(self, db: apsw.Connection, *, full: bool) -> None:
        """Raise DifferenceFoundError for the first difference."""
        with reading(None, "sqlite_schema", "all of it"):
            db.execute("SELECT count(*) FROM sqlite_schema, universe")
        identities = check_digests(db, "universe")
        if identities != 1:
            found(None, "universe", "identity", f"{identities} rows", "1 row")
        with reading(None, "game", "ids"):
            ids: list[Any] = db.execute("SELECT game_key, game_id FROM game ORDER BY game_id").fetchall()
        checks = [Check.of_game(db, key, game_id) for key, game_id in ids]
        games: dict[int, Game] = {check.key: check.game for check in checks}
        check_no_others(db, games)
        whole = full or bool(self.roots) or sum(check.watermark for check in checks) <= WHOLE_DRAWS_MAX
        for check in checks:
            check.small_tables()
            check_evidence(check)
            check_null(check)
            with check.reading("raw_segment", "bounds"):
                self.skipped += check.raw_missing()
            self.checked += (
                recount_game(check, self._after_those, self.roots.get(check.game.game_id)) if whole else _sample(check)
            )
            self.tick(self.checked)

    def _after_those(self, draws: int) -> None:
        self.tick(self.checked + draws)


def _sample(check: Check) -> int:
    """Check all sums and digests, the newest raw segment, and random draws of all others; returns the draws seen."""
    if check.clock is None or not check.watermark:
        return 0
    check_sums(check)
    check_sample(check)
    checked = check.watermark - check.folded
    numbers = sorted(random.sample(range(1, check.folded + 1), min(SAMPLE_DRAWS, check.folded)))
    at, newest = 0, None
    for first, ranks in check.segments():
        newest = (first, ranks)
        while at < len(numbers) and numbers[at] < first + len(ranks):
            number = numbers[at]
            if number >= first:
                expected = draw_rank(check.game, check.clock.draw_date(number), number)
                check.differs("raw_segment", f"draw {number}", int(ranks[number - first]), expected)
                checked += 1
            at += 1
    if newest is not None:
        check.same_ranks("raw_segment", *newest)
        checked += len(newest[1])
    return checked
