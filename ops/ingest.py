"""``universe ingest``: real results from a file or an address, all or nothing; beside a running universe or alone."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import click
import trio

from actors.comparer import compare_all, compare_draws_max
from actors.feed import fetch_source
from actors.feed_pages import shown_source
from ops.exits import EXIT_CHECK_FAILED, EXIT_DONE, tell
from ops.options import Target, json_option, target, universe_options
from ops.place import FIRST_GAME, Mode
from ops.prepare import games_to_change
from ops.terminal import print_json, print_text
from storage.connection import Location
from storage.errors import StoreUnavailable
from storage.interface import Conflict, StoredResults
from storage.lock import LeaderLock
from storage.registry import game_key
from storage.store import SqliteStore
from universe.catalogue import find_game
from universe.compiled import KERNELS_DRAWS_MIN, load_kernels
from universe.draws import numbers_document
from universe.game import Game
from universe.results.gaps import Gaps
from universe.results.reading import read_pages
from universe.results.result import FormatError, Reading
from universe.units import ResultsUnit

COMPARE_DRAWS_MAX = 262_144
LISTED_MAX = 20  # invalid rows and conflicts that a person is shown


@attrs.frozen(kw_only=True)
class Ingested:
    """What became of one file."""

    reading: Reading
    outcome: StoredResults
    refused: bool
    gaps: Gaps


@click.command("ingest")
@universe_options
@click.option("--game", metavar="ID|FILE", help="The game the results are of; GAME_001 by default.")
@click.option("--results", "source", required=True, metavar="FILE|URL", help="Where they are; {page} in a URL counts.")
@click.option("--format", "format_name", help="The publisher's format; detected by default.")
@click.option("--keep-valid", is_flag=True, help="Take the good rows of a file that has bad ones.")
@json_option
@click.pass_context
def ingest_command(
    ctx: click.Context,
    mode: Mode | None,
    data_dir: Path | None,
    config: Path | None,
    game: str | None,
    source: str,
    format_name: str | None,
    keep_valid: bool,
    as_json: bool,
) -> int:
    """Store real results for ever. Safe to repeat; a bad row refuses the whole file unless --keep-valid.

    \b
    universe ingest --game GAME_001 --results results.csv
    universe ingest --game GAME_002 --results https://…/resource/….json
    """
    chosen = target(ctx, mode, data_dir, config)
    stored, _ = games_to_change(chosen)
    found = find_game(game or FIRST_GAME, chosen.known_games(stored))
    pages = trio.run(_fetch, source, format_name)
    try:
        reading = read_pages(found, pages, format_name=format_name, today=datetime.now(UTC).date())
    except FormatError as error:
        raise FormatError(f"{shown_source(source)}: {error}") from error
    ingested = ingest(chosen, found, reading, shown_source(source), keep_valid=keep_valid)
    document = ingest_document(found, ingested)
    if as_json:
        print_json(document)
    else:
        _print(document, ingested)
    return EXIT_CHECK_FAILED if ingested.refused else EXIT_DONE


async def _fetch(source: str, format_name: str | None) -> list[bytes]:
    return list(await fetch_source(source, format_name=format_name))


def ingest(target: Target, game: Game, reading: Reading, source: str, *, keep_valid: bool) -> Ingested:
    """Store a reading's results, or refuse it whole; without a running universe, compare before returning.

    A game comes into the universe with the first that is kept of it: a file of which nothing is leaves no trace.
    """
    location = Location(target.place.database)
    nothing = StoredResults(game_id=game.game_id, inserted=(), already_present=0, conflicts=())
    refused = bool(reading.invalid) and not keep_valid
    if (refused or not reading.results) and not target.place.database.exists():
        return Ingested(reading=reading, outcome=nothing, refused=refused, gaps=Gaps(count=0, dates=()))
    target.place.create()
    with LeaderLock(target.place.root) as lock:
        leading = lock.try_acquire()
        with SqliteStore.open(location, target.mode, create=leading, beside=not leading) as store:
            outcome = store.classify(game.game_id, reading.results)
            refused = refused or (bool(outcome.conflicts) and not keep_valid)
            if refused:
                store.refuse(outcome, source)
            elif reading.results or _holds(store, game.game_id):  # a changed definition is noticed in any case
                outcome = store.ingest(game, ResultsUnit(game_id=game.game_id, results=reading.results, source=source))
            if leading and _holds(store, game.game_id):
                _compare(store, game.game_id)
            return Ingested(reading=reading, outcome=outcome, refused=refused, gaps=store.gaps(game.game_id))


def _holds(store: SqliteStore, game_id: str) -> bool:
    with store.reading() as db:
        return game_key(db, game_id) is not None


def _compare(store: SqliteStore, game_id: str) -> None:
    """Compare committed draws with results that came after them; what the store cannot take, a later run does."""
    try:
        _compare_pending(store, game_id)
    except StoreUnavailable as fault:
        tell(f"the results are stored, their comparison waits for the next run: {fault}")


def _compare_pending(store: SqliteStore, game_id: str) -> None:
    compared = 0
    while pending := store.pending_comparisons(game_id, compare_draws_max()):
        compared += sum(piece.last - piece.first + 1 for piece in pending)
        if compared >= KERNELS_DRAWS_MIN:
            load_kernels()
        store.commit(compare_all(pending))


def ingest_document(game: Game, ingested: Ingested) -> dict[str, Any]:
    """Return what scripts read."""
    reading, outcome = ingested.reading, ingested.outcome
    out = {conflict.draw_date for conflict in outcome.conflicts}
    if ingested.refused:
        out |= {result.draw_date for result in outcome.inserted}
    held = [result.draw_date.isoformat() for result in reading.results if result.draw_date not in out]
    return {
        "game_id": game.game_id,
        "format": reading.format_name,
        "rows": reading.rows,
        "inserted": 0 if ingested.refused else len(outcome.inserted),
        "already_present": outcome.already_present + reading.duplicates,
        "before_matrix": reading.before_matrix,
        "extra_draws": reading.extra_draws,
        "conflicts": [_conflict_document(conflict) for conflict in outcome.conflicts],
        "invalid": [{"line": invalid.line, "reason": invalid.reason} for invalid in reading.invalid],
        "gaps": {"count": ingested.gaps.count, "dates": [day.isoformat() for day in ingested.gaps.dates]},
        "first": held[0] if held else None,
        "last": held[-1] if held else None,
    }


def _conflict_document(conflict: Conflict) -> dict[str, Any]:
    return {
        "draw_date": conflict.draw_date.isoformat(),
        "stored": numbers_document(conflict.stored.main_numbers, conflict.stored.bonus_numbers),
        "offered": numbers_document(conflict.offered.main_numbers, conflict.offered.bonus_numbers),
    }


def _print(document: dict[str, Any], ingested: Ingested) -> None:
    """Tell a person: the sum, then what needs their attention."""
    outcome = ingested.outcome
    verdict = "refused, nothing stored" if ingested.refused else f"{document['inserted']:,} inserted"
    if not (ingested.refused or document["inserted"] or document["already_present"]):
        verdict = "nothing stored"
    print_text(
        f"{document['game_id']}: {document['rows']:,} rows ({document['format'] or 'no format'}), {verdict},"
        f" {document['already_present']:,} already present, {document['before_matrix']:,} before the game's since"
    )
    for invalid in document["invalid"][:LISTED_MAX]:
        print_text(f"  line {invalid['line']}: {invalid['reason']}")
    for conflict in document["conflicts"][:LISTED_MAX]:
        stored, offered = (
            " ".join(map(str, [*conflict[side]["main_numbers"], *conflict[side]["bonus_numbers"]]))
            for side in ("stored", "offered")
        )
        print_text(f"  {conflict['draw_date']}: stored {stored}, offered {offered}")
    unlisted = max(0, len(document["invalid"]) - LISTED_MAX) + max(0, len(document["conflicts"]) - LISTED_MAX)
    if unlisted:
        print_text(f"  and {unlisted:,} more; --json lists all")
    for alarm in outcome.alarms:
        print_text(
            f"  the evidence against fair {alarm.drum} numbers has passed its line at result {alarm.draws:,}:"
            f" e = 10^{alarm.log10_e:.1f}; `universe fairness` says more"
        )
    if ingested.refused and document["conflicts"]:
        print_text(f"  the contradictions are noted ({len(document['conflicts']):,}): status and report show them")
    if ingested.refused:
        print_text("Mend the file, or take its good rows with --keep-valid.")
    if document["gaps"]["count"]:
        print_text(
            f"  {document['gaps']['count']:,} scheduled dates without a result, from {document['gaps']['dates'][0]}"
        )
