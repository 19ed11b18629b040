"""What a process costs as its user sees it: the first answer, a dry run, verifying, and the production pace."""

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import attrs

from ops.bench_draws import MODE
from ops.bench_measure import BenchmarkError
from ops.bench_run import ROOT, cached_in, observe
from ops.bench_universes import Built

ENDING_SECONDS_MAX = 30
PACE_WARM_UP_SECONDS = 5.0
DAY_SECONDS = 86_400

_HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}},
}


def _command(*words: object) -> list[str]:
    return [sys.executable, "-m", "ops.main", *map(str, words)]


@contextmanager
def _running(*words: object, data_dir: Path, mode: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command beside us; what is still alive at the end is killed."""
    with subprocess.Popen(  # noqa: S603  our own program
        _command("--mode", mode, "--data-dir", data_dir, *words),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


# Start-up.


def start_up(repeats: int, folder: Path) -> dict[str, Any]:
    """Return the time to the first answer, the time that importing the SDK and trio takes alone, and the difference.

    Medians, measured in turns: so that a busy moment of the machine meets both.
    """
    answers, imports = [], []
    for turn in range(repeats):
        imports.append(_import_seconds())
        answers.append(_first_answer_seconds(folder / str(turn)))
    answer, imported = statistics.median(answers), statistics.median(imports)
    return {
        "repeats": repeats,
        "first_answer_seconds": round(answer, 3),
        "import_seconds": round(imported, 3),
        "own_seconds": round(answer - imported, 3),
    }


def _import_seconds() -> float:
    """Return the seconds until a new interpreter has imported them; its end is not waited for, as with an answer."""
    command = [sys.executable, "-c", "import mcp.server, trio; print(flush=True)"]
    before = perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:  # noqa: S603  fixed words
        assert process.stdout is not None  # noqa: S101  we asked for a pipe
        if not process.stdout.readline():
            raise BenchmarkError("the SDK and trio could not be imported")
        return perf_counter() - before


def _first_answer_seconds(folder: Path) -> float:
    before = perf_counter()
    with _running("run", "--limit", 1, data_dir=folder, mode="test") as process:
        assert process.stdin is not None  # noqa: S101  we asked for pipes
        assert process.stdout is not None  # noqa: S101  as above
        process.stdin.write(json.dumps(_HELLO).encode() + b"\n")
        process.stdin.flush()
        if not process.stdout.readline():
            raise BenchmarkError("universe run ended without an answer")
        seconds = perf_counter() - before
        process.stdin.close()
        process.wait(ENDING_SECONDS_MAX)
    return seconds


# Verifying.


def verify(built: Built, folder: Path, cache: Path | None) -> dict[str, Any]:
    """Return the seconds of a whole process that draws a universe again and compares all of it."""
    seen = observe(
        ["verify", "--mode", MODE, "--data-dir", built.place.data_dir, "--full", "--json"], folder, cache=cache
    )
    checked = seen.document["draws_checked"]
    if not seen.document["ok"] or checked != built.way.draws:
        raise BenchmarkError(f"universe verify: {seen.document}")
    return {
        "draws": checked,
        "seconds": round(seen.seconds, 3),
        "draws_per_second": round(checked / seen.seconds),
        "rss_max_mb": round(seen.rss_max_bytes / 1e6),
    }


# The kernels.


def kernel_load(folder: Path) -> dict[str, float]:
    """Return the seconds of a process that makes the kernels ready: into an empty cache, and from what it left there.

    The cache stays in ``folder``: who starts with it starts warm.
    """
    cold, warm = (_load_seconds(folder) for _ in range(2))
    return {"cold_process_seconds": cold, "warm_process_seconds": warm}


def _load_seconds(cache: Path) -> float:
    code = "from universe.compiled import load_kernels; load_kernels()"
    before = perf_counter()
    subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", code], cwd=ROOT, env=cached_in(cache), check=True
    )
    return round(perf_counter() - before, 3)


# A dry run.


def dry_run(draws: int, repeats: int, folder: Path) -> dict[str, Any]:
    """Return the median seconds of a whole process that makes so many draws in memory and says their fingerprint."""
    words = ("run", "--mode", "test", "--data-dir", folder / "data", "--limit", draws, "--dry-run", "--json")
    seconds = []
    for turn in range(repeats):
        seen = observe(words, folder / str(turn))
        seconds.append(seen.seconds)
        if seen.document["draws_generated"] != draws:
            raise BenchmarkError(f"universe run made {seen.document['draws_generated']} draws, not {draws}")
    return {"draws": draws, "repeats": repeats, "seconds": round(statistics.median(seconds), 3)}


# The production pace.


@attrs.frozen(kw_only=True)
class Usage:
    """What a process has used up so far, as Linux tells it."""

    at: float
    cpu_seconds: float
    stored_bytes: int  # sent to the device
    written_bytes: int  # by system calls, whatever became of them
    rss_max_bytes: int


def usage(process_id: int) -> Usage:
    """Read what /proc knows about a process of ours; BenchmarkError where there is no /proc."""
    folder = Path("/proc") / str(process_id)
    try:
        io = _fields(folder / "io")
        status = _fields(folder / "status")
        ticks = (folder / "stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    except OSError as error:
        raise BenchmarkError(f"{folder}: {error.strerror}; the production pace is measured on Linux alone") from error
    return Usage(
        at=perf_counter(),
        cpu_seconds=(int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK"),
        stored_bytes=io["write_bytes"],
        written_bytes=io["wchar"],
        rss_max_bytes=status["VmHWM"] * 1024,
    )


def _fields(path: Path) -> dict[str, int]:
    """Read lines such as ``name: 5 kB``; those without a number are left out."""
    pairs = (line.split()[:2] for line in path.read_text(encoding="ascii", errors="replace").splitlines())
    return {pair[0].rstrip(":"): int(pair[1]) for pair in pairs if len(pair) > 1 and pair[1].isdigit()}


def production_pace(seconds: float, folder: Path) -> dict[str, Any]:
    """Return what production uses at its pace, measured for so long after a warm-up, extrapolated to a day.

    Draws are folded into the indexes every few hours: what that writes is in no measurement shorter than that.
    """
    with _running("run", "--transport", "none", data_dir=folder, mode="prod") as process:
        time.sleep(PACE_WARM_UP_SECONDS)
        before = usage(process.pid)
        time.sleep(seconds)
        after = usage(process.pid)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=ENDING_SECONDS_MAX)
    span = after.at - before.at
    stored, written = after.stored_bytes - before.stored_bytes, after.written_bytes - before.written_bytes
    return {
        "seconds": round(span, 1),
        "stored_bytes_per_day": round(stored / span * DAY_SECONDS),
        "written_bytes_per_day": round(written / span * DAY_SECONDS),
        "cpu_share": round((after.cpu_seconds - before.cpu_seconds) / span, 4),
        "rss_max_bytes": after.rss_max_bytes,
    }
