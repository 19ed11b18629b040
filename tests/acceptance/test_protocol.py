"""Hostile and hurried clients: whatever they send, the next good request is answered and nothing else is said."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.client import Client, connected
from tests.acceptance.conftest import Asked
from tests.acceptance.program import COMMAND, ROOT, environment

NOISE = [
    b"garbage",
    b"{}",
    b"[]",
    b"null",
    b"",
    b"\xff\xfe\x00\x80",
    b"[" * 50_000,
    b'{"jsonrpc":"2.0","id":900}',
    b'{"jsonrpc":"2.0","id":901,"result":{}}',
    b'{"jsonrpc":"2.0","method":"notifications/unheard_of","params":{"x":1}}',
    b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":12345}}',
    b"a" * 5_000_000,
]


def alive(client: Client) -> None:
    """Answers to noise are allowed; the answer to a good request must come."""
    request = client.send("ping")
    while (message := client.read()) is not None:
        if message.get("id") == request:
            assert message["result"] == {}
            return
        assert "error" in message, message
    pytest.fail("the server is gone")


@pytest.mark.parametrize("noise", NOISE, ids=lambda noise: repr(noise[:60]))
def test_noise_is_survived(first: Asked, noise: bytes) -> None:
    first.client.write(noise)
    alive(first.client)


def test_a_request_of_five_megabytes_is_answered(first: Asked) -> None:
    answer = first.client.tool("get_latest_draws", game_id="G" * 5_000_000)
    assert answer["isError"]
    assert len(json.dumps(answer)) < 10_000


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("tools/call", '{"name":"verify_draw","arguments":{"draw_number":' + "9" * 5_000 + "}}"),
        ("tools/call", '{"name":"get_latest_draws","arguments":{"game_id":"\\ud800"}}'),
        ("tools/call", '{"name":"get_latest_draws","arguments":{"\\ud800":1}}'),
        ("tools/call", '{"name":"get_latest_draws","arguments":[1]}'),
        ("tools/call", '{"name":5}'),
        ("tools/call", "{}"),
        ("no/such/method", "{}"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_every_request_with_an_id_gets_an_answer(first: Asked, method: str, params: str) -> None:
    """Invalid input is answered with what is wrong; nobody waits for ever."""
    line = '{"jsonrpc":"2.0","id":"odd","method":"' + method + '","params":' + params + "}"
    first.client.write(line.encode())
    message = first.client.read(5)
    assert message is not None
    assert message.get("id") in {"odd", None}
    assert "error" in message or message["result"]["isError"]


def test_many_calls_at_once_are_each_answered_once(first: Asked) -> None:
    asked = {first.client.send("tools/call", {"name": "verify_draw", "arguments": {"draw_number": n}}): n
             for n in range(1, 301)}  # fmt: skip
    while asked:
        message = first.client.read()
        assert message is not None
        assert message["result"]["structuredContent"]["draw_number"] == asked.pop(message["id"])


def test_a_thousand_calls_one_after_the_other(first: Asked) -> None:
    resident = memory(first.client.process.pid)
    for _ in range(1_000):
        first.client.tool("get_latest_draws", limit=1)
    assert memory(first.client.process.pid) < resident + 30_000


def memory(pid: int) -> int:
    """Resident kilobytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0])


def test_the_log_of_a_served_run_is_json_lines(first: Asked) -> None:
    for line in first.client.log.with_suffix(".err").read_text(encoding="utf-8").splitlines():
        assert isinstance(json.loads(line)["event"], str)


@pytest.mark.parametrize("transport", ["auto", "stdio"])
def test_a_client_that_vanishes(tmp_path: Path, transport: str) -> None:
    """The client closes both ends in the middle of its calls: the process ends, quietly, with exit code 0."""
    with subprocess.Popen(
        [*COMMAND, "run", "--data-dir", str(tmp_path), "--transport", transport],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        client = Client(process, tmp_path / "log")
        client.greet()
        for _ in range(20):
            client.send("tools/list")
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.close()
        process.stdin.close()
        assert process.stderr is not None
        log = process.stderr.read().decode()
        assert process.wait(20) == 0
    for line in log.splitlines():
        json.loads(line)
    assert "Traceback" not in log


def test_json_beside_stdio_leaves_stdout_to_the_protocol(tmp_path: Path) -> None:
    """The summary is in the log then."""
    asked = ("--mode", "test", "--data-dir", tmp_path, "--json", "--transport", "stdio")
    with connected(*asked, log=tmp_path / "run") as client:
        assert client.ask("get_universe_status")["universe"]["mode"] == "test"
        assert client.finish()[0] == 0
    events = [json.loads(line)["event"] for line in (tmp_path / "run.err").read_text(encoding="utf-8").splitlines()]
    assert events[-1] == "run.finished"
