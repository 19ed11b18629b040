"""What follows from draws is damaged: no command crashes, whoever may write makes it anew, the others say which row."""

from pathlib import Path

import apsw
import pytest

from storage.lock import LeaderLock
from tests.ops.calling import Call, Called
from tests.tools.measured import measured_universe

TEST = ("--mode", "test")
GAME = ("--game", "MEASURED")
HISTORIES = "UPDATE null_histories SET figures = substr(figures, 1, 9) WHERE first = 0"
NODES = "DELETE FROM proof_node WHERE level = 11"
VALUE = "UPDATE evidence SET main = 9e999 WHERE stream = 'synthetic' AND step = 3"


@pytest.fixture
def universe(call: Call, data: Path) -> Path:
    """A test universe with all that trails behind its draws."""
    assert callable(call)
    (data / "test").mkdir(parents=True)
    path = data / "test" / "universe.db"
    with measured_universe(path):
        return path


def harm(path: Path, statement: str) -> None:
    db = apsw.Connection(str(path))
    db.execute(statement)
    assert db.changes()
    db.close()


def line_of(called: Called) -> str:
    """The one line of a command that ended because of damage."""
    assert called.code in {2, 3}, called
    assert "process.crashed" not in called.err
    (line,) = [line for line in called.err.splitlines() if line.startswith("universe: ")]
    return line


def asked(call: Call, command: str, folder: Path) -> Called:
    more = ["--out", folder / "report.html"] if command == "report" else ["--json"]
    return call(command, *TEST, *GAME, *more)


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("command", ["fairness", "report"])
def test_beside_a_process_that_leads_the_row_is_named(command: str, call: Call, universe: Path, tmp_path: Path) -> None:
    harm(universe, HISTORIES)
    with LeaderLock(universe.parent).require("the test"):
        lines = [line for line in asked(call, command, tmp_path).err.splitlines() if line.startswith("universe: ")]
    assert "null_histories: histories from 0: 9 bytes, " in lines[-1]


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("command", ["fairness", "report"])
def test_alone_it_is_made_anew_and_told(command: str, call: Call, universe: Path, tmp_path: Path) -> None:
    sound = asked(call, "fairness", tmp_path).document
    harm(universe, HISTORIES)
    harm(universe, NODES)
    called = asked(call, command, tmp_path)
    assert called.code == 0, called.err
    assert next(event["table"] for event in called.events if event["event"] == "rows.forgotten") == "null_histories"
    assert asked(call, "fairness", tmp_path).document["tests"] == sound["tests"]
    if command == "report":
        assert call("verify", *TEST, "--full").code == 0


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("command", ["fairness", "report"])
def test_an_infinite_value_of_evidence_is_named(command: str, call: Call, universe: Path, tmp_path: Path) -> None:
    harm(universe, VALUE)
    assert "evidence: synthetic, step 3: " in line_of(asked(call, command, tmp_path))


@pytest.mark.parametrize("statement", [HISTORIES, NODES, VALUE.replace("step = 3", "step = 21")])
def test_a_run_goes_on_and_mends(statement: str, call: Call, universe: Path) -> None:
    harm(universe, statement)
    called = call("run", *TEST, *GAME, "--transport", "none", "--limit", 13_000)
    assert called.code == 0, called.err
    events = [event["event"] for event in called.events]
    assert "actor.crashed" not in events
    assert "actor.parked" not in events
    assert "rows.forgotten" in events
