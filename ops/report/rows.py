"""Rows of the report's tables that are computed from its data."""

from math import erfc, sqrt

import attrs
import numpy as np

from ops.report.data import ReportData
from ops.report.series import Evidence, Matches, Pairs

WAITING_SHOWN = 5


@attrs.frozen
class PairRow:
    """How many pairs lie so far out: of each stream, and of a normal distribution."""

    label: str
    counts: list[int]
    expected: float


@attrs.frozen
class MatchRow:
    """One match level of the compared draws."""

    level: str
    matched: int
    expected: float
    z: float
    p_value: float
    probability: float


@attrs.frozen
class EvidenceRow:
    """Where one e-process stands, in powers of ten; ``alarmed`` is the draw of its first alarm, 0 without."""

    name: str
    draws: int
    now: float
    highest: float
    alarm: float
    alarmed: int


def longest_waiting(data: ReportData) -> list[tuple[int, int, float]]:
    """Return the numbers that wait longest: (number, draws since it came, share of draws after which it waits so)."""
    if data.gaps is None:
        return []
    stays_away = 1 - data.game.main.picked / data.game.main.size
    order = np.argsort(-data.gaps.waiting, kind="stable")[:WAITING_SHOWN].tolist()
    return [(number + 1, int(draws), stays_away**draws) for number in order for draws in [data.gaps.waiting[number]]]


def pair_rows(pairs: tuple[Pairs, ...]) -> list[PairRow]:
    """Return how many pairs lie beyond 1, 2, 3 and 4 standard deviations."""
    if not pairs:
        return []
    return [
        PairRow(
            f"beyond ±{sigmas}",
            [int((np.abs(one.residuals) > sigmas).sum()) for one in pairs],
            len(pairs[0].residuals) * erfc(sigmas / sqrt(2)),
        )
        for sigmas in (1, 2, 3, 4)
    ]


def match_rows(matches: Matches) -> list[MatchRow]:
    """Return every match level, highest first."""
    compared = int(matches.compared[-1])
    rows = []
    for level in reversed(range(len(matches.levels))):
        matched, chance = int(matches.counts[-1, level]), float(matches.probabilities[level])
        expected = compared * chance
        z = (matched - expected) / sqrt(expected * (1 - chance)) if 0 < chance < 1 else 0.0
        rows.append(
            MatchRow(matches.levels[level], matched, expected, z, binomial_p(matched, compared, chance), chance)
        )
    return rows


def binomial_p(hits: int, trials: int, chance: float) -> float:
    """Return twice the smaller exact tail of a binomial, at most 1."""
    from scipy.special import bdtr, bdtrc

    at_most = float(bdtr(hits, trials, chance))
    at_least = float(bdtrc(hits - 1, trials, chance)) if hits else 1.0
    return min(1.0, 2 * min(at_most, at_least))


def evidence_rows(evidence: tuple[Evidence, ...]) -> list[EvidenceRow]:
    """Return where each stream's e-processes stand."""
    rows = []
    for one in evidence:
        for drum, path in (("main", one.log10_main), ("bonus", one.log10_bonus)):
            if path is not None:
                beyond = np.flatnonzero(path >= one.alarm_log10)
                rows.append(
                    EvidenceRow(
                        f"{one.stream}, {drum} numbers",
                        int(one.draws[-1]),
                        float(path[-1]),
                        max(0.0, float(path.max())),
                        one.alarm_log10,
                        int(one.draws[beyond[0]]) if len(beyond) else 0,
                    )
                )
    return rows
