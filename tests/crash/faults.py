"""Faults in place: an operation fails, the caller simply does the same again on the same store, as the writer does."""

from pathlib import Path
from typing import Literal

import apsw
import attrs

from storage.errors import StoreError, StoreUnavailable
from tests.crash.disk import Image, write_image
from tests.crash.scripts import Script
from tests.crash.steps import Life, Open, Reopen, Restore, Step
from tests.crash.tape import Before, Kind, Op, Tape, injected, pass_all

TRIES_MAX = 8
SECTOR = 512

FaultKind = Literal["io", "full", "short"]


@attrs.frozen
class Fault:
    """From the ``at``-th operation on, ``times`` operations fail; of kinds in ``only``, if those are named."""

    at: int
    kind: FaultKind = "io"
    times: int = 1
    only: frozenset[Kind] = frozenset()

    def before(self) -> Before:
        """Return the hook that does it, once."""
        seen = 0

        def fail(op: Op) -> int | None:
            nonlocal seen
            if self.only and op.kind not in self.only:
                return None
            number, seen = seen, seen + 1
            if not self.at <= number < self.at + self.times:
                return None
            if self.kind == "short" and op.kind == "write":
                return len(op.data) // 2 // SECTOR * SECTOR
            raise injected(op, apsw.FullError if self.kind != "io" and op.kind == "write" else apsw.IOError)

        return fail


class DidNotRecoverError(Exception):
    """The same step failed again and again, long after the fault was over."""


def insist(step: Step, life: Life) -> int:
    """Take a step until it is taken; returns how often it failed. Opening is a new process each time."""
    last: Exception | None = None
    for failures in range(TRIES_MAX):
        if failures == TRIES_MAX // 2:
            life.look_away()  # no reader reads for ever
        try:
            step(life)
        except (StoreUnavailable, apsw.Error) as error:
            last = error
        except StoreError as error:
            if not isinstance(step, Open | Reopen | Restore):
                raise
            last = error
        else:
            return failures
    raise DidNotRecoverError(f"{step} failed {TRIES_MAX} times, at last with {last!r}") from last


@attrs.frozen
class Episode:
    """What happened on one disk: the tape, and how often the caller saw a failure."""

    tape: Tape
    failures: int


def live_with(
    fault: Fault | None,
    script: Script,
    start: Image,
    folder: Path,
    *,
    span: range | None = None,
    from_opening: bool = True,
) -> Episode:
    """Take a script's steps, or some, each until it is taken; the disk has this fault from the opening on, or later."""
    write_image(start, folder)
    tape, before = Tape(with_reads=True), fault.before() if fault else pass_all
    life, failures = Life(folder, tape), 0
    try:
        if not from_opening:
            insist(Open(), life)
        tape.before = before
        failures += insist(Open(), life)
        for at in span if span is not None else range(len(script.steps)):
            failures += insist(script.steps[at], life)
            tape.mark(at + 1)
    finally:
        failures += _end(life)
    return Episode(tape, failures)


def _end(life: Life) -> int:
    """Close; an error then is an error of a process that ends anyway."""
    try:
        life.close()
    except (StoreError, apsw.Error):
        return 1
    return 0
