"""Weeks in seconds: draws at a steady pace, results day by day with all that goes wrong, restarts, wrong clocks.

Each virtual day memory and open files are measured. The universe itself grows; what runs it must not.
"""

import gc
import os
import time
import tracemalloc
from datetime import date, timedelta
from random import Random

import attrs
import click
import psutil
import trio

from tests.simulation.log import Log
from tests.simulation.oracle import breaches, has_settled
from tests.simulation.play import Play, play
from tests.simulation.promptness import late_results
from tests.simulation.scenario import (
    DAILY,
    DAY,
    EPOCH,
    HOUR,
    WEEKLY,
    FeedScript,
    Jump,
    LifeSpan,
    Outage,
    Publication,
    Scale,
    Scenario,
    Simulated,
    Span,
    began_on,
    due_seconds,
)
from tests.simulation.stage import Stage
from universe.calendar import LogicalClock, draw_dates
from universe.game import Game

DAYS = 28
CALM_DAYS = 5
DRAWS_PER_DAY = 24  # one an hour: the pace of production, in coarser grains
BEGAN = began_on(date(2024, 1, 3), 12)
MINUTE = 60.0


@attrs.frozen(kw_only=True)
class DayRow:
    """What a virtual day cost, and what the process held at its end."""

    day: int
    seconds: float
    draws: int
    results: int
    life: int
    handles: int
    rss_mib: float
    python_kib: float  # allocated by Python code, all of it
    actors_kib: float  # by the actors' code alone


@attrs.define
class Week:
    """A simulation of weeks with its measurements."""

    play: Play
    rows: list[DayRow] = attrs.field(factory=list)
    seconds: float = 0.0

    def breaches(self) -> list[str]:
        """Return all that is wrong in the end, and every result that came too late."""
        return [*breaches(self.play), *late_results(self.play)]


def play_weeks(seed: int = 0, days: int = DAYS) -> Week:
    """Play so many days and measure each."""
    week = Week(Play(Stage(scenario_of_weeks(seed, days), Log(keeps_lines=False)), settled=has_settled))
    week.play.beside = Measurer(week)
    started = time.perf_counter()
    tracemalloc.start()
    try:
        play(week.play)
    finally:
        tracemalloc.stop()
    week.seconds = time.perf_counter() - started
    return week


def scenario_of_weeks(seed: int, days: int) -> Scenario:
    """Return weeks full of trouble that end with quiet days."""
    random = Random(seed)
    storm = (days - CALM_DAYS) * DAY
    return Scenario(
        order_seed=seed,
        began=BEGAN,
        scale=Scale(watch_seconds=15 * MINUTE, tick_seconds=HOUR),
        games=tuple(
            Simulated(
                clock=LogicalClock(game=game, epoch=EPOCH, draws_per_day=DRAWS_PER_DAY),
                draws_per_second=DRAWS_PER_DAY / DAY,
                last_draw=None,
            )
            for game in (WEEKLY, DAILY)
        ),
        feeds=tuple(_feed(random, game, days, storm) for game in (WEEKLY, DAILY)),
        max_draws=10**6,
        storm_seconds=storm,
        calm_seconds=CALM_DAYS * DAY,
        at_bounds=False,
        lives=tuple(_lives(random, storm)),
        full=(Span(start=0.4 * storm, end=0.4 * storm + 20 * MINUTE),),
        jumps=_jumps(storm),
    )


def _feed(random: Random, game: Game, days: int, storm: float) -> FeedScript:
    """Half of the results are prompt; some come hours or days late, announced by rows without numbers, or wrong."""
    publications = []
    for day in draw_dates(game, EPOCH, BEGAN.date() + timedelta(days=days)):
        due = due_seconds(game, day, BEGAN)
        late = random.choice([0, 0, 0, 0.5, 5, 30]) * HOUR if due < storm else 0
        wrong = random.choice([0] * 9 + [6]) * HOUR
        publications.append(Publication(day=day, at=due + late, placeholder_seconds=20 * HOUR, wrong_seconds=wrong))
    starts = [random.random() * storm for _ in range(days // 2)]
    outages = [
        Outage(
            start=start,
            end=min(storm, start + random.random() * 8 * HOUR),
            kind=random.choice(["refused", "silent", "garbage", "nothing"]),
        )
        for start in starts
    ]
    return FeedScript(game=game, publications=tuple(publications), outages=tuple(outages), answer_seconds_max=5.0)


def _lives(random: Random, storm: float) -> list[LifeSpan]:
    """A process lives for days at most; every second time it is killed."""
    lives: list[LifeSpan] = []
    total = 0.0
    while True:
        seconds, pause = (0.2 + 3 * random.random()) * DAY, random.choice([1.0, 30 * MINUTE, 5 * HOUR])
        total += seconds + pause
        if total > storm:
            return lives
        lives.append(LifeSpan(seconds=seconds, ending="kill" if len(lives) % 2 else "stop", pause_seconds=pause))


def _jumps(storm: float) -> tuple[Jump, ...]:
    """The clock is years ahead for minutes, a day behind, before the beginning of everything, an hour ahead."""
    return tuple(
        Jump(start=share * storm, end=share * storm + seconds, by=timedelta(days=days))
        for share, seconds, days in (
            (0.13, 10 * MINUTE, 5 * 365),
            (0.31, 6 * HOUR, -1),
            (0.57, HOUR, -20 * 365),
            (0.73, 12 * HOUR, 1 / 24),
            (0.97, 10 * MINUTE, 5 * 365),
        )
    )


@attrs.define
class Measurer:
    """Looks on, and adds a row at the end of each virtual day."""

    week: Week

    async def __call__(self, playing: Play) -> None:
        began = time.perf_counter()
        for day in range(1, 10**6):
            await trio.sleep_until(day * DAY)
            gc.collect()
            now = time.perf_counter()
            self.week.rows.append(_row(day, now - began, playing))
            began = time.perf_counter()


def _row(day: int, seconds: float, playing: Play) -> DayRow:
    process, games = psutil.Process(), playing.stage.store.games.values()
    taken = tracemalloc.take_snapshot().filter_traces(
        [tracemalloc.Filter(inclusive=True, filename_pattern="*/actors/*")]
    )
    return DayRow(
        day=day,
        seconds=seconds,
        draws=sum(state.watermark for state in games),
        results=sum(len(state.results) for state in games),
        life=len(playing.lives),
        handles=process.num_fds() if os.name == "posix" else process.num_handles(),
        rss_mib=process.memory_info().rss / 2**20,
        python_kib=tracemalloc.get_traced_memory()[0] / 1024,
        actors_kib=sum(statistic.size for statistic in taken.statistics("filename")) / 1024,
    )


def print_week() -> int:
    """Play four weeks and print their days. Exit code 1 if anything was wrong."""
    week = play_weeks()
    click.echo("| day | seconds | draws | results | life | handles | RSS MiB | Python KiB | actors KiB |")
    click.echo("|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    for row in week.rows:
        click.echo(
            f"| {row.day} | {row.seconds:.2f} | {row.draws} | {row.results} | {row.life} | {row.handles} "
            f"| {row.rss_mib:.1f} | {row.python_kib:.0f} | {row.actors_kib:.1f} |"
        )
    click.echo(f"{len(week.rows)} virtual days in {week.seconds:.1f} s, {len(week.play.lives)} lives")
    found = week.breaches()
    click.echo("\n".join(found) or "every result is stored once and in time; nothing is lost, doubled or stuck")
    return 1 if found else 0
