"""``universe proof``: that a draw or a real result is in its log, that a log only grew, and the roots to hold it to."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, get_args

import apsw
import attrs
import click

from ops.options import DATE, DRAW_NUMBER, Target, json_option, one_game_option, target, universe_options
from ops.place import Mode
from ops.prepare import stored_games
from ops.terminal import Bars, print_json, print_text, progress_bars
from storage.connection import Location, open_reader, read_transaction, translated
from storage.proving import DrawLog, ResultLog, consistency_proof, draw_proof, result_proof, tree_head
from storage.registry import require_game_key, stored_clock
from universe.catalogue import find_game
from universe.compiled import KERNELS_DRAWS_MIN, load_kernel_module
from universe.errors import SettingsError
from universe.proofs import VERSION, ConsistencyProof, DrawProof, Head, LogName, Proof, ResultProof, proof_document

NO_BOUND = 2**62  # a command may take its time
CHECKER = Path(__file__).with_name("check_proof.py")


@attrs.frozen(kw_only=True)
class Wish:
    """What is to be proven; nothing: only the roots are asked for."""

    draw: int | None
    real: date | None
    from_size: int | None
    to_size: int | None
    tree_size: int | None
    log: LogName

    def check(self) -> None:
        """Raise SettingsError for options that do not go together."""
        asked = [name for name in ("draw", "real", "from_size") if getattr(self, name) is not None]
        if len(asked) > 1:
            names = " and ".join(f"--{name.replace('_', '-')}" for name in asked)
            raise SettingsError(f"{names}: one proof at a time")
        if self.to_size is not None and self.from_size is None:
            raise SettingsError(f"--to-size {self.to_size} needs --from-size, the size of the older tree")
        if self.tree_size is not None and (not asked or self.from_size is not None):
            raise SettingsError(f"--tree-size {self.tree_size} goes with --draw or --real; --to-size with --from-size")
        if self.log == "results" and self.from_size is None:
            raise SettingsError("--log results goes with --from-size; --real DATE proves a real result")


@click.command("proof")
@universe_options
@one_game_option
@click.option("--draw", type=DRAW_NUMBER, help="Prove that this draw is in the log of draws.")
@click.option("--real", type=DATE, help="Prove that this date's real result is in the log of results.")
@click.option("--tree-size", type=DRAW_NUMBER, help="In the tree over so many; by default over all there are.")
@click.option("--from-size", type=DRAW_NUMBER, help="Prove that the tree over so many was only added to.")
@click.option("--to-size", type=DRAW_NUMBER, help="Up to the tree over so many; by default over all there are.")
@click.option("--log", type=click.Choice(get_args(LogName)), default="draws", help="Which log, for --from-size.")
@click.option("--checker", is_flag=True, help="Print a program that checks proofs and needs nothing but Python.")
@json_option
@click.pass_context
def proof_command(
    ctx: click.Context,
    mode: Mode | None,
    data_dir: Path | None,
    config: Path | None,
    game: str | None,
    draw: int | None,
    real: date | None,
    tree_size: int | None,
    from_size: int | None,
    to_size: int | None,
    log: LogName,
    checker: bool,
    as_json: bool,
) -> None:
    """Prove a draw, a real result, or that a log only grew; by itself it prints the roots that proofs are held to.

    Each game has a log of its draws and one of its real results: Merkle trees by RFC 6962, whose root says what every
    draw is and in which order. Whoever has a root can check a proof without this program and without its data.

    \b
    universe proof                                          the roots, SIZE:HEX, to be published or kept
    universe proof --draw 1000 --json > proof.json
    universe proof --checker > check_proof.py
    python3 check_proof.py proof.json --root SIZE:HEX
    """
    if checker:
        print_text(CHECKER.read_text(encoding="utf-8").rstrip())
        return
    wish = Wish(draw=draw, real=real, tree_size=tree_size, from_size=from_size, to_size=to_size, log=log)
    wish.check()
    chosen = target(ctx, mode, data_dir, config)
    with _logs(chosen, game, wish, bars_wanted=not as_json) as (draws, results):
        if (proof := _proof(draws, results, wish)) is not None:
            document, text = proof_document(proof), _text(proof, chosen.mode)
        else:
            heads = {log.name: tree_head(log) for log in (draws, results) if log is not None}
            document, text = _heads_document(results.game_id, heads), _heads_text(results.game_id, heads)
    if as_json:
        print_json(document)
    else:
        print_text(text)


@contextmanager
def _logs(
    chosen: Target, game: str | None, wish: Wish, *, bars_wanted: bool
) -> Iterator[tuple[DrawLog | None, ResultLog]]:
    """Open the logs of a game as they are now; no log of draws before its simulation is initialised."""
    location = Location(chosen.place.database)
    stored, initialised = stored_games(location, chosen.mode)
    held = [*initialised, *(one.game_id for one in stored)]
    name = game or (held[0] if held else None)
    if name is None:
        raise SettingsError(f"{location}: no universe here; `universe run` or `universe simulate` makes one")
    found = find_game(name, chosen.known_games(stored))
    db = open_reader(location)
    try:
        with translated(location), read_transaction(db), progress_bars(wanted=bars_wanted) as bars:
            key = require_game_key(db, found.game_id)
            draws = None if stored_clock(db, key) is None else _draw_log(db, key, wish, bars)
            yield draws, ResultLog.of_game(db, key)
    finally:
        db.close()


def _draw_log(db: apsw.Connection, key: int, wish: Wish, bars: Bars) -> DrawLog:
    """Return the log of draws; what it lacks is made here and now, behind a bar where that takes a while."""
    log = attrs.evolve(DrawLog.of_game(db, key), missing_max=NO_BOUND)
    size = min(wish.tree_size or wish.to_size or log.watermark, log.watermark)
    if wish.real is not None or wish.log == "results" or size - log.logged < KERNELS_DRAWS_MIN:
        return log
    bars.start("proof", log.logged, size)
    load_kernel_module("merkle")
    return attrs.evolve(log, tick=lambda draw: bars.show("proof", draw))


def _proof(draws: DrawLog | None, results: ResultLog, wish: Wish) -> Proof | None:
    """Return what was asked for."""
    if wish.real is not None:
        return result_proof(results, wish.real, wish.tree_size)
    if wish.from_size is not None and wish.log == "results":
        return consistency_proof(results, wish.from_size, wish.to_size)
    if draws is None and (wish.draw or wish.from_size):
        raise SettingsError(f"{results.game_id}: its simulation is not initialised, so there are no draws to prove")
    if draws is not None and wish.from_size is not None:
        return consistency_proof(draws, wish.from_size, wish.to_size)
    if draws is not None and wish.draw is not None:
        return draw_proof(draws, wish.draw, wish.tree_size)
    return None


def _heads_document(game_id: str, heads: Mapping[LogName, Head]) -> dict[str, Any]:
    shown = {name: {"tree_size": head.tree_size, "root": head.root.hex()} for name, head in heads.items()}
    return {"version": VERSION, "game_id": game_id, **dict.fromkeys(get_args(LogName)), **shown}


def _heads_text(game_id: str, heads: Mapping[LogName, Head]) -> str:
    lines = "\n".join(f"{name:9}{head}" for name, head in heads.items())
    return f"{game_id}: the roots of its logs, SIZE:HEX. Publish or keep them: proofs are held to them.\n{lines}"


def _text(proof: Proof, mode: Mode) -> str:
    """Return a proof as a person reads it, and how somebody else checks it."""
    match proof:
        case DrawProof():
            wanted, facts = f"--draw {proof.draw_number} --tree-size {proof.head.tree_size}", _draw_facts(proof)
        case ResultProof():
            wanted, facts = f"--real {proof.draw_date} --tree-size {proof.head.tree_size}", _result_facts(proof)
        case ConsistencyProof():
            log = " --log results" if proof.log == "results" else ""
            wanted = f"--from-size {proof.old.tree_size} --to-size {proof.head.tree_size}{log}"
            facts = [("old root", str(proof.old))]
    facts += [("root", str(proof.head)), ("path", f"{len(proof.path)} hashes")]
    again = f"universe proof{' --mode test' if mode == 'test' else ''} --game {proof.game_id} {wanted} --json"
    known = proof.old if isinstance(proof, ConsistencyProof) else proof.head
    lines = [
        *(f"{name:9}{value}" for name, value in facts),
        "",
        "Checked without this program and without its data, by whoever has the root:",
        "",
        "universe proof --checker > check_proof.py",
        f"{again} > proof.json",
        f"python3 check_proof.py proof.json --root {known}",
    ]
    return "\n".join(lines)


def _draw_facts(proof: DrawProof) -> list[tuple[str, str]]:
    bonus = f" + {' '.join(map(str, proof.bonus_numbers))}" if proof.bonus_numbers else ""
    return [
        ("message", proof.message),
        ("numbers", f"{' '.join(map(str, proof.main_numbers))}{bonus}"),
        ("date", f"{proof.draw_date}, at {proof.draws_per_day} draws a day since {proof.epoch}"),
        ("rank", f"{proof.rank}"),
        ("leaf", f"{proof.leaf_index} (the rank in 8 bytes, big-endian)"),
    ]


def _result_facts(proof: ResultProof) -> list[tuple[str, str]]:
    return [("message", proof.message), ("leaf", f"{proof.leaf_index} (the message, in the order of storing)")]
