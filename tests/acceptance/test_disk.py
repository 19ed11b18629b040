"""A device that is full, read-only or forbidden: said clearly, reads go on, and all goes on when the cause is gone."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.client import Client, connected
from tests.acceptance.program import ROOT, done, environment, said, universe, wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounts file systems")

FAST = "[universe]\nlogical_day_seconds = 200\n"  # above a thousand draws a second
NOBODY = 65_534


@pytest.fixture
def device() -> Iterator[Path]:
    """A file system of 24 MB."""
    folder = Path(tempfile.mkdtemp(prefix="device-"))
    folder.chmod(0o755)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0777", "tmpfs", folder], check=False)
    if mounted.returncode:
        pytest.skip("cannot mount here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
        folder.rmdir()


@pytest.fixture
def fast(tmp_path: Path) -> Path:
    path = tmp_path / "fast.toml"
    path.write_text(FAST, encoding="utf-8")
    return path


def fill(device: Path) -> Path:
    """Take all room."""
    ballast = device / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return ballast


@contextlib.contextmanager
def read_only(device: Path) -> Iterator[None]:
    subprocess.run(["mount", "-o", "remount,ro", device], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", device], check=True)


def game(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.ask("get_universe_status")["games"][0]
    return found


def role(client: Client) -> str:
    found: str = client.ask("get_universe_status")["universe"]["role"]
    return found


def parked(client: Client) -> Callable[[], bool]:
    return lambda: game(client)["parked"] is not None


def drawing(client: Client) -> Callable[[], bool]:
    number = game(client)["draw_number"]
    return lambda: game(client)["draw_number"] > number and game(client)["parked"] is None


def test_a_full_disk_parks_the_simulation_until_there_is_room(device: Path, fast: Path, tmp_path: Path) -> None:
    where = ("--data-dir", device / "data")
    with connected(*where, "--config", fast, log=tmp_path / "log") as client:
        wait_until(30, lambda: game(client)["draw_number"] > 0, 0.1)
        ballast = fill(device)
        wait_until(30, parked(client), 0.1)
        said("bytes are free|no room left", game(client)["parked"]["reason"])
        number = game(client)["draw_number"]
        assert client.ask("get_latest_draws")["draws"][0]["draw_number"] == number
        assert client.ask("get_frequency_stats")["total_draws"] == number
        assert done("verify", *where)["ok"] is True
        ballast.unlink()
        wait_until(20, drawing(client), 0.1)
        assert client.finish()[0] == 0
    assert done("verify", *where, "--full")["ok"] is True


@pytest.mark.parametrize("killed", [False, True], ids=["closed", "killed"])
def test_a_start_on_a_full_disk_serves_reads_and_goes_on_when_there_is_room(
    device: Path, fast: Path, tmp_path: Path, killed: bool
) -> None:
    where = ("--data-dir", device / "data")
    number = make_universe(device, tmp_path, fast, killed=killed)
    ballast = fill(device)
    with connected(*where, "--config", fast, log=tmp_path / "log") as client:
        wait_until(20, parked(client), 0.1)
        assert client.ask("get_latest_draws")["draws"][0]["draw_number"] == number
        assert universe("status", *where).code == 0
        ballast.unlink()
        wait_until(20, drawing(client), 0.1)
        assert role(client) == "leader"
        assert client.finish()[0] == 0
    assert done("verify", *where, "--full")["ok"] is True


def make_universe(device: Path, tmp_path: Path, fast: Path, *, killed: bool) -> int:
    """Leave a universe behind, closed or killed; returns its last draw."""
    with connected("--data-dir", device / "data", "--config", fast, log=tmp_path / "before") as client:
        wait_until(30, lambda: game(client)["draw_number"] > 0, 0.1)
        if killed:
            client.process.send_signal(signal.SIGKILL)
            client.process.wait()
        else:
            assert client.finish()[0] == 0
    number: int = done("status", "--data-dir", device / "data")["games"][0]["draw_number"]
    return number


@pytest.mark.parametrize("killed", [False, True], ids=["closed", "killed"])
def test_a_read_only_directory_is_read_and_led_once_it_can_be_written(
    device: Path, fast: Path, tmp_path: Path, killed: bool
) -> None:
    where = ("--data-dir", device / "data")
    number = make_universe(device, tmp_path, fast, killed=killed)
    with contextlib.ExitStack() as later:
        with read_only(device):
            assert done("verify", *where, "--full")["draws_checked"] == number
            assert len(universe("draws", *where, "--format", "jsonl").out.splitlines()) == number
            for command in (("simulate", "--draws", 5), ("extend", "--max-draws", 10**9), ("archive",)):
                ended = universe(*command, *where)
                assert ended.code in {2, 3}
                said("read-only", ended.err)
            client = later.enter_context(connected(*where, "--config", fast, log=tmp_path / "log"))
            wait_until(20, lambda: role(client) == "reader", 0.1)
            said("read-only", game(client)["parked"]["reason"])
            assert client.ask("get_latest_draws")["draws"][0]["draw_number"] == number
        wait_until(20, drawing(client), 0.1)
        assert role(client) == "leader"
        assert client.finish()[0] == 0
    assert done("verify", *where, "--full")["ok"] is True


def test_a_run_without_clients_says_what_is_wrong_and_ends(device: Path) -> None:
    where = ("--data-dir", device / "data")
    with read_only(device):
        ended = universe("run", *where, "--json")
    assert ended.code == 2
    said("universe: .*[Rr]ead-only", ended.err)
    done("simulate", *where, "--draws", 10)
    with read_only(device):
        ended = universe("run", *where, "--json")
    assert ended.code == 3
    said("universe: .*[Rr]ead-only", ended.err)


AS_NOBODY = f"""
import os, sys
import ops.check, ops.keep, ops.look, ops.main, ops.process, ops.simulate, ops.succession, ops.system
os.setuid({NOBODY})
ops.main.main(sys.argv[1:])
"""


def test_other_peoples_universe(device: Path) -> None:
    """Its files are private: another user is told so in a line, whatever they ask."""
    data = device / "data"
    done("simulate", "--data-dir", data, "--draws", 10)
    for path in [data / "prod", *sorted((data / "prod").iterdir())]:
        assert path.stat().st_mode & 0o077 == 0, path
    for command in (("status",), ("run", "--json"), ("verify",), ("simulate", "--draws", 5), ("draws",)):
        ended = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, *map(str, command), "--data-dir", data],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode in {2, 3}, ended.stderr
        plain = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
        assert len(plain) == 1, ended.stderr
        said("permission denied|cannot be opened|not readable", plain[0])


def test_a_replaced_database_is_noticed_by_who_reads_it(tmp_path: Path, fast: Path) -> None:
    """A follower beside a reset, or a directory put in the place of another, does not go on reading what is gone."""
    data, other = tmp_path / "data", tmp_path / "other"
    for folder, draws in ((data, 10), (other, 20)):
        done("simulate", "--data-dir", folder, "--draws", draws)
    with connected("--data-dir", data, "--config", fast, log=tmp_path / "leader") as leader:
        wait_until(20, lambda: role(leader) == "leader", 0.1)
        with connected("--data-dir", data, "--config", fast, log=tmp_path / "follower") as follower:
            wait_until(20, lambda: role(follower) == "follower", 0.1)
            assert leader.finish()[0] == 0
            wait_until(20, lambda: role(follower) == "leader", 0.1)
            shutil.rmtree(data / "prod")
            follower.process.wait(20)
            assert follower.process.returncode == 3
    said("lock: .*No such file", (tmp_path / "follower.err").read_text(encoding="utf-8"))
