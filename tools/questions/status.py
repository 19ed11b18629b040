"""get_universe_status: what this universe is, and how every game in it stands."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import attrs
from pydantic import Field

from tools.arguments import Arguments
from tools.question import Question
from tools.source import Role, Snapshot, Witness
from tools.wire import utc_text
from tools.words import counted, pools_text
from universe.compiled import kernel_state
from universe.game import WEEKDAYS, Game

if TYPE_CHECKING:  # this module imports numpy, and the first answer must not wait for it
    from storage.views import GameView

HOURS_A_DAY = 24


class StatusArguments(Arguments):
    """There are none."""


@attrs.frozen(kw_only=True)
class KernelStatus:
    """What the answering process draws and counts with. The results are the same, only the speed is not."""

    state: Annotated[
        Literal["unloaded", "loading", "ready", "unavailable"],
        Field(description="Optional compiled code, answers are the same without. unloaded: no need so far."),
    ]
    reason: Annotated[str | None, Field(description="Why kernels are unavailable; null otherwise.")]


@attrs.frozen(kw_only=True)
class UniverseStatus:
    """The identity of the universe, and what the answering process does."""

    universe_id: Annotated[str, Field(description="Fixed when the universe was created.")]
    version: Annotated[str, Field(description="Version of the rules it was created under: seed rule, logical time.")]
    created_at: Annotated[datetime, Field(description="When it was created, UTC.")]
    mode: Annotated[Literal["prod", "test"], Field(description="Test universes are small and may be reset.")]
    role: Annotated[
        Role,
        Field(description="leader: it simulates; follower: it stands by while another does; reader: it only looks."),
    ]
    kernels: Annotated[KernelStatus, Field(description="How this process computes draws.")]


@attrs.frozen(kw_only=True)
class ParkedStatus:
    """An actor that waits for something outside and tries again by itself."""

    actor: Annotated[str, Field(description="Which actor.")]
    reason: Annotated[str, Field(description="What it waits for.")]
    since: Annotated[datetime, Field(description="Since when, UTC.")]


@attrs.frozen(kw_only=True)
class MilestoneStatus:
    """Where the simulation of a game is to halt; whichever comes first."""

    max_draws: Annotated[int | None, Field(description="Last draw number to make; null: no such bound.")]
    until: Annotated[date | None, Field(description="Last draw date to simulate; null: no such bound.")]


@attrs.frozen(kw_only=True)
class RealResultsStatus:
    """The real results stored for a game."""

    count: Annotated[int, Field(ge=0, description="Stored results, one a draw date.")]
    first: Annotated[date | None, Field(description="Earliest date; null without results.")]
    last: Annotated[date | None, Field(description="Latest date; null without results.")]
    conflicts: Annotated[int, Field(ge=0, description="Distinct other values that were offered for stored dates.")]


@attrs.frozen(kw_only=True)
class GameStatus:
    """How one game stands."""

    game_id: Annotated[str, Field(description="The game.")]
    pools: Annotated[str, Field(description="Its drums: 5 of 47 + 1 of 27.")]
    draw_days: Annotated[tuple[str, ...], Field(description="Its weekdays now in force.")]
    phase: Annotated[
        Literal["bootstrap", "initialized", "running", "halted"],
        Field(
            description="bootstrap: results, but no simulation yet; initialized: epoch and pace fixed, no draw yet;"
            " running: has draws, may make more; halted: at its milestone or limit."
        ),
    ]
    halt_reason: Annotated[
        Literal["limit", "max_draws", "until"] | None, Field(description="Which bound was reached; null unless halted.")
    ]
    simulating: Annotated[bool, Field(description="Whether this process makes its draws right now.")]
    parked: Annotated[ParkedStatus | None, Field(description="The actor of this game that waits; null if none does.")]
    restarts: Annotated[int, Field(ge=0, description="Crashes its actors were restarted after, in this process.")]
    draw_number: Annotated[int, Field(ge=0, description="Last committed synthetic draw; 0 before the first.")]
    draw_date: Annotated[date | None, Field(description="Draw date of that draw; null before the first.")]
    total_draws: Annotated[int, Field(ge=0, description="Committed synthetic draws.")]
    draws_per_logical_day: Annotated[
        int | None, Field(description="Pace: draws a simulated day; null before it is fixed.")
    ]
    observed_draws_per_day: Annotated[
        int | None, Field(description="Draws committed in the last hour, times 24; null when idle.")
    ]
    lag_logical_days: Annotated[
        int | None,
        Field(
            description="The world's date (UTC) minus the logical date of the last draw, in days; negative: ahead. Null"
            " before the epoch is fixed."
        ),
    ]
    completion_percent: Annotated[
        float | None, Field(description="Committed draws in percent of the milestone; null without a milestone.")
    ]
    milestone: Annotated[MilestoneStatus, Field(description="Where the simulation halts.")]
    real_results: Annotated[RealResultsStatus, Field(description="The real results stored beside it.")]
    last_commit_at: Annotated[datetime | None, Field(description="Time of the last commit, UTC; null before it.")]
    match_levels_unavailable: Annotated[
        str | None, Field(description="Why there are no match_levels of tickets; null where there are.")
    ]


@attrs.frozen(kw_only=True)
class StatusAnswer:
    """A universe and its games."""

    universe: Annotated[UniverseStatus, Field(description="The universe as a whole.")]
    games: Annotated[tuple[GameStatus, ...], Field(description="Every game that has draws or results, by id.")]


def universe_status(snapshot: Snapshot, source: Witness) -> StatusAnswer:
    """Return how the universe stands as of a snapshot."""
    seen, kernels = snapshot.universe, kernel_state()
    universe = UniverseStatus(
        universe_id=seen.universe_id,
        version=seen.version,
        created_at=seen.created_at,
        mode=seen.mode,
        role=source.role,
        kernels=KernelStatus(state=kernels.state, reason=kernels.reason),
    )
    return StatusAnswer(universe=universe, games=tuple(game_status(view, source) for view in snapshot.games()))


def game_status(view: "GameView", source: Witness) -> GameStatus:
    """Return how one game stands."""
    from universe.subsets import why_no_levels

    vitals = source.vitals(view.game.game_id)
    parked = vitals.parked
    return GameStatus(
        game_id=view.game.game_id,
        pools=pools_text(view.game),
        draw_days=draw_days(view.game, source.today()),
        phase=view.phase,
        halt_reason=view.halt_reason,
        simulating=vitals.simulating,
        parked=ParkedStatus(actor=parked.actor, reason=parked.reason, since=parked.since) if parked else None,
        restarts=vitals.restarts,
        draw_number=view.watermark,
        draw_date=view.draw_date,
        total_draws=view.watermark,
        draws_per_logical_day=view.clock.draws_per_day if view.clock else None,
        observed_draws_per_day=view.draws_last_hour * HOURS_A_DAY or None,
        lag_logical_days=lag_logical_days(view, source.today()),
        completion_percent=completion_percent(view),
        milestone=MilestoneStatus(max_draws=view.max_draws, until=view.until),
        real_results=RealResultsStatus(
            count=view.results_count, first=view.results_first, last=view.results_last, conflicts=view.conflicts
        ),
        last_commit_at=view.committed_at,
        match_levels_unavailable=why_no_levels(view.game),
    )


def draw_days(game: Game, today: date) -> tuple[str, ...]:
    """Return the weekdays of the schedule in force, of its first period before that begins."""
    return tuple(WEEKDAYS[day] for day in sorted(game.weekdays_on(max(today, game.since))))


def lag_logical_days(view: "GameView", today: date) -> int | None:
    """Return the world's date minus the logical date of the last draw, of the epoch before the first."""
    if view.clock is None:
        return None
    return (today - view.clock.logical_date(view.clock.logical_day(max(view.watermark, 1)))).days


def completion_percent(view: "GameView") -> float | None:
    """Return the committed draws in percent of the nearest milestone."""
    if view.clock is None:
        return None
    goals = [] if view.max_draws is None else [view.max_draws]
    if view.until is not None:
        goals.append(view.clock.last_draw_until(view.until))
    if not goals:
        return None
    return min(100 * view.watermark / min(goals), 100.0) if min(goals) else 100.0


def _ask(snapshot: Snapshot, _: StatusArguments, source: Witness) -> StatusAnswer:
    return universe_status(snapshot, source)


def tell(answer: StatusAnswer) -> str:
    """Return the status in words."""
    universe = answer.universe
    opening = (
        f"Universe {universe.universe_id} ({universe.mode}), created {utc_text(universe.created_at)}, rules"
        f" version {universe.version}; this process is a {universe.role}. {_kernels_text(universe.kernels)}"
    )
    return "\n".join([opening, *map(_game_text, answer.games)] if answer.games else [opening, "No game has data yet."])


def _kernels_text(kernels: KernelStatus) -> str:
    reason = "" if kernels.reason is None else f" ({kernels.reason})"
    return f"Compiled kernels, which only make bulk work faster: {kernels.state}{reason}."


def _game_text(game: GameStatus) -> str:
    facts = [
        _phase_text(game),
        "simulating in this process" if game.simulating else "not simulating in this process",
        *_trouble(game),
        _pace_text(game),
        _lag_text(game.lag_logical_days),
        _milestone_text(game),
        _results_text(game.real_results),
        f"last commit {utc_text(game.last_commit_at)}" if game.last_commit_at else "",
        game.match_levels_unavailable or "",
    ]
    return f"{game.game_id} ({game.pools}; drawn {', '.join(game.draw_days)}): {'; '.join(filter(None, facts))}."


def _phase_text(game: GameStatus) -> str:
    match game.phase:
        case "bootstrap":
            return "bootstrap, real results are stored and no simulation has begun"
        case "initialized":
            return "initialized, the first draw is still to come"
        case "halted":
            return f"halted ({game.halt_reason}) at draw {game.draw_number} ({game.draw_date}): {_bound_text(game)}"
    return f"running, at draw {game.draw_number} ({game.draw_date})"


def _bound_text(game: GameStatus) -> str:
    """Say which bound a halted game has reached, and what lifts it."""
    from storage.schema import TEST_DRAWS_MAX

    match game.halt_reason:
        case "limit" if game.draw_number == TEST_DRAWS_MAX:
            return "the most that a test universe holds"
        case "limit":
            return "the limit that its run was given"
        case "until":
            return f"its milestone, the draws until {game.milestone.until}, is reached; `universe extend` moves it"
    return f"its milestone of {game.milestone.max_draws} draws is reached; `universe extend` moves it"


def _trouble(game: GameStatus) -> list[str]:
    parked = game.parked
    waits = [f"{parked.actor} waits since {utc_text(parked.since)} and tries again: {parked.reason}"] if parked else []
    return [*waits, f"{counted(game.restarts, 'restarts')} after crashes"] if game.restarts else waits


def _pace_text(game: GameStatus) -> str:
    if game.draws_per_logical_day is None:
        return ""
    observed = game.observed_draws_per_day
    lately = f"lately {observed} draws a real day" if observed else "idle in the last hour"
    return f"pace {counted(game.draws_per_logical_day, 'draws')} a logical day, {lately}"


def _lag_text(days: int | None) -> str:
    if days is None:
        return ""
    if days == 0:
        return "logical time is level with the world's date"
    return f"{counted(abs(days), 'logical days')} {'behind' if days > 0 else 'ahead of'} the world's date"


def _milestone_text(game: GameStatus) -> str:
    milestone = game.milestone
    bounds = [f"{milestone.max_draws} draws"] if milestone.max_draws else []
    bounds += [f"draw date {milestone.until}"] if milestone.until else []
    if not bounds:
        return "" if game.phase == "bootstrap" else "no milestone: it goes on without end"
    done = "" if game.completion_percent is None else f", {game.completion_percent:.6g} % done"
    return f"milestone {' or '.join(bounds)}{done}"


def _results_text(results: RealResultsStatus) -> str:
    if not results.count:
        return "no real results stored"
    dates = f"{results.first} to {results.last}"
    return f"{counted(results.count, 'real results')} stored ({dates}), {counted(results.conflicts, 'conflicts')}"


STATUS = Question(
    name="get_universe_status",
    title="Universe status",
    description=(
        "What this universe of synthetic lottery draws is and how each of its games stands: drums, phase, draws,"
        " simulated date, pace (draws a day), lag (days), milestone, stored real results. Ask this first: it lists the"
        " game ids that the other tools take. Takes no arguments. Example: {}."
    ),
    arguments=StatusArguments,
    answer=StatusAnswer,
    ask=_ask,
    tell=tell,
    lasting=False,
)
