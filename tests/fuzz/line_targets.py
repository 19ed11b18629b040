"""Lines that a client writes: what becomes of them in the parsers, and in a whole server that must stay alive."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from random import Random
from threading import Thread
from typing import IO, Any

import psutil

from tests.fuzz.mutating import mutated
from tests.fuzz.target import Target
from tests.fuzz.values import arguments_for, odd_text, odd_value, with_faults
from tools.malformed import malformed_answer
from tools.server import QUESTIONS
from tools.stdio import _message_of

ROOT = Path(__file__).parents[2]
ANSWER_SECONDS_MAX = 10
START_SECONDS_MAX = 60
LONG_LINE_BYTES = 2**20
METHODS = (
    "initialize", "ping", "tools/list", "tools/call", "server/discover", "resources/list", "resources/read",
    "prompts/get", "logging/setLevel", "completion/complete", "subscriptions/listen", "notifications/initialized",
    "notifications/cancelled", "notifications/progress", "notifications/roots/list_changed", "rpc.discover", "",
)  # fmt: skip
CLIENT = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "fuzz", "version": "1"}}
HELLO = {"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": CLIENT}
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}
PARAMS: tuple[dict[str, Any], ...] = (
    {},
    CLIENT,
    {"name": "get_universe_status", "arguments": {}},
    {"name": "get_latest_draws", "arguments": {"limit": 2}, "_meta": {"progressToken": 1}},
    {"requestId": 1, "reason": "x"},
    {"progressToken": 1, "progress": 0.5},
    {"uri": "file:///etc/passwd"},
    {"level": "debug"},
    {"cursor": "x"},
)


def message(dice: Random) -> Any:
    """Return a JSON-RPC message, a batch of them, or what is neither."""
    sound: dict[str, Any] = {"jsonrpc": "2.0", "method": dice.choice(METHODS), "params": dice.choice(PARAMS)}
    if dice.random() < 0.3:
        question = dice.choice(QUESTIONS)
        params = {"name": question.name, "arguments": arguments_for(dice, question.input_schema)}
        sound |= {"method": "tools/call", "params": params}
    if dice.random() < 0.8:
        sound["id"] = dice.choice((1, "1", 0, -1, 2**53, 2**64, "x" * 1_000, None, 1.5, True, [], odd_text(dice)))
    if dice.random() < 0.1:
        sound = {"jsonrpc": "2.0", "id": sound.get("id", 1), dice.choice(("result", "error")): dice.choice(PARAMS)}
    chance = dice.random()
    if chance < 0.05:
        return odd_value(dice)
    if chance < 0.1:
        return [sound] * dice.choice((1, 2, 100))
    return with_faults(dice, sound) if chance < 0.6 else sound


def line(dice: Random) -> bytes:
    """Return a line, or what looks like several."""
    try:
        text = json.dumps(message(dice), ensure_ascii=dice.random() < 0.8).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):  # numbers and depths that our own writer does not take
        text = b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"x": ' + b"[" * 50_000
    chance = dice.random()
    if chance < 0.4:
        return mutated(dice, text, [json.dumps(HELLO).encode()])
    return text if chance < 0.995 else text + b" " * LONG_LINE_BYTES


def read_line(text: bytes) -> bool:
    """Whether the transport takes a line for a message; if not, what it answers can be sent."""
    if not text.strip():
        return False
    if _message_of(text) is None:
        answer = malformed_answer(text)
        assert answer is None or json.loads(answer.model_dump_json())["error"]["message"]
        return False
    return True


class Client:
    """Talks to a server in a process of its own. Every wait ends."""

    def __init__(self, process: "subprocess.Popen[bytes]", errors: Path) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process, self._server = process, psutil.Process(process.pid)
        self._stdin, self._errors, self._errors_seen = process.stdin, errors, 0
        self._heard: Queue[bytes] = Queue()
        self._asked = 0
        Thread(target=self._listen, args=(process.stdout,), daemon=True).start()

    def _listen(self, stdout: IO[bytes]) -> None:
        for heard in stdout:
            self._heard.put(heard)

    def say(self, text: bytes) -> None:
        """Write a line."""
        self._stdin.write(text + b"\n")
        self._stdin.flush()

    def wait_for(self, request_id: str, seconds: float = ANSWER_SECONDS_MAX) -> tuple[int, dict[str, Any]]:
        """Return the answer with this id, and how many others came before it; each is one JSON-RPC message."""
        others = 0
        while True:
            try:
                answer = json.loads(self._heard.get(timeout=seconds))
            except Empty:
                raise AssertionError(f"no answer; exit code {self.process.poll()}: {self._new_errors()}") from None
            assert answer["jsonrpc"] == "2.0"
            if answer.get("id") == request_id:
                return others, answer
            assert "error" in answer or "result" in answer or "method" in answer
            others += 1

    def survives(self, text: bytes) -> bool:
        """Say anything, then ask something sound. Whether the first was answered; the second must be."""
        self._asked += 1
        asked = f"fuzz-{self._asked}"
        self.say(text)
        self.say(json.dumps({"jsonrpc": "2.0", "id": asked, "method": "tools/list"}).encode())
        others, answer = self.wait_for(asked)
        assert len(answer["result"]["tools"]) == len(QUESTIONS)
        told = self._new_errors()
        assert "Traceback" not in told, told
        return others > 0

    def seconds_worked(self) -> float:
        """Return how long server and client have been at work; waiting has a bound of its own."""
        times = self._server.cpu_times()
        return time.process_time() + float(times.user + times.system)

    def _new_errors(self) -> str:
        with self._errors.open("rb") as file:
            file.seek(self._errors_seen)
            told = file.read()
        self._errors_seen += len(told)
        return told.decode("utf-8", "replace")[-4_000:]


@contextmanager
def served(folder: Path) -> Iterator[Client]:
    """Yield a client of the tools over a small universe; its log goes to ``folder``."""
    errors = folder / "server.log"
    command = [sys.executable, "-m", "tests.fuzz.server"]
    with (
        errors.open("wb") as log,
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log) as process,
    ):
        client = Client(process, errors)
        try:
            client.say(json.dumps(HELLO).encode())
            client.wait_for("hello", START_SECONDS_MAX)
            client.say(json.dumps(READY).encode())
            yield client
        finally:
            process.kill()


def line_targets(client: Client) -> Iterator[Target]:
    """Yield the targets."""
    yield Target(name="stdio.line", make=line, attempt=read_line)
    yield Target(name="stdio.server", make=line, attempt=client.survives, clock=client.seconds_worked)
