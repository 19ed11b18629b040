"""A command of ours, run to its end in a process of its own under observation: time, memory, log, what it printed."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import sysconf
from pathlib import Path
from time import perf_counter
from typing import Any

import attrs

from ops.bench_child import FINISHED
from ops.bench_measure import BenchmarkError

ROOT = Path(__file__).resolve().parents[1]
SAMPLE_SECONDS = 0.1

Sample = tuple[float, int]  # seconds since the epoch, resident bytes


@attrs.frozen(kw_only=True)
class Observed:
    """A process that has ended well. ``seconds`` is its whole life, the interpreter's start included."""

    seconds: float
    printed: str
    events: tuple[dict[str, Any], ...]  # its log, oldest first
    samples: tuple[Sample, ...]  # none where there is no /proc
    rss_max_bytes: int
    cpu_seconds: float
    kernels: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document that it printed."""
        found: dict[str, Any] = json.loads(self.printed)
        return found


def cached_in(cache: Path) -> dict[str, str]:
    """Return our environment for a process that keeps its compiled code in this folder, whatever it would do else."""
    rest = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    return rest | {"XDG_CACHE_HOME": str(cache)}


def observe(words: Sequence[object], folder: Path, *, cache: Path | None = None, plain: bool = False) -> Observed:
    """Run ``universe WORDS`` to its end; BenchmarkError with the last line of its stderr if it fails.

    ``cache`` is where compiled code is kept: an empty folder makes a cold start. ``plain``: without compiled kernels.
    ``folder`` takes what it prints.
    """
    folder.mkdir(parents=True, exist_ok=True)
    out, err = folder / "stdout", folder / "stderr"
    command = [sys.executable, "-m", "ops.bench_child", *(["--plain"] if plain else []), *map(str, words)]
    environment = cached_in(cache) if cache else None
    samples: list[Sample] = []
    with out.open("wb") as stdout, err.open("wb") as stderr:
        before = perf_counter()
        with (
            subprocess.Popen(  # noqa: S603  our own program
                command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
            ) as process,
            _sampled(process.pid, samples),
        ):
            code = process.wait()
            seconds = perf_counter() - before
    lines = err.read_text(encoding="utf-8", errors="replace").splitlines()
    if code:
        raise BenchmarkError(f"universe {words[0]} ended with {code}: {lines[-1] if lines else 'without a word'}")
    events = tuple(json.loads(line) for line in lines if line.startswith("{"))
    return _observed(seconds, out.read_text(encoding="utf-8"), events, tuple(samples))


def _observed(
    seconds: float, printed: str, events: tuple[dict[str, Any], ...], samples: tuple[Sample, ...]
) -> Observed:
    last = events[-1]
    if last.get("event") != FINISHED:
        raise BenchmarkError(f"a measured process ended its log with {last}")
    return Observed(
        seconds=seconds,
        printed=printed,
        events=events[:-1],
        samples=samples,
        rss_max_bytes=last["rss_max_bytes"],
        cpu_seconds=last["cpu_seconds"],
        kernels=last["kernels"],
    )


@contextmanager
def _sampled(process_id: int, samples: list[Sample]) -> Iterator[None]:
    """Note the resident memory of a process every now and then, from another thread, while we wait for it."""
    ended = threading.Event()
    watcher = threading.Thread(target=_sample, args=(process_id, samples, ended), name="bench-sampler")
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _sample(process_id: int, samples: list[Sample], ended: threading.Event) -> None:
    statm, page = Path(f"/proc/{process_id}/statm"), sysconf("SC_PAGE_SIZE")
    while not ended.wait(SAMPLE_SECONDS):
        try:
            resident = int(statm.read_text(encoding="ascii").split()[1]) * page
        except (OSError, IndexError):  # no /proc, or no process any more
            return
        if resident:  # a process that has ended and was not waited for has none
            samples.append((time.time(), resident))
