"""``universe verify``: recompute what is stored and name the first difference."""

from pathlib import Path
from typing import Any

import apsw
import attrs
import click

from ops.exits import EXIT_CHECK_FAILED, EXIT_DONE
from ops.options import json_option, target, universe_options
from ops.place import Mode
from ops.terminal import Bars, print_json, print_text, progress_bars
from storage.connection import Location, open_reader, read_transaction, translated
from storage.differences import Difference, unreadable
from storage.errors import StoreDamaged
from storage.reader import Reader
from storage.verify import Verdict, sum_of_draws, verify_universe
from universe.compiled import KERNELS_DRAWS_MIN, load_kernels


@click.command("verify")
@universe_options
@click.option("--full", is_flag=True, help="Everything, instead of the newest draws, a sample and all sums.")
@json_option
@click.pass_context
def verify_command(
    ctx: click.Context, mode: Mode | None, data_dir: Path | None, config: Path | None, full: bool, as_json: bool
) -> int:
    """Recompute draws and counters by the rule and compare them with what is stored.

    A universe of up to 500,000 draws is always checked in full. What differs is named by game, table and key, damage to
    the file included; the exit code is then 1.

    \b
    universe verify
    universe verify --full
    """
    chosen = target(ctx, mode, data_dir, config)
    location = Location(chosen.place.database)
    try:
        Reader.open(location, chosen.mode).close()  # says what is wrong with the file as a whole
        db = open_reader(location)
        try:
            with translated(location), read_transaction(db), progress_bars(wanted=not as_json) as bars:
                verdict = verdict_on(db, bars, full=full)
        finally:
            db.close()
    except StoreDamaged as damage:  # beyond reading at all
        if isinstance(damage.__cause__, apsw.NotADBError):
            raise  # there is nothing that could be verified
        verdict = Verdict(draws_checked=0, raw_draws_skipped=0, first_difference=unreadable(str(damage)))
    if as_json:
        print_json(verdict_document(verdict))
    else:
        print_text(_text(verdict))
    return EXIT_DONE if verdict.first_difference is None else EXIT_CHECK_FAILED


def verdict_on(db: apsw.Connection, bars: Bars, *, full: bool, name: str = "verify") -> Verdict:
    """Verify what a connection reads, behind a bar."""
    total = sum_of_draws(db)
    bars.start(name, 0, total)
    if full and total >= KERNELS_DRAWS_MIN:
        load_kernels()
    return verify_universe(db, full=full, tick=lambda checked: bars.show(name, checked))


def verdict_document(verdict: Verdict) -> dict[str, Any]:
    """Return what scripts read."""
    difference = verdict.first_difference
    return {
        "ok": difference is None,
        "draws_checked": verdict.draws_checked,
        "raw_draws_skipped": verdict.raw_draws_skipped,
        "first_difference": None if difference is None else attrs.asdict(difference),
    }


def _text(verdict: Verdict) -> str:
    skipped = (
        f"; {verdict.raw_draws_skipped:,} raw draws are archived or were not kept" if verdict.raw_draws_skipped else ""
    )
    if verdict.first_difference is None:
        return f"ok: {verdict.draws_checked:,} draws checked{skipped}"
    if verdict.first_difference == unreadable(verdict.first_difference.stored):
        return f"damaged: {verdict.first_difference.stored}; `universe restore` brings back a backup"
    return f"DIFFERENCE: {difference_text(verdict.first_difference)}{skipped}"


def difference_text(found: Difference) -> str:
    """Return where something differs, and how."""
    place = ", ".join(part for part in (found.game_id, found.table, found.key) if part)
    return f"{place}: stored {found.stored}, expected {found.expected}"
