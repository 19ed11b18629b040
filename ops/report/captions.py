"""What a picture or a table shows, in a sentence beside it."""

from typing import TYPE_CHECKING

import numpy as np

from ops.report.data import ReportData
from ops.report.series import Frequencies
from ops.report.wording import count, day, figure, listed, of_many, probability, signed
from universe.ranking import unrank_subset

if TYPE_CHECKING:
    from universe.fairness.matrix_change import MatrixChange

POINTWISE_Z = 1.959964  # 95 % of a normal distribution
CONVINCING_LOG10_E = 3.0


def frequency_words(frequencies: Frequencies) -> str:
    """Return what the picture of one drum shows."""
    most, least = frequencies.extremes
    beyond, allowed = int((np.abs(frequencies.z) > POINTWISE_Z).sum()), 0.05 * frequencies.size
    out = frequencies.outside
    verdict = f"number {listed(list(map(str, out)))} outside of both" if out else "none outside of both"
    return (
        f"Number {most} leads with {count(frequencies.counts[most - 1])}, number {least} comes last with"
        f" {count(frequencies.counts[least - 1])}; expected {figure(frequencies.expected, 6)} each. Outside of the"
        f" inner band: {beyond} of {frequencies.size}, expected {figure(allowed, 2)}; {verdict}."
    )


def band_words(data: ReportData) -> str:
    """Return how wide the simultaneous bands are."""
    widths = {
        one.drum: f"±{one.simultaneous_z:.2f} standard deviations for {one.drum} numbers" for one in data.frequencies
    }
    return listed(list(widths.values())) if widths else ""


def pairs_words(data: ReportData) -> str:
    """Return what the heat map shows."""
    streams = {one.stream for one in data.pairs}
    both = "Below the diagonal the real history, above it the synthetic draws. " if len(streams) == 2 else ""
    return f"{both}Brown: together more often than expected; violet: less often."


def furthest_words(data: ReportData) -> str | None:
    """Return which real pair is furthest out, and how often the furthest is as far by chance; None without a test."""
    row = data.fairness.test("pairs_max") if data.fairness else None
    real = next((one for one in data.pairs if one.stream == "real"), None)
    if row is None or real is None or row.p_value is None:
        return None
    place = int(np.abs(real.residuals).argmax())
    first, second = pair_of(place)
    return (
        f"The furthest real pair is {first} with {second}, {signed(float(real.residuals[place]))} standard deviations"
        f" out. Some pair of {count(len(real.residuals))} always is the furthest: in {of_many(row.p_value)} fair"
        " histories the most unusual pair is at least as unusual as here."
    )


def pair_of(rank: int) -> tuple[int, int]:
    """Return the two numbers whose colexicographic rank this is."""
    first, second = unrank_subset(rank, 2)
    return first, second


def claim_words(data: ReportData) -> str:
    """Return what became of the claim that strategies are tested against."""
    if not data.backtests:
        return ""
    claim = figure(data.backtests[0].claimed, 3)
    missed = sum(not one.low <= 1 <= one.high for one in data.backtests)
    refuted = [one for one in data.backtests if one.refuted_after is not None]
    edges = [one for one in data.backtests if one.log10_e_edge >= CONVINCING_LOG10_E]
    found = (
        f"{len(edges)} of {len(data.backtests)} show an edge over chance at 1,000 to 1."
        if edges
        else "No run shows an edge over chance."
    )
    runs, leave = len(data.backtests), "leaves" if missed == 1 else "leave"
    return (
        f"{missed} of {runs} intervals {leave} out 1, where {figure(0.05 * runs, 2)} are expected to. {found} The claim"
        f" that such a strategy hits {claim} times as often as chance is refuted at 1,000 to 1 in {len(refuted)} of"
        f" {runs} runs."
    )


def change_words(change: "MatrixChange") -> str:
    """Return what a change of the matrix looks like in the results."""
    numbers = change.numbers
    span = str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
    which = f"{change.drum.capitalize()} number{'s' if len(numbers) > 1 else ''} {span}"
    silence = f"{count(change.draws_silent)} draws without, p = {probability(change.p_value)}"
    if change.direction == "never" or change.last_or_first_seen is None:
        return f"{which}: never drawn ({silence}). The definition may name too many numbers."
    if change.direction == "left":
        return f"{which}: not drawn after {day(change.last_or_first_seen)} ({silence})."
    return f"{which}: not drawn before {day(change.last_or_first_seen)} ({silence})."
