"""Options that several commands share, and where a universe lives."""

import os
import socket
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from ops.options import DATE, Common, target
from ops.place import Place, chosen_games, data_directory, known_games
from ops.run import serves_stdio
from tests.ops.calling import Call
from universe.catalogue import shipped_games
from universe.errors import DefinitionError, SettingsError

SHIPPED = shipped_games()


def test_a_date_is_written_one_way() -> None:
    assert str(DATE.convert("2026-11-21", None, None)) == "2026-11-21"
    today = DATE.convert("today", None, None)
    assert abs(today - datetime.now(UTC).date()) <= timedelta(days=1)
    assert DATE.convert(today, None, None) is today


@pytest.mark.parametrize("text", ["20261121", "2026-W47-6", "2026-2-1", "2026-02-30", "yesterday", "", "2026-11-21T00"])
def test_anything_else_is_no_date(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not a date such as 2026-11-21, or today"):
        DATE.convert(text, None, None)


def test_the_data_directory_is_given_or_the_environments_or_the_users_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("UNIVERSE_DATA_DIR", "environment")
    assert data_directory(Path("given")) == tmp_path / "given"
    assert data_directory(None) == tmp_path / "environment"
    monkeypatch.setenv("UNIVERSE_DATA_DIR", "")
    assert data_directory(None) == tmp_path / "xdg" / "universe"


def test_modes_live_apart_and_for_their_user_alone(tmp_path: Path) -> None:
    prod, test = Place(tmp_path, "prod"), Place(tmp_path, "test")
    assert prod.root != test.root
    assert prod.games == test.games
    test.create()
    test.create()
    assert test.root.stat().st_mode & 0o777 == 0o700
    assert not prod.root.exists()


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SettingsError, match="file/test: Not a directory"):
        Place(tmp_path / "file", "test").create()


def test_an_option_of_the_command_wins_over_one_before_it(tmp_path: Path) -> None:
    context = click.Context(click.Command("x"), obj=Common(mode="test", data_dir=tmp_path / "before"))
    assert target(context, None, None, None).place == Place(tmp_path / "before", "test")
    assert target(context, "prod", tmp_path / "own", None).place == Place(tmp_path / "own", "prod")
    assert target(click.Context(click.Command("x")), None, tmp_path, None).mode == "prod"


@pytest.mark.parametrize("words", [["--config", "{}", "status"], ["status", "--config", "{}"]])
def test_a_bad_config_is_named_before_anything_is_done(
    call: Call, data: Path, tmp_path: Path, words: list[str]
) -> None:
    config = tmp_path / "universe.toml"
    config.write_text("[universe]\npace = 1\n", encoding="utf-8")
    line = call(*(word.format(config) for word in words)).refusal
    assert line == f"{config}: config.universe: unknown key pace"
    assert not data.exists()


def test_a_users_file_wins_over_a_shipped_game_and_over_a_stored_one(tmp_path: Path) -> None:
    """So that a changed definition is noticed, and refused, rather than ignored."""
    place = Place(tmp_path, "test")
    place.games.mkdir()
    own = "id = 'GAME_001'\nsince = 2020-01-01\nmain = {picked = 1, size = 2}\n"
    own += "[[schedule]]\nfrom = 2020-01-01\ndays = ['Mon']\n"
    (place.games / "own.toml").write_text(own, encoding="utf-8")
    known = known_games(place, [SHIPPED["GAME_001"]])
    assert known["GAME_001"].main.size == 2
    assert known_games(None, [])["GAME_001"] == SHIPPED["GAME_001"]


def test_a_command_works_on_named_else_initialised_else_the_first_games() -> None:
    def ids(*arguments: list[str]) -> list[str]:
        names, initialised = arguments
        return [game.game_id for game in chosen_games(names, SHIPPED, initialised)]

    assert ids(["GAME_005", "GAME_002"], ["GAME_003"]) == ["GAME_002", "GAME_005"]
    assert ids([], ["GAME_003", "GAME_002"]) == ["GAME_002", "GAME_003"]
    assert ids([], []) == ["GAME_001"]
    assert ids(["GAME_002", "GAME_002"], []) == ["GAME_002"]
    with pytest.raises(DefinitionError, match="unknown game NONE"):
        ids(["NONE"], [])


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--limit", "5"], "--limit is for --mode test"),
        (["--dry-run"], "--dry-run is for --mode test"),
        (["--rate", "5"], "--rate is for --mode test"),
        (["--mode", "test", "--limit", "0"], "--limit 0: a test universe allows 1 to 1,000,000 draws a game"),
        (["--mode", "test", "--limit", "1000001"], "--limit 1000001: a test universe allows 1 to 1,000,000"),
        (["--mode", "test", "--rate", "0"], "--rate 0: draws per second, "),
        (["--mode", "test", "--rate", "-1"], "--rate -1: draws per second, "),
        (["--mode", "test", "--rate", "nan"], "--rate nan: draws per second, "),
        (["--mode", "test", "--rate", "inf"], "--rate inf: draws per second, "),
    ],
)
def test_run_refuses_what_its_mode_does_not_know(call: Call, data: Path, words: list[str], line: str) -> None:
    assert call("run", *words).refusal.startswith(line)
    assert not data.exists()


class Input:
    """A stdin with a descriptor of some kind."""

    def __init__(self, number: int) -> None:
        self.number = number

    def fileno(self) -> int:
        """The descriptor."""
        return self.number


def test_stdio_is_served_to_a_pipe_or_a_socket_unless_stdout_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    ours, theirs = socket.socketpair()
    with open(os.devnull) as null, ours, theirs:  # noqa: PTH123  a device, not a path of ours
        for number, serves in ((reading, True), (theirs.fileno(), True), (null.fileno(), False)):
            monkeypatch.setattr(sys, "stdin", Input(number))
            assert serves_stdio("auto", stdout_taken=False) is serves
            assert not serves_stdio("auto", stdout_taken=True)
            assert serves_stdio("stdio", stdout_taken=True)
            assert not serves_stdio("none", stdout_taken=False)
    os.close(reading)
    os.close(writing)


def test_a_closed_stdin_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for nobody in (None, Input(-1)):
        monkeypatch.setattr(sys, "stdin", nobody)
        assert not serves_stdio("auto", stdout_taken=False)
