"""The soak: real processes killed, signalled and superseded at random moments. ``python -m ops.soak kills``.

Random moments come from a seed: a failure names it and its round. Not everything repeats, for the machine's own timing
is no function of a seed; the same moments of the same processes do.
"""

import json
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from ops.exits import EXIT_CHECK_FAILED, EXIT_DONE, tell
from ops.soak_process import SoakError
from ops.terminal import print_json, print_table

KINDS = ("kills", "signals", "leaders", "race", "week", "subscribers")


@click.command("soak")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--count", type=click.IntRange(1), help="Kills, signals, dead leaders, or races.")
@click.option("--seed", type=int, default=1, show_default=True, help="Where the random moments come from.")
@click.option("--round", "only", type=click.IntRange(0), help="kills: this round alone, to see a failure again.")
@click.option("--minutes", type=click.FloatRange(0.2), default=7.0, show_default=True, help="week: its length.")
@click.option("--clients", type=click.IntRange(2), default=1_000, show_default=True, help="subscribers: how many.")
@click.option("--seconds", type=click.FloatRange(2), default=60.0, show_default=True, help="subscribers: each phase.")
@click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Where to work, and what is left; else a scratch one."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def soak_command(
    kind: str,
    count: int | None,
    seed: int,
    only: int | None,
    minutes: float,
    clients: int,
    seconds: float,
    data_dir: Path | None,
    as_json: bool,
) -> int:
    """Treat real processes as badly as a machine may, and check what is left.

    \b
    python -m ops.soak kills                500 processes killed at random moments: about 10 minutes
    python -m ops.soak signals              200 processes told to end
    python -m ops.soak leaders              50 leaders killed, two followers each
    python -m ops.soak race                 20 processes started at once on nothing, 10 times
    python -m ops.soak week --minutes 7     a week of production, a minute a day
    python -m ops.soak subscribers          1,000 clients of its HTTP server, for two minutes
    """
    folder = nullcontext(str(data_dir)) if data_dir else tempfile.TemporaryDirectory(prefix="universe-soak-")
    with folder as path:
        if kind == "subscribers":
            from ops.soak_subscribers import soak_subscribers

            document = soak_subscribers(clients, seconds, Path(path), _note)
        else:
            document = _soak(kind, count, seed, only, minutes, Path(path))
    if as_json:
        print_json(document)
    else:
        print_table(["", ""], [(name, _shown(value)) for name, value in document.items()])
    return EXIT_DONE


def _soak(kind: str, count: int | None, seed: int, only: int | None, minutes: float, folder: Path) -> dict[str, Any]:
    """Do one kind of soak and return what was seen."""
    if kind == "kills":
        from ops.soak_kills import soak_kills

        return soak_kills(count or 500, seed, folder, _note, only)
    if kind == "signals":
        from ops.soak_signals import soak_signals

        return soak_signals(count or 200, seed, folder, _note)
    if kind == "leaders":
        from ops.soak_leaders import soak_leaders

        return soak_leaders(count or 50, seed, folder, _note)
    if kind == "race":
        from ops.soak_race import soak_race

        return soak_race(count or 10, seed, folder, _note)
    from ops.soak_week import soak_week

    return soak_week(minutes, seed, folder, _note)


def _shown(value: Any) -> str:
    return (
        json.dumps(value) if isinstance(value, dict | list) else f"{value:,}" if isinstance(value, int) else str(value)
    )


def _note(line: str) -> None:
    """Tell a person who watches how far it is."""
    if sys.stderr and sys.stderr.isatty():
        click.echo(line, err=True)


def main() -> int:
    """Run the command; a broken promise is one line on stderr."""
    try:
        code: int = soak_command.main(prog_name="soak", standalone_mode=False)
    except SoakError as broken:
        tell(str(broken))
        return EXIT_CHECK_FAILED
    return code


if __name__ == "__main__":
    sys.exit(main())
