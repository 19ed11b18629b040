"""Scenarios by chance: a source of random choices, a seeded one or one of Hypothesis, decides what happens."""

from datetime import date, timedelta
from random import Random
from typing import TypeVar, get_args

from tests.simulation.scenario import (
    DAY,
    EPOCH,
    GAMES,
    HOUR,
    Delays,
    Elsewhere,
    Fault,
    FaultKind,
    FeedScript,
    Jump,
    LifeSpan,
    Outage,
    OutageKind,
    Point,
    Publication,
    Scale,
    Scenario,
    Simulated,
    Span,
    began_on,
    due_seconds,
)
from tests.simulation.values import true_result, wrong_result
from universe.calendar import LogicalClock, draw_dates
from universe.game import Game

MINUTES_BEGAN = began_on(date(2024, 1, 3), 23, 29)  # a minute before results are due
DAYS_BEGAN = began_on(date(2024, 1, 3), 12)
POINTS: tuple[Point, ...] = get_args(Point)
OF_THE_STORE = frozenset(
    {"commit", "commit_results", "checkpoint", "progress", "pending_comparisons", "missing_results", "game", "changes"}
)
KINDS: tuple[tuple[FaultKind, ...], ...] = (("crash",), ("crash", "full", "unavailable", "damaged"))  # of it: 1
JUMPS = tuple(
    timedelta(days=days, hours=hours)
    for days, hours in ((0, 1), (0, -1), (0, 30), (0, -30), (5, 0), (-5, 0), (5 * 365, 0), (-10 * 365, 0))
)

Item = TypeVar("Item")


def scenario_of(random: Random) -> Scenario:
    """Return a scenario of minutes, with production's clockwork, or one of days, which looks more rarely."""
    return _of_minutes(random) if random.random() < 0.7 else _of_days(random)


def scenario_of_seed(seed: int) -> Scenario:
    return scenario_of(Random(seed))


def _of_minutes(random: Random) -> Scenario:
    storm = random.choice([5.0, 20.0, 60.0, 120.0])
    games = _some(random, GAMES)
    return Scenario(
        order_seed=random.randrange(2**32),
        began=MINUTES_BEGAN,
        scale=Scale(
            watch_seconds=random.choice([0.25, 1.0]),
            retry_seconds_max=600.0,  # half of the calm
            batch_draws=random.choice([20, 50, 150]),
            group_units=random.choice([1, 2, 8]),
            group_draws=random.choice([50, 200, 1_000]),
            compare_draws=random.choice([30, 80, 1_000]),
            catch_up_draws=random.choice([0, 100, 10_000]),
        ),
        games=tuple(
            Simulated(
                clock=LogicalClock(game=game, epoch=EPOCH, draws_per_day=random.choice([40, 100])),
                draws_per_second=random.choice([None, 2.0, 10.0, 100.0]),
                last_draw=random.choice([None, 150, 300]),
            )
            for game in games
        ),
        feeds=tuple(_feed_of_minutes(random, game, storm) for game in games if random.random() < 0.8),
        max_draws=400,
        storm_seconds=storm,
        calm_seconds=1_200.0,
        at_bounds=True,
        lives=_lives(random, storm),
        faults=_faults(random),
        full=_spans(random, storm, 0.3),
        jumps=_jumps(random, storm, JUMPS),
        elsewhere=_elsewhere(random, games, storm, last=date(2024, 1, 6), extended_to=500),
        delays=Delays(
            commit=random.choice([0.0, 0.1, 3.0]),
            reading=random.choice([0.0, 0.05, 0.5]),
            background=random.choice([0.0, 0.2, 2.0]),
        ),
        log_commits_max=random.choice([1, 3, 10**9]),
    )


def _of_days(random: Random) -> Scenario:
    storm = random.choice([0.5, 1.0, 3.0]) * DAY
    games = _some(random, GAMES)
    return Scenario(
        order_seed=random.randrange(2**32),
        began=DAYS_BEGAN,
        scale=Scale(watch_seconds=3_600.0, tick_seconds=7_200.0),
        games=tuple(
            Simulated(
                clock=LogicalClock(game=game, epoch=EPOCH, draws_per_day=20), draws_per_second=20 / DAY, last_draw=None
            )
            for game in games
        ),
        feeds=tuple(_feed_of_days(random, game, storm) for game in games),
        max_draws=10_000,
        storm_seconds=storm,
        calm_seconds=9.5 * DAY - storm,
        at_bounds=False,
        lives=_lives(random, storm),
        faults=_faults(random),
        full=_spans(random, storm, 600 / storm),
        jumps=_jumps(random, storm, JUMPS),
        elsewhere=_elsewhere(random, games, storm, last=date(2024, 1, 4), extended_to=20_000),
        delays=Delays(commit=random.choice([0.0, 3.0]), reading=random.choice([0.0, 0.5])),
    )


def _feed_of_minutes(random: Random, game: Game, storm: float) -> FeedScript:
    """All results but the newest are there from the beginning; that one comes in these minutes."""
    days = list(draw_dates(game, EPOCH, date(2024, 1, 3)))
    at = due_seconds(game, days[-1], MINUTES_BEGAN) + random.choice([-40, 0, 15, 50])
    return FeedScript(
        game=game,
        publications=(
            *(Publication(day=day, at=-HOUR) for day in days[:-1]),
            _publication(random, days[-1], at, wrong=[0, 0, 0, 10, 60]),
        ),
        outages=_outages(random, storm, ("refused", "silent", "garbage", "nothing")),
        answer_seconds_max=random.choice([0.0, 1.0, 20.0]),
    )


def _feed_of_days(random: Random, game: Game, storm: float) -> FeedScript:
    """Results of the storm may come days late; one that comes in the calm comes within hours."""
    publications = []
    for day in draw_dates(game, EPOCH, date(2024, 1, 13)):
        due = due_seconds(game, day, DAYS_BEGAN)
        late = random.choice([0, 0, 1, 20, 70]) * HOUR if due < storm else random.choice([0, 0, 1]) * HOUR
        publications.append(
            _publication(random, day, due + late + random.choice([-1_800, 0, 60]), wrong=[0, 0, 0, 8_000])
        )
    return FeedScript(
        game=game,
        publications=tuple(publications),
        outages=_outages(random, storm, get_args(OutageKind)),
        answer_seconds_max=random.choice([0.0, 20.0]),
    )


def _publication(random: Random, day: date, at: float, wrong: list[int]) -> Publication:
    return Publication(
        day=day, at=at, placeholder_seconds=random.choice([0, 30, 4_000]), wrong_seconds=random.choice(wrong)
    )


def _lives(random: Random, storm: float) -> tuple[LifeSpan, ...]:
    """Share the storm, or less, among some lives."""
    count = random.choice([0, 0, 1, 2, 5])
    return tuple(
        LifeSpan(
            seconds=random.random() * storm / (2 * count),
            ending=random.choice(["stop", "kill"]),
            pause_seconds=random.choice([0.0, 1.0, storm / (2 * count)]),
        )
        for _ in range(count)
    )


def _faults(random: Random) -> tuple[Fault, ...]:
    """Some calls fail once, some again and again, until a budget is spent."""
    faults = []
    for _ in range(random.choice([0, 1, 3, 8])):
        point, first = random.choice(POINTS), random.randint(1, random.choice([3, 25]))
        faults.append(
            Fault(
                point=point,
                first=first,
                last=first + random.choice([0, 0, 0, 1, 8]),
                moment=random.choice(["before", "after"]),
                kind=random.choice(KINDS[point in OF_THE_STORE]),
            )
        )
    return tuple(faults)


def _spans(random: Random, storm: float, share: float) -> tuple[Span, ...]:
    starts = [random.random() * storm for _ in range(random.choice([0, 0, 1, 2]))]
    return tuple(Span(start=start, end=min(storm, start + random.random() * share * storm)) for start in starts)


def _outages(random: Random, storm: float, kinds: tuple[OutageKind, ...]) -> tuple[Outage, ...]:
    spans = _spans(random, storm, 0.6) + _spans(random, storm, 0.6)
    return tuple(Outage(start=span.start, end=span.end, kind=random.choice(kinds)) for span in spans)


def _jumps(random: Random, storm: float, by: tuple[timedelta, ...]) -> tuple[Jump, ...]:
    """At most one at a time: a wrong clock is set right, then it may go wrong again."""
    spans = sorted(_spans(random, storm, 0.5), key=lambda span: span.start)
    ends = [*(span.start for span in spans[1:]), storm]
    return tuple(
        Jump(start=span.start, end=min(span.end, end), by=random.choice(by))
        for span, end in zip(spans, ends, strict=False)  # without spans there is an end left
    )


def _elsewhere(
    random: Random, games: tuple[Game, ...], storm: float, *, last: date, extended_to: int
) -> tuple[Elsewhere, ...]:
    """Other processes bring results, right or wrong, and one milestone a game at most."""
    done = []
    moment = random.random() * storm  # of most of them: what comes close together is easily overlooked
    for game in games:
        if random.random() < 0.3:
            done.append(Elsewhere(at=_near(random, moment, storm), game=game, max_draws=extended_to))
        for day in _some(random, tuple(draw_dates(game, EPOCH, last))) if random.random() < 0.5 else ():
            value = true_result if random.random() < 0.7 else wrong_result
            done.append(Elsewhere(at=_near(random, moment, storm), game=game, result=value(game, day)))
    return tuple(done)


def _near(random: Random, moment: float, storm: float) -> float:
    return min(storm, moment + random.random()) if random.random() < 0.7 else random.random() * storm


def _some(random: Random, items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Return at least one of them, in their order."""
    chosen = {random.randrange(len(items)) for _ in range(random.randint(1, len(items)))}
    return tuple(items[place] for place in sorted(chosen))
