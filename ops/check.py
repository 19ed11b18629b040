"""``universe verify``: recompute what is stored and name the first difference."""

from pathlib import Path
from typing import Any

import attrs
import click

from ops.exits import EXIT_CHECK_FAILED, EXIT_DONE
from ops.options import json_option, target, universe_options
from ops.place import Mode
from ops.terminal import print_json, print_text, progress_bars
from storage.connection import Location, open_reader, read_transaction, translated
from storage.reader import Reader
from storage.verify import Verdict, verify_universe
from universe.compiled import KERNELS_DRAWS_MIN, load_kernels


@click.command("verify")
@universe_options
@click.option("--full", is_flag=True, help="Everything, instead of the newest draws and a sample.")
@json_option
@click.pass_context
def verify_command(
    ctx: click.Context, mode: Mode | None, data_dir: Path | None, config: Path | None, full: bool, as_json: bool
) -> int:
    """Recompute draws and counters by the rule and compare them with what is stored.

    \b
    universe verify
    universe verify --full
    """
    chosen = target(ctx, mode, data_dir, config)
    location = Location(chosen.place.database)
    Reader.open(location, chosen.mode).close()  # says what is wrong with the file as a whole
    db = open_reader(location)
    try:
        with translated(location), read_transaction(db), progress_bars(wanted=not as_json) as bars:
            total: int = db.execute("SELECT ifnull(sum(watermark), 0) FROM progress").get
            bars.start("verify", 0, total)
            if full and total >= KERNELS_DRAWS_MIN:
                load_kernels()
            verdict = verify_universe(db, full=full, tick=lambda checked: bars.show("verify", checked))
    finally:
        db.close()
    if as_json:
        print_json(verdict_document(verdict))
    else:
        print_text(_text(verdict))
    return EXIT_DONE if verdict.first_difference is None else EXIT_CHECK_FAILED


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
    found = verdict.first_difference
    place = f"{found.game_id}, {found.table}, {found.key}"
    return f"DIFFERENCE: {place}: stored {found.stored}, expected {found.expected}{skipped}"
