"""``universe backup`` and ``universe restore``: a verified copy in one file, and the way back."""

import sys
import time
from pathlib import Path
from typing import Any

import apsw
import attrs
import click

from ops.check import difference_text, verdict_on
from ops.options import Target, json_option, target, universe_options
from ops.place import Mode
from ops.prepare import locked
from ops.terminal import Bars, print_json, print_table, print_text, progress_bars
from storage.backup import Content, content_of, live_content, replace_content, replace_files, source_of
from storage.connection import Location, open_reader, read_transaction, translated
from storage.errors import StoreDamaged
from storage.lock import LeaderLock
from storage.reader import older_schema
from storage.verify import sum_of_draws
from storage.whole_file import Progress, copied_beside, put_in_place, require_room_for
from universe.errors import SettingsError

_FILE = click.argument("file", metavar="FILE", type=click.Path(path_type=Path))


@click.command("backup")
@universe_options
@_FILE
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@json_option
@click.pass_context
def backup_command(
    ctx: click.Context,
    mode: Mode | None,
    data_dir: Path | None,
    config: Path | None,
    file: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Copy the universe into one file, also beside a running one, and verify the copy.

    FILE appears only when the whole copy is verified and on disk. An older universe stays as it is, its copy is of this
    program's schema.

    \b
    universe backup /backups/universe-2026-11-21.db
    """
    chosen, began, file = target(ctx, mode, data_dir, config), time.monotonic(), file.absolute()
    location = Location(chosen.place.database)
    older_schema(location, chosen.mode)  # says what is wrong with the universe as a whole
    require_room_for(file, location, force=force)
    with (
        source_of(chosen.place.database, chosen.mode) as db,
        progress_bars(wanted=not as_json) as bars,
        copied_beside(file, db, _copying(bars, db)) as part,
    ):
        content, checked = _verified(part, bars, name=str(file))
        require_room_for(file, location, force=force)
        put_in_place(part, file)
    document = _document(file, content, checked, began)
    if as_json:
        print_json(document)
        return
    print_text(f"{file}: {document['bytes']:,} bytes, {checked:,} draws checked, universe {content.universe_id}")
    rows = [(game_id, f"{held.draw_number:,}", f"{held.real_results:,}") for game_id, held in content.games.items()]
    print_table(["game", "draw", "real results"], rows)


@click.command("restore")
@universe_options
@_FILE
@click.option("--yes", is_flag=True, help="Do not ask; required off a terminal to replace another universe.")
@json_option
@click.pass_context
def restore_command(
    ctx: click.Context,
    mode: Mode | None,
    data_dir: Path | None,
    config: Path | None,
    file: Path,
    yes: bool,
    as_json: bool,
) -> None:
    """Put a backup in the place of the universe. FILE is verified first, and what is restored again.

    What is there is replaced in one step: a crash leaves the one or the other. A damaged database is kept beside it as
    universe.db.damaged-1. No process may simulate meanwhile.

    \b
    universe restore /backups/universe-2026-11-21.db
    """
    chosen, began, file = target(ctx, mode, data_dir, config), time.monotonic(), file.absolute()
    location = Location(chosen.place.database)
    _require_backup(file, chosen)
    with source_of(file, chosen.mode) as source:
        with progress_bars(wanted=not as_json) as bars:
            checked = _checked(source, bars, "verify", name=str(file))
        with locked(chosen, "restore"):
            found = _look(location, chosen.mode)
            if isinstance(found, Content):
                _ask(chosen, file, found, content_of(source), yes=yes)
            with progress_bars(wanted=not as_json) as bars:
                aside = _replace(source, location, found, _copying(bars, source, "restore"))
                content, _ = _verified(chosen.place.database, bars, name=str(location))
    replaced = found if isinstance(found, Content) else None
    document = _document(file, content, checked, began) | {
        "replaced": None if replaced is None else _told(replaced),
        "set_aside": [str(path) for path in aside],
    }
    if as_json:
        print_json(document)
        return
    for path in aside:
        print_text(f"damaged, kept as {path}")
    print_text(f"{location}: universe {content.universe_id}, {checked:,} draws checked")
    _print_change(replaced, content)


def _document(file: Path, content: Content, checked: int, began: float) -> dict[str, Any]:
    return {
        "file": str(file),
        "bytes": file.stat().st_size,
        **_told(content),
        "draws_checked": checked,
        "seconds": round(time.monotonic() - began, 3),
    }


def _told(content: Content) -> dict[str, Any]:
    return attrs.asdict(content)


def _copying(bars: Bars, source: apsw.Connection, name: str = "backup") -> Progress:
    """Show pages as the draws that they are a share of."""
    draws = sum_of_draws(source)
    bars.start(name, 0, draws)
    return lambda copied, pages: bars.show(name, draws * copied // max(pages, 1))


def _verified(path: Path, bars: Bars, *, name: str) -> tuple[Content, int]:
    """Return what a file holds and how many draws were checked; StoreDamaged naming what differs."""
    location = Location(path)
    db = open_reader(location)
    try:
        with translated(location), read_transaction(db):
            return content_of(db), _checked(db, bars, "verify copy", name=name)
    finally:
        db.close()


def _checked(db: apsw.Connection, bars: Bars, bar: str, *, name: str) -> int:
    verdict = verdict_on(db, bars, full=True, name=bar)
    if verdict.first_difference is not None:
        raise StoreDamaged(f"{name}: damaged: {difference_text(verdict.first_difference)}")
    return verdict.draws_checked


def _require_backup(file: Path, chosen: Target) -> None:
    """Refuse at once what no verification is worth."""
    if not file.is_file():
        raise SettingsError(f"{file}: {'not a file' if file.exists() else 'no such file'}")
    if chosen.place.database.exists() and chosen.place.database.samefile(file):
        raise SettingsError(f"{file}: this is the universe itself")
    if chosen.place.root.exists():
        LeaderLock(chosen.place.root).require("restore").release()


def _look(location: Location, mode: Mode) -> Content | StoreDamaged | None:
    """Return what is to be replaced: a universe, a damaged one, or nothing."""
    try:
        return live_content(location, mode)
    except StoreDamaged as damage:
        return damage


def _ask(chosen: Target, file: Path, found: Content, offered: Content, *, yes: bool) -> None:
    """Make sure that another universe, or a later state of this one, is meant to go."""
    other, ahead = found.universe_id != offered.universe_id, found.ahead_of(offered)
    if yes or not (other or ahead):
        return
    what = (
        f"{chosen.place.database} is universe {found.universe_id} ({_games(found)}), "
        f"{file} is {'another, ' if other else ''}{offered.universe_id} ({_games(offered)})"
    )
    if sys.stdin.isatty():
        click.confirm(f"{what}. Replace it?", abort=True, err=True)
    elif other:
        raise SettingsError(f"{what}; to replace it off a terminal takes --yes")


def _games(content: Content) -> str:
    return ", ".join(
        f"{game_id}: {held.draw_number:,} draws, {held.real_results:,} real results"
        for game_id, held in content.games.items()
    )


def _replace(
    source: apsw.Connection, location: Location, found: Content | StoreDamaged | None, progress: Progress
) -> list[Path]:
    """Put the source's content in place; returns the files that were set aside."""
    if isinstance(found, Content):
        replace_content(source, location, progress)
        return []
    return replace_files(source, location, progress)


def _print_change(replaced: Content | None, content: Content) -> None:
    before = replaced.games if replaced else {}
    rows = [
        (
            game_id,
            f"{before[game_id].draw_number:,}" if game_id in before else "-",
            f"{content.games[game_id].draw_number:,}" if game_id in content.games else "-",
            f"{before[game_id].real_results:,}" if game_id in before else "-",
            f"{content.games[game_id].real_results:,}" if game_id in content.games else "-",
        )
        for game_id in sorted({*before, *content.games})
    ]
    print_table(["game", "draw before", "draw now", "real results before", "now"], rows)
