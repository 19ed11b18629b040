"""Each operation of a scene failing in turn, and the caller doing the same again; then, perhaps, the power."""

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import attrs

from tests.crash.disk import Disk, Image
from tests.crash.faults import Fault, live_with
from tests.crash.points import Thinning, Visits, visit
from tests.crash.recovery import Examiner
from tests.crash.scripts import Script
from tests.crash.systematic import Scene, prepared
from tests.crash.tape import Tape

FAULTS = (Fault(0), Fault(0, times=3), Fault(0, "full"), Fault(0, "full", times=3), Fault(0, "short"))
GATE = Thinning(killed_max=0, in_order_max=3, cuts=2)


@attrs.frozen
class Bench:
    """A scene made ready, where it can be lived through again and again."""

    script: Script
    start: Image
    folder: Path

    @classmethod
    def of(cls, scene: Scene, folder: Path) -> "Bench":
        """Make a scene ready."""
        return cls(*prepared(scene, folder / "rehearsed"), folder)

    def live(self, fault: Fault | None) -> tuple[Tape, int]:
        """Take all steps in spite of a fault; returns the tape, and how often the caller saw a failure."""
        lived = self.folder / "lived"
        lived.mkdir(exist_ok=True)
        episode = live_with(fault, self.script, self.start, lived)
        return episode.tape, episode.failures


def sweep(scene: Scene, folder: Path, *, stride: int = 1, seed: int = 1) -> Visits:
    """Let every operation fail in every way; all must be there in the end, and after a power cut on the way there."""
    bench, lab, random = Bench.of(scene, folder), Examiner(folder / "examined"), Random(seed)
    visits, began = Visits(), time.perf_counter()
    operations = sum(op.kind != "mark" for op in bench.live(None)[0].ops)
    for kind in FAULTS:
        for at in range(random.randrange(stride), operations, stride):
            fault = attrs.evolve(kind, at=at)
            visits.points += 1
            try:
                tape, failures = bench.live(fault)
                visits.faults += failures
                for image, acknowledged in _ends(tape, bench.start, random):
                    visits.distinct += 1
                    lab.resume(image, bench.script, acknowledged)
            except Exception as error:  # noqa: BLE001  a finding, and the next fault waits
                visits.failures.append(f"{scene.name}: {fault}: {error!r}")
    visits.seconds = time.perf_counter() - began
    return visits


def _ends(tape: Tape, start: Image, random: Random) -> Iterator[tuple[Image, int]]:
    """Yield what a power cut leaves somewhere after the fault, and what the end leaves; each with the steps done."""
    failed = next((at for at, op in enumerate(tape.ops) if op.failed), 0)
    stop, disk = random.randint(failed, len(tape.ops)), Disk(start, forgets=False)
    for at, op in enumerate(tape.ops):
        if at == stop:
            yield disk.cut(random), disk.acknowledged
        disk.step(op)
    yield disk.cached, disk.acknowledged


def sweep_syncs(scene: Scene, folder: Path, *, times: tuple[int, ...] = (1, 3), thinning: Thinning = GATE) -> Visits:
    """Let every sync fail and the machine forget what it was to write; then the power goes at every later point."""
    bench, lab, visits = Bench.of(scene, folder), Examiner(folder / "examined"), Visits()
    syncs = sum(op.kind == "sync" for op in bench.live(None)[0].ops)
    for fails in times:
        for at in range(syncs):
            fault = Fault(at, times=fails, only=frozenset({"sync"}))
            tape, failures = bench.live(fault)
            first = next((at for at, op in enumerate(tape.ops) if op.failed), len(tape.ops))
            visits += visit(bench.script, bench.start, tape, lab, thinning, first=first)
            visits.faults += failures
    return visits
