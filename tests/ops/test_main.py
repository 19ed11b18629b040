"""The command itself: exit codes, one line an error, and nothing imported before its time."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from actors.supervisor import RestartBudgetExceeded
from ops import main
from ops.exits import EXIT_BAD_INPUT, EXIT_CHECK_FAILED, EXIT_DONE, EXIT_GAVE_UP, failure_code
from storage.errors import LockedError, StoreError, StoreFull, StoreUnavailable
from tests.ops.calling import Call
from universe import __version__
from universe.errors import SettingsError

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(main._COMMANDS)


def failing(monkeypatch: pytest.MonkeyPatch, failure: BaseException) -> None:
    """Make `universe status` fail so."""

    def fail() -> None:
        raise failure

    command = click.Command("status", callback=fail)
    monkeypatch.setattr(main.LazyGroup, "get_command", lambda *_: command)


def test_without_a_command_it_shows_its_help(call: Call) -> None:
    shown = call()
    assert shown.code == EXIT_DONE
    assert "Usage: universe" in shown.out
    for name in NAMES:
        assert f"\n  {name} " in shown.out


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help(call: Call, name: str) -> None:
    shown = call(name, "--help")
    assert shown.code == EXIT_DONE
    assert f"Usage: universe {name}" in shown.out
    assert not shown.err


def test_it_says_its_version(call: Call) -> None:
    assert call("--version").out == f"universe, version {__version__}\n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nonsense"], "No such command 'nonsense'."),
        (["run", "--nonsense"], "No such option '--nonsense'."),
        (["run", "--limit", "x"], "Invalid value for '--limit': 'x' is not a valid integer."),
        (["run", "surplus"], "Got unexpected extra argument (surplus)"),
        (["run", "--mode", "real"], "Invalid value for '--mode': 'real' is not one of 'prod', 'test'."),
        (["ingest"], "Missing option '--results'."),
        (["draw", "GAME_001"], "Missing argument 'DATE'."),
        (["simulate", "--draws", "0"], "Invalid value for '--draws': 0 is not in the range"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_code_2(call: Call, words: list[str], line: str) -> None:
    assert call(*words).refusal.startswith(line)


def test_a_message_of_several_lines_becomes_one(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, SettingsError("first\n   second\tthird"))
    assert call("status").refusal == "first second third"


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (SettingsError("x"), EXIT_BAD_INPUT),
        (StoreError("x"), EXIT_BAD_INPUT),
        (LockedError("x"), EXIT_BAD_INPUT),
        (StoreUnavailable("x"), EXIT_GAVE_UP),
        (StoreFull("x"), EXIT_GAVE_UP),
        (RestartBudgetExceeded("writer", 6, 60), EXIT_GAVE_UP),
        (ExceptionGroup("", [ExceptionGroup("", [SettingsError("x")])]), EXIT_BAD_INPUT),
        (ExceptionGroup("", [StoreFull("x")]), EXIT_GAVE_UP),
    ],
)
def test_a_foreseen_failure_is_one_plain_line(
    failure: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Alone or in the groups that nurseries make."""
    assert failure_code(failure) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("universe: ")


@pytest.mark.parametrize("failure", [RuntimeError("broken"), ExceptionGroup("two", [ValueError("a"), KeyError("b")])])
def test_a_mistake_of_ours_is_logged_in_full_and_told_in_one_line(
    call: Call, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    failing(monkeypatch, failure)
    called = call("status")
    assert called.code == EXIT_GAVE_UP
    (event,) = called.events
    assert event["event"] == "process.crashed"
    assert event["exception"][0]["exc_type"] == type(failure).__name__
    assert called.err.splitlines()[-1].startswith(f"universe: {type(failure).__name__}: ")


@pytest.mark.parametrize("end", [KeyboardInterrupt(), click.Abort()])
def test_being_interrupted_is_no_failure(call: Call, monkeypatch: pytest.MonkeyPatch, end: BaseException) -> None:
    failing(monkeypatch, end)
    called = call("status")
    assert called.code == EXIT_DONE
    assert not called.err.strip()


@pytest.mark.parametrize(("returned", "code"), [(1, EXIT_CHECK_FAILED), (0, EXIT_DONE), (None, EXIT_DONE)])
def test_what_a_command_returns_is_the_exit_code(
    call: Call, monkeypatch: pytest.MonkeyPatch, returned: int | None, code: int
) -> None:
    command = click.Command("status", callback=lambda: returned)
    monkeypatch.setattr(main.LazyGroup, "get_command", lambda *_: command)
    assert call("status").code == code
    with pytest.raises(SystemExit) as ended:
        main.main(["status"])
    assert ended.value.code == code


def test_a_reader_that_has_had_enough_is_no_failure(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, BrokenPipeError(32, "Broken pipe"))
    monkeypatch.setattr(sys, "stdout", sys.stdout)  # put back afterwards
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    try:
        assert call("status").code == EXIT_DONE
    except SystemExit as ended:
        pytest.fail(f"it ended by itself with {ended.code}")


def imported(*words: str) -> set[str]:
    """The modules that a process has imported after a command."""
    code = f"import sys, ops.main; ops.main.run_command({list(words)}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize(
    ("words", "absent"),
    [
        (("--help",), {"scipy", "rich.progress", "mcp.server"}),
        (("draw", "GAME_001", "2026-11-21", "1"), {"scipy", "rich.progress", "mcp.server"}),
        (("games", "show", "GAME_001"), {"rich.progress", "mcp.server", "actors.system"}),
        (("run", "--limit", "0"), {"numpy", "apsw", "scipy", "rich.progress", "mcp.server", "actors.system"}),
    ],
)
def test_a_command_imports_what_it_needs(words: tuple[str, ...], absent: set[str]) -> None:
    assert not imported(*words) & absent


def test_it_works_without_an_environment(tmp_path: Path) -> None:
    """No HOME, no TERM, no locale: as under cron or in a container."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "UNIVERSE_DATA_DIR": str(tmp_path)}
    words = [sys.executable, "-m", "ops.main", "games", "list", "--json"]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert "GAME_001" in [game["game_id"] for game in json.loads(done.stdout)]
    assert not done.stderr
