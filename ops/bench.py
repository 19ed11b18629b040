"""The project's own benchmark: ``python -m ops.bench [--json] [--draws N] [--quick] [--pace-seconds S]``.

What it measures on is thrown away. Rates are this machine's, at this moment: compare figures of one run, or runs that
took turns, and look at the load that stands beside them.
"""

import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

import apsw
import attrs
import click
import numpy as np

from ops.bench_draws import pipeline, stages
from ops.bench_process import dry_run, production_pace, start_up
from ops.bench_tools import tools
from ops.exits import EXIT_BAD_INPUT, EXIT_DONE, failure_code, tell
from ops.run import LIMIT_DRAWS, LIMIT_DRAWS_MAX
from ops.terminal import print_json, print_table, print_text
from universe import __version__
from universe.catalogue import shipped_games
from universe.errors import UniverseError

GAMES = ("GAME_001", "GAME_006", "GAME_007")  # small and large, a drum of its own and the rest of one
TOOLS_GAME = "GAME_001"


@attrs.frozen(kw_only=True)
class Scale:
    """How much is measured. ``pace_seconds`` 0: the production pace is left out."""

    draws: int = 500_000
    reference_draws: int = 20_000
    pipelines: int = 3
    tools_draws: int = 200_000
    tools_calls: int = 300
    processes: int = 5
    pace_seconds: float = 0.0


QUICK = Scale(draws=50_000, reference_draws=5_000, pipelines=1, tools_draws=60_000, tools_calls=50, processes=1)


def run_benchmark(scale: Scale, folder: Path) -> dict[str, Any]:
    """Measure everything, in an empty folder; returns the document."""
    known = shipped_games()
    games = {game_id: known[game_id] for game_id in GAMES}
    return {
        "machine": machine(),
        "scale": attrs.asdict(scale),
        "pipeline": {
            game_id: pipeline(game, scale.draws, scale.reference_draws, scale.pipelines, folder / "pipeline" / game_id)
            for game_id, game in games.items()
        },
        "stages": {game_id: stages(game, scale.draws, folder / "stages" / game_id) for game_id, game in games.items()},
        "start_up": start_up(scale.processes, folder / "start_up"),
        "tools": tools(known[TOOLS_GAME], scale.tools_draws, scale.tools_calls, folder / "tools"),
        "dry_run": dry_run(LIMIT_DRAWS, scale.processes, folder / "dry_run"),
        "production_pace": production_pace(scale.pace_seconds, folder / "pace") if scale.pace_seconds else None,
    }


def machine() -> dict[str, Any]:
    """Return what figures depend on: the machine, how busy it is, and the versions that do the work."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "python": platform.python_version(),
        "numpy": np.__version__,
        "sqlite": apsw.sqlite_lib_version(),
        "universe": __version__,
    }


def print_benchmark(document: dict[str, Any]) -> None:
    """Print the document for a person: one table a part."""
    print_text("  ".join(f"{name} {value}" for name, value in document["machine"].items()))
    for name in ("pipeline", "stages", "tools"):
        by_row = document[name]
        columns = list(next(iter(by_row.values())))
        print_text("")
        print_table([name, *columns], [(row, *(shown(one[key]) for key in columns)) for row, one in by_row.items()])
    for name in ("start_up", "dry_run", "production_pace"):
        if one := document[name]:
            print_text("")
            print_table([name, *one], [("", *map(shown, one.values()))])


def shown(value: Any) -> str:
    """Return a figure as a person reads it."""
    return f"{value:,}" if isinstance(value, int | float) else str(value)


@click.command("bench")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--draws", type=click.IntRange(1, LIMIT_DRAWS_MAX), help="Draws of each game (default 500,000).")
@click.option("--quick", is_flag=True, help="A tenth of everything: to see whether it works.")
@click.option("--pace-seconds", type=click.FloatRange(0), default=0.0, help="Also the production pace, for so long.")
def bench_command(*, as_json: bool, draws: int | None, quick: bool, pace_seconds: float) -> None:
    """Measure draws a second, stages, start-up, answers and a dry run."""
    scale = attrs.evolve(QUICK if quick else Scale(), pace_seconds=pace_seconds)
    scale = attrs.evolve(scale, draws=draws or scale.draws)
    with tempfile.TemporaryDirectory(prefix="universe-bench-") as folder:
        document = run_benchmark(scale, Path(folder))
    if as_json:
        print_json(document)
    else:
        print_benchmark(document)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark and return its exit code; what the program refuses is one line."""
    try:
        bench_command.main(args=arguments, prog_name="python -m ops.bench", standalone_mode=False)
    except click.ClickException as error:
        tell(error.format_message())
        return EXIT_BAD_INPUT
    except UniverseError as failure:
        return failure_code(failure)
    return EXIT_DONE


if __name__ == "__main__":
    sys.exit(main())
