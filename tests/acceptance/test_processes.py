"""Several processes on one data directory: the leader, its followers, the commands beside it, the ways to end."""

import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.client import Client, connected
from tests.acceptance.program import cold, done, refused, running, said, saw, stop, universe, wait_until

PROMPT_SECONDS = 1.0  # "takes the change up within 1 s"
END_SECONDS = 2.0
ROWS = "draw_date,main,bonus\n2000-06-07,1 2 3 4 5,6\n"


def game_status(client: Client) -> Any:
    (game,) = client.ask("get_universe_status")["games"]
    return game


def test_ingest_and_extend_beside_a_running_production(tmp_path: Path) -> None:
    """The draws of the first date are compared with a result that arrives later; the milestone moves."""
    where = ("--data-dir", tmp_path / "data")
    (tmp_path / "rows.csv").write_text(ROWS, encoding="utf-8")
    options = (*where, "--epoch", "2000-06-07", "--max-draws", 40)
    with connected(*options, log=tmp_path / "log") as client:
        wait_until(60, lambda: game_status(client)["phase"] == "halted", 0.2)
        assert client.ask("get_match_events")["compared_draws"] == 0
        assert done("ingest", *where, "--game", "GAME_001", "--results", tmp_path / "rows.csv")["inserted"] == 1
        wait_until(PROMPT_SECONDS, lambda: client.ask("get_match_events")["compared_draws"] == 40)
        assert game_status(client)["real_results"]["count"] == 1
        done("extend", *where, "--game", "GAME_001", "--max-draws", 45)
        wait_until(PROMPT_SECONDS, lambda: game_status(client)["milestone"]["max_draws"] == 45)
        wait_until(30, lambda: game_status(client)["draw_number"] == 45, 0.2)
        totals = client.ask("get_match_events")
        assert totals["compared_draws"] == 45
        assert sum(level["observed"] for level in totals["totals"]) == 45
        pid = client.process.pid
        for command in (
            ("simulate", "--draws", 5),
            ("archive",),
        ):
            said(rf"\b{pid}\b", refused(*command, *where))
        code, seconds = client.finish()
    assert code == 0
    assert seconds < END_SECONDS


def test_reset_and_simulate_beside_a_running_test(tmp_path: Path) -> None:
    where = ("--mode", "test", "--data-dir", tmp_path / "data")
    with connected(*where, "--limit", 50, log=tmp_path / "log") as client:
        wait_until(30, lambda: saw(tmp_path / "log", "batch.committed"))
        for command in (("reset", "--yes"), ("simulate", "--draws", 5), ("archive",)):
            said(rf"\b{client.process.pid}\b", refused(*command, *where))
        assert done("status", *where)["games"][0]["draw_number"] == 50
        assert done("verify", *where)["ok"] is True
        assert len(universe("draws", *where, "--from", 1, "--to", 99, "--format", "jsonl").out.splitlines()) == 50


def test_a_follower_reads_and_takes_over(tmp_path: Path) -> None:
    where = ("--data-dir", tmp_path / "data")
    with connected(*where, log=tmp_path / "leader") as leader:
        wait_until(30, lambda: game_status(leader)["draw_number"] > 0, 0.2)
        assert leader.ask("get_universe_status")["universe"]["role"] == "leader"
        with connected(*where, log=tmp_path / "follower") as follower:
            status = follower.ask("get_universe_status")
            assert status["universe"]["role"] == "follower"
            assert status["universe"]["universe_id"] == leader.ask("get_universe_status")["universe"]["universe_id"]
            number = status["games"][0]["draw_number"]
            wait_until(20, lambda: game_status(follower)["draw_number"] > number, 0.2)
            assert follower.ask("verify_draw", draw_number=number)["stored"] is True
            leader.process.kill()
            leader.process.wait()
            wait_until(20, lambda: follower.ask("get_universe_status")["universe"]["role"] == "leader", 0.1)
            number = game_status(follower)["draw_number"]
            wait_until(20, lambda: game_status(follower)["draw_number"] > number, 0.2)
            assert follower.finish()[0] == 0
    assert done("verify", *where, "--full")["ok"] is True


def test_two_runs_started_at_once(tmp_path: Path) -> None:
    where = ("--data-dir", tmp_path / "data")
    with (
        connected(*where, log=tmp_path / "a", greet=False) as one,
        connected(*where, log=tmp_path / "b", greet=False) as two,
    ):
        for client in (one, two):
            client.greet()

        def roles() -> list[str]:
            return sorted(client.ask("get_universe_status")["universe"]["role"] for client in (one, two))

        wait_until(20, lambda: roles() == ["follower", "leader"], 0.1)
        wait_until(30, lambda: all(c.ask("get_universe_status")["games"] for c in (one, two)), 0.1)
        for client in (one, two):
            assert client.finish()[0] == 0


def test_two_simulations_at_once_lose_nothing(tmp_path: Path) -> None:
    where = ("simulate", "--mode", "test", "--data-dir", tmp_path, "--draws", 5_000, "--json")
    ended: list[Any] = []
    threads = [threading.Thread(target=lambda: ended.append(cold(*where))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.code for one in ended) in ([0, 0], [0, 2])
    made = sum(one.document["draws_generated"] for one in ended if one.code == 0)
    assert done("status", "--mode", "test", "--data-dir", tmp_path)["games"][0]["draw_number"] == made


@pytest.mark.parametrize(("mode", "how"), [("prod", signal.SIGTERM), ("test", signal.SIGINT)])
def test_a_signal_ends_a_run_without_clients(tmp_path: Path, mode: str, how: signal.Signals) -> None:
    log = tmp_path / "log"
    pace = ("--limit", 100_000, "--rate", 100) if mode == "test" else ()
    options = ("run", "--mode", mode, "--transport", "none", "--data-dir", tmp_path / "data", *pace, "--json")
    with running(*options, log=log) as process:
        wait_until(60, lambda: saw(log, "batch.committed"))
        assert stop(process, how) < END_SECONDS
        assert process.returncode == 0
    document = json.loads(log.with_suffix(".out").read_text(encoding="utf-8"))
    assert (document["mode"], document["games"]["GAME_001"]["phase"]) == (mode, "running")
    assert (document["fingerprint"] is None) == (mode == "prod")
    assert saw(log, "run.finished")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_server(tmp_path: Path, how: signal.Signals) -> None:
    with connected("--data-dir", tmp_path / "data", log=tmp_path / "log") as client:
        wait_until(30, lambda: saw(tmp_path / "log", "batch.committed"))
        assert stop(client.process, how) < END_SECONDS
        assert client.process.returncode == 0
        assert client.read() is None
    assert saw(tmp_path / "log", "run.finished")


def test_a_signal_ends_a_simulation(tmp_path: Path) -> None:
    log = tmp_path / "log"
    options = ("simulate", "--data-dir", tmp_path / "data", "--draws", 30_000_000, "--json")
    with running(*options, log=log) as process:
        wait_until(60, lambda: saw(log, "batch.committed"))
        stop(process, signal.SIGINT)
        assert process.returncode == 0
    document = json.loads(log.with_suffix(".out").read_text(encoding="utf-8"))
    assert 0 < document["draws_generated"] < 30_000_000
    assert done("verify", "--data-dir", tmp_path / "data")["ok"] is True


def test_the_end_of_stdin_ends_a_served_run_at_its_limit(tmp_path: Path) -> None:
    """The client stays connected past the limit; the summary is a log event, stdout protocol only."""
    with connected("--mode", "test", "--data-dir", tmp_path / "data", "--limit", 20, log=tmp_path / "log") as client:
        wait_until(30, lambda: game_status(client)["phase"] == "halted", 0.1)
        code, seconds = client.finish()
    assert (code, seconds < END_SECONDS) == (0, True)
    lines = (tmp_path / "log.err").read_text(encoding="utf-8").splitlines()
    (finished,) = (event for event in map(json.loads, lines) if event["event"] == "run.finished")
    assert (finished["draws_generated"], finished["games"]["GAME_001"]["halt_reason"]) == (20, "limit")


def test_a_test_run_that_nobody_ever_spoke_to_goes_on_to_its_limit(tmp_path: Path) -> None:
    ended = cold("run", "--mode", "test", "--data-dir", tmp_path, "--limit", 3_000, "--rate", 3_000)
    assert (ended.code, ended.out) == (0, "")
    assert done("status", "--mode", "test", "--data-dir", tmp_path)["games"][0]["draw_number"] == 3_000


def test_eof_ends_a_production_run_that_nobody_spoke_to(tmp_path: Path) -> None:
    ended = cold("run", "--data-dir", tmp_path)
    assert (ended.code, ended.out) == (0, "")
    ended.events()


def test_a_killed_server_left_nothing_half_done(tmp_path: Path) -> None:
    where = ("--mode", "test", "--data-dir", tmp_path / "data")
    log = tmp_path / "log"
    for limit in (60_000, 200_000):
        with running("run", *where, "--limit", limit, "--rate", 60_000, "--transport", "none", log=log) as process:
            wait_until(60, lambda: saw(log, "batch.committed"))
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        assert done("verify", *where, "--full")["ok"] is True
