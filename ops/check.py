"""``universe verify``: recompute what is stored and name the first difference."""

import reprlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
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
from universe.compiled import KERNELS_DRAWS_MIN, load_kernel_module
from universe.errors import SettingsError
from universe.proofs import Head, ProofError

NamedHead = tuple[str, Head]


class PublishedRoot(click.ParamType[NamedHead]):
    """A game and the root over its first draws: GAME_001:5000:4758e0…, as ``universe proof`` prints it."""

    name = "game:size:hex"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> NamedHead:
        """Return the game's id and the head, or fail with what is allowed."""
        game_id, _, text = str(value).partition(":")
        try:
            return game_id, Head.from_text(text)
        except ProofError:
            allowed = "GAME:SIZE:HEX, the game's id and what `universe proof` prints beside `draws`"
            self.fail(f"{reprlib.repr(value)} is no root: it takes {allowed}", param, ctx)


@click.command("verify")
@universe_options
@click.option("--full", is_flag=True, help="Everything, instead of the newest draws, a sample and all sums.")
@click.option(
    "--root",
    "named_heads",
    type=PublishedRoot(),
    multiple=True,
    help="A published root of a game's draws, to recount from: everything is checked, and held to it; repeatable.",
)
@json_option
@click.pass_context
def verify_command(
    ctx: click.Context,
    mode: Mode | None,
    data_dir: Path | None,
    config: Path | None,
    full: bool,
    named_heads: Sequence[NamedHead],
    as_json: bool,
) -> int:
    """Recompute draws and counters by the rule and compare them with what is stored.

    A universe of up to 500,000 draws is always checked in full. What differs is named by game, table and key, damage to
    the file included; the exit code is then 1.

    \b
    universe verify
    universe verify --full
    universe verify --root GAME_001:SIZE:HEX
    """
    chosen = target(ctx, mode, data_dir, config)
    location, roots = Location(chosen.place.database), _by_game(named_heads)
    try:
        _require_draws(location, chosen.mode, roots)
        db = open_reader(location)
        try:
            with translated(location), read_transaction(db), progress_bars(wanted=not as_json) as bars:
                verdict = verdict_on(db, bars, full=full, roots=roots)
        finally:
            db.close()
    except StoreDamaged as damage:  # beyond reading at all
        if isinstance(damage.__cause__, apsw.NotADBError):
            raise  # there is nothing that could be verified
        verdict = Verdict(draws_checked=0, raw_draws_skipped=0, first_difference=unreadable(str(damage)))
    held = roots if verdict.first_difference is None else {}
    if as_json:
        print_json(verdict_document(verdict) | {"roots": {game_id: str(head) for game_id, head in held.items()}})
    else:
        print_text(_text(verdict))
        for game_id, head in held.items():
            print_text(f"{game_id}: its first {head.tree_size:,} draws, and all that follows from them, have this root")
    return EXIT_DONE if verdict.first_difference is None else EXIT_CHECK_FAILED


def _by_game(named_heads: Sequence[NamedHead]) -> dict[str, Head]:
    """Return the roots by game; SettingsError for two of one."""
    roots = dict(named_heads)
    if len(roots) < len(named_heads):
        games = ", ".join(sorted(game_id for game_id, _ in named_heads))
        raise SettingsError(f"--root takes one root a game, and was given {games}")
    return roots


def _require_draws(location: Location, mode: Mode, roots: Mapping[str, Head]) -> None:
    """Say what is wrong with the file as a whole, or with a root that is over more than there is: before the work."""
    reader = Reader.open(location, mode)
    try:
        with suppress(StoreDamaged), reader.snapshot() as snapshot:  # a verification will name the damage
            draws = {view.game.game_id: view.watermark for view in snapshot.games()} if roots else {}
            for game_id, head in roots.items():
                if game_id not in draws:
                    raise SettingsError(f"--root {game_id}:…: games here: {', '.join(draws) or 'none'}")
                if head.tree_size > draws[game_id]:
                    raise ProofError(
                        f"--root {game_id}:{head.tree_size}:…: {game_id} has {draws[game_id]} draws so far"
                    )
    finally:
        reader.close()


def verdict_on(
    db: apsw.Connection, bars: Bars, *, full: bool, name: str = "verify", roots: Mapping[str, Head] | None = None
) -> Verdict:
    """Verify what a connection reads, behind a bar."""
    total = sum_of_draws(db)
    bars.start(name, 0, total)
    if (full or roots) and total >= KERNELS_DRAWS_MIN:
        load_kernel_module("merkle")  # and those that draw and count
    return verify_universe(db, full=full, tick=lambda checked: bars.show(name, checked), roots=roots)


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
