"""``backup`` and ``restore`` as commands: what they say, what they refuse, and that a refusal changes nothing."""

import io
import os
import re
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from ops import backup
from storage.lock import LeaderLock
from storage.whole_file import copy_pages
from tests.ops.calling import Call
from tests.storage.old_universes import write_schema_2

TEST = ("--mode", "test")


@pytest.fixture
def universe(call: Call) -> Call:
    """A test universe with 1,005 draws of GAME_001."""
    assert call(*TEST, "simulate", "--draws", 1_005, "--json").document["draw_number"] == 1_005
    return call


@pytest.fixture
def file(universe: Call, tmp_path: Path) -> Path:
    """Its backup."""
    path = tmp_path / "backup.db"
    assert universe("backup", *TEST, path).code == 0
    return path


def fingerprint(call: Call) -> str:
    print_: str = call("status", *TEST, "--json").document["fingerprint"]
    return print_


def test_a_backup_tells_what_is_in_it(universe: Call, tmp_path: Path) -> None:
    path = tmp_path / "backup.db"
    document = universe("backup", *TEST, path, "--json").document
    assert document == {
        "file": str(path),
        "bytes": path.stat().st_size,
        "universe_id": universe("status", *TEST, "--json").document["universe"]["universe_id"],
        "games": {"GAME_001": {"draw_number": 1_005, "real_results": 0}},
        "draws_checked": 1_005,
        "seconds": document["seconds"],
    }
    assert (
        universe("backup", *TEST, path).refusal == f"{path}: exists; --force replaces an older backup of this universe"
    )
    shown = universe("backup", *TEST, path, "--force")
    assert shown.code == 0
    assert re.match(rf"{path}: [\d,]+ bytes, 1,005 draws checked, universe [0-9a-f]{{32}}\n", shown.out)
    assert shown.out.splitlines()[-1].split() == ["GAME_001", "1,005", "0"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["backup.db", "data"]


def test_a_relative_name_is_of_the_working_directory(
    universe: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert universe("backup", *TEST, "copy.db", "--json").document["file"] == str(tmp_path / "copy.db")


def test_a_backup_refuses(universe: Call, call: Call, data: Path, tmp_path: Path) -> None:
    live = data / "test" / "universe.db"
    assert "the universe itself is here" in universe("backup", *TEST, live, "--force").refusal
    assert "No such file or directory" in universe("backup", *TEST, tmp_path / "none" / "b.db").refusal
    assert "no universe here" in call("backup", tmp_path / "b.db").refusal  # of the other mode
    assert "Missing argument 'FILE'" in call("backup", *TEST).refusal
    assert [one.name for one in tmp_path.iterdir()] == ["data"]


def test_a_full_disk_ends_a_backup_in_one_line(file: Path, universe: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file.read_bytes()

    def full(*_: object) -> None:
        raise apsw.FullError("database or disk is full")

    monkeypatch.setattr("storage.whole_file.copy_pages", full)
    called = universe("backup", *TEST, file, "--force")
    assert (called.code, called.out) == (3, "")
    assert called.err == f"universe: {file}: no room left on the device\n"
    assert file.read_bytes() == before
    assert sorted(one.name for one in file.parent.iterdir()) == ["backup.db", "data"]


def test_a_damaged_universe_is_not_backed_up(universe: Call, data: Path, tmp_path: Path) -> None:
    changed(data / "test" / "universe.db", "UPDATE hot_tail SET ranks = zeroblob(length(ranks))")
    called = universe("backup", *TEST, tmp_path / "b.db")
    assert called.code in {1, 2}
    assert called.err.startswith(f"universe: {tmp_path / 'b.db'}: damaged: GAME_001, hot_tail, draw ")
    assert [one.name for one in tmp_path.iterdir()] == ["data"]


def changed(path: Path, statement: str) -> None:
    db = apsw.Connection(str(path))
    db.execute(statement)
    db.pragma("wal_checkpoint")
    db.close()


def test_a_restore_goes_back_and_tells_what_was_lost(file: Path, universe: Call, data: Path) -> None:
    before = fingerprint(universe)
    universe("simulate", *TEST, "--draws", 500)
    document = universe("restore", *TEST, file, "--json").document
    assert document == {
        "file": str(file),
        "bytes": file.stat().st_size,
        "universe_id": document["universe_id"],
        "games": {"GAME_001": {"draw_number": 1_005, "real_results": 0}},
        "draws_checked": 1_005,
        "seconds": document["seconds"],
        "replaced": {
            "universe_id": document["universe_id"],
            "games": {"GAME_001": {"draw_number": 1_505, "real_results": 0}},
        },
        "set_aside": [],
    }
    assert fingerprint(universe) == before
    universe("simulate", *TEST, "--draws", 7)
    shown = universe("restore", *TEST, file).out.splitlines()
    assert re.fullmatch(rf"{data / 'test' / 'universe.db'}: universe [0-9a-f]{{32}}, 1,005 draws checked", shown[0])
    assert shown[2].split() == ["GAME_001", "1,012", "1,005", "0", "0"]


def test_a_restore_makes_a_universe_where_none_is(file: Path, universe: Call, tmp_path: Path) -> None:
    where = (*TEST, "--data-dir", tmp_path / "other")
    document = universe("restore", *where, file, "--json").document
    assert (document["replaced"], document["set_aside"]) == (None, [])
    assert universe("status", *where, "--json").document["fingerprint"] == fingerprint(universe)
    assert universe("simulate", *where, "--draws", 3, "--json").document["draw_number"] == 1_008


@pytest.mark.parametrize("code", [0, 3])
def test_another_universe_goes_only_by_yes(file: Path, universe: Call, tmp_path: Path, code: int) -> None:
    where = (*TEST, "--data-dir", tmp_path / "other")
    universe("simulate", *where, "--draws", 5)
    line = universe("restore", *where, file).refusal
    assert re.search(r"is universe [0-9a-f]{32} \(GAME_001: 5 draws, 0 real results\), ", line)
    assert re.search(r"is another, [0-9a-f]{32} \(GAME_001: 1,005 draws, .*takes --yes$", line)
    assert universe("status", *where, "--json").document["games"][0]["draw_number"] == 5
    if code == 0:
        assert universe("restore", *where, file, "--yes").code == 0
        assert universe("status", *where, "--json").document["fingerprint"] == fingerprint(universe)


class Answering(io.StringIO):
    """A person at a terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.mark.parametrize(("answer", "left"), [("y\n", 1_005), ("n\n", 1_010), ("", 1_010)])
def test_a_person_is_asked_before_anything_is_lost(
    file: Path, universe: Call, monkeypatch: pytest.MonkeyPatch, answer: str, left: int
) -> None:
    monkeypatch.setattr("sys.stdin", Answering(""))
    assert universe("restore", *TEST, file).code == 0  # nothing would be lost: no question
    universe("simulate", *TEST, "--draws", 5)
    monkeypatch.setattr("sys.stdin", Answering(answer))
    shown = universe("restore", *TEST, file)
    assert "Replace it?" in shown.err
    assert universe("status", *TEST, "--json").document["games"][0]["draw_number"] == left


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def one_rank(path: Path) -> None:
    changed(path, "UPDATE hot_tail SET ranks = zeroblob(length(ranks))")


def of_tomorrow(path: Path) -> None:
    changed(path, "PRAGMA user_version = 99")


def of_production(path: Path) -> None:
    changed(path, f"PRAGMA application_id = {0x534C5550}")


def a_letter(path: Path) -> None:
    path.write_text("a letter to a friend, long enough to be no database" * 99, encoding="utf-8")


def emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (cut, "damaged"),
        (one_rank, "damaged: GAME_001, hot_tail, draw "),
        (of_tomorrow, "schema 99 is newer than this program's 4"),
        (of_production, "a prod universe, and --mode is test"),
        (a_letter, "not a universe"),
        (emptied, "not a universe"),
        (Path.unlink, "no such file"),
    ],
)
def test_what_is_no_sound_backup_is_refused_in_one_line(
    file: Path, universe: Call, data: Path, harm: Callable[[Path], None], says: str
) -> None:
    harm(file)
    universe("simulate", *TEST, "--draws", 5)
    before = fingerprint(universe)
    for where in ((), ("--data-dir", file.parent / "none")):
        called = universe("restore", *TEST, *where, file, "--yes")
        assert called.code in {1, 2}
        (line,) = [line for line in called.err.splitlines() if not line.startswith("{")]
        assert line.startswith(f"universe: {file}: ")
        assert says in line
    assert fingerprint(universe) == before
    assert not (file.parent / "none").exists()
    assert not list((data / "test").glob("*damaged*"))


def test_a_directory_and_the_universe_itself_are_no_backup(universe: Call, data: Path, tmp_path: Path) -> None:
    assert "not a file" in universe("restore", *TEST, tmp_path).refusal
    assert "this is the universe itself" in universe("restore", *TEST, data / "test" / "universe.db").refusal


def test_no_process_may_simulate_meanwhile(file: Path, universe: Call, data: Path) -> None:
    with LeaderLock(data / "test").require("the test"):
        assert f"process {os.getpid()} works in" in universe("restore", *TEST, file).refusal


def test_a_damaged_universe_is_kept_beside_its_restore(file: Path, universe: Call, data: Path) -> None:
    before, live = fingerprint(universe), data / "test" / "universe.db"
    cut(live)
    harmed = live.read_bytes()
    assert universe("verify", *TEST, "--json").code == 1
    shown = universe("restore", *TEST, file)
    assert shown.code == 0
    aside = live.with_name("universe.db.damaged-1")
    assert shown.out.startswith(f"damaged, kept as {aside}\n")
    assert aside.read_bytes() == harmed
    assert fingerprint(universe) == before
    assert universe("simulate", *TEST, "--draws", 3, "--json").document["draw_number"] == 1_008
    assert universe("verify", *TEST).code == 0


def test_an_older_backup_is_restored_as_a_universe_of_today(call: Call, tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    write_schema_2(old, "test")
    document = call("restore", *TEST, old, "--json").document
    assert document["games"] == {"GAME_001": {"draw_number": 2_500, "real_results": 3}}
    assert call("verify", *TEST, "--full").code == 0


def test_an_interrupted_restore_leaves_what_was(file: Path, universe: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    universe("simulate", *TEST, "--draws", 5)
    before = fingerprint(universe)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(backup, "replace_content", interrupted)
        assert universe("restore", *TEST, file).out == ""
    assert fingerprint(universe) == before
    assert copy_pages is not interrupted
