"""Round-robin over the targets: every call timed, the memory watched, each failure told so that it can be repeated."""

import signal
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import attrs
import psutil

from tests.fuzz.definition_targets import definition_targets
from tests.fuzz.line_targets import line_targets, served
from tests.fuzz.result_targets import result_targets
from tests.fuzz.small_universe import small_universe
from tests.fuzz.target import Target, dice_of
from tests.fuzz.tool_targets import tool_targets

CALL_SECONDS_MAX = 1.0
HANG_SECONDS = 20
WARM_UP_PART = 0.25  # caches fill, and the allocator takes what it needs
GROWTH_BYTES_MAX = 48 * 2**20
SHOWN_CHARS_MAX = 300


@attrs.define
class Tally:
    """What became of one target's inputs."""

    accepted: int = 0
    refused: int = 0
    slowest_seconds: float = 0.0
    slowest_index: int = 0


@attrs.frozen(kw_only=True)
class Failure:
    """An input that did what no input may do."""

    target: str
    seed: int
    index: int
    shown: str
    file: Path
    reason: str

    def __str__(self) -> str:
        return (
            f"{self.target}, seed {self.seed}, input {self.index}: {self.reason}\n"
            f"  input  {self.shown}\n  saved  {self.file}\n"
            f"  replay python -m tests.fuzz --target {self.target} --seed {self.seed} --from {self.index} --inputs 1"
        )


@attrs.define(kw_only=True)
class Report:
    """A run: the tallies by target, the failures, and the memory at the end of the warm-up and of the run."""

    tallies: dict[str, Tally]
    failures: list[Failure] = attrs.field(factory=list)
    memory_first: int = 0
    memory_warm: int = 0
    memory_last: int = 0

    @property
    def grown(self) -> bool:
        """Whether the memory went on growing after the warm-up."""
        return self.memory_last - self.memory_warm > GROWTH_BYTES_MAX


@contextmanager
def opened_targets(names: Sequence[str] = (), samples: Path | None = None) -> Iterator[list[Target]]:
    """Yield the targets whose names begin with one of ``names``, all without any, with what they need."""

    def wanted(targets: Iterator[Target]) -> list[Target]:
        return [target for target in targets if not names or target.name.startswith(tuple(names))]

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fuzz-")))
        targets = wanted(result_targets(samples)) + wanted(definition_targets(folder))
        if not names or any(name.startswith("tool") for name in names):
            targets += wanted(tool_targets(stack.enter_context(small_universe())))
        if not names or any(name.startswith("stdio") for name in names):
            targets += wanted(line_targets(stack.enter_context(served(folder))))
        yield targets


def run(
    targets: Sequence[Target], *, inputs: int, seed: int, first: int = 0, told: Callable[[str], None] = print
) -> Report:
    """Give the targets ``inputs`` inputs in turn, beginning with the index ``first`` of each."""
    report = Report(tallies={target.name: Tally() for target in targets}, memory_first=memory_bytes())
    warm = int(inputs * WARM_UP_PART)
    for count in range(inputs):
        target, index = targets[count % len(targets)], first + count // len(targets)
        failure = _attempt(target, report.tallies[target.name], seed, index)
        if failure is not None:
            report.failures.append(failure)
            told(ascii_text(str(failure)))
        if count == warm:
            report.memory_warm = memory_bytes()
    report.memory_last = memory_bytes()
    return report


def _attempt(target: Target, tally: Tally, seed: int, index: int) -> Failure | None:
    made = target.make(dice_of(seed, target.name, index))
    taken, seconds, reason = _timed(target, made)
    if seconds > CALL_SECONDS_MAX and not reason:  # once more: the machine may have been busy with something else
        _, again, reason = _timed(target, made)
        seconds = min(seconds, again)
    tally.accepted += taken
    tally.refused += not taken
    if seconds > tally.slowest_seconds:
        tally.slowest_seconds, tally.slowest_index = seconds, index
    if seconds > CALL_SECONDS_MAX and not reason:
        reason = f"{seconds:.1f} s"
    return _failure(target.name, seed, index, made, reason) if reason else None


def _timed(target: Target, made: Any) -> tuple[bool, float, str]:
    """Return whether the input was accepted, how long that took, and what went wrong."""
    taken, reason, begun = False, "", target.clock()
    try:
        with hang_ends():
            taken = target.attempt(made)
    except (Exception, Hang) as fault:  # noqa: BLE001  whatever comes is what was looked for
        reason = _told(fault)
    return taken, target.clock() - begun, reason


def _told(fault: BaseException) -> str:
    """Return where and why, and how it came there."""
    where = traceback.extract_tb(fault.__traceback__)[-1]
    trace = "".join(traceback.format_exception(fault))
    return f"{type(fault).__name__} in {where.name}, {Path(where.filename).name}:{where.lineno}: {fault}\n{trace}"


def _failure(name: str, seed: int, index: int, made: Any, reason: str) -> Failure:
    shown = _shown(made)
    with tempfile.NamedTemporaryFile("w", prefix=f"fuzz-{name}-", suffix=".txt", delete=False) as file:
        file.write(f"{shown}\n\n{ascii_text(reason)}")
    reason = reason.partition("\n")[0][:SHOWN_CHARS_MAX]
    if len(shown) > SHOWN_CHARS_MAX:
        shown = f"{shown[:SHOWN_CHARS_MAX]}… ({len(shown)} characters)"
    return Failure(target=name, seed=seed, index=index, shown=shown, file=Path(file.name), reason=reason)


def ascii_text(text: str) -> str:
    """Return a text that every terminal and file takes."""
    return text.encode("ascii", "backslashreplace").decode()


def _shown(made: Any) -> str:
    try:
        return ascii(made)
    except (ValueError, RecursionError) as error:  # a number too long to be written, or a list too deep
        return f"<{type(made).__name__} that cannot be shown: {error}>"


class Hang(BaseException):
    """A call that did not end. Nothing that is tried may take it for an error of its own."""


@contextmanager
def hang_ends() -> Iterator[None]:
    """Break a call off that would go on and on."""

    def give_up(_: int, __: FrameType | None) -> None:
        raise Hang(f"not ended after {HANG_SECONDS} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, HANG_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def memory_bytes() -> int:
    """Return the resident memory of this process and of those it started."""
    process = psutil.Process()
    return sum(one.memory_info().rss for one in (process, *process.children()))
