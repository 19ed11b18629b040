"""Every crash point of a script: recorded once, then each moment of the tape is turned into what a disk may hold."""

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Self

import attrs

from tests.crash.disk import Disk, Image, Left, digest_of, write_image
from tests.crash.recovery import Examiner
from tests.crash.scripts import Script
from tests.crash.steps import Life
from tests.crash.tape import Op, Tape


@attrs.frozen(kw_only=True)
class Thinning:
    """How many of the states of a point are visited: before it and within it, in-order prefixes, random power cuts."""

    killed_max: int = 10**9
    in_order_max: int = 10**9
    cuts: int = 10


THOROUGH = Thinning()


@attrs.frozen
class State:
    """What one crash leaves."""

    how: str
    point: int
    acknowledged: int
    image: Image = attrs.field(repr=False)


@attrs.define
class Visits:
    """What was visited, and what was wrong with it."""

    points: int = 0
    states: int = 0
    distinct: int = 0
    faults: int = 0  # that a caller saw
    seconds: float = 0.0
    failures: list[str] = attrs.field(factory=list)

    def __iadd__(self, other: Self) -> Self:
        for name in ("points", "states", "distinct", "faults", "seconds", "failures"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    def __str__(self) -> str:
        each = 1_000 * self.seconds / max(1, self.distinct)
        return (
            f"{self.points} points, {self.distinct} distinct states, {self.faults} faults seen, {self.seconds:.1f} s,"
            f" {each:.1f} ms each, {len(self.failures)} failures"
        )


def record(script: Script, start: Image, folder: Path) -> Tape:
    """Take a script's steps from a given disk, a mark after each, and end in an orderly way."""
    write_image(start, folder)
    tape = Tape()
    life = Life(folder, tape)
    try:
        for done, step in enumerate(script.steps, 1):
            step(life)
            tape.mark(done)
    finally:
        life.close()
    return tape


def states_of(tape: Tape, start: Image, random: Random, thinning: Thinning, first: int = 0) -> Iterator[State]:
    """Yield what a crash at any point of the tape, or from its ``first`` point on, may leave."""
    disk = Disk(start)
    for op in tape.ops[:first]:
        disk.step(op)
    for point, coming in enumerate([*tape.ops[first:], None], first):
        for image in _few(disk.killed(coming), thinning.killed_max, random):
            yield State("killed", point, disk.acknowledged, image)
        if coming is None or coming.kind in {"sync", "delete", "mark"}:
            for image in _few(disk.cut_in_order(), thinning.in_order_max, random):
                yield State("power cut, in order", point, disk.acknowledged, image)
            for _ in range(thinning.cuts if disk.pending else 0):
                yield State("power cut, any order", point, disk.acknowledged, disk.cut(random))
                destroyed = disk.cut_with_destroyed_sector(random)
                yield State("power cut, a sector destroyed", point, disk.acknowledged, destroyed)
        if coming is not None:
            disk.step(coming)


def _few(left: list[Left], images_max: int, random: Random) -> Iterator[Image]:
    """Yield the first image and random others, so many at most."""
    if images_max:
        for image in [left[0], *random.sample(left[1:], min(len(left), images_max) - 1)]:
            yield image()


def visit(
    script: Script, start: Image, tape: Tape, lab: Examiner, thinning: Thinning, *, first: int = 0, seed: int = 1
) -> Visits:
    """Start on every distinct state, and go on to the script's end."""
    visits, seen, began = Visits(points=len(tape.ops) + 1 - first), set[tuple[int, bytes]](), time.perf_counter()
    for state in states_of(tape, start, Random(seed), thinning, first):
        visits.states += 1
        key = (state.acknowledged, digest_of(state.image))
        if key in seen:
            continue
        seen.add(key)
        try:
            lab.resume(state.image, script, state.acknowledged)
        except Exception as error:  # noqa: BLE001  whatever it is, it is a finding, and the next state waits
            op = tape.ops[state.point] if state.point < len(tape.ops) else Op("mark", "the end")
            where = f"{state.how} at point {state.point}, before {op.kind} {op.file}"
            visits.failures.append(f"{script.name}: {where}: {error!r}")
    visits.distinct, visits.seconds = len(seen), time.perf_counter() - began
    return visits
