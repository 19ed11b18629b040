"""``signals``: processes told to end, at random moments from their first line of ours to their last."""

import json
import os
import signal
import subprocess
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any, Literal

import attrs

from ops.place import Place
from ops.signals import MUST_FINISH
from ops.soak_client import GREETING
from ops.soak_process import (
    LOOK_SECONDS,
    Note,
    Running,
    SoakError,
    document_of,
    hears_signals,
    moments,
    running,
    wait_until,
)
from ops.soak_results import result_rows, write_rows
from ops.soak_verdict import allowed, glance, median, require_whole, where, worst
from universe.catalogue import shipped_games

FIRST_SECONDS = 0.05  # after the start: before, the interpreter alone decides what a signal does
END_SECONDS_MAX = 2.0  # from the signal, unless a commit is under way
COMMIT_SECONDS_LONG = 0.5  # a commit of this length is no commit in passing
AGAIN_SHARE = 0.4  # of the signals, followed by a second one
AGAIN_SECONDS_MAX = 0.3
ROWS_DAYS = 3_000
FIRST_DRAWS = 100_000  # for those that look

Stdin = Literal["none", "silent", "greeting"]


@attrs.frozen(kw_only=True)
class Case:
    """One command that is told to end, at some time in its first seconds."""

    name: str
    words: tuple[str, ...]
    seconds: float  # the moment lies within
    mode: Literal["prod", "test"] = "test"
    stdin: Stdin = "none"
    ends: tuple[str, ...] = ("SIGTERM", "SIGINT")
    beside: tuple[str, ...] = ()  # what runs there already

    @property
    def has_document(self) -> bool:
        """Whether it is to print one however it is told to end."""
        return self.words[0] in {"run", "simulate"} and self.stdin == "none"


LEADER = ("run", "--limit", "1000000", "--rate", "500", "--transport", "none", "--json")
STDIO = ("run", "--transport", "stdio")
CASES = (
    Case(name="run test", words=("run", "--limit", "1000000", "--rate", "60000", "--transport", "none"), seconds=2.5),
    Case(name="run prod", words=("run", "--transport", "none"), mode="prod", seconds=2.5),
    Case(name="simulate", words=("simulate", "--draws", "30000"), seconds=2.0),
    Case(name="simulate bulk", words=("simulate", "--draws", "30000000"), mode="prod", seconds=5.0),
    Case(name="ingest", words=("ingest", "--results", "{rows}"), seconds=1.2),
    Case(name="verify", words=("verify",), mode="prod", seconds=1.2),
    Case(name="verify --full", words=("verify", "--full"), mode="prod", seconds=2.5),
    Case(name="follower", words=("run", "--transport", "none"), seconds=2.0, beside=LEADER),
    Case(name="stdio prod", words=STDIO, mode="prod", stdin="greeting", seconds=2.0, ends=("SIGTERM", "SIGINT", "EOF")),
    Case(name="stdio prod, silent", words=STDIO, mode="prod", stdin="silent", seconds=2.0, ends=("SIGTERM", "EOF")),
    Case(
        name="stdio test",
        words=(*STDIO, "--limit", "1000000", "--rate", "20000"),
        stdin="greeting",
        seconds=2.0,
        ends=("SIGINT", "EOF"),
    ),
)


@attrs.define
class Ends:
    """What was seen so far."""

    seconds: dict[str, list[float]] = attrs.field(factory=dict)
    in_commit: list[float] = attrs.field(factory=list)  # ends that waited for a long commit
    codes: Counter[str] = attrs.field(factory=Counter)
    documents: int = 0
    too_late: int = 0  # the process had ended by itself

    def all_seconds(self) -> list[float]:
        """Return every end that no commit held up."""
        return [one for some in self.seconds.values() for one in some]


def soak_signals(count: int, seed: int, folder: Path, note: Note, cases: tuple[Case, ...] = CASES) -> dict[str, Any]:
    """Tell so many processes to end and return how they did; SoakError with seed and round for the first bad end."""
    begun, ends = monotonic(), Ends()
    folder.mkdir(parents=True, exist_ok=True)
    rows = write_rows(
        result_rows(shipped_games()["GAME_001"], shipped_games()["GAME_001"].since, ROWS_DAYS), folder / "rows.csv"
    )
    for place in _places(folder)[:2]:
        document_of("simulate", *where(place), "--draws", FIRST_DRAWS, folder=folder / "logs")
    with ExitStack() as leaders:
        led: set[str] = set()
        for number in range(count):
            case, rng = cases[number % len(cases)], moments(seed, number)
            home = folder / case.mode if not case.beside else folder / "led"
            if case.beside and case.name not in led:
                _lead(case, home, folder, leaders)
                led.add(case.name)
            try:
                _one(case, rng, ends, home, rows, folder)
            except SoakError as broken:
                raise SoakError(f"seed {seed}, round {number} ({case.name}): {broken}; kept in {folder}") from broken
            note(f"round {number}: {case.name}")
    wholes = [place for place in _places(folder) if place.database.exists()]
    for place in wholes:
        require_whole(place, folder / "logs")
    return {
        "soak": "signals",
        "seed": seed,
        "signals": count,
        "end_seconds_median": median(ends.all_seconds()),
        "end_seconds_worst": worst(ends.all_seconds()),
        "end_seconds_worst_by_command": {name: worst(some) for name, some in ends.seconds.items()},
        "ends_in_a_long_commit": len(ends.in_commit),
        "end_seconds_worst_in_a_long_commit": worst(ends.in_commit),
        "exit_codes": dict(ends.codes),
        "documents": ends.documents,
        "too_late": ends.too_late,
        "full_verifications": len(wholes),
        "load_average": os.getloadavg()[0],
        "seconds": round(monotonic() - begun, 1),
    }


def _places(folder: Path) -> list[Place]:
    return [Place(folder / "test", "test"), Place(folder / "prod", "prod"), Place(folder / "led", "test")]


def _lead(case: Case, home: Path, folder: Path, leaders: ExitStack) -> None:
    """Have a leader there before the first follower starts."""
    place = Place(home, case.mode)
    leader = leaders.enter_context(running(*case.beside, *where(place), folder=folder / "logs"))
    wait_until(lambda: bool(leader.events("batch.committed")), 60, "the leader commits")


def _one(case: Case, rng: Random, ends: Ends, home: Path, rows: Path, folder: Path) -> None:
    place = Place(home, case.mode)
    words = [str(rows) if word == "{rows}" else word for word in case.words]
    options = [] if case.stdin != "none" else ["--json"]
    stdin = subprocess.DEVNULL if case.stdin == "none" else subprocess.PIPE
    with running(*words, *where(place), *options, folder=folder / "logs", stdin=stdin) as one:
        if case.stdin == "greeting" and one.process.stdin is not None:
            one.process.stdin.write(GREETING)
            one.process.stdin.flush()
        _tell_to_end(case, rng, one, ends)
        _check_end(case, one, ends)
    glance(place)


def _tell_to_end(case: Case, rng: Random, one: Running, ends: Ends) -> None:
    """Send what is to end it, a second time perhaps, and note how long it takes from the first on."""
    age, how = rng.uniform(FIRST_SECONDS, case.seconds), rng.choice(case.ends)
    again = rng.uniform(0, AGAIN_SECONDS_MAX) if rng.random() < AGAIN_SHARE else None
    while one.alive and (one.age_seconds < age or not hears_signals(one.process.pid)):
        sleep(LOOK_SECONDS)
    if not one.alive:
        ends.too_late += 1
        return
    begun = monotonic()
    _send(one, how)
    if again is not None:
        with suppress(subprocess.TimeoutExpired):
            one.process.wait(again)
        _send(one, "SIGTERM")
    one.wait()
    seconds = monotonic() - begun
    commits = [event["seconds"] for event in one.events("batch.committed")]
    seconds_max = allowed(END_SECONDS_MAX)
    if seconds > seconds_max and max(commits[-2:], default=0) > COMMIT_SECONDS_LONG:
        ends.in_commit.append(seconds)
    elif seconds > seconds_max:
        raise SoakError(f"{how} after {age:.3f} s: ended only {seconds:.2f} s later")
    else:
        ends.seconds.setdefault(case.name, []).append(seconds)


def _send(one: Running, how: str) -> None:
    if how == "EOF":
        assert one.process.stdin is not None  # noqa: S101  such cases have a pipe
        one.process.stdin.close()
    elif one.alive:
        one.process.send_signal(signal.Signals[how])


def _check_end(case: Case, one: Running, ends: Ends) -> None:
    """Raise SoakError for a wrong exit code, a lost document, or anything on stderr that is no event."""
    code = one.wait()
    ends.codes[f"{one.words[0]}: {code}"] += 1
    may_be = {0, 3} if one.words[0] in MUST_FINISH else {0}
    if code not in may_be:
        raise SoakError(f"exit code {code} after {one.age_seconds:.2f} s: {one.told[-2_000:]}")
    lines = one.told.splitlines()
    plain = [line for line in lines if not _is_event(line)]
    told = [line for line in plain if line.startswith("universe: ") and "interrupted" in line]
    if plain != told or len(told) != (code == 3):
        raise SoakError(f"exit code {code}, on stderr: {plain}")
    printed = one.printed
    if case.stdin == "none" and printed:
        json.loads(printed)
        ends.documents += 1
    owes = one.events("process.signalled") if case.has_document else one.words[0] in MUST_FINISH and not code
    if owes and not printed:
        raise SoakError(f"it ended with {code} and printed no document: {lines[-3:]}")


def _is_event(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
