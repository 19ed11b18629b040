"""What `universe clients` prints starts this very installation, from anywhere and out of nothing."""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ops import clients
from ops.client_forms import CLIENTS
from storage.lock import LeaderLock
from tests.acceptance.client import PROTOCOL
from tests.acceptance.program import events_of, running, saw, wait_until
from tests.ops.calling import Call

ROOT = Path(__file__).resolve().parents[2]
AWKWARD = "my lotteries & 'more' \"of\" lottö 彩"
SERVER = "http://127.0.0.1:8765/mcp"
Started = tuple[tuple[str, ...], dict[str, str]]


def from_json(text: str) -> Started:
    """What a client that reads such a file starts, and what it adds to the environment."""
    document = json.loads(text)
    ((name, entry),) = document.get("mcpServers", document.get("servers")).items()
    assert name == "lottery-universe"
    assert entry.get("type", "stdio") == "stdio"
    return (entry["command"], *entry["args"]), entry.get("env", {})


def from_shell(text: str, option: str, head: list[str]) -> Started:
    """What stands behind ``--``, and the variables before it."""
    words = shlex.split(text)
    assert words[: len(head)] == head
    own, command = words[len(head) : words.index("--")], words[words.index("--") + 1 :]
    assert own[::2] == [option] * (len(own) // 2)
    return tuple(command), dict(pair.split("=", 1) for pair in own[1::2])


READERS: dict[str, Callable[[str], Started]] = {
    "claude-desktop": from_json,
    "cursor": from_json,
    "vscode": from_json,
    "claude-code": lambda text: from_shell(text, "--env", ["claude", "mcp", "add", "lottery-universe"]),
    "inspector": lambda text: from_shell(text, "-e", ["npx", "@modelcontextprotocol/inspector"]),
}


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `universe` beside the interpreter, as installing puts it there."""
    path = tmp_path / "bin dir" / "universe"
    path.parent.mkdir()
    start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from ops.main import main; main()"
    path.write_text(f"#!{sys.executable}\n{start}\n", encoding="utf-8")
    path.chmod(0o700)
    monkeypatch.setattr(clients, "_script", lambda: path)
    return path


def tools_of(started: Started, foreign: Path) -> set[str]:
    """The tools that the started server lists; its working directory is foreign, its environment empty."""
    words, variables = started
    client = {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    lines = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": client},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
        {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "get_universe_status"}},
    ]
    sent = "".join(f"{json.dumps(line)}\n" for line in lines)
    done = subprocess.run(
        words, cwd=foreign, env=variables, input=sent, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    answers: dict[int, Any] = {message["id"]: message for message in map(json.loads, done.stdout.splitlines())}
    assert answers[1]["result"]["serverInfo"]["name"] == "synthetic-lottery-universe"
    assert answers[3]["result"]["structuredContent"]["universe"]["mode"] == "test"
    return {tool["name"] for tool in answers[2]["result"]["tools"]}


def test_every_client_is_told_the_same_and_it_starts_from_anywhere(call: Call, tmp_path: Path, script: Path) -> None:
    """One start for all: what they are told is equal, word for word. Nothing but the words and their own variables."""
    place, foreign, settings = tmp_path / AWKWARD, tmp_path / "elsewhere", tmp_path / "set tings.toml"
    settings.write_text("[universe]\nlogical_day_seconds = 86400\n", encoding="utf-8")
    foreign.mkdir()
    wanted = ("--mode", "test", "--data-dir", str(place), "--config", str(settings))
    told = {name: call("clients", "--client", name, *wanted) for name in CLIENTS}
    assert READERS.keys() == told.keys()
    started = {name: READERS[name](shown.out) for name, shown in told.items()}
    expected: Started = ((str(script), "run", "--transport", "stdio", *wanted), {})
    assert started == dict.fromkeys(CLIENTS, expected)
    assert {"get_universe_status", "verify_draw"} <= tools_of(expected, foreign)
    assert (place / "test" / "universe.db").exists()


def test_without_a_script_the_interpreter_runs_the_package(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where only PYTHONPATH leads to it, every client is told so."""
    monkeypatch.setattr(clients, "_script", lambda: None)
    monkeypatch.setattr(clients, "_imported_anywhere", lambda _: False)
    words = ("--mode", "test", "--data-dir", str(tmp_path / "data"))
    started = {name: READERS[name](call("clients", "--client", name, *words).out) for name in CLIENTS}
    expected: Started = (
        (sys.executable, "-m", "ops.main", "run", "--transport", "stdio", *words),
        {"PYTHONPATH": str(ROOT)},
    )
    assert started == dict.fromkeys(CLIENTS, expected)
    assert "get_universe_status" in tools_of(expected, tmp_path)


def test_the_interpreter_itself_says_what_it_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that only this process has does not count, nor does another installation of the same name."""
    assert not clients._imported_anywhere(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    assert not clients._imported_anywhere(ROOT)
    impostor = tmp_path / "python"
    impostor.write_text(f"#!/bin/sh\nprintf %s {ROOT}/ops/__init__.py\n", encoding="utf-8")
    impostor.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(impostor))
    assert clients._imported_anywhere(ROOT)
    assert not clients._imported_anywhere(tmp_path)


def test_the_script_beside_the_interpreter_is_taken_if_it_can_be_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert clients._script() is None
    (tmp_path / "universe").touch(mode=0o600)
    assert clients._script() is None
    (tmp_path / "universe").chmod(0o700)
    assert clients._script() == tmp_path / "universe"
    assert clients._program() == ([str(tmp_path / "universe")], {})


@pytest.mark.usefixtures("script")
def test_the_directory_is_always_carried_over(
    call: Call, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host's environment has neither variable, and maybe another home."""
    words, _ = from_json(call("clients", "--client", "cursor").out)
    assert words[-2:] == ("--data-dir", str(data))
    monkeypatch.delenv("UNIVERSE_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    words, _ = from_json(call("clients", "--client", "cursor").out)
    assert words[-2:] == ("--data-dir", str(tmp_path / "universe"))
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    words, _ = from_json(call("clients", "--client", "cursor").out)
    assert words[1:-1] == ("run", "--transport", "stdio", "--data-dir")
    assert words[-1].startswith(str(tmp_path / "home"))


@pytest.mark.usefixtures("script")
def test_it_says_which_universe_that_is_and_what_is_in_it(call: Call, data: Path) -> None:
    def told(*words: object) -> str:
        return call("clients", "--client", "cursor", *words).err.splitlines()[-1]

    assert told() == f"production universe in {data}: nothing there yet"
    assert not data.exists()
    call("simulate", "--mode", "test", "--draws", 1_005, "--game", "GAME_001", "--game", "GAME_004")
    held = f"test universe in {data}: GAME_001 at draw 1,005, GAME_004 at draw 1,005"
    with LeaderLock(data / "test").require("the test"):
        assert told("--mode", "test") == held
    (data / "test" / "universe.db").write_bytes(b"a letter to a friend, long enough to be no database")
    damaged = told("--mode", "test")
    assert damaged.startswith(f"test universe in {data}, which cannot be read now: ")


@pytest.mark.usefixtures("script")
def test_relative_paths_become_absolute(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where they stand before the command."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").touch()
    shown = call("--data-dir", "data", "--config", "own.toml", "--mode", "test", "clients", "--client", "vscode")
    words, _ = from_json(shown.out)
    assert words[4:] == ("--mode", "test", "--data-dir", f"{tmp_path}/data", "--config", f"{tmp_path}/own.toml")


@pytest.mark.usefixtures("script")
def test_stdout_is_the_document_alone(call: Call) -> None:
    shown = call("clients", "--client", "claude-desktop")
    json.loads(shown.out)
    assert shown.err.startswith("claude-desktop: add to claude_desktop_config.json in ")


def test_without_a_client_it_lists_them(call: Call) -> None:
    shown = call("clients")
    assert [line.split()[0] for line in shown.out.splitlines()] == ["client", *CLIENTS]


def headers(entry: dict[str, Any]) -> str:
    return str(entry["headers"]["Authorization"])


def test_a_running_server_is_reached_by_its_address(call: Call) -> None:
    def told(name: str) -> str:
        return call("clients", "--client", name, "--http", SERVER).out

    assert json.loads(told("cursor")) == {"mcpServers": {"lottery-universe": {"url": SERVER}}}
    assert json.loads(told("vscode")) == {"servers": {"lottery-universe": {"type": "http", "url": SERVER}}}
    claude = ["claude", "mcp", "add", "--transport", "http", "lottery-universe", SERVER]
    assert shlex.split(told("claude-code")) == claude
    inspector = ["npx", "@modelcontextprotocol/inspector", "--transport", "http", "--server-url", SERVER]
    assert shlex.split(told("inspector")) == inspector


def test_a_token_is_named_never_shown(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOTTERY_TOKEN", "hush-hush")

    def told(name: str) -> str:
        shown = call("clients", "--client", name, "--http", SERVER, "--token-env", "LOTTERY_TOKEN")
        assert "hush" not in shown.out + shown.err
        return shown.out

    assert headers(json.loads(told("cursor"))["mcpServers"]["lottery-universe"]) == "Bearer ${env:LOTTERY_TOKEN}"
    vscode = json.loads(told("vscode"))
    assert headers(vscode["servers"]["lottery-universe"]) == "Bearer ${input:LOTTERY_TOKEN}"
    assert [(asked["id"], asked["password"]) for asked in vscode["inputs"]] == [("LOTTERY_TOKEN", True)]
    claude = shlex.split(told("claude-code"))
    assert claude[5:7] == ["--scope", "project"], "there, and for all we know only there, the variable is replaced"
    assert claude[-2:] == ["--header", "Authorization: Bearer ${LOTTERY_TOKEN}"]
    shell = told("inspector").replace("npx", "printf '%s\\n'", 1)
    by_shell = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True)
    assert by_shell.stdout.splitlines()[-1] == "Authorization: Bearer hush-hush"


def test_what_it_prints_reaches_a_server(call: Call, tmp_path: Path) -> None:
    """The header as the client fills it in, to a server that asks for it."""
    words = ("run", "--mode", "test", "--limit", "10", "--transport", "http", "--port", "0")
    where = {"UNIVERSE_DATA_DIR": str(tmp_path), "UNIVERSE_TOKENS": "cursor:hush-hush-hush-hush"}
    with running(*words, log=tmp_path / "server", **where):
        wait_until(20, lambda: saw(tmp_path / "server", "http.listening"))
        (listening,) = [event for event in events_of(tmp_path / "server") if event["event"] == "http.listening"]
        shown = call("clients", "--client", "cursor", "--http", listening["url"], "--token-env", "LOTTERY_TOKEN")
        entry = json.loads(shown.out)["mcpServers"]["lottery-universe"]
        assert initialized(entry["url"], "Bearer nobody-s-nobody-s") == 401
        assert initialized(entry["url"], headers(entry).replace("${env:LOTTERY_TOKEN}", "hush-hush-hush-hush")) == 200


def initialized(url: str, authorization: str) -> int:
    """The status of a client's first request."""
    client = {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    content = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": client}
    accepted = {"Accept": "application/json, text/event-stream", "Authorization": authorization}
    return httpx2.post(url, json=content, headers=accepted, trust_env=False).status_code


@pytest.mark.parametrize("given", ["http://127.0.0.1:8765", "http://127.0.0.1:8765/"])
def test_a_bare_origin_gets_the_endpoint(call: Call, given: str) -> None:
    shown = call("clients", "--client", "cursor", "--http", given)
    assert json.loads(shown.out)["mcpServers"]["lottery-universe"]["url"] == SERVER


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--client", "emacs"], "Invalid value for '--client': 'emacs' is not one of 'claude-desktop', "),
        (["--name", "a b"], "Invalid value for '--name': 'a b': letters, digits, - and _"),
        (["--name=-x"], "Invalid value for '--name': '-x'"),
        (["--name", ""], "Invalid value for '--name': ''"),
        (["--token-env", "A-B", "--http", SERVER], "Invalid value for '--token-env': 'A-B' is no name"),
        (["--token-env", "TOKEN"], "--token-env goes with --http"),
        (
            ["--http", "ftp://x/mcp"],
            "Invalid value for '--http': 'ftp://x/mcp' is no URL such as http://127.0.0.1:8765",
        ),
        (["--http", "http://a b/mcp"], "Invalid value for '--http'"),
        (["--http", "http://[::1/mcp"], "Invalid value for '--http'"),
        (["--http", "http://x:99999/mcp"], "Invalid value for '--http'"),
        (
            ["--http", "http://me:pw@x/mcp"],
            "Invalid value for '--http': a URL with a user or password ends up in files",
        ),
        (["--http", SERVER, "--mode", "test"], "--mode is for a server that the client starts"),
        (["--http", SERVER, "--data-dir", "/x"], "--data-dir is for a server"),
        (["--http", SERVER, "--config", "/x"], "--config is for a server"),
        (["--client", "claude-desktop", "--http", SERVER], "--http: claude-desktop has no confirmed setting for a URL"),
        (["--data-dir", "/x/${HOME}"], "'/x/${HOME}': clients replace what stands in ${…}"),
        (["--data-dir", "/x/a\nb"], "'/x/a\\nb': a path with characters that cannot be written down"),
        (["--config", "/nowhere.toml"], "/nowhere.toml: "),
    ],
)
def test_what_would_not_work_is_refused(call: Call, words: list[str], line: str) -> None:
    given = words if "--client" in words else ["--client", "cursor", *words]
    assert call("clients", *given).refusal.startswith(line)
