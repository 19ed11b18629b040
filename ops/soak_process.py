"""Processes under soak: started as a user starts them, watched through their log and /proc, killed as a group."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import attrs

ROOT = Path(__file__).resolve().parents[1]
COMMAND = (sys.executable, "-m", "ops.main")
END_SECONDS_MAX = 120.0  # far above anything that ends
LOOK_SECONDS = 0.005

Note = Callable[[str], None]  # tells a person who watches how far it is

_files = count(1)


def moments(seed: int, number: int) -> Random:
    """Return where the random moments of one round come from."""
    return Random(f"{seed}/{number}")  # noqa: S311  no secrets here


class SoakError(Exception):
    """A promise of the program does not hold."""


@attrs.define(kw_only=True)
class Running:
    """One process of the program, with what it prints in files."""

    words: tuple[str, ...]
    process: "subprocess.Popen[bytes]"
    out: Path
    err: Path
    started: float

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.poll() is None

    @property
    def age_seconds(self) -> float:
        """The time since it was started."""
        return time.monotonic() - self.started

    @property
    def printed(self) -> str:
        """Its standard output so far."""
        return self.out.read_text(encoding="utf-8")

    @property
    def told(self) -> str:
        """Its standard error so far."""
        return self.err.read_text(encoding="utf-8")

    def events(self, *names: str) -> list[dict[str, Any]]:
        """Return its log, or these events of it; a line that is still being written does not count."""
        text = self.told
        lines = text[: text.rfind("\n") + 1].splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{")]
        return [event for event in events if not names or event["event"] in names]

    def kill(self) -> None:
        """End it and all it may have started, without a warning."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def drain(self) -> None:
        """Read its stdout to the end, so that it can end."""
        if self.process.stdout is not None:
            while os.read(self.process.stdout.fileno(), 1 << 16):
                pass

    def wait(self, seconds: float = END_SECONDS_MAX) -> int:
        """Return its exit code; SoakError if it does not end."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise SoakError(f"universe {' '.join(self.words)}: still there after {seconds:.0f} s") from None


@contextmanager
def running(
    *words: object, folder: Path, stdin: int = subprocess.DEVNULL, stdout: int | None = None
) -> Iterator[Running]:
    """Start ``universe WORDS`` in a process group of its own; it is killed at the end if it still lives."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{next(_files):05}"
    out, err = folder / f"{name}.out", folder / f"{name}.err"
    texts = tuple(str(word) for word in words)
    started = time.monotonic()
    with (
        out.open("wb") as stdout_file,
        err.open("wb") as stderr_file,
        subprocess.Popen(  # noqa: S603  our own program
            [*COMMAND, *texts],
            cwd=ROOT,
            stdin=stdin,
            stdout=stdout_file if stdout is None else stdout,
            stderr=stderr_file,
            start_new_session=True,
        ) as process,
    ):
        one = Running(words=texts, process=process, out=out, err=err, started=started)
        try:
            yield one
        finally:
            one.kill()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()


def document_of(*words: object, folder: Path) -> Any:
    """Run a command to its end and return its document; SoakError with its last line unless it ends well."""
    with running(*words, "--json", folder=folder) as one:
        code = one.wait()
        if code:
            raise SoakError(
                f"universe {' '.join(one.words)} ended with {code}: {one.told[-500:] or one.printed[-500:]}"
            )
        found = json.loads(one.printed)
        for file in (one.out, one.err):
            file.unlink()
        return found


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Return the seconds until the condition holds; SoakError after so many."""
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > seconds:
            raise SoakError(f"not within {seconds:.0f} s: {what}")
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - begun


def hears_signals(process_id: int) -> bool:
    """Return whether a process has taken SIGTERM by now. The interpreter itself does not, before it runs our code."""
    try:
        lines = Path(f"/proc/{process_id}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return True  # gone, or no /proc: nothing to wait for
    masks = [int(line.split()[1], 16) for line in lines if line.startswith(("SigCgt", "SigIgn"))]
    return not masks or any(mask >> (signal.SIGTERM - 1) & 1 for mask in masks)
