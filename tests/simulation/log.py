"""What happened, in order: every log line of the product and every commit, with its virtual time."""

import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import attrs
import structlog
import trio

UNTOLD = frozenset({"exc_info", "log_level"})


@attrs.frozen
class Crash:
    """One crash of an actor that its supervisor saw, with the errors that it is made of."""

    at: float
    life: int
    actor: str
    restarted: bool  # not if its budget was spent, or it was being cancelled
    causes: tuple[Exception, ...]


@attrs.define
class Log:
    """The trace of a simulation. Two runs of one scenario have the same."""

    keeps_lines: bool = True
    life: int = 0
    lines: list[str] = attrs.field(factory=list)
    crashes: list[Crash] = attrs.field(factory=list)
    _digest: Any = attrs.field(factory=sha256)

    def note(self, event: str, **facts: object) -> None:
        """Add a line."""
        line = f"{trio.current_time():.6f} {self.life} {event} " + " ".join(
            f"{key}={facts[key]}" for key in sorted(facts)
        )
        self._digest.update(line.encode())
        if self.keeps_lines:
            self.lines.append(line)

    def digest(self) -> str:
        """Return a fingerprint of all lines."""
        return str(self._digest.hexdigest())

    def __call__(self, _logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Take a log line of the product, as a processor of structlog; nothing is printed."""
        name = event["event"]
        if name in {"actor.crashed", "actor.gave_up"}:
            error = sys.exception()
            assert error is not None
            causes = tuple(cause for cause in leaves(error) if isinstance(cause, Exception))
            restarted = "pause_seconds" in event
            self.crashes.append(Crash(trio.current_time(), self.life, event["actor"], restarted, causes))
        self.note(name, **{key: value for key, value in event.items() if key not in {"event", *UNTOLD}})
        raise structlog.DropEvent


def leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors that a group is made of; of a spent budget, those of the last crash."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    elif type(error).__name__ == "RestartBudgetExceeded" and error.__cause__ is not None:
        yield from leaves(error.__cause__)
    else:
        yield error


@contextmanager
def recording(log: Log) -> Iterator[None]:
    """Within, everything logged goes to ``log`` and nowhere else."""
    processors = structlog.get_config()["processors"]
    before = processors.copy()
    processors[:] = [log]
    try:
        yield
    finally:
        processors[:] = before
