"""The drill that the operator's page describes: a backup beside a running universe, a disaster, the way back."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.client import Client, connected
from tests.acceptance.program import Ended, done, refused, said, universe, wait_until

ROWS = "draw_date,main,bonus\n2000-06-07,1 2 3 4 5,6\n2000-06-10,2 3 4 5 6,7\n"
FAST = "[universe]\nlogical_day_seconds = 100\n"  # above two thousand draws a second
MAX_DRAWS = 12_000
FIXED = ("--epoch", "2000-06-07", "--max-draws", MAX_DRAWS)


def turn_a_digit(live: Path) -> None:
    """One bit of a real result: no page, no index of SQLite's is any the wiser."""
    data = bytearray(live.read_bytes())
    at = data.index(b"1 2 3 4 56")
    data[at + 6] ^= 1
    live.write_bytes(data)


def lose_half(live: Path) -> None:
    live.write_bytes(live.read_bytes()[: live.stat().st_size // 2])


HARMS: list[tuple[Callable[[Path], None], str, bool]] = [
    (turn_a_digit, "real_result, 2000-06-07", False),
    (lose_half, "damaged: .*universe restore", True),
]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The fingerprint of a universe to which nothing happened."""
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "rows.csv").write_text(ROWS, encoding="utf-8")
    where = ("--data-dir", folder / "data")
    done("ingest", *where, "--game", "GAME_001", "--results", folder / "rows.csv")
    done("simulate", *where, *FIXED, "--draws", MAX_DRAWS)
    found: str = done("status", *where)["fingerprint"]
    return found


def drawn(client: Client) -> int:
    (game,) = client.ask("get_universe_status")["games"]
    number: int = game["draw_number"]
    return number


@pytest.mark.parametrize(("harm", "named", "set_aside"), HARMS, ids=[harm.__name__ for harm, *_ in HARMS])
def test_the_drill(harm: Callable[[Path], None], named: str, set_aside: bool, undisturbed: str, tmp_path: Path) -> None:
    where, file = ("--data-dir", tmp_path / "data"), tmp_path / "backup.db"
    live = tmp_path / "data" / "prod" / "universe.db"
    (tmp_path / "rows.csv").write_text(ROWS, encoding="utf-8")
    (tmp_path / "config.toml").write_text(FAST, encoding="utf-8")
    run = (*where, "--config", tmp_path / "config.toml", *FIXED)
    ingest = ("ingest", *where, "--game", "GAME_001", "--results", tmp_path / "rows.csv")
    done(*ingest)
    with connected(*run, log=tmp_path / "first") as client:
        wait_until(30, lambda: drawn(client) > 1_000, 0.05)
        held = backed_up(where, file)
        assert held["real_results"] == 2
        wait_until(30, lambda: drawn(client) > held["draw_number"], 0.05)  # it goes on
        said(rf"\b{client.process.pid}\b", refused("restore", *where, file))
        client.process.kill()
        client.process.wait()
    assert done(*ingest)["already_present"] == 2  # whoever opens it next takes up what was in the log
    reached = done("status", *where)["games"][0]["draw_number"]
    assert reached > held["draw_number"]

    harm(live)
    found = universe("verify", *where)
    assert found.code == 1
    said(named, found.out)

    restored = done("restore", *where, file)
    assert restored["games"]["GAME_001"] == held
    assert [Path(name).name for name in restored["set_aside"][:1]] == (["universe.db.damaged-1"] if set_aside else [])
    if not set_aside:
        assert restored["replaced"]["games"]["GAME_001"]["draw_number"] == reached
    assert done("verify", *where, "--full")["ok"] is True
    assert done("status", *where)["games"][0]["draw_number"] == held["draw_number"]

    with connected(*run, log=tmp_path / "second") as client:
        assert client.ask("get_real_results")["results"]
        wait_until(60, lambda: drawn(client) == MAX_DRAWS, 0.1)
        assert client.finish()[0] == 0
    assert done("status", *where)["fingerprint"] == undisturbed
    assert done("verify", *where, "--full")["ok"] is True


def backed_up(where: tuple[object, ...], file: Path) -> Any:
    document = done("backup", *where, file)
    held = document["games"]["GAME_001"]
    assert document["draws_checked"] == held["draw_number"]
    return held


def test_a_backup_of_a_backup(tmp_path: Path) -> None:
    """A restored universe is one like any other: its backup says the same."""
    where, other = ("--mode", "test", "--data-dir", tmp_path / "a"), ("--mode", "test", "--data-dir", tmp_path / "b")
    done("simulate", *where, "--draws", 3_000)
    one = done("backup", *where, tmp_path / "one.db")
    done("restore", *other, tmp_path / "one.db")
    two = done("backup", *other, tmp_path / "two.db")
    same = ("universe_id", "games", "draws_checked", "bytes")
    assert {key: one[key] for key in same} == {key: two[key] for key in same}
    assert done("status", *where)["fingerprint"] == done("status", *other)["fingerprint"]


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB."""
    folder = tmp_path / "device"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("cannot mount here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(device: Path, left: int) -> None:
    """Leave only so much room."""
    room = os.statvfs(device)
    (device / "ballast").write_bytes(bytes(room.f_bavail * room.f_frsize - left))


def gave_up(ended: Ended) -> None:
    """Exit 3 and one line."""
    assert (ended.code, ended.out) == (3, ""), ended
    (line,) = ended.err.splitlines()
    said("^universe: .*: no room left on the device$", line)


def test_a_device_that_is_full_in_the_middle_of_a_backup(device: Path, tmp_path: Path) -> None:
    where, file = ("--mode", "test", "--data-dir", tmp_path / "data"), device / "backup.db"
    done("simulate", *where, "--draws", 5_000)
    done("backup", *where, file)
    before = file.read_bytes()
    done("simulate", *where, "--draws", 5_000)
    fill(device, left=len(before) // 2)
    gave_up(universe("backup", *where, file, "--force"))
    assert file.read_bytes() == before
    assert sorted(path.name for path in device.iterdir()) == ["backup.db", "ballast"]
    (device / "ballast").unlink()
    assert done("backup", *where, file, "--force")["games"]["GAME_001"]["draw_number"] == 10_000


def test_a_device_that_is_full_in_the_middle_of_a_restore(device: Path, tmp_path: Path) -> None:
    where, file = ("--mode", "test", "--data-dir", device / "data"), tmp_path / "backup.db"
    done("simulate", *where, "--draws", 5_000)
    done("backup", *where, file)
    done("simulate", *where, "--draws", 5_000)
    before = done("status", *where)["fingerprint"]
    fill(device, left=file.stat().st_size // 2)
    gave_up(universe("restore", *where, file))
    assert done("status", *where)["fingerprint"] == before
    assert done("verify", *where)["ok"] is True
    (device / "ballast").unlink()
    assert done("restore", *where, file)["games"]["GAME_001"]["draw_number"] == 5_000
    assert done("verify", *where)["ok"] is True
