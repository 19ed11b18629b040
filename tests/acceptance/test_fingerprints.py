"""Same inputs, same fingerprint: whatever happened on the way."""

import hashlib
import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import DRAWS, Asked
from tests.acceptance.program import cold, done, events_of, running, saw, stop, wait_until

LIMIT = 10_000


def fingerprint_of(document: Any, game_id: str = "GAME_001") -> str:
    """A game's fingerprint out of a run's document or a status."""
    games = document["games"]
    game = games[game_id] if isinstance(games, dict) else next(g for g in games if g["game_id"] == game_id)
    assert len(game["fingerprint"]) == 64
    found: str = game["fingerprint"]
    return found


@pytest.fixture(scope="module")
def dry() -> Any:
    return done("run", "--mode", "test", "--limit", LIMIT, "--dry-run")


def test_the_document_of_a_dry_run(dry: Any) -> None:
    game = dry["games"]["GAME_001"]
    assert dry.keys() >= {"mode", "dry_run", "draws_generated", "fingerprint", "seconds", "games"}
    assert (dry["mode"], dry["dry_run"], dry["draws_generated"]) == ("test", True, LIMIT)
    assert (game["draw_number"], game["draw_date"]) == (LIMIT, "2000-06-17")
    assert (game["phase"], game["halt_reason"]) == ("halted", "limit")
    assert game["draws_per_second"] > 0
    of_games = "".join(f"{name}:{each['fingerprint']}\n" for name, each in sorted(dry["games"].items()))
    assert dry["fingerprint"] == hashlib.sha256(of_games.encode()).hexdigest()


def test_a_dry_run_leaves_nothing_and_reads_nothing(dry: Any, tmp_path: Path) -> None:
    data = tmp_path / "data"
    ended = cold("run", "--mode", "test", "--limit", LIMIT, "--dry-run", "--json", "--data-dir", data)
    assert (ended.code, ended.document["fingerprint"]) == (0, dry["fingerprint"])
    assert not list(tmp_path.iterdir())
    ended.events()
    data.write_text("in the way", encoding="utf-8")
    again = done("run", "--mode", "test", "--limit", LIMIT, "--dry-run", "--data-dir", data)
    assert again["fingerprint"] == dry["fingerprint"]


def test_pieces_pauses_and_rates_make_no_difference(dry: Any, tmp_path: Path) -> None:
    where = ("--mode", "test", "--data-dir", tmp_path)
    done("run", *where, "--limit", 1_234)
    assert done("simulate", *where, "--draws", 1)["draw_number"] == 1_235
    done("simulate", *where, "--until", "2000-06-11")
    half = done("run", *where, "--limit", 6_000, "--rate", 5_000)
    assert half["games"]["GAME_001"]["draw_number"] == 6_000
    whole = done("run", *where, "--limit", LIMIT)
    assert whole["draws_generated"] == LIMIT - 6_000
    assert fingerprint_of(whole) == fingerprint_of(dry)
    assert whole["fingerprint"] == dry["fingerprint"]
    status = done("status", *where)
    assert fingerprint_of(status) == fingerprint_of(dry)
    assert status["fingerprint"] == dry["fingerprint"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_run_resumed(dry: Any, tmp_path: Path, how: signal.Signals) -> None:
    where = ("run", "--mode", "test", "--data-dir", tmp_path / "data", "--limit", LIMIT, "--json")
    log = tmp_path / "log"
    with running(*where, "--rate", 2_000, log=log) as process:
        wait_until(30, lambda: saw(log, "batch.committed"))
        time.sleep(0.3)
        seconds = stop(process, how)
        if how != signal.SIGKILL:
            assert process.returncode == 0
            assert seconds < 2
            first = universe_document(log)
            assert 0 < first["draws_generated"] < LIMIT
            assert first["games"]["GAME_001"]["phase"] == "running"
    rest = done(*where[:-1])
    assert 0 < rest["draws_generated"] < LIMIT
    assert rest["games"]["GAME_001"]["draw_number"] == LIMIT
    assert rest["fingerprint"] == dry["fingerprint"]
    assert done("verify", "--mode", "test", "--data-dir", tmp_path / "data", "--full")["ok"] is True


def universe_document(log: Path) -> Any:
    events_of(log)
    (line,) = log.with_suffix(".out").read_text(encoding="utf-8").splitlines()
    return json.loads(line)


def test_results_before_or_after_the_draws(first: Asked, late: Asked) -> None:
    one = done("status", "--mode", "test", "--data-dir", first.data)
    two = done("status", "--mode", "test", "--data-dir", late.data)
    assert fingerprint_of(one) == fingerprint_of(two)
    assert one["fingerprint"] == two["fingerprint"]
    bare = done("run", "--mode", "test", "--limit", DRAWS, "--dry-run")
    assert fingerprint_of(one) != fingerprint_of(bare)


def test_the_milestone_and_conflicts_are_not_in_it(dry: Any, tmp_path: Path) -> None:
    where = ("--mode", "test", "--data-dir", tmp_path)
    done("simulate", *where, "--draws", LIMIT, "--max-draws", 12_000)
    assert fingerprint_of(done("status", *where)) == fingerprint_of(dry)
    done("extend", *where, "--game", "GAME_001", "--max-draws", 13_000)
    assert fingerprint_of(done("status", *where)) == fingerprint_of(dry)


def test_epoch_and_pace_are_in_it(dry: Any) -> None:
    other = done("run", "--mode", "test", "--limit", LIMIT, "--dry-run", "--draws-per-day", 999)
    assert fingerprint_of(other) != fingerprint_of(dry)
    both = ("--game", "GAME_001", "--game", "GAME_004")
    two = done("run", "--mode", "test", "--limit", LIMIT, "--dry-run", *both)
    assert fingerprint_of(two) == fingerprint_of(dry)
    assert two["draws_generated"] == 2 * LIMIT
    of_games = "".join(f"{name}:{each['fingerprint']}\n" for name, each in sorted(two["games"].items()))
    assert two["fingerprint"] == hashlib.sha256(of_games.encode()).hexdigest()
