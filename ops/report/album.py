"""Which pictures a report has."""

from ops.report.data import ReportData
from ops.report.pictures.backtests import backtests_picture
from ops.report.pictures.evidence import evidence_picture, intervals_picture
from ops.report.pictures.frequency import frequency_picture
from ops.report.pictures.gaps import gaps_picture
from ops.report.pictures.matches import matches_picture, shown_levels
from ops.report.pictures.null import null_picture
from ops.report.pictures.pairs import pairs_picture
from ops.report.pictures.tests import tests_picture, verdict_picture
from ops.report.svg import Picture

NULLS = {"numbers": "chi-square statistic of the main numbers", "drought": "longest drought, in draws"}


def album(data: ReportData) -> dict[str, Picture]:
    """Return every picture that the data allow, by name."""
    pictures = [frequency_picture(one) for one in data.frequencies]
    if data.fairness and data.fairness.tests:
        pictures.append(tests_picture(data.fairness))
    if data.fairness and data.fairness.verdict:
        pictures.append(verdict_picture(data.fairness.verdict))
    pictures += [null_picture(name, label, data.nulls[name]) for name, label in NULLS.items() if name in data.nulls]
    if data.gaps:
        pictures.append(gaps_picture(data.gaps))
    if data.pairs:
        pictures.append(pairs_picture(data.pairs))
    if data.matches and shown_levels(data.matches):
        pictures.append(matches_picture(data.matches))
    if data.evidence:
        pictures.append(evidence_picture(data.evidence))
        pictures += [intervals_picture(one) for one in data.evidence]
    if data.backtests:
        pictures.append(backtests_picture(data.backtests))
    return {picture.name: picture for picture in pictures}
