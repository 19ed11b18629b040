"""Random schedules: a seed gives a script, and crash after crash on the way through it.

Half of them run on a machine that forgets what a failed sync was to write. There a process goes on itself, or the power
ends: a new process would take the machine's cache at its word, which holds what the disk will never hold.
``trust_cache`` lets it try.
"""

import shutil
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random

import attrs

from tests.crash.disk import Disk
from tests.crash.faults import Fault, FaultKind, live_with
from tests.crash.recovery import Examiner
from tests.crash.scene import DAY_DRAWS, GAME_OF, draw_dates, results
from tests.crash.scripts import COMPARE_ALL, Script, rehearsed
from tests.crash.steps import (
    Archive,
    Checkpoint,
    Commit,
    Extend,
    Initialise,
    Open,
    Reopen,
    Step,
    Watch,
)
from tests.crash.tape import Kind, Tape
from universe.units import ResultsUnit

STEPS_MIN, STEPS_MAX = 4, 10
LIVES_MAX = 3
DRAWS_MAX = 150  # of a game: verification draws them all again
DAYS_MAX = DRAWS_MAX // DAY_DRAWS
SIZES = (1, 3, 8, 15, 30, 60)


@attrs.define
class Author:
    """Writes a script: knows how far each game is."""

    random: Random
    may_reopen: bool = True
    watermarks: dict[str, int] = attrs.field(factory=lambda: dict.fromkeys(GAME_OF, 0))

    def script(self) -> Sequence[Step | str]:
        """Return steps that begin with nothing; the last ones settle what is open."""
        games = [Initialise(game_id) for game_id in self.random.sample(list(GAME_OF), len(GAME_OF))]
        middle = [self.step() for _ in range(self.random.randint(STEPS_MIN, STEPS_MAX))]
        return [Open(), *games, *middle, self.commit(), COMPARE_ALL]

    def step(self) -> Step | str:
        """Return any step."""
        write = self.random.choices((self.commit, self.offer, self.tend, self.extend), weights=(6, 2, 4, 1))[0]
        return write()

    def commit(self) -> Step:
        """Return a commit of draws, of one game or more, in one batch or more, with or without results."""
        games = self.random.sample(list(GAME_OF), self.random.randint(1, len(GAME_OF)))
        ranges = [bounds for game_id in games for bounds in self.batches(game_id)]
        others = (self.offered(self.random.choice(games)),) if self.random.random() < 0.25 else ()
        return Commit(tuple(ranges), others, ahead=self.random.random() < 0.5)

    def batches(self, game_id: str) -> Sequence[tuple[str, int, int]]:
        """Return the next draws of a game, cut into batches; none if it has enough."""
        found = []
        for _ in range(self.random.randint(1, 2)):
            first = self.watermarks[game_id] + 1
            last = min(DRAWS_MAX, first + self.random.choice(SIZES) - 1)
            if first <= last:
                found.append((game_id, first, last))
                self.watermarks[game_id] = last
        return found

    def offered(self, game_id: str) -> ResultsUnit:
        """Return results of a few dates; of some, others than were offered before."""
        days = draw_dates(game_id, DAYS_MAX)
        shift = self.random.choice((0, 0, 0, 1))
        return results(game_id, sorted(self.random.sample(days, self.random.randint(1, 5))), shift)

    def offer(self) -> Step:
        """Return a commit of results alone."""
        return Commit(others=(self.offered(self.random.choice(list(GAME_OF))),))

    def tend(self) -> Step | str:
        """Return what changes nothing that anyone could ask for, or compares what waits."""
        steps: list[Step | str] = [Checkpoint()] * 3
        steps += [COMPARE_ALL, Archive(), Watch(True), Watch(False)]
        return self.random.choice([*steps, Reopen()] if self.may_reopen else steps)

    def extend(self) -> Step:
        """Return a milestone."""
        return Extend(self.random.choice(list(GAME_OF)), self.random.randint(1, 10**6))


@attrs.define
class Tally:
    """What some schedules came to."""

    schedules: int = 0
    crashes: int = 0
    faults: int = 0  # that a caller saw
    operations: int = 0
    seconds: float = 0.0
    failures: list[str] = attrs.field(factory=list)

    def __str__(self) -> str:
        each = 1_000 * self.seconds / max(1, self.schedules)
        return (
            f"{self.schedules} schedules, {self.crashes} crashes, {self.faults} faults seen,"
            f" {self.operations} operations, {self.seconds:.1f} s, {each:.1f} ms each, {len(self.failures)} failures"
        )


def random_fault(random: Random) -> Fault | None:
    """Return a fault at a random operation, or none."""
    if random.random() < 0.5:
        return None
    kinds: tuple[FaultKind, ...] = ("io", "io", "full", "short")
    only: frozenset[Kind] = frozenset({"sync"}) if random.random() < 0.3 else frozenset()
    at = random.randrange(10 if only else 150)
    return Fault(at, random.choice(kinds), times=random.choice((1, 1, 3)), only=only)


@attrs.define
class Machine:
    """A disk on which process after process lives and dies; ``one_process`` at a time between two power cuts."""

    script: Script
    folder: Path
    random: Random
    tally: Tally
    disk: Disk
    one_process: bool

    def live(self, until: int) -> Tape:
        """Take the script's steps from the acknowledged ones on; the tape ends with the process, closed in order."""
        fault, span = random_fault(self.random), range(self.disk.acknowledged, until)
        episode = live_with(
            fault, self.script, self.disk.cached, self.folder, span=span, from_opening=not self.one_process
        )
        self.tally.faults += episode.failures
        self.tally.operations += len(episode.tape.ops)
        return episode.tape

    def crash(self, tape: Tape) -> None:
        """Let all of a tape happen up to a random point, and there the process or the power end."""
        point = self.random.randint(0, len(tape.ops))
        for op in tape.ops[:point]:
            self.disk.step(op)
        how = self.random.choice(("cut", "destroyed") if self.one_process else ("kill", "cut", "destroyed"))
        if how == "destroyed" and any(op.kind == "sync" and op.failed for op in tape.ops[:point]):
            how = "cut"  # a disk that also refuses to sync is more than one misfortune
        if how == "kill":
            self.disk.kill(tape.ops[point] if point < len(tape.ops) else None, self.random)
        else:
            self.cut(destroyed=how == "destroyed")
        self.tally.crashes += 1

    def cut(self, *, destroyed: bool = False) -> None:
        """Let the power end."""
        cut = self.disk.cut_with_destroyed_sector if destroyed else self.disk.cut
        self.disk = Disk(cut(self.random), self.disk.acknowledged, forgets=self.disk.forgets)


def run_schedule(seed: int, folder: Path, tally: Tally, *, trust_cache: bool = False) -> None:
    """Write the seed's script, crash on the way through it, and raise unless it ends as it should."""
    random = Random(seed)
    forgets = random.random() < 0.5
    one_process = forgets and not trust_cache
    steps = Author(random, may_reopen=not one_process).script()
    script = rehearsed(f"seed {seed}", steps, fresh(folder / "rehearsed"))
    lab, disk = Examiner(fresh(folder / "examined")), Disk({}, forgets=forgets)
    machine = Machine(script, fresh(folder / "lived"), random, tally, disk, one_process)
    for _ in range(random.randint(1, LIVES_MAX)):
        machine.crash(machine.live(random.randint(machine.disk.acknowledged, len(script.steps))))
        lab.examine(machine.disk.cached, script, machine.disk.acknowledged)
    for op in machine.live(len(script.steps)).ops:
        machine.disk.step(op)
    machine.cut()
    lab.resume(machine.disk.cached, script, machine.disk.acknowledged)


def fresh(folder: Path) -> Path:
    """Return an empty folder of this name."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def run_schedules(seeds: Iterable[int], folder: Path, *, trust_cache: bool = False) -> Tally:
    """Run a schedule a seed; what fails is kept with the command that runs it again."""
    tally, began = Tally(), time.perf_counter()
    for seed in seeds:
        try:
            run_schedule(seed, folder, tally, trust_cache=trust_cache)
        except Exception as error:  # noqa: BLE001  whatever it is, it is a finding, and the next seed waits
            again = f"python -m tests.crash --seed {seed} --schedules 1{' --trust-cache' if trust_cache else ''}"
            tally.failures.append(f"seed {seed}: {type(error).__name__}: {error}\n    {again}")
        tally.schedules += 1
    tally.seconds = time.perf_counter() - began
    return tally
