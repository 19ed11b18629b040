"""From a universe to a report's data: everything of one commit, whatever is written meanwhile."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ops.report.captions import change_words
from ops.report.checkable import checking_of
from ops.report.compared import matches_of
from ops.report.counted import first_numbers, frequencies_of, gaps_of, pairs_of
from ops.report.data import Real, ReportData, Synthetic
from ops.report.findings import Fairness, NullDistribution, Power, StreamRow, TestRow, Verdict
from ops.report.played import backtests_of
from ops.report.series import Floats
from ops.report.sourced import contradictions_of, sources_of
from ops.report.watched import evidence_of
from storage.connection import Location, open_reader, read_transaction, translated
from storage.reader import Reader
from storage.registry import require_game_key
from storage.remembered import Remembered
from storage.results import missing_dates
from storage.schema import Mode
from storage.snapshot import Snapshot
from storage.views import GameView
from tools.questions.fairness import tests_of_stream
from universe import __version__

if TYPE_CHECKING:
    import apsw

    from universe.fairness.analysis import Analysis, BatteryFigures

NULLS_SHOWN = ("numbers", "drought")  # whose distribution over the histories the page has

Progress = Callable[[str], None]  # told what is computed next


def gather(location: Location, mode: Mode, game_id: str | None, progress: Progress = lambda _: None) -> ReportData:
    """Return all that a report on a game shows, None for the default game; StoreError if there is nothing to read.

    One read transaction, some seconds long: commits go on beside it.
    """
    Reader.open(location, mode).close()  # says what is wrong with the universe as a whole
    db = open_reader(location)
    try:
        with translated(location), read_transaction(db):
            snapshot = Snapshot(db, mode, (), Remembered())
            view = snapshot.game(game_id)
            return _gathered(db, snapshot, view, progress)
    finally:
        db.close()


def _gathered(db: "apsw.Connection", snapshot: Snapshot, view: GameView, progress: Progress) -> ReportData:
    key, universe = require_game_key(db, view.game.game_id), snapshot.universe
    history = snapshot.history(view) if view.results_count else None
    progress("tests of the real results")
    analysis = snapshot.analysis(view) if history else None
    null = snapshot.null(view) if analysis and analysis.histories else None
    progress("numbers, pairs and gaps")
    frequencies, first = frequencies_of(snapshot, view), first_numbers(view, history)
    pairs, gaps = pairs_of(view, history, first), gaps_of(view, history, first)
    progress("matches and evidence")
    matches, evidence = matches_of(snapshot, view), evidence_of(snapshot, view, frequencies)
    progress("strategies")
    backtests = backtests_of(view, history)
    progress("sources and proofs")
    return ReportData(
        game=view.game,
        made_at=datetime.now(UTC),
        program=__version__,
        universe_id=universe.universe_id,
        mode=universe.mode,
        synthetic=_synthetic(view),
        real=_real(db, key, view),
        frequencies=frequencies,
        fairness=_fairness(analysis) if analysis else None,
        stream=_stream(snapshot, view),
        nulls=_nulls(analysis, null.measurements.names, null.measurements.statistics) if analysis and null else {},
        gaps=gaps,
        pairs=pairs,
        matches=matches,
        evidence=evidence,
        backtests=backtests,
        sources=sources_of(db, key, snapshot, view),
        contradictions=contradictions_of(db, key, snapshot, view),
        conflicts=view.conflicts,
        checking=checking_of(db, key, view),
    )


def _synthetic(view: GameView) -> Synthetic | None:
    if view.clock is None or view.draw_date is None or view.committed_at is None:
        return None
    return Synthetic(
        draws=view.watermark,
        epoch=view.clock.epoch,
        draws_per_day=view.clock.draws_per_day,
        last_date=view.draw_date,
        committed_at=view.committed_at,
    )


def _real(db: "apsw.Connection", key: int, view: GameView) -> Real | None:
    first, last = view.results_first, view.results_last
    if first is None or last is None:
        return None
    return Real(draws=view.results_count, first=first, last=last, missing=len(missing_dates(db, key, first, last)))


def _fairness(analysis: "Analysis") -> Fairness:
    found = analysis.verdict
    return Fairness(
        draws=analysis.draws,
        first=analysis.first,
        last=analysis.last,
        newer=analysis.newer,
        histories=analysis.histories,
        verdict=Verdict(p_value=found.p_value, floor=found.floor, smallest_test=found.smallest_test) if found else None,
        tests=tuple(_row(figures) for figures in analysis.tests),
        rule_changes=tuple(change_words(change) for change in analysis.rule_changes),
    )


def _row(figures: "BatteryFigures") -> TestRow:
    return TestRow(
        name=figures.test,
        title=figures.title,
        question=figures.question,
        statistic=figures.statistic,
        expected=figures.expected,
        degrees_of_freedom=figures.degrees_of_freedom,
        effect=figures.effect,
        effect_unit=figures.effect_unit,
        p_value=figures.p_value,
        p_uncalibrated=figures.p_uncalibrated,
        p_naive=figures.p_naive,
        p_holm=figures.p_holm,
        power=Power(alternative=figures.power.alternative, power=figures.power.power, visible=figures.power.visible),
    )


def _nulls(analysis: "Analysis", names: tuple[str, ...], statistics: Floats) -> dict[str, NullDistribution]:
    rows = {figures.test: figures for figures in analysis.tests}
    return {
        name: NullDistribution(
            statistics=statistics[:, names.index(name)],
            observed=rows[name].statistic,
            expected=rows[name].expected,
            degrees_of_freedom=rows[name].degrees_of_freedom,
        )
        for name in NULLS_SHOWN
        if name in rows and name in names
    }


def _stream(snapshot: Snapshot, view: GameView) -> tuple[StreamRow, ...]:
    """Return the tests of the synthetic stream itself."""
    if not view.watermark:
        return ()
    return tuple(
        StreamRow(
            title=test.title, question=test.question, statistic=test.statistic, expected=test.expected,
            p_value=test.p_value, p_holm=test.p_holm, visible=test.visible,
        )
        for test in tests_of_stream(snapshot, view)
    )  # fmt: skip  # one row
