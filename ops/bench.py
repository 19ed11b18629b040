"""The project's own benchmark: ``universe bench``, or ``python -m ops.bench``. ops/docs/benchmark.md explains it.

What it measures on is thrown away. Rates are this machine's, at this moment: every figure stands beside a reference of
the same run, and the load of the machine beside all of them.
"""

import logging
import sys
import tempfile
from pathlib import Path

import attrs
import click

from ops.bench_scale import DEFAULT, FULL, PARTS, QUICK
from ops.logs import configure_logging
from ops.options import json_option
from ops.terminal import print_json
from universe.errors import SettingsError


@click.command("bench")
@json_option
@click.option("--quick", is_flag=True, help="Seconds: to see whether it works; its figures say little.")
@click.option("--full", is_flag=True, help="Everything, up to 100,000,000 draws: about 15 minutes and 4 GB.")
@click.option("--only", type=click.Choice(PARTS), multiple=True, help="This part; repeatable.")
@click.option("--pace-seconds", type=click.FloatRange(0), default=0.0, help="Also the production pace, for so long.")
def bench_command(*, as_json: bool, quick: bool, full: bool, only: tuple[str, ...], pace_seconds: float) -> None:
    """Measure this machine: draws a second, answers, memory, each beside a reference of the same run.

    \b
    universe bench                          about two minutes
    universe bench --only generation        one part
    universe bench --full --json            everything, for a report
    """
    from ops.bench_parts import run_benchmark
    from ops.bench_tables import print_benchmark
    from universe.compiled import load_kernels

    if quick and full:
        raise SettingsError("bench takes --quick or --full, not both")
    scale = attrs.evolve(QUICK if quick else FULL if full else DEFAULT, pace_seconds=pace_seconds)
    configure_logging(level=logging.ERROR)  # actors work in this process, and are cut short: nobody wants to read that
    load_kernels()
    with tempfile.TemporaryDirectory(prefix="universe-bench-") as folder:
        document = run_benchmark(scale, only, Path(folder), _announce)
    if as_json:
        print_json(document)
    else:
        print_benchmark(document)


def _announce(part: str) -> None:
    """Tell a person who watches what is measured next."""
    if sys.stderr and sys.stderr.isatty():
        click.echo(f"measuring: {part}", err=True)


if __name__ == "__main__":
    from ops.main import run_command

    sys.exit(run_command(["bench", *sys.argv[1:]]))
