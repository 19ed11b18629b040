"""Many draws as processes make them, kernels or not, stopped or not: always the same universe."""

import signal
import subprocess
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.program import done, running, saw, stop, wait_until

DRAWS = 900_000  # of one game: enough that kernels are loaded, within a test universe's bound
GAMES = ("--game", "GAME_001", "--game", "GAME_004", "--game", "GAME_007")
PACE = ("--draws-per-day", 1_000)
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)


def status(data: Path) -> Any:
    return done("status", "--mode", "test", "--data-dir", data)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Fingerprints by the plain path alone: numba may not compile."""
    data = tmp_path_factory.mktemp("plain")
    where = ("--mode", "test", "--data-dir", data)
    done("simulate", *where, *GAMES, *PACE, "--draws", DRAWS, NUMBA_DISABLE_JIT="1")
    found = status(data)
    assert {game["draw_number"] for game in found["games"]} == {DRAWS}
    return {game["game_id"]: game["fingerprint"] for game in found["games"]}


def same(data: Path, plain: dict[str, str]) -> None:
    assert {game["game_id"]: (game["draw_number"], game["fingerprint"]) for game in status(data)["games"]} == {
        game_id: (DRAWS, fingerprint) for game_id, fingerprint in plain.items()
    }


def test_kernels_make_the_universe_that_the_plain_path_makes(plain: dict[str, str], tmp_path: Path) -> None:
    done("simulate", "--mode", "test", "--data-dir", tmp_path, *GAMES, *PACE, "--draws", DRAWS)
    same(tmp_path, plain)
    assert done("verify", "--mode", "test", "--data-dir", tmp_path, "--full")["ok"] is True


def test_a_run_makes_it_too(plain: dict[str, str], tmp_path: Path) -> None:
    for dry in ((), ("--dry-run",)):
        ran = done("run", "--mode", "test", "--data-dir", tmp_path, *GAMES, *PACE, "--limit", DRAWS, *dry)
        assert {game_id: game["fingerprint"] for game_id, game in ran["games"].items()} == plain
    same(tmp_path, plain)


def test_so_do_simulations_that_are_stopped_again_and_again(plain: dict[str, str], tmp_path: Path) -> None:
    """Each is stopped after a commit of its own, later and later, in another way than the one before."""
    data = tmp_path / "data"
    where = ("simulate", "--mode", "test", "--data-dir", data)
    stopped = 0
    for turn, how in enumerate(2 * SIGNALS):
        log = tmp_path / f"log{turn}"
        left = DRAWS - max(watermarks(data).values()) if turn else DRAWS
        if not left:
            break
        with running(*where, *GAMES, *PACE, "--draws", left, "--json", log=log) as process:
            wait_until(30, partial(committed_or_ended, log, process))
            time.sleep(0.01 * turn)
            stop(process, how)
            assert process.returncode == 0 or how == signal.SIGKILL or ended_by_itself(log)
        stopped += min(watermarks(data).values()) < DRAWS
    assert stopped >= 2
    for game_id, watermark in watermarks(data).items():
        if watermark < DRAWS:
            done(*where, "--game", game_id, "--draws", DRAWS - watermark)
    same(data, plain)
    assert done("verify", "--mode", "test", "--data-dir", data, "--full")["ok"] is True


def committed_or_ended(log: Path, process: "subprocess.Popen[bytes]") -> bool:
    return saw(log, "batch.committed") or process.poll() is not None


def ended_by_itself(log: Path) -> bool:
    """Whether the document was out when the signal came."""
    return bool(log.with_suffix(".out").read_text(encoding="utf-8"))


def watermarks(data: Path) -> dict[str, int]:
    return {game["game_id"]: game["draw_number"] for game in status(data)["games"]}
