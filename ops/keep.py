"""The operator's steps: past a milestone (``extend``), raw draws out (``archive``), test data away (``reset``)."""

import sys
from datetime import date
from pathlib import Path
from typing import Any

import click

from ops.options import DATE, DRAW_NUMBER, Target, json_option, one_game_option, target, universe_options
from ops.place import Mode, named_id
from ops.prepare import games_to_change, locked, migrate
from ops.terminal import print_json, print_text
from storage.connection import Location
from storage.lock import LeaderLock
from storage.schema import TEST_DRAWS_MAX
from storage.store import SqliteStore
from universe.errors import SettingsError


@click.command("extend")
@universe_options
@one_game_option
@click.option("--max-draws", type=DRAW_NUMBER, help="Halt at this draw number instead.")
@click.option("--milestone-date", type=DATE, help="Halt after the last draw of this date instead.")
@json_option
@click.pass_context
def extend_command(
    ctx: click.Context,
    mode: Mode | None,
    data_dir: Path | None,
    config: Path | None,
    game: str | None,
    max_draws: int | None,
    milestone_date: date | None,
    as_json: bool,
) -> None:
    """Let a game go on past its milestone; a running universe takes it up within a second.

    \b
    universe extend --game GAME_001 --max-draws 100000000
    """
    chosen = target(ctx, mode, data_dir, config)
    if max_draws is None and milestone_date is None:
        raise SettingsError("extend takes --max-draws N, --milestone-date DATE, or both")
    _, initialised = games_to_change(chosen)
    game_id = named_id(game) if game else (initialised[0] if initialised else None)
    if game_id not in initialised:
        held = ", ".join(initialised) or "none"
        raise SettingsError(f"{game_id or 'extend'}: not initialised in {chosen.place.database}; initialised: {held}")
    with LeaderLock(chosen.place.root) as lock:
        beside = not lock.try_acquire()
        with SqliteStore.open(Location(chosen.place.database), chosen.mode, beside=beside) as store:
            document = _extended(store, str(game_id), max_draws, milestone_date)
            capped = chosen.mode == "test" and store.progress(str(game_id)).last_allowed == TEST_DRAWS_MAX
    if as_json:
        print_json(document)
    else:
        print_text(f"{game_id}: {_extended_text(document, capped=capped)}")


def _extended(store: SqliteStore, game_id: str, max_draws: int | None, until: date | None) -> dict[str, Any]:
    """Move the milestone forward; SettingsError for a step back."""
    before, progress = store.milestone(game_id), store.progress(game_id)
    reached = max(progress.watermark, before.max_draws or 0)
    if max_draws is not None and max_draws <= reached:
        raise SettingsError(f"--max-draws {max_draws}: {game_id} needs more than {reached:,} to go on")
    if until is not None and before.until is not None and until <= before.until:
        raise SettingsError(f"--milestone-date {until}: {game_id} needs a date after {before.until} to go on")
    if until is not None and progress.clock.last_draw_until(until) <= progress.watermark:
        raise SettingsError(f"--milestone-date {until}: {game_id} is past it, at draw {progress.watermark:,}")
    changes: dict[str, Any] = {"max_draws": max_draws, "until": until}
    after = store.change_milestone(game_id, **{name: value for name, value in changes.items() if value is not None})
    return {
        "game_id": game_id,
        "draw_number": progress.watermark,
        "milestone": {"max_draws": after.max_draws, "until": after.until.isoformat() if after.until else None},
    }


def _extended_text(document: dict[str, Any], *, capped: bool) -> str:
    """Say how far it goes now; ``capped``: a test universe is full before its milestone."""
    drawn, milestones = document["draw_number"], document["milestone"]
    max_draws, until = milestones["max_draws"], milestones["until"]
    milestone = " or ".join([*([f"{max_draws:,}"] if max_draws else []), *([f"the end of {until}"] if until else [])])
    if not capped or max_draws == TEST_DRAWS_MAX:
        return f"goes on from draw {drawn:,} to {milestone}"
    full = f"a test universe holds at most {TEST_DRAWS_MAX:,} draws a game, its milestone is {milestone}"
    goes_on = drawn < TEST_DRAWS_MAX
    return f"{f'goes on from draw {drawn:,} to {TEST_DRAWS_MAX:,}' if goes_on else f'stays at draw {drawn:,}'}: {full}"


@click.command("archive")
@universe_options
@json_option
@click.pass_context
def archive_command(
    ctx: click.Context, mode: Mode | None, data_dir: Path | None, config: Path | None, as_json: bool
) -> None:
    """Move raw draws out of the database into plain files beside it. No tool needs them."""
    chosen = target(ctx, mode, data_dir, config)
    _require_universe(chosen)
    location = Location(chosen.place.database)
    with locked(chosen, "archive"):
        migrate(location, chosen.mode)
        with SqliteStore.open(location, chosen.mode) as store:
            moved = store.archive(chosen.place.archive)
    if as_json:
        files = [{"game_id": one.game_id, "first": one.first, "last": one.last, "file": one.file} for one in moved]
        print_json({"archived": files})
        return
    for one in moved:
        print_text(f"{one.game_id}: draws {one.first:,} to {one.last:,} are in {one.file}")
    if not moved:
        print_text("nothing to archive: no raw segment is in the database")


def _require_universe(chosen: Target) -> None:
    if not chosen.place.database.exists():
        raise SettingsError(f"{chosen.place.database}: no universe here")


@click.command("reset")
@universe_options
@click.option("--yes", is_flag=True, help="Do not ask; required off a terminal.")
@json_option
@click.pass_context
def reset_command(
    ctx: click.Context, mode: Mode | None, data_dir: Path | None, config: Path | None, yes: bool, as_json: bool
) -> None:
    """Empty the test universe. Production data cannot be reset.

    \b
    universe reset --mode test
    """
    chosen = target(ctx, mode, data_dir, config)
    if chosen.mode != "test":
        raise SettingsError("reset is for --mode test; production data is never reset")
    if not yes:
        if not sys.stdin.isatty():
            raise SettingsError("reset off a terminal needs --yes")
        click.confirm(f"Remove all test data in {chosen.place.root}?", abort=True, err=True)
    removed: list[str] = []
    if chosen.place.root.exists():
        with locked(chosen, "reset"):
            if chosen.place.database.exists():
                SqliteStore.open(Location(chosen.place.database), "test").close()  # refuses what is no test universe
            removed = _removed(chosen)
    if as_json:
        print_json({"removed": removed})
    else:
        print_text(f"removed {len(removed)} files of {chosen.place.root}" if removed else "there was no test data")


def _removed(chosen: Target) -> list[str]:
    """Delete the universe's files, the lock excepted: it is never deleted. The log goes first."""
    database = chosen.place.database
    files = [*(database.with_name(database.name + suffix) for suffix in ("-wal", "-shm", "-journal")), database]
    files += sorted(chosen.place.archive.glob("*")) if chosen.place.archive.exists() else []
    gone = [file for file in files if file.exists()]
    for file in gone:
        file.unlink()
    return [str(file) for file in gone]
