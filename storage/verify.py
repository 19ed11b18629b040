"""Recompute what is stored and name the first difference: all follows from definitions, watermark and results."""

import random
from collections.abc import Callable

import apsw
import attrs

from storage.checking import Check, Difference, DifferenceFoundError
from storage.recount import recount_game
from storage.registry import game_ids, require_game_key
from universe.seed import draw_rank

SAMPLE_DRAWS = 100_000

Tick = Callable[[int], None]


@attrs.frozen(kw_only=True)
class Verdict:
    """What a verification found; ``first_difference`` None means that nothing differs."""

    draws_checked: int
    raw_draws_skipped: int  # archived, or never kept
    first_difference: Difference | None


def verify_universe(db: apsw.Connection, *, full: bool, tick: Tick = lambda _: None) -> Verdict:
    """Check every game: small tables and a sample of draws, or everything; ``tick`` is told the draws so far."""
    checked = skipped = 0
    try:
        for game_id in game_ids(db):
            check = Check.of_game(db, require_game_key(db, game_id))
            check.small_tables()
            skipped += check.raw_missing()
            checked += recount_game(check, _after(checked, tick)) if full else _sample(check)
            tick(checked)
    except DifferenceFoundError as found:
        return Verdict(draws_checked=checked, raw_draws_skipped=skipped, first_difference=found.difference)
    return Verdict(draws_checked=checked, raw_draws_skipped=skipped, first_difference=None)


def _after(before: int, tick: Tick) -> Tick:
    return lambda draws: tick(before + draws)


def _sample(check: Check) -> int:
    """Check the newest raw segment, and random draws of all others; returns the draws looked at."""
    if check.clock is None or not check.watermark:
        return 0
    checked = check.watermark - check.folded
    for first, ranks in check.segments(newest_only=True):
        check.same_ranks("raw_segment", first, ranks)
        checked += len(ranks)
    numbers = sorted(random.sample(range(1, check.folded + 1), min(SAMPLE_DRAWS, check.folded)))
    at = 0
    for first, ranks in check.segments(newest_only=False):
        while at < len(numbers) and numbers[at] < first + len(ranks):
            number = numbers[at]
            if number >= first:
                expected = draw_rank(check.game, check.clock.draw_date(number), number)
                check.differs("raw_segment", f"draw {number}", int(ranks[number - first]), expected)
                checked += 1
            at += 1
    return checked
