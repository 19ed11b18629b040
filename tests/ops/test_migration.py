"""An older universe under the commands: those that write migrate it, killed in the middle or not; the others say so."""

import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import apsw
import pytest
import trio
from structlog.testing import capture_logs

from ops.life import Life
from ops.prepare import Opened
from ops.succession import stand_by
from storage.lock import LeaderLock
from tests.ops.calling import Call
from tests.ops.monitoring import options_of
from tests.storage.old_universes import write_schema_2
from tests.storage.test_schema import content_of

ROOT = Path(__file__).resolve().parents[2]
TEST = ("--mode", "test")
OLDER = "schema 2 is older than 4; `universe run` migrates it"
KILLED_LATE = """
import sys, time
from storage import evidence
whole = evidence.keep_all_evidence
def keep_all_evidence(db):
    whole(db)
    assert db.execute("SELECT count(*) FROM evidence").get
    print("in the middle", flush=True)
    time.sleep(60)
evidence.keep_all_evidence = keep_all_evidence
from ops.main import main
main(sys.argv[1:])
"""


@pytest.fixture
def old(call: Call, data: Path) -> Path:
    """The file of a test universe of schema 2; beside ``call``, whose directory it fills."""
    assert callable(call)
    (data / "test").mkdir(parents=True)
    path = data / "test" / "universe.db"
    write_schema_2(path, "test")
    return path


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A file with the result of a date that the old universe has none of."""
    file = tmp_path / "results.csv"
    file.write_text("draw_date,main,bonus\n2018-12-08,1 2 3 4 5,6\n", encoding="utf-8")
    return file


def schema_of(path: Path) -> int:
    db = apsw.Connection(str(path))
    version: int = db.pragma("user_version")
    db.close()
    return version


WRITING = (
    "simulate --draws 10",
    "run --transport none --limit 2510",
    "extend --max-draws 40000000",
    "archive",
    "ingest",
)


@pytest.mark.parametrize("words", WRITING)
def test_a_command_that_writes_migrates_first_and_tells(words: str, call: Call, old: Path, results: Path) -> None:
    command, *options = words.split()
    called = call(command, *TEST, *options, *(["--results", results] if command == "ingest" else []))
    assert called.code == 0, called.err
    begun = [line for line in called.err.splitlines() if "migration.begun" in line]
    assert len(begun) == 1
    assert f'"file": "{old}", "schema": 2, "becomes": 4' in begun[0]
    assert call("verify", *TEST, "--full").code == 0
    again = call(command, *TEST, *options, *(["--results", results] if command == "ingest" else []))
    assert "migration.begun" not in again.err


READING = ("status", "verify", "draws", "fairness", "proof --draw 5", "report", "backtest --strategy random")


@pytest.mark.parametrize("words", READING)
def test_a_command_that_reads_says_what_migrates_and_leaves_it(
    words: str, call: Call, old: Path, tmp_path: Path
) -> None:
    command, *options = words.split()
    more = ["--out", tmp_path / "report.html"] if command == "report" else []
    called = call(command, *options, *TEST, *more)
    assert (called.code in {1, 2}, OLDER in called.err + called.out) == (True, True), called
    assert schema_of(old) == 2


def test_a_backup_of_it_is_of_today_and_it_stays_as_it_is(call: Call, old: Path, tmp_path: Path) -> None:
    before, copy = content_of(old), tmp_path / "copy.db"
    document = call("backup", *TEST, copy, "--json").document
    assert document["games"] == {"GAME_001": {"draw_number": 2_500, "real_results": 3}}
    assert document["draws_checked"] == 2_500
    assert (schema_of(old), schema_of(copy)) == (2, 4)
    assert content_of(old) == content_of(copy) == before


@pytest.mark.parametrize("words", ["ingest", "extend --max-draws 40000000"])
def test_beside_a_process_that_leads_nothing_is_migrated(words: str, call: Call, old: Path, results: Path) -> None:
    command, *options = words.split()
    with LeaderLock(old.parent).require("the test"):
        asked = [*options, *(["--results", results] if command == "ingest" else [])]
        assert OLDER in call(command, *TEST, *asked).refusal
    assert schema_of(old) == 2


def test_a_damaged_one_is_named_and_stays(call: Call, old: Path) -> None:
    db = apsw.Connection(str(old))
    db.execute("DROP TRIGGER real_result_not_updated; UPDATE real_result SET main = '1 2 3 4 9'")
    db.close()
    assert "GAME_001: real_result, 2000-06-07: damaged" in call("simulate", *TEST, "--draws", 1).refusal
    assert schema_of(old) == 2


@pytest.mark.parametrize("words", [["simulate", "--draws", "10"], ["run", "--transport", "none", "--limit", "2510"]])
def test_a_kill_in_the_middle_leaves_it_whole_and_the_next_start_migrates(
    words: list[str], call: Call, old: Path
) -> None:
    before = content_of(old)
    arguments = [sys.executable, "-c", KILLED_LATE, *words, *TEST, "--data-dir", str(old.parents[1])]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"in the middle\n"
        process.send_signal(signal.SIGKILL)
    assert content_of(old) == before
    assert schema_of(old) == 3  # whose own transaction was kept; that of evidence was not
    assert call("simulate", *TEST, "--draws", 10, "--json").document["draw_number"] == 2_510
    assert call("verify", *TEST, "--full").code == 0


async def test_a_follower_tells_once_why_it_cannot_read(old: Path) -> None:
    """An older program leads: nothing is migrated beside it, and whoever started this process has to know."""
    with LeaderLock(old.parent).require("the test"), LeaderLock(old.parent) as lock, capture_logs() as logs:
        life = Life(options_of(old.parents[1], "test"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(stand_by, life, lock, never))
            await trio.sleep(0.8)  # three looks: SQLite and locks know no virtual time
            life.stop.set()
    told = [log for log in logs if log["event"] == "universe.awaited"]
    assert [(log["log_level"], log["reason"].endswith(OLDER)) for log in told] == [("warning", True)]


async def never() -> Opened:
    raise AssertionError("it does not lead")
