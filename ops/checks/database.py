"""The universe itself: its file, its structure, who simulates in it, and what lies beside it."""

import shlex
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw

from ops.checks.directory import OPEN_TO_OTHERS, PROBE_PREFIX, megabytes
from ops.checks.finding import Finding, Patient, fail, ok, warn
from storage.connection import (
    LOG_PAGES_MAX,
    PAGE_BYTES,
    FrozenConnection,
    Location,
    open_reader,
    read_transaction,
    translated,
)
from storage.errors import NoUniverseError, StoreDamaged, StoreError, StoreUnavailable, WrongModeError
from storage.lock import LeaderLock
from storage.reader import Reader
from storage.schema import SCHEMA_VERSION, TEST_DRAWS_MAX, require_schema
from storage.views import GameView
from storage.whole_file import ABANDONED_SECONDS

STRUCTURE_SECONDS_MAX = 1.5
STRUCTURE_STEPS = 20_000  # of SQLite's machine between two looks at the time
LOG_BYTES_MAX = 8 * LOG_PAGES_MAX * PAGE_BYTES
NAMED_MAX = 5
OURS = frozenset({"universe.db", "universe.db-wal", "universe.db-shm", "lock", "archive"})


def location(patient: Patient) -> Location:
    """Return where the universe is to be."""
    return Location(patient.place.database)


def seen_games(patient: Patient) -> list[GameView]:
    """Return every game of the universe; none where there is no universe, StoreError where it cannot be read."""
    try:
        reader = Reader.open(location(patient), patient.place.mode)
    except NoUniverseError:
        return []
    with closing(reader), reader.snapshot() as snapshot:
        return snapshot.games()


def draws_to_come(patient: Patient) -> int | None:
    """Return how many draws are left to the milestones; None where nothing is initialised."""
    running = [game for game in seen_games(patient) if game.clock]
    if not running:
        return None
    left = 0
    for game in running:
        ends = [game.max_draws] if game.max_draws else []
        if patient.place.mode == "test":
            ends.append(TEST_DRAWS_MAX)
        if game.until and game.clock:
            ends.append(game.clock.last_draw_until(game.until))
        left += max(0, min(ends, default=0) - game.watermark)
    return left


@contextmanager
def opened(patient: Patient) -> Iterator[apsw.Connection]:
    """Lend a read-only connection to a universe of any schema; StoreError as everywhere."""
    location(patient).require_own_log()
    file = patient.place.database
    if not file.exists() or not file.stat().st_size:
        raise NoUniverseError(str(file))
    with closing(open_reader(location(patient))) as db, translated(location(patient)), read_transaction(db):
        yield db


def check_universe(patient: Patient) -> Finding:
    """Whether the universe opens: whose it is, in which schema, how large, how far."""
    file = patient.place.database
    try:
        with opened(patient) as db:
            version = db.pragma("user_version")
            require_schema(db, patient.place.mode, name=str(file), may_migrate=True)
        if version < SCHEMA_VERSION:
            shown = f"{file}: schema {version}, this program writes {SCHEMA_VERSION}"
            return warn(
                "universe",
                shown,
                f"universe backup FILE with the older program, stop it, then `universe run {patient.flags}` migrates",
            )
        return _seen(patient)
    except NoUniverseError:
        return ok("universe", f"{file}: none yet, `universe run` makes it")
    except StoreError as error:
        return fail("universe", str(error), _advice(patient, error))


def _seen(patient: Patient) -> Finding:
    games = seen_games(patient)
    status = patient.place.database.stat()
    stands = ", ".join(f"{game.game.game_id} {game.phase} at draw {game.watermark:,}" for game in games)
    shown = f"{patient.place.mode}, schema {SCHEMA_VERSION}, {megabytes(status.st_size)}; {stands or 'no game yet'}"
    if status.st_mode & OPEN_TO_OTHERS:
        return warn("universe", f"{shown}; open to other users", f"chmod 600 {patient.place.database}*")
    if held := [f"{game.game.game_id}: {game.conflicts}" for game in games if game.conflicts]:
        advice = (
            "compare both values with the publisher's own page; what is stored stays, so correct or replace the source"
        )
        return warn("universe", f"{shown}; results offered that contradict stored ones ({', '.join(held)})", advice)
    return ok("universe", shown)


def _advice(patient: Patient, error: StoreError) -> str:
    match error:
        case WrongModeError():
            other = "prod" if patient.place.mode == "test" else "test"
            return f"it is a {other} universe: give --mode {other}, or another --data-dir"
        case StoreDamaged():
            again = f"`universe restore {patient.flags} BACKUP`, then `universe verify {patient.flags} --full`"
            return f"stop every process, then {again}"
        case StoreUnavailable():
            return f"ask who has it open (fuser -v {patient.place.database}) and who may read it (ls -l)"
        case _ if "newer" in str(error):
            return "install the program that wrote it, or a later one: this one is older than the universe"
        case _:
            return f"move {patient.place.database} away, or give another --data-dir: it is no universe"


def check_structure(patient: Patient) -> Finding:
    """Whether pages and indexes are sound, as far as a moment allows; `universe verify` looks at everything."""
    try:
        with opened(patient) as db:
            fault = _quick_check(db)
    except NoUniverseError:
        return ok("structure", "nothing to look at yet")
    except StoreError as error:
        return fail("structure", str(error), _advice(patient, error))
    if fault is None:
        return ok("structure", f"no fault within {STRUCTURE_SECONDS_MAX:g} s; `universe verify` looks at all of it")
    if fault != "ok":
        return fail("structure", fault, _advice(patient, StoreDamaged(fault)))
    return ok("structure", "pages and indexes are sound")


def _quick_check(db: apsw.Connection) -> str | None:
    """Return what SQLite says of its file, None if that takes too long."""
    ends = time.monotonic() + STRUCTURE_SECONDS_MAX
    db.set_progress_handler(lambda: time.monotonic() > ends, STRUCTURE_STEPS)
    try:
        return str(db.execute("PRAGMA quick_check(1)").get)
    except apsw.InterruptError:
        return None
    finally:
        db.set_progress_handler(None)


def check_journal(patient: Patient) -> Finding:
    """Whether the database has a log, of a size that says it is emptied."""
    log = patient.place.database.with_name("universe.db-wal")
    try:
        with opened(patient) as db:
            mode = "wal" if isinstance(db, FrozenConnection) else db.pragma("journal_mode")
    except NoUniverseError:
        return ok("journal", "nothing to look at yet")
    except StoreError:
        return ok("journal", "cannot be told: see universe")
    size = log.stat().st_size if log.exists() else 0
    shown = f"journal mode {mode}, log of {megabytes(size)}"
    if mode != "wal":
        return warn(
            "journal", shown, f"stop every process, then start `universe run {patient.flags}`: it sets the mode"
        )
    if size > LOG_BYTES_MAX:
        return warn(
            "journal", shown, "end what reads for long (a hanging backup or verify): the log is not emptied before"
        )
    return ok("journal", shown)


def check_leader(patient: Patient) -> Finding:
    """Who simulates, asked as `universe status` does."""
    lock = LeaderLock(patient.place.root)
    try:
        held = lock.is_held_elsewhere()
    except StoreUnavailable as error:
        return fail("leader", str(error), f"let this user read {lock.path}: sudo chown, or run as its owner")
    return ok("leader", f"process {lock.holder()} simulates" if held else "nobody simulates now")


def check_leftovers(patient: Patient) -> Finding:
    """Whether there is anything in the universe's directory that should not stay."""
    root = patient.place.root
    if not root.is_dir():
        return ok("leftovers", "nothing there yet")
    found = [*root.iterdir(), *patient.place.archive.glob("*.part")]
    strange = sorted(path for path in found if path.name not in OURS and not is_under_way(path))
    if not strange:
        return ok("leftovers", "nothing but the universe")
    names = ", ".join(str(path.relative_to(root)) for path in strange[:NAMED_MAX])
    more = f" and {len(strange) - NAMED_MAX} more" if len(strange) > NAMED_MAX else ""
    return warn("leftovers", f"{names}{more}", "; ".join(_what_to_do(patient, strange)))


def _what_to_do(patient: Patient, strange: list[Path]) -> Iterator[str]:
    damaged = [path for path in strange if ".damaged-" in path.name]
    half_made = [path for path in strange if _is_half_made(path)]
    foreign = [path for path in strange if path not in damaged and path not in half_made]
    if damaged:
        yield f"once `universe verify {patient.flags} --full` is content: rm {_words(damaged)}"
    if half_made:
        yield f"left by something that was killed: rm -r {_words(half_made)}"
    if foreign:
        yield f"not of this program: mv {_words(foreign)} SOMEWHERE"


def _words(paths: list[Path]) -> str:
    return " ".join(shlex.quote(str(path)) for path in paths[:NAMED_MAX])


def _is_half_made(path: Path) -> bool:
    return path.name.endswith(".part") or path.name.startswith(PROBE_PREFIX)


def is_under_way(path: Path) -> bool:
    """Whether a half-made file may still be written by someone."""
    try:
        return _is_half_made(path) and time.time() - path.stat().st_mtime < ABANDONED_SECONDS
    except OSError:  # just gone
        return True
