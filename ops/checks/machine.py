"""The machine and its Python: what the program stands on."""

import os
import platform
import resource
import stat
import sys
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ops.checks.finding import Finding, Patient, fail, ok, warn

PYTHON_MIN = (3, 11)
FILES_MIN = 256  # below it the program itself is short of them
YEAR_MIN, YEAR_MAX = 2025, 2100
NAP_SECONDS = 0.05
CLOCK_STEP_SECONDS_MAX = 0.5
ZONE = "America/Los_Angeles"


def check_python(_: Patient) -> Finding:
    """Whether this Python is one that the program is made for, on a system that has its locks and signals."""
    shown = f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} {platform.machine()}"
    if sys.version_info < PYTHON_MIN:
        return fail("python", shown, "install Python 3.11 or newer and install the program with it")
    if sys.platform not in {"linux", "darwin"}:
        return warn("python", shown, "run it on Linux or macOS: nothing else is tested")
    if sys.byteorder != "little":
        return warn(
            "python", f"{shown}, big-endian", "expect the plain path's speed: kernels need a little-endian processor"
        )
    return ok("python", shown)


def check_clock(patient: Patient) -> Finding:
    """Whether the clocks can be trusted: a new universe takes its epoch from the date, and feeds their schedule."""
    now, before = datetime.now(UTC), time.monotonic()
    shown = now.strftime("%Y-%m-%d %H:%M:%S UTC")
    time.sleep(NAP_SECONDS)
    passed = time.monotonic() - before
    stepped = abs((datetime.now(UTC) - now).total_seconds() - passed)
    set_it = "set the clock (timedatectl set-ntp true), then start again"
    if not YEAR_MIN <= now.year <= YEAR_MAX:
        return fail("clock", f"{shown}: not a plausible year", set_it)
    if passed < NAP_SECONDS / 2:
        return fail("clock", f"{shown}: the monotonic clock stands still", "restart the machine, or the virtual one")
    newest = newest_shipped_start()
    if now.date().isoformat() < newest:
        return warn("clock", f"{shown}: before {newest}, when the newest schedule shipped was in force", set_it)
    if stepped > CLOCK_STEP_SECONDS_MAX:
        return warn("clock", f"{shown}: it was set by {stepped:.1f} s while looking", "look again when it is in step")
    committed = newest_commit(patient)
    if committed and committed > now:
        return fail("clock", f"{shown}: before the universe's last commit, {committed:%Y-%m-%d %H:%M:%S} UTC", set_it)
    return ok("clock", shown)


def newest_shipped_start() -> str:
    """Return the newest first day of a schedule that comes with the program: today is not before it."""
    from universe.catalogue import shipped_games

    return max(period.start for game in shipped_games().values() for period in game.schedule).isoformat()


def newest_commit(patient: Patient) -> datetime | None:
    """Return when the universe last changed; None where that cannot be told, which other checks say."""
    from ops.checks.database import seen_games
    from universe.errors import UniverseError

    try:
        games = seen_games(patient)
    except (UniverseError, OSError):
        return None
    return max((game.committed_at for game in games if game.committed_at), default=None)


def check_timezones(_: Patient) -> Finding:
    """Whether time zones are known, in which feeds are due."""
    try:
        there = datetime.now(ZoneInfo(ZONE))
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        return fail("timezones", f"{ZONE} is unknown ({error})", f"{sys.executable} -m pip install tzdata")
    return ok("timezones", f"{ZONE} is {there:%z}")


def check_limits(_: Patient) -> Finding:
    """Whether enough files may be open: each HTTP connection is one. What is allowed at most counts: HTTP takes it."""
    from tools.http.bounds import CONNECTIONS_MAX, FILES_RESERVED

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wished = CONNECTIONS_MAX + FILES_RESERVED
    shown = f"open files: {_count(soft)}, at most {_count(hard)}"
    raise_it = f"ulimit -Hn {wished} before `universe run`, or LimitNOFILE={wished} in its unit"
    if 0 <= hard < FILES_MIN:
        return fail("limits", shown, raise_it)
    if 0 <= hard < wished:
        return warn("limits", f"{shown}; enough for stdio and some {hard - FILES_RESERVED} HTTP connections", raise_it)
    return ok("limits", shown)


def _count(limit: int) -> str:
    return "unlimited" if limit == resource.RLIM_INFINITY else f"{limit:,}"


def check_streams(_: Patient) -> Finding:
    """Whether stdin and stdout are there: MCP on stdio needs both."""
    kinds = {name: stream_kind(number) for number, name in enumerate(("stdin", "stdout", "stderr"))}
    shown = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
    if closed := [name for name, kind in kinds.items() if kind == "closed"]:
        return warn("streams", shown, f"open {' and '.join(closed)}: say </dev/null or >/dev/null instead of closing")
    return ok("streams", shown)


def stream_kind(number: int) -> str:
    """Return what a standard stream is."""
    try:
        mode = os.fstat(number).st_mode
    except OSError:
        return "closed"
    if os.isatty(number):
        return "a terminal"
    kinds = ((stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISREG, "a file"))
    return next((name for is_kind, name in kinds if is_kind(mode)), "a device")
