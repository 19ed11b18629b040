"""Crash the store: ``python -m tests.crash [--seed S] [--schedules N] [--systematic]``; exit code 1 if any fails."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.crash.points import THOROUGH, Visits
from tests.crash.scene import small_limits
from tests.crash.schedules import run_schedules
from tests.crash.sweeps import sweep, sweep_syncs
from tests.crash.systematic import SCENES, Scene, visit_scene

LAB = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  memory: states are written by the thousand
REPORT_EVERY = 500
RUNS: dict[str, Callable[[Scene, Path], Visits]] = {
    "crash points": partial(visit_scene, thinning=THOROUGH),
    "faults": sweep,
    "failed syncs": sweep_syncs,
}


def main(arguments: list[str]) -> int:
    """Run what was asked for and print what it came to."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of the first schedule")
    parser.add_argument("--schedules", type=int, default=0, help="so many random schedules, a seed each")
    parser.add_argument("--systematic", action="store_true", help="every crash point and every fault of every scene")
    parser.add_argument(
        "--trust-cache", action="store_true", help="processes also start after a sync failed and forgot"
    )
    asked = parser.parse_args(arguments)
    with small_limits():
        failures = systematic() if asked.systematic else 0
        count = asked.schedules or (0 if asked.systematic else REPORT_EVERY)
        failures += schedules(asked.seed, count, trust_cache=asked.trust_cache)
    return 1 if failures else 0


def schedules(seed: int, count: int, *, trust_cache: bool) -> int:
    """Run random schedules, telling now and then how far they are; returns the failures."""
    failures = 0
    for first in range(seed, seed + count, REPORT_EVERY):
        with tempfile.TemporaryDirectory(dir=LAB) as folder:
            seeds = range(first, min(first + REPORT_EVERY, seed + count))
            tally = run_schedules(seeds, Path(folder), trust_cache=trust_cache)
        say(f"seeds from {first}: {tally}", *tally.failures)
        failures += len(tally.failures)
    return failures


def systematic() -> int:
    """Visit every crash point and every fault; returns the failures."""
    failures = 0
    for scene in SCENES:
        for what, run in RUNS.items():
            with tempfile.TemporaryDirectory(dir=LAB) as folder:
                visits = run(scene, Path(folder))
            say(f"{scene.name}, {what}: {visits}", *visits.failures[:20])
            failures += len(visits.failures)
    return failures


def say(*lines: str) -> None:
    """Tell a person who reads along."""
    print(*lines, sep="\n    ", flush=True)  # noqa: T201  as said


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
