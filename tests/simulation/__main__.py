"""Simulations from the command line: ``python -m tests.simulation [--seed S] [--runs N] [--trace] [--week]``."""

import argparse
import sys
import time

import click

from tests.simulation.runs import failure_text, play_seed


def main(arguments: list[str]) -> int:
    """Play seed after seed, and say which went wrong. Exit code 1 if any did."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--runs", type=int, default=100, help="how many seeds, one after the other")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no simulation after so long")
    parser.add_argument("--trace", action="store_true", help="print what happened, line by line")
    parser.add_argument("--week", action="store_true", help="compress weeks instead, and print a table of its days")
    options = parser.parse_args(arguments)
    if options.week:
        from tests.simulation.week import print_week

        return print_week()
    return _play_all(options.seed, options.runs, options.seconds, trace=options.trace)


def _play_all(first: int, runs: int, seconds_max: float, *, trace: bool) -> int:
    started, failed, played, virtual, crashes = time.perf_counter(), 0, 0, 0.0, 0
    for seed in range(first, first + runs):
        if time.perf_counter() - started > seconds_max:
            break
        outcome = play_seed(seed, keeps_lines=trace)
        played += 1
        virtual += outcome.play.lives[-1].ended if outcome.play.lives else 0.0
        crashes += len(outcome.play.stage.log.crashes)
        if trace:
            told = (outcome.play.scenario, *outcome.play.stage.log.lines, f"digest {outcome.digest}")
            click.echo("\n".join(map(str, told)))
        if outcome.breaches:
            failed += 1
            click.echo(failure_text(seed, outcome))
    seconds = time.perf_counter() - started
    click.echo(
        f"{played} simulations from seed {first}, {failed} failed: {seconds:.1f} s, {played / seconds:.1f} a second; "
        f"{virtual / 86_400:.1f} virtual days, {crashes} crashes"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
