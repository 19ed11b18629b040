"""Whether this process can do its work now: the one rule behind /ready and the metric of the same name.

What is said here is for anyone who asks: no path, no reason out of an error, no secret.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs
import structlog

from actors.pace import tick_seconds
from storage.errors import StoreDamaged, StoreFull, StoreUnavailable
from tools.questions.status import lag_logical_days
from tools.source import Role
from universe.vitals import Parked

if TYPE_CHECKING:  # these modules import numpy, and a server answers before it needs any
    from ops.life import Life
    from storage.reader import Reader
    from storage.views import GameView, UniverseView

SILENCE_SECONDS_MAX = 60.0  # without a commit, beside what the pace itself makes one wait
OPENING = "opening"
INGESTOR = "ingestor"

log = structlog.get_logger()


@attrs.frozen(kw_only=True)
class Glance:
    """The store as one read transaction showed it; ``fault`` says in a few words why there was none."""

    universe: "UniverseView | None" = None
    games: "tuple[GameView, ...]" = ()
    fault: str | None = None


def glance(reader: "Reader | None") -> Glance:
    """Look at the store once. Whatever is wrong with it is an answer, not an error; the log has the details."""
    if reader is None:
        return Glance(fault=OPENING)
    try:
        with reader.snapshot() as snapshot:
            return Glance(universe=snapshot.universe, games=tuple(snapshot.games()))
    except Exception as fault:  # noqa: BLE001  damaged bytes raise anything, and monitoring must go on
        log.debug("store.unreadable", reason=f"{type(fault).__name__}: {fault}")
        return Glance(fault=_words(fault))


def _words(fault: Exception) -> str:
    match fault:
        case StoreFull():
            return "no room left on the device"
        case StoreUnavailable():
            return "cannot be read now"
        case StoreDamaged():
            return "damaged"
        case _:
            return "cannot be used"


class Check(NamedTuple):
    """One thing that was looked at, and whether it is as it should be."""

    name: str
    ok: bool
    detail: str


@attrs.frozen
class Readiness:
    """What was looked at. The process is ready if nothing of it is wrong."""

    checks: tuple[Check, ...]

    @property
    def ready(self) -> bool:
        """Whether to send questions here."""
        return all(check.ok for check in self.checks)

    def document(self) -> dict[str, Any]:
        """Return it as it is answered."""
        return {"ready": self.ready, "checks": [check._asdict() for check in self.checks]}


def readiness(
    seen: Glance,
    *,
    role: Role,
    parked: Sequence[Parked],
    quiet_seconds: Mapping[str, float],
    logical_day_seconds: float | None,
    today: date,
) -> Readiness:
    """Judge a process by its store, its writer and its lag.

    ``quiet_seconds`` tells of each game that is drawn now how long ago it began or last committed: halted games, those
    that wait for phase 0 and those just begun are thus no fault. ``logical_day_seconds`` is None where there is no
    production pace to hold commits against.
    """
    store = Check("store", seen.fault is None, seen.fault or "readable")
    return Readiness((store, _writer(seen, role, parked, quiet_seconds, logical_day_seconds), _lag(seen, today)))


def _writer(
    seen: Glance,
    role: Role,
    parked: Sequence[Parked],
    quiet_seconds: Mapping[str, float],
    logical_day_seconds: float | None,
) -> Check:
    """Judge whether what leads also commits.

    A follower is ready while it can read: it answers rightly whatever becomes of the leader, whose own answer is the
    place to show that it hangs; were both unready, nothing would answer at all. An ingestor is not judged either: it
    waits for a publisher, and nothing here is better for being restarted.
    """
    if role != "leader":
        return Check("writer", ok=True, detail="another process leads" if role == "follower" else "this one only reads")
    if waiting := [actor.actor for actor in parked if actor.actor.rpartition(".")[2] != INGESTOR]:
        return Check("writer", ok=False, detail=f"parked: {', '.join(waiting)}")
    if logical_day_seconds is not None:
        for view in seen.games:
            quiet, allowed = quiet_seconds.get(view.game.game_id, 0.0), silence_seconds_max(view, logical_day_seconds)
            if quiet > allowed:
                return Check(
                    "writer",
                    ok=False,
                    detail=f"{view.game.game_id}: no commit for {quiet:.0f} s, at its pace at most {allowed:.0f} s",
                )
    return Check("writer", ok=True, detail=f"drawing {', '.join(sorted(quiet_seconds)) or 'nothing'}")


def silence_seconds_max(view: "GameView", logical_day_seconds: float) -> float:
    """Return how long a game drawn at the production pace may go without a commit: two ticks, or draws, and a margin.

    0 for a game without a pace: it is not drawn.
    """
    if view.clock is None:
        return 0.0
    pace = view.clock.draws_per_day / logical_day_seconds
    return SILENCE_SECONDS_MAX + 2 * max(tick_seconds(pace), 1 / pace)


def _lag(seen: Glance, today: date) -> Check:
    """Show how far the simulated date is behind the world's; never a fault.

    The pace is a fixed rate and missed time is not made up, so neither waiting nor a restart brings it back: a process
    taken out of service for it would never return.
    """
    lags = {view.game.game_id: lag for view in seen.games if (lag := lag_logical_days(view, today)) is not None}
    told = ", ".join(f"{game_id}: {days} logical days" for game_id, days in lags.items())
    return Check("lag", ok=True, detail=told or "no logical time yet")


def readiness_of(life: "Life", seen: Glance) -> Readiness:
    """Judge this process by a glance at its store."""
    target = life.options.target
    return readiness(
        seen,
        role=life.role,
        parked=life.board.parked(),
        quiet_seconds=life.board.simulating.quiet_seconds(),
        logical_day_seconds=target.settings.universe.logical_day_seconds if target.mode == "prod" else None,
        today=life.today(),
    )
