# ruff: noqa: T201  a person reads along
"""``python -m tests.fuzz``: hostile inputs for every parser and every tool. Exit code 1 if one of them did harm."""

import argparse
import sys
from pathlib import Path

from tests.fuzz.running import CALL_SECONDS_MAX, GROWTH_BYTES_MAX, Report, opened_targets, run


def main() -> int:
    """Run and report."""
    options = _options()
    with opened_targets(options.target, options.samples) as targets:
        if not targets:
            print(f"no target begins with {' or '.join(options.target)}")
            return 2
        report = run(targets, inputs=options.inputs, seed=options.seed, first=options.first)
    _print_report(report)
    return 1 if report.failures or report.grown else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000, help="in all, in turn over the targets")
    parser.add_argument("--seed", type=int, default=1, help="equal seeds make equal inputs")
    parser.add_argument("--target", action="append", default=[], help="the beginning of names; repeatable")
    parser.add_argument("--from", type=int, default=0, dest="first", help="index of each target's first input")
    parser.add_argument(
        "--samples", type=Path, help="a folder of publishers' files to mutate too; a replay needs it again"
    )
    return parser.parse_args()


def _print_report(report: Report) -> None:
    print(f"{'target':34}{'inputs':>8}{'accepted':>10}{'refused':>9}{'slowest ms':>12}  of input")
    for name, tally in report.tallies.items():
        inputs = tally.accepted + tally.refused
        print(
            f"{name:34}{inputs:8}{tally.accepted:10}{tally.refused:9}{1_000 * tally.slowest_seconds:12.1f}"
            f"  {tally.slowest_index}"
        )
    first, warm, last = (memory / 2**20 for memory in (report.memory_first, report.memory_warm, report.memory_last))
    print(
        f"memory {first:.0f} MiB at first, {warm:.0f} warm, {last:.0f} at the end (may grow {GROWTH_BYTES_MAX >> 20})"
    )
    print(f"{len(report.failures)} failures (a call may take {CALL_SECONDS_MAX} s){' and it grew' * report.grown}")


if __name__ == "__main__":
    sys.exit(main())
