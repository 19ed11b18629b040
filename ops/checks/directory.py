"""The data directory and its device: who may write there, and whether what is to come has room."""

import os
import pwd
import re
import tempfile
from contextlib import closing, suppress
from pathlib import Path

import apsw

from ops.checks.finding import Finding, Patient, fail, ok, warn
from universe.errors import UniverseError

OPEN_TO_OTHERS = 0o077
PROBE_PREFIX = ".doctor-"
BYTES_PER_DRAW = 8  # measured are five to six, all indexes included
LOG_BYTES = 64 * 2**20  # what the log may take beside the database
ROOM_BYTES_MIN = 16 * 2**20
NEW_DRAWS = {"prod": 40_000_000, "test": 10_000}  # the defaults of a universe that is not there yet
INODES_MIN = 100
NETWORK = re.compile(r"nfs|cifs|smb|9p|afs|ceph|gluster|lustre|fuse\.(sshfs|s3fs|rclone)|davfs|beegfs")


def check_directory(patient: Patient) -> Finding:
    """Whether the universe's directory is there, this user's, and closed to others; or can be made."""
    root = patient.place.root
    there = nearest(root)
    if not there.is_dir():
        return fail(
            "directory", f"{there}: not a directory", f"move it away, or give another --data-dir than {root.parent}"
        )
    if not os.access(there, os.W_OK | os.X_OK):
        what = f"{there}: process owner {user_name(os.geteuid())} may not write here"
        return fail(
            "directory",
            what,
            f"sudo chown -R {user_name(os.geteuid())} {there}, or remount it writable, or give another --data-dir",
        )
    if there != root:
        return ok("directory", f"{root}: not there yet, `universe run` makes it in {there}")
    status = root.stat()
    owner, mode = user_name(status.st_uid), status.st_mode & 0o777
    shown = f"{root}: of {owner}, mode {mode:04o}"
    if status.st_uid != os.geteuid():
        return warn(
            "directory",
            f"{shown}, looked at by {user_name(os.geteuid())}",
            f"run universe as its owner: sudo -u {owner} universe …",
        )
    if mode & OPEN_TO_OTHERS:
        return warn("directory", f"{shown}, open to other users", f"chmod 700 {root}")
    return ok("directory", shown)


def nearest(path: Path) -> Path:
    """Return the path, or what of it exists."""
    return next((each for each in (path, *path.parents) if os.path.lexists(each)), Path("/"))


def user_name(number: int) -> str:
    """Return a user's name, or the number where it has none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def check_device(patient: Patient) -> Finding:
    """Whether the device is of this machine, and has room for the draws still to be made."""
    where = nearest(patient.place.root)
    system = os.statvfs(where)
    free, needed = system.f_bavail * system.f_frsize, bytes_to_come(patient)
    kind = file_system(where)
    shown = (
        f"{megabytes(free)} free of {megabytes(system.f_blocks * system.f_frsize)} ({kind or 'unknown file system'})"
    )
    if free < ROOM_BYTES_MIN:
        return fail(
            "device", shown, f"make room on the device of {where}: at least {megabytes(needed)}; draws wait meanwhile"
        )
    if system.f_files and system.f_favail < INODES_MIN:
        return fail("device", f"{shown}, {system.f_favail} inodes left", f"delete small files on the device of {where}")
    if kind and NETWORK.match(kind):
        advice = "put the data directory on a local disk: locks and logs of a database do not hold across machines"
        return warn("device", shown, advice)
    if free < needed:
        advice = f'make room on the device of {where} before the milestone, or keep no raw draws (raw_draws = "off")'
        return warn("device", f"{shown}; the milestone takes some {megabytes(needed)}", advice)
    return ok("device", f"{shown}; to the milestone some {megabytes(needed)} are needed")


def bytes_to_come(patient: Patient) -> int:
    """Estimate what the draws up to the milestones will take, and the log beside them."""
    from ops.checks.database import draws_to_come

    try:
        draws = draws_to_come(patient)
    except (UniverseError, OSError):
        draws = None
    return LOG_BYTES + BYTES_PER_DRAW * (NEW_DRAWS[patient.place.mode] if draws is None else draws)


def megabytes(size: int) -> str:
    """Return a size for a person."""
    return f"{size / 1e6:,.0f} MB" if size < 1e10 else f"{size / 1e9:,.0f} GB"


def file_system(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str | None:
    """Return the kind of file system that a path is on; None where the system does not say (not Linux)."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    real, best, kind = path.resolve(), -1, None
    for line in lines:
        before, _, after = line.partition(" - ")
        mounted = Path(re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), before.split(" ")[4]))
        if real.is_relative_to(mounted) and len(mounted.parts) >= best:  # the last one mounted hides those before
            best, kind = len(mounted.parts), after.split(" ")[0]
    return kind


def check_sqlite(patient: Patient) -> Finding:
    """Whether SQLite can do here what every commit needs: a log with its index, locks, a sync. In a file of its own."""
    shown = f"SQLite {apsw.sqlite_lib_version()}, apsw {apsw.apsw_version()}"
    folder = next((each for each in (patient.place.root, patient.place.data_dir) if each.is_dir()), None)
    where = folder or Path(tempfile.gettempdir())
    try:
        with tempfile.TemporaryDirectory(prefix=PROBE_PREFIX, dir=where) as probe:
            mode = _committed_mode(Path(probe) / "probe.db")
    except (OSError, apsw.Error) as error:
        words = str(error) if isinstance(error, apsw.Error) else error.strerror or str(error)
        return fail("sqlite", f"{shown}; {where}: nothing can be written ({words})", _advice(error, where))
    if mode != "wal":
        advice = "put the data directory on a local file system that allows memory maps and locks"
        return fail("sqlite", f"{shown}; {where}: no write-ahead log, it stays {mode}", advice)
    return ok("sqlite", f"{shown}; a write-ahead log works in {where}")


def _committed_mode(path: Path) -> str:
    with closing(apsw.Connection(str(path))) as db:
        mode: str = db.pragma("journal_mode", "wal")
        db.pragma("synchronous", 2)
        db.execute("CREATE TABLE probe(x); INSERT INTO probe VALUES (1)")
        with suppress(apsw.BusyError):
            db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    return mode


def _advice(error: Exception, where: Path) -> str:
    if isinstance(error, apsw.FullError) or "No space" in str(error):
        return f"make room on the device of {where}; draws go on by themselves then"
    return f"let {user_name(os.geteuid())} write in {where}: chown it, or remount it writable"
