"""``kills``: processes killed at random moments of their lives, until the universe is whole in spite of it."""

import shutil
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any

import attrs

from ops.soak_lives import LIVES, PARTS, Life, undisturbed
from ops.soak_phases import doing
from ops.soak_process import LOOK_SECONDS, Note, Running, SoakError, document_of, moments, running
from ops.soak_verdict import Held, glance, median, require_whole

INGEST_SHARE = 0.3  # of the processes, with an ingest beside
INGEST_SECONDS = 0.8  # that it takes, about
START_SECONDS = 0.7  # that a process takes to its first commit, about
VERIFIED_SHARE = 0.5  # of the kills; after the others the next process is the first to meet what is left
AFTER_COMMIT_SHARE = 0.5  # of the kills of those that draw: a random while after one of the next commits
COMMITS_MAX = 3
AFTER_COMMIT_SECONDS_MAX = 0.2


@attrs.define
class Kills:
    """What was done and seen so far."""

    wanted: int
    done: int = 0
    rounds: int = 0
    verified: int = 0
    phases: Counter[str] = attrs.field(factory=Counter)
    lives: Counter[str] = attrs.field(factory=Counter)
    ages: list[float] = attrs.field(factory=list)

    def note(self, phase: str, age_seconds: float) -> None:
        """Count a kill."""
        self.done += 1
        self.phases[phase] += 1
        self.ages.append(age_seconds)


@attrs.define
class Acknowledged:
    """What processes have said that they keep: it must be there whatever becomes of them."""

    draws: dict[str, int] = attrs.field(factory=dict)
    results: dict[str, set[str]] = attrs.field(factory=dict)

    def hear(self, one: Running) -> None:
        """Take what the log of a process tells."""
        for event in one.events("batch.committed"):
            for game_id, (_, last) in event["games"].items():
                self.draws[game_id] = max(last, self.draws.get(game_id, 0))

    def require(self, held: Held | None) -> None:
        """Raise SoakError if something of it is gone."""
        for game_id, last in self.draws.items():
            found = held.draws.get(game_id, 0) if held else 0
            if found < last:
                raise SoakError(f"{game_id}: draw {last:,} was told as committed, {found:,} are kept")


def soak_kills(
    count: int, seed: int, folder: Path, note: Note, only: int | None = None, lives: Sequence[Life] = LIVES
) -> dict[str, Any]:
    """Kill so many processes and return what was seen; SoakError with seed and round at the first broken promise."""
    begun, kills = monotonic(), Kills(count)
    whole: dict[str, str] = {}
    while kills.done < count and (only is None or not kills.rounds):
        number = kills.rounds if only is None else only
        life = lives[number % len(lives)]
        try:
            if life.name not in whole:
                whole[life.name] = undisturbed(life, folder / f"whole-{life.name}")
            _round(life, moments(seed, number), kills, folder / f"round-{number}", whole[life.name])
        except SoakError as broken:
            told = f"seed {seed}, round {number} ({life.name}), after {kills.done} kills: {broken}"
            raise SoakError(f"{told}; kept in {folder}") from broken
        shutil.rmtree(folder / f"round-{number}")
        kills.rounds += 1
        note(f"round {number}: {life.name} is whole after {kills.done} kills in all")
    return {
        "soak": "kills",
        "seed": seed,
        "kills": kills.done,
        "rounds": kills.rounds,
        "rounds_by_life": dict(kills.lives),
        "kills_by_phase": dict(kills.phases.most_common()),
        "age_seconds_median": median(kills.ages),
        "quick_verifications": kills.verified,
        "full_verifications": kills.rounds + len(whole),
        "seconds": round(monotonic() - begun, 1),
    }


def _round(life: Life, rng: Random, kills: Kills, folder: Path, fingerprint: str) -> None:
    """Fill one universe through kills, to its end; it must have this fingerprint then."""
    folder.mkdir(parents=True)
    place, told = life.place(folder), Acknowledged()
    kills.lives[life.name] += 1
    held = None
    while not life.complete(held):
        with ExitStack() as both:
            one = both.enter_context(running(*life.words(folder, held), folder=folder / "logs"))
            beside = _ingest_beside(life, rng, folder, both)
            if kills.done < kills.wanted:
                _wait_and_kill(life, rng, kills, one, beside)
            else:
                _wait_for_its_end(life, one)
            told.hear(one)
        if rng.random() < VERIFIED_SHARE or not one.process.returncode or life.command == "simulate":
            held = glance(place)
            kills.verified += 1
            told.require(held)
    for game_id in life.games:
        _ingest_all(life, rng, kills, folder, game_id)
    found = require_whole(place, folder / "logs")["fingerprint"]
    if found != fingerprint:
        raise SoakError(f"fingerprint {found}, undisturbed {fingerprint}")


def _ingest_beside(life: Life, rng: Random, folder: Path, both: ExitStack) -> Running | None:
    if rng.random() >= INGEST_SHARE:
        return None
    words = life.ingest_words(folder, rng.choice(life.games), rng.randrange(PARTS))
    sleep(rng.uniform(0, INGEST_SECONDS))
    return both.enter_context(running(*words, folder=folder / "logs"))


def _wait_and_kill(life: Life, rng: Random, kills: Kills, one: Running, beside: Running | None) -> None:
    """Kill the process at a random moment, and the one beside it at another; one that is done goes its own way."""
    due = {id(one): _moment(life, rng, one)}
    if beside is not None:
        due[id(beside)] = _at_age(beside, rng.uniform(0, INGEST_SECONDS))
    both = [one] if beside is None else [one, beside]
    left = both[:]
    while left:
        for process in left[:]:
            if not process.alive or _finished(life, process):
                left.remove(process)
            elif due[id(process)]():
                left.remove(process)
                phase = doing(process)
                process.kill()
                kills.note(phase, process.age_seconds)
        sleep(LOOK_SECONDS)
    for process in both:
        _wait_for_its_end(life, process)


def _at_age(one: Running, age_seconds: float) -> Callable[[], bool]:
    return lambda: one.age_seconds >= age_seconds


def _moment(life: Life, rng: Random, one: Running) -> Callable[[], bool]:
    """Return what says whether it is time: by the clock, or some time after some commit."""
    if rng.random() >= AFTER_COMMIT_SHARE:
        return _at_age(one, rng.uniform(0, START_SECONDS + life.seconds / 3))
    commits, more = rng.randint(1, COMMITS_MAX), rng.uniform(0, AFTER_COMMIT_SECONDS_MAX)
    seen: list[float] = []

    def due() -> bool:
        if not seen and one.err.read_bytes().count(b"batch.committed") >= commits:
            seen.append(monotonic())
        return bool(seen) and monotonic() - seen[0] >= more

    return due


def _finished(life: Life, one: Running) -> bool:
    return not life.ends_by_itself and one.words[0] == life.command and life.halted(one)


def _wait_for_its_end(life: Life, one: Running) -> None:
    """Let it do what it has to; SoakError if it ended badly, and not by us."""
    while one.alive and not _finished(life, one):
        sleep(LOOK_SECONDS)
    if one.alive:
        one.process.send_signal(signal.SIGTERM)
    if one.wait() not in {0, -signal.SIGKILL}:
        raise SoakError(f"universe {one.words[0]} ended with {one.process.returncode}: {one.told[-500:]}")


def _ingest_all(life: Life, rng: Random, kills: Kills, folder: Path, game_id: str) -> None:
    """Bring in all results of a game, killed once on the way, then in peace: that compares what is left."""
    words = life.ingest_words(folder, game_id, None)
    if kills.done < kills.wanted:
        with running(*words, folder=folder / "logs") as one:
            age = rng.uniform(0, INGEST_SECONDS)
            while one.alive and one.age_seconds < age:
                sleep(LOOK_SECONDS)
            if one.alive:
                phase = doing(one)
                one.kill()
                kills.note(phase, one.age_seconds)
    document_of(*words[:-1], folder=folder / "logs")
