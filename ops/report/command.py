"""``universe report``: one page about one game, for print, phone and screen."""

import sys
import time
from pathlib import Path

import click

from ops.options import PATH, json_option, one_game_option, target, universe_options
from ops.place import Mode, named_id
from ops.terminal import print_json, print_text
from storage.connection import Location


@click.command("report")
@universe_options
@one_game_option
@click.option(
    "--out", type=PATH, default=Path("report.html"), show_default=True, help="The page; replaces an older one."
)
@json_option
@click.pass_context
def report_command(
    ctx: click.Context,
    mode: Mode | None,
    data_dir: Path | None,
    config: Path | None,
    game: str | None,
    out: Path,
    as_json: bool,
) -> None:
    """Write one self-contained HTML page on a game: verdict, numbers, tests, evidence, strategies, sources.

    It needs no network and runs no program: it can be kept, printed and sent. Works beside a running universe.

    \b
    universe report --game GAME_001 --out report.html
    """
    from actors.historian import HISTORIAN
    from actors.prover import PROVER
    from ops.completing import complete
    from ops.report.gathering import gather
    from ops.report.page import page
    from ops.report.writing import require_room_for_report, write_report
    from ops.terminal import progress_bars
    from storage.reader import Reader

    began, file = time.monotonic(), out.absolute()
    require_room_for_report(file)
    chosen = target(ctx, mode, data_dir, config)
    location = Location(chosen.place.database)
    reader = Reader.open(location, chosen.mode)
    try:
        with reader.snapshot() as snapshot:
            game_id = snapshot.game(named_id(game) if game else None).game.game_id
    finally:
        reader.close()
    with progress_bars(wanted=not as_json) as bars:
        complete(chosen, game_id, (HISTORIAN, PROVER), bars)
    data = gather(location, chosen.mode, game_id, _announce)
    _announce("the page")
    size = write_report(file, page(data))
    found = data.fairness.verdict if data.fairness else None
    if as_json:
        print_json(
            {
                "game_id": game_id,
                "file": str(file),
                "bytes": size,
                "draw_number": data.synthetic.draws if data.synthetic else 0,
                "real_results": data.real.draws if data.real else 0,
                "global_p": found.p_value if found else None,
                "floor": found.floor if found else None,
                "seconds": round(time.monotonic() - began, 3),
            }
        )
    else:
        print_text(f"{file}: {size:,} bytes in {time.monotonic() - began:.1f} s")


def _announce(part: str) -> None:
    """Tell a person who watches what is computed next."""
    if sys.stderr and sys.stderr.isatty():
        click.echo(f"report: {part}", err=True)
