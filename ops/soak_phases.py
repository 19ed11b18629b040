"""What a process was doing when it was killed, as far as its log and /proc tell."""

import platform
from pathlib import Path

from ops.soak_process import Running

WRITING = {  # numbers of the system's calls
    "x86_64": {18: "writes", 74: "syncs", 75: "syncs", 77: "truncates"},
    "aarch64": {68: "writes", 82: "syncs", 83: "syncs", 46: "truncates"},
}.get(platform.machine(), {})


def doing(one: Running) -> str:
    """Return the phase of a process: a call of the system that touches the universe, else how far it had come."""
    folder = Path("/proc") / str(one.process.pid)
    return _touching(folder) or f"{one.words[0]}: {_come_to(folder, one)}"


def _touching(folder: Path) -> str | None:
    """Return what a thread does to a file of the universe right now."""
    try:
        for thread in (folder / "task").iterdir():
            call = (thread / "syscall").read_text(encoding="ascii").split()
            if len(call) > 1 and call[0].isdigit() and int(call[0]) in WRITING:
                file = (folder / "fd" / str(int(call[1], 16))).readlink().name
                if file.startswith("universe.db"):
                    return f"{WRITING[int(call[0])]} {file}"
    except (OSError, ValueError):
        return None
    return None


def _come_to(folder: Path, one: Running) -> str:
    """Return how far a process has come."""
    if one.events("batch.committed", "result.stored"):
        return "after a commit"
    try:
        files = {file.readlink().name for file in (folder / "fd").iterdir()}
    except OSError:
        files = set()
    if "universe.db-wal" in files:
        return "with the universe open"
    return "with the lock" if "lock" in files else "starting"
