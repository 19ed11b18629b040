"""The program as a user meets it: a command, its exit code, its two outputs."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
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


def universe(*arguments: object, text: str = "", **environ: str) -> Ended:
    """Run to its end."""
    words = tuple(str(word) for word in arguments)
    done = subprocess.run(
        [*COMMAND, *words],
        cwd=ROOT,
        env=environment(**environ),
        input=text.encode(),
        capture_output=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    return Ended(words, done.returncode, done.stdout.decode(), done.stderr.decode())


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
