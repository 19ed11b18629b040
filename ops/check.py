"""``universe verify``: recompute what is stored and name the first difference."""

import reprlib
from collections.abc import Iterator, Mapping, Sequence
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
from storage.proving import ResultLog, tree_head
from storage.reader import Reader
from storage.registry import require_game_key
from storage.verify import Verdict, sum_of_draws, verify_universe
from universe.compiled import KERNELS_DRAWS_MIN, load_kernel_module
from universe.errors import SettingsError
from universe.proofs import Head, LogName, ProofError

RESULTS = "results:"


@attrs.frozen(kw_only=True)
class NamedHead:
    """A root that was published, and which log it is of."""

    game_id: str
    log: LogName
    head: Head

    @property
    def log_id(self) -> str:
        """What stands before the root."""
        return self.game_id if self.log == "draws" else f"{self.game_id}:{self.log}"


class PublishedRoot(click.ParamType[NamedHead]):
    """A log and the root over its first leaves, as ``universe proof`` prints it.

    GAME_001:5000:4758e0… of a game's draws, GAME_001:results:812:ebf1f9… of its real results.
    """

    name = "game:size:hex"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> NamedHead:
        """Return the log and the head, or fail with what is allowed."""
        game_id, _, text = str(value).partition(":")
        log: LogName = "results" if text.startswith(RESULTS) else "draws"
        try:
            return NamedHead(game_id=game_id, log=log, head=Head.from_text(text.removeprefix(RESULTS)))
        except ProofError:
            allowed = "GAME:SIZE:HEX or GAME:results:SIZE:HEX, the game's id and what `universe proof` prints"
            self.fail(f"{reprlib.repr(value)} is no root: it takes {allowed}", param, ctx)


@click.command("verify")
@universe_options
@click.option("--full", is_flag=True, help="Everything, instead of the newest draws, a sample and all sums.")
@click.option(
    "--root",
    "named_heads",
    type=PublishedRoot(),
    multiple=True,
    help="A published root of a game's draws or results: everything is checked, and held to it; repeatable.",
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
    universe verify --root GAME_001:SIZE:HEX --root GAME_001:results:SIZE:HEX
    """
    chosen = target(ctx, mode, data_dir, config)
    location, roots = Location(chosen.place.database), _by_log(named_heads)
    try:
        _require_leaves(location, chosen.mode, roots)
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
    held = roots.values() if verdict.first_difference is None else ()
    if as_json:
        print_json(verdict_document(verdict) | {"roots": {root.log_id: str(root.head) for root in held}})
    else:
        print_text("\n".join((_text(verdict), *map(_held_text, held))))
    return EXIT_DONE if verdict.first_difference is None else EXIT_CHECK_FAILED


def _by_log(named_heads: Sequence[NamedHead]) -> dict[str, NamedHead]:
    """Return the roots by what stands before them; SettingsError for two of one log."""
    roots = {root.log_id: root for root in named_heads}
    if len(roots) < len(named_heads):
        logs = ", ".join(sorted(root.log_id for root in named_heads))
        raise SettingsError(f"--root takes one root a log, and was given {logs}")
    return roots


def _require_leaves(location: Location, mode: Mode, roots: Mapping[str, NamedHead]) -> None:
    """Say what is wrong with the file as a whole, or with a root that is over more than there is: before the work."""
    reader = Reader.open(location, mode)
    try:
        with suppress(StoreDamaged), reader.snapshot() as snapshot:  # a verification will name the damage
            views = {view.game.game_id: view for view in snapshot.games()} if roots else {}
            for log_id, root in roots.items():
                if (view := views.get(root.game_id)) is None:
                    raise SettingsError(f"--root {log_id}:…: games here: {', '.join(views) or 'none'}")
                leaves = view.watermark if root.log == "draws" else view.results_count
                if root.head.tree_size > leaves:
                    has = f"{root.game_id} has {leaves} {root.log} so far"
                    raise ProofError(f"--root {log_id}:{root.head.tree_size}:…: {has}")
    finally:
        reader.close()


def verdict_on(
    db: apsw.Connection, bars: Bars, *, full: bool, name: str = "verify", roots: Mapping[str, NamedHead] | None = None
) -> Verdict:
    """Verify what a connection reads, behind a bar."""
    total = sum_of_draws(db)
    bars.start(name, 0, total)
    if (full or roots) and total >= KERNELS_DRAWS_MIN:
        load_kernel_module("merkle")  # and those that draw and count
    published = (roots or {}).values()
    of_draws = {root.game_id: root.head for root in published if root.log == "draws"}
    verdict = verify_universe(
        db, full=full or bool(published), tick=lambda checked: bars.show(name, checked), roots=of_draws
    )
    if verdict.first_difference is not None:
        return verdict
    others = _other_results(db, [root for root in published if root.log == "results"])
    return attrs.evolve(verdict, first_difference=next(others, None))


def _other_results(db: apsw.Connection, published: Sequence[NamedHead]) -> Iterator[Difference]:
    """Yield where the first real results, in the order of storing, are not those under a root."""
    for root in published:
        log, size = ResultLog.of_game(db, require_game_key(db, root.game_id)), root.head.tree_size
        found, name = tree_head(log, size), f"root over the first {size:,} real results"
        if found != root.head:
            yield Difference(
                game_id=root.game_id, table="results", key=name, stored=found.root.hex(), expected=root.head.root.hex()
            )


def verdict_document(verdict: Verdict) -> dict[str, Any]:
    """Return what scripts read."""
    difference = verdict.first_difference
    return {
        "ok": difference is None,
        "draws_checked": verdict.draws_checked,
        "raw_draws_skipped": verdict.raw_draws_skipped,
        "first_difference": None if difference is None else attrs.asdict(difference),
    }


def _held_text(root: NamedHead) -> str:
    held = "draws, and all that follows from them," if root.log == "draws" else "real results, in the order of storing,"
    return f"{root.game_id}: its first {root.head.tree_size:,} {held} have this root"


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
