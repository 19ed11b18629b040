"""The program as a user meets it: a command, its exit code, its two outputs."""

import atexit
import contextlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "ops.main")
SECONDS_MAX = 120  # far above anything that ends


def environment(**more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key != "UNIVERSE_DATA_DIR"}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


@dataclass(frozen=True)
class Ended:
    """What a command left: ``document`` is its one JSON document."""

    arguments: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        assert len(self.out.splitlines()) == 1, f"not one document: {self.out[:500]!r}"
        return json.loads(self.out)

    def events(self) -> list[dict[str, Any]]:
        """Every line of stderr is one JSON object with an event."""
        events = [json.loads(line) for line in self.err.splitlines()]
        assert all(isinstance(event["event"], str) for event in events)
        return events


def cold(*arguments: object, seconds: float = SECONDS_MAX, **environ: str) -> Ended:
    """Run to its end, started as a user starts it, stdin a pipe at its end."""
    words = tuple(str(word) for word in arguments)
    ended = subprocess.run(
        [*COMMAND, *words],
        cwd=ROOT,
        env=environment(**environ),
        input=b"",
        capture_output=True,
        timeout=seconds,
        check=False,
    )
    return Ended(words, ended.returncode, ended.stdout.decode(), ended.stderr.decode())


class Warm:
    """The helper process of ``warm.py``; one for all commands that only need their outputs read."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="acceptance-"))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.acceptance.warm"],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self.close)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder)

    def run(self, words: tuple[str, ...], environ: dict[str, str]) -> Ended:
        out, err = self.folder / "out", self.folder / "err"
        order = {"words": words, "environ": environ, "out": str(out), "err": str(err)}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], SECONDS_MAX)
        assert ready, f"{words} does not end"
        code = int(self.process.stdout.readline())
        return Ended(words, code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))


@cache
def warm() -> Warm:
    return Warm()


def universe(*arguments: object, **environ: str) -> Ended:
    """Run to its end, in a fork of a process that has loaded the program already."""
    return warm().run(tuple(str(word) for word in arguments), environment(**environ))


def done(*arguments: object, **environ: str) -> Any:
    """The document of a command that ends with exit code 0."""
    ended = universe(*arguments, "--json", **environ)
    assert ended.code == 0, f"{ended.arguments}: {ended.code} {ended.out} {ended.err}"
    return ended.document


def one_line_refusal(ended: Ended) -> str:
    """Exit 2, nothing on stdout, one plain line ``universe: …`` on stderr. JSON log lines may stand before it."""
    assert ended.code == 2, f"{ended.arguments}: {ended.code} {ended.out} {ended.err}"
    assert "Traceback" not in ended.err
    plain = [line for line in ended.err.splitlines() if not line.startswith("{")]
    assert len(plain) == 1, ended.err
    assert plain[0].startswith("universe: "), ended.err
    assert not ended.out, ended.out
    return plain[0]


def refused(*arguments: object, **environ: str) -> str:
    return one_line_refusal(universe(*arguments, **environ))


def said(pattern: str, text: str) -> None:
    assert re.search(pattern, text, re.IGNORECASE), f"{pattern!r} not in {text!r}"


def wait_until(seconds: float, condition: Any, step: float = 0.02) -> float:
    """Seconds until the condition holds; fails after ``seconds``."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, f"not within {seconds} s"
        time.sleep(step)
    return time.monotonic() - start


@contextlib.contextmanager
def running(*arguments: object, log: Path, **environ: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process without stdin; killed at the end if it still lives."""
    out, err = log.with_suffix(".out"), log.with_suffix(".err")
    with (
        out.open("wb") as stdout,
        err.open("wb") as stderr,
        subprocess.Popen(
            [*COMMAND, *(str(word) for word in arguments)],
            cwd=ROOT,
            env=environment(**environ),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def events_of(log: Path) -> list[dict[str, Any]]:
    """The log so far; a line that is still being written does not count."""
    text = log.with_suffix(".err").read_text(encoding="utf-8")
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def saw(log: Path, event: str) -> bool:
    return any(line["event"] == event for line in events_of(log))


def stop(process: "subprocess.Popen[bytes]", how: signal.Signals) -> float:
    """Seconds from the signal to the end."""
    start = time.monotonic()
    process.send_signal(how)
    process.wait(SECONDS_MAX)
    return time.monotonic() - start
