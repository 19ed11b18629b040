"""A report's data, made up of fair draws by numpy: what its page has to show, without a universe."""

from datetime import UTC, date, datetime
from math import comb
from typing import Any

import attrs
import numpy as np

from ops.report.data import Checking, Contradiction, Real, ReportData, Source, Synthetic
from ops.report.findings import Backtest, Fairness, NullDistribution, Power, StreamRow, TestRow, Verdict
from ops.report.series import Counts, Evidence, Frequencies, Gaps, Matches, Pairs, Stream
from universe.catalogue import shipped_games
from universe.game import Game
from universe.matching import level_outcomes, levels

DRAWS, HISTORIES = 2_000, 500
STREAMS: dict[Stream, int] = {"real": DRAWS, "synthetic": 5_000_000}
SHELL = 'G="GAME_001|2000-06-28|5000000"\nr=$(echo "ibase=16; 1 % 2" | bc)\nawk "BEGIN{for(i=1;i<5;i++)print i}"'
TITLES = {
    "numbers": ("Single numbers", "Does some number come up too often or too rarely?"),
    "pairs": ("Pairs", "Do some numbers come together more often than their own frequency explains?"),
    "overlap_1": ("Overlap with the draw before", "Does a draw share more numbers with the one before than it should?"),
    "gaps": ("Gaps", "Are the waits between appearances of a number those of chance?"),
    "drought": ("Longest drought", "Did some number stay away for too long?"),
    "sums": ("Sums", "Are the sums of the main numbers distributed as they should be?"),
    "weekdays": ("Weekdays", "Does a number come up more often on one weekday than on another?"),
    "drift": ("Drift", "Did the chances of a number change over the years?"),
}


def made_data(game_id: str = "GAME_001", *, seed: int = 7, **changes: Any) -> ReportData:
    """A report's data with every part filled; ``changes`` replace parts of it."""
    game, rolls = shipped_games()[game_id], np.random.default_rng(seed)
    data = ReportData(
        game=game,
        made_at=datetime(2026, 11, 21, 20, 0, tzinfo=UTC),
        program="1.0",
        universe_id="0123456789abcdef0123456789abcdef",
        mode="prod",
        synthetic=Synthetic(
            draws=5_000_000,
            epoch=date(2000, 6, 7),
            draws_per_day=227_500,
            last_date=date(2000, 6, 28),
            committed_at=datetime(2026, 11, 21, 19, 58, tzinfo=UTC),
        ),
        real=Real(draws=DRAWS, first=date(2000, 6, 7), last=date(2019, 8, 3), missing=2),
        frequencies=tuple(one for stream, draws in STREAMS.items() for one in _frequencies(game, stream, draws, rolls)),
        fairness=_fairness(rolls),
        stream=(
            StreamRow(
                title="Distinct outcomes",
                question="Are as many different outcomes drawn as chance makes?",
                statistic=4_711_234.0,
                expected=4_711_099.5,
                p_value=0.7,
                p_holm=1.0,
                visible=0.0009,
            ),
        ),
        nulls={
            "numbers": NullDistribution(
                statistics=rolls.chisquare(game.main.size - 1, HISTORIES),
                observed=43.21,
                expected=game.main.size - 1.0,
                degrees_of_freedom=game.main.size - 1.0,
            ),
            "drought": NullDistribution(
                statistics=np.rint(rolls.gumbel(82, 11, HISTORIES)),
                observed=74.0,
                expected=None,
                degrees_of_freedom=None,
            ),
        },
        gaps=_gaps(game, rolls),
        pairs=tuple(
            Pairs(
                stream=stream,
                draws=draws,
                size=game.main.size,
                expected=draws * 20 / (47 * 46),
                residuals=rolls.normal(size=comb(game.main.size, 2)),
            )
            for stream, draws in STREAMS.items()
        ),
        matches=_matches(game, rolls),
        evidence=tuple(_evidence(stream, draws, rolls, game) for stream, draws in STREAMS.items()),
        backtests=_backtests(),
        sources=(
            Source(name="results.csv", rows=2_000, first=date(2000, 6, 7), last=date(2019, 8, 3), conflicts=0),
            Source(
                name="https://example.org/a-very-long-address/resource/d6yy-54nr.json?$limit=50000",
                rows=0,
                first=None,
                last=None,
                conflicts=1,
            ),
        ),
        contradictions=(
            Contradiction(
                draw_date=date(2011, 3, 5),
                stored="4 8 15 16 23 + 42",
                stored_source="results.csv",
                offered="4 8 15 16 32 + 42",
                offered_source="https://example.org/d6yy-54nr.json",
            ),
        ),
        conflicts=1,
        checking=Checking(
            definition_digest="ab" * 32,
            draw_number=5_000_000,
            draw_date=date(2000, 6, 28),
            numbers="4 6 8 12 20 + 15",
            rank=324_176,
            shell=SHELL,
            draws_root="cd" * 32,
            draws_logged=4_999_168,
            results_root="ef" * 32,
            results_logged=2_000,
        ),
    )
    return attrs.evolve(data, **changes)


def _frequencies(game: Game, stream: Stream, draws: int, rolls: np.random.Generator) -> list[Frequencies]:
    def counts(picked: int, size: int) -> Counts:
        expected = draws * picked / size
        rolled: Counts = np.rint(rolls.normal(expected, np.sqrt(expected * (1 - picked / size)), size)).astype(np.int64)
        return rolled

    main = Frequencies(
        stream=stream,
        drum="main",
        draws=draws,
        picked=game.main.picked,
        counts=counts(game.main.picked, game.main.size),
        simultaneous_z=3.25,
    )
    if not game.bonus:
        return [main]
    bonus = Frequencies(
        stream=stream,
        drum="bonus",
        draws=draws,
        picked=game.bonus_picked,
        counts=counts(game.bonus_picked, game.bonus_size),
        simultaneous_z=3.1,
    )
    return [main, bonus]


def _fairness(rolls: np.random.Generator) -> Fairness:
    floor = 1 / (HISTORIES + 1)
    rows = tuple(
        TestRow(
            name=name,
            title=title,
            question=question,
            statistic=40 + place,
            expected=45.0 if place else None,
            degrees_of_freedom=46.0,
            effect=0.1,
            effect_unit="relative bias",
            p_value=max(floor, float(p_value)),
            p_uncalibrated=float(p_value) * 0.9,
            p_naive=min(1.0, float(p_value) * 1.6) if place < 3 else None,
            p_holm=min(1.0, 8 * float(p_value)),
            power=Power(alternative="one number 20 % heavier", power=0.41, visible=0.18) if place < 4 else None,
        )
        for place, ((name, (title, question)), p_value) in enumerate(
            zip(TITLES.items(), rolls.uniform(size=len(TITLES)), strict=True)
        )
    )
    return Fairness(
        draws=DRAWS,
        first=date(2000, 6, 7),
        last=date(2019, 8, 3),
        newer=3,
        histories=HISTORIES,
        verdict=Verdict(p_value=0.43, floor=floor, smallest_test=min(rows, key=lambda row: row.p_best).name),
        tests=rows,
        rule_changes=(),
    )


def _gaps(game: Game, rolls: np.random.Generator) -> Gaps:
    cells = -(-5 * game.main.size // game.main.picked)
    p, n = game.main.picked / game.main.size, DRAWS
    lengths = np.arange(1, cells + 1)
    expected = game.main.size * (n - lengths) * p**2 * (1 - p) ** (lengths - 1)
    return Gaps(
        observed=rolls.poisson(expected),
        expected=expected,
        band=(expected - 2 * np.sqrt(expected), expected + 2 * np.sqrt(expected)),
        waiting=rolls.geometric(p, game.main.size) - 1,
    )


def _matches(game: Game, rolls: np.random.Generator) -> Matches:
    dates = 60
    probabilities = np.array([level_outcomes(game, *level) / game.outcomes for level in levels(game)])
    steps = np.array([rolls.multinomial(800_000, probabilities) for _ in range(dates)])
    return Matches(
        dates=np.datetime64("2000-06-07") + np.arange(dates) * 4,
        compared=800_000 * np.arange(1, dates + 1),
        levels=tuple(f"{main}+{bonus}" if game.bonus else str(main) for main, bonus in levels(game)),
        probabilities=probabilities,
        counts=steps.cumsum(axis=0),
    )


def _evidence(stream: Stream, draws: int, rolls: np.random.Generator, game: Game) -> Evidence:
    steps = 300
    fair = game.main.picked / game.main.size
    at = np.linspace(draws / steps, draws, steps).astype(np.int64)
    width = 3 * fair / np.sqrt(draws)
    return Evidence(
        stream=stream,
        draws=at,
        dates=np.datetime64("2000-06-07") + 20 * np.arange(steps) if stream == "real" else None,
        log10_main=-6 * np.log10(at) + rolls.normal(0, 0.2, steps).cumsum(),
        log10_bonus=-3 * np.log10(at) if game.bonus else None,
        alarm_log10=3.0,
        fair=fair,
        low=np.full(game.main.size, fair - width),
        high=np.full(game.main.size, fair + 1.1 * width),
        coverage=0.99,
    )


def _backtests() -> tuple[Backtest, ...]:
    return tuple(
        Backtest(
            strategy=strategy,
            description=f"the ticket of {strategy} numbers, chosen anew for each draw",
            stream=stream,
            draws=DRAWS,
            tickets=10,
            matches=3,
            hits=int(1_000 * efficiency),
            expected=1_000.5,
            low=efficiency - 0.06,
            high=efficiency + 0.06,
            log10_e_edge=-0.4,
            claimed=2.11,
            log10_e_claim=61.0,
            refuted_after=812,
        )
        for strategy, efficiency in {"random": 1.01, "hot": 0.98, "cold": 1.03, "overdue": 0.99}.items()
        for stream in STREAMS
    )
