"""analyze_fairness and get_null_distribution on a real database, figure by figure against the pure functions."""

import json
import math
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
import pytest

from tests.storage.universes import draw_to, keep
from tests.tools import measured
from tests.tools.fakes import answer, call, refusal, text_of
from tests.tools.measured import (
    DRAWS,
    MEASURED,
    NEWER,
    PACE,
    SILENT,
    SINCE,
    TESTED,
    Universe,
    clock_of,
    document,
    made_up,
    measured_universe,
    results_of_changed,
    results_of_measured,
)
from tests.tools.test_answers import facts
from tools.questions.null import BINS, QUANTILES
from universe.evidence.intervals import confidence_sequence
from universe.evidence.steps import evidence_steps
from universe.fairness.analysis import ALPHA, seed_of
from universe.fairness.battery import Measurements, measure, measure_each
from universe.fairness.battery import tests_of as battery_of
from universe.fairness.calibration import benjamini_yekutieli, calibrate, holm
from universe.fairness.history import history_of, history_of_draws
from universe.fairness.occupancy import occupancy
from universe.fairness.power import power_of
from universe.fairness.tallies import Frame, frame_of, tally
from universe.fairness.two_samples import match_levels, two_samples
from universe.game import Game
from universe.matching import levels
from universe.ranking import Numbers
from universe.results.result import RealResult
from universe.statistics import uniformity, z_scores

HISTORIES = DRAWS // TESTED


@pytest.fixture(scope="module")
def universe() -> Iterator[Universe]:
    with measured_universe() as made:
        yield made


@pytest.fixture(scope="module")
def frame() -> Frame:
    return frame_of(history_of(MEASURED, results_of_measured())[:TESTED])


def measured_one_by_one(frame: Frame) -> Measurements:
    """Each synthetic history by itself, from the seed rule: what the historian is to have stored of all."""
    clock = clock_of(frame.game)
    found = []
    for number in range(HISTORIES):
        drawn = history_of_draws(clock, number * frame.draws + 1, (number + 1) * frame.draws)
        found.append(measure(frame, tally(frame, drawn.main[None], drawn.bonus[None])))
    return Measurements(
        names=found[0].names,
        statistics=np.concatenate([one.statistics for one in found]),
        p_values=np.concatenate([one.p_values for one in found]),
        naive=np.concatenate([one.naive for one in found]),
    )


@pytest.fixture(scope="module")
def null(frame: Frame) -> Measurements:
    return measured_one_by_one(frame)


@pytest.fixture(scope="module")
def observed(frame: Frame) -> Measurements:
    tested = history_of(MEASURED, results_of_measured())[:TESTED]
    return measure(frame, tally(frame, tested.main[None], tested.bonus[None]))


def test_every_figure_of_a_test_is_that_of_the_pure_functions(
    universe: Universe, frame: Frame, null: Measurements, observed: Measurements
) -> None:
    found = document(universe, "analyze_fairness", game_id="MEASURED")
    tested = history_of(MEASURED, results_of_measured())[:TESTED]
    calibrated = calibrate(null, observed, seed_of(tested))
    each = measure_each(frame, tally(frame, tested.main[None], tested.bonus[None]))
    assert found["null"] == {"histories": HISTORIES, "draws_each": TESTED}
    assert {row["test"] for row in found["tests"]} == set(observed.names)
    for place, test in enumerate(battery_of(frame)):
        (row,) = [one for one in found["tests"] if one["test"] == test.name]
        assert row["question"] == test.question
        assert row["statistic"] == pytest.approx(observed.statistics[0, place])
        assert row["expected"] == (None if np.isnan(each[test.name].expected) else each[test.name].expected)
        assert row["degrees_of_freedom"] == each[test.name].degrees_of_freedom
        assert (row["effect"], row["effect_unit"]) == (each[test.name].effect[0], each[test.name].effect_unit)
        assert row["p_uncalibrated"] == pytest.approx(observed.p_values[0, place])
        naive = observed.naive[0, place]
        assert row["p_naive"] == (None if np.isnan(naive) else pytest.approx(naive))
        at_least = sum(theirs >= row["statistic"] * (1 - 1e-9) for theirs in null.statistics[:, place])
        assert row["p_value"] == (1 + at_least) / (1 + HISTORIES)
        power = power_of(frame, test.name)
        assert (row["alternative"], row["power"]) == (power.alternative, power.power)
    p_values = np.array([row["p_value"] for row in found["tests"]])
    assert [row["p_holm"] for row in found["tests"]] == pytest.approx(holm(p_values).tolist())
    assert [row["p_by"] for row in found["tests"]] == pytest.approx(benjamini_yekutieli(p_values).tolist())
    assert found["global"]["p_randomised"] == calibrated.global_randomised
    assert found["global"]["floor"] == 1 / (1 + HISTORIES)


def test_the_tests_that_matter_come_first(universe: Universe) -> None:
    for game_id in ("MEASURED", "CHANGED"):
        rows = document(universe, "analyze_fairness", game_id=game_id)["tests"]
        order = [(row["p_value"] or 0, row["p_uncalibrated"]) for row in rows]
        assert order == sorted(order)
        assert len(set(order)) > 10


def smallest_rank(pool: "np.typing.NDArray[Any]", p_values: "np.typing.NDArray[Any]", member: int) -> tuple[int, float]:
    """How odd one of a pool looks: its best place in any test, and the smallest plain p-value of such tests."""
    places = [int((column >= column[member] * (1 - 1e-9)).sum()) for column in pool.T]
    return min(places), min(p for p, place in zip(p_values[member], places, strict=True) if place == min(places))


def test_the_global_p_value_is_the_share_of_histories_that_look_as_odd_somewhere(
    universe: Universe, null: Measurements, observed: Measurements
) -> None:
    """By its definition: everybody in the pool is judged in the same way, the observed history as the others."""
    pool = np.concatenate([observed.statistics, null.statistics])
    p_values = np.concatenate([observed.p_values, null.p_values])
    (best, own), *others = [smallest_rank(pool, p_values, member) for member in range(len(pool))]
    as_odd = sum(rank < best or (rank == best and p <= own * (1 + 1e-9)) for rank, p in others)
    verdict = document(universe, "analyze_fairness", game_id="MEASURED")["global"]
    assert verdict["p_value"] == (1 + as_odd) / (1 + HISTORIES)
    rows = {row["test"]: row for row in document(universe, "analyze_fairness", game_id="MEASURED")["tests"]}
    assert rows[verdict["smallest_test"]]["p_value"] == min(row["p_value"] for row in rows.values())


def test_span_numbers_and_evidence_are_counted_by_hand(universe: Universe) -> None:
    found, results = document(universe, "analyze_fairness", game_id="MEASURED"), results_of_measured()
    last = SINCE + timedelta(days=TESTED - 1)
    assert found["history"] == {"draws": TESTED, "first": str(SINCE), "last": str(last), "newer": NEWER}
    counts = [sum(number in one.main_numbers for one in results[:TESTED]) for number in range(1, 13)]
    assert [row["count"] for row in found["numbers"]] == counts
    assert [row["z"] for row in found["numbers"]] == z_scores(counts, TESTED, 3)
    assert {row["expected"] for row in found["numbers"]} == {TESTED * 3 / 12}
    plain = np.array([math.erfc(abs(row["z"]) / math.sqrt(2)) for row in found["numbers"]])
    assert [row["p_by"] for row in found["numbers"]] == pytest.approx(benjamini_yekutieli(plain).tolist())
    low, high = confidence_sequence(np.array(counts), TESTED, 3 / 12, ALPHA)
    assert [(row["low"], row["high"]) for row in found["numbers"]] == list(zip(low, high, strict=True))
    assert (found["conflicts"], found["rule_changes"], found["weekday_changes"]) == (0, [], [])
    drums = [(row["stream"], row["drum"], row["draws"], row["alarm"]) for row in found["evidence"]]
    whole = DRAWS // PACE * PACE
    assert drums == [
        ("real", "main", TESTED + NEWER, False),
        ("real", "bonus", TESTED + NEWER, False),
        ("synthetic", "main", whole, False),
        ("synthetic", "bonus", whole, False),
    ]
    for row, path in zip(found["evidence"], paths_by_hand(results), strict=True):
        assert row["log10_e"] == pytest.approx(path[-1] / math.log(10))
        assert row["log10_e_highest"] == pytest.approx(path.max() / math.log(10))
        assert not row["discovery"]


def paths_by_hand(results: list[RealResult]) -> list["np.typing.NDArray[Any]"]:
    real, drawn = history_of(MEASURED, results), history_of_draws(clock_of(MEASURED), 1, DRAWS // PACE * PACE)
    paths = []
    for history, step in ((real, 1), (drawn, PACE)):
        totals = running_totals(MEASURED, history.main, history.bonus)[step - 1 :: step]
        logs = evidence_steps(MEASURED, totals, np.arange(step, len(history) + 1, step))
        paths += [logs[:, 0], logs[:, 1]]
    return paths


def running_totals(game: Game, main: Numbers, bonus: Numbers) -> "np.typing.NDArray[np.int64]":
    drums = [(main[..., None] == np.arange(1, game.main.size + 1)).sum(axis=1)]
    if game.bonus_size:
        drums.append((bonus[..., None] == np.arange(1, game.bonus_size + 1)).sum(axis=1))
    return np.concatenate(drums, axis=1).astype(np.int64).cumsum(axis=0)


def test_without_histories_nothing_is_calibrated_and_a_change_of_rules_is_named(universe: Universe) -> None:
    found = document(universe, "analyze_fairness", game_id="CHANGED")
    assert (found["null"], found["global"]) == (None, None)
    for row in found["tests"]:
        assert (row["p_value"], row["p_holm"], row["p_by"]) == (None, None, None)
    (change,) = found["rule_changes"]
    first = min(one.draw_date for one in results_of_changed() if max(one.main_numbers) > 9)
    assert (change["drum"], change["numbers"], change["direction"]) == ("main", [10, 11, 12], "joined")
    assert change["seen"] == str(first)
    assert change["draws_silent"] == (first - SINCE).days == SILENT
    (evidence,) = found["evidence"]
    assert (evidence["stream"], evidence["drum"], evidence["alarm"]) == ("real", "main", True)
    assert evidence["discovery"] == (10 ** evidence["log10_e"] >= 1 / 0.05)  # the only e-value there is


def test_the_synthetic_stream_is_tested_as_a_whole(universe: Universe) -> None:
    found = document(universe, "analyze_fairness", game_id="MEASURED", scope="synthetic")
    clock, results = clock_of(MEASURED), results_of_measured()
    drawn, real = history_of_draws(clock, 1, DRAWS), history_of(MEASURED, results)
    synthetic = running_totals(MEASURED, drawn.main, drawn.bonus)[-1].tolist()
    published = running_totals(MEASURED, real.main, real.bonus)[-1].tolist()
    rows = {row["test"]: row for row in found["tests"]}
    assert rows.keys() == {"numbers", "bonus", "real_against_synthetic", "match_levels"}  # nothing is folded yet
    for name, counts, picked in (("numbers", synthetic[:12], 3), ("bonus", synthetic[12:], 1)):
        expected = uniformity(counts, DRAWS, picked)
        assert (rows[name]["statistic"], rows[name]["p_value"]) == (expected.statistic, expected.p_value)
    against = two_samples(
        np.array(published[:12]), np.array(synthetic[:12]), real_draws=len(results), synthetic_draws=DRAWS
    )
    assert rows["real_against_synthetic"]["statistic"] == pytest.approx(against.statistic)
    assert rows["real_against_synthetic"]["p_value"] == pytest.approx(against.p_value)
    expected_matches = match_levels(MEASURED, matches_by_hand(results))
    assert rows["match_levels"]["statistic"] == pytest.approx(expected_matches.statistic)
    p_values = [row["p_value"] for row in found["tests"]]
    assert p_values == sorted(p_values)
    assert rows["real_against_synthetic"]["p_holm"] is None  # odd results would condemn the stream
    own = [row for row in found["tests"] if row["test"] != "real_against_synthetic"]
    assert [row["p_holm"] for row in own] == pytest.approx(holm(np.array([row["p_value"] for row in own])).tolist())
    assert found["global"]["p_value"] == own[0]["p_holm"]
    assert found["global"]["smallest_test"] == own[0]["test"]
    last = clock.draw_date(DRAWS)
    assert found["history"] == {"draws": DRAWS, "first": str(SINCE), "last": str(last), "newer": 0}
    assert (found["null"], found["numbers"], found["rule_changes"]) == (None, [], [])


def matches_by_hand(results: list[RealResult]) -> "np.typing.NDArray[np.int64]":
    """Compare every draw with the result of its date, one by one."""
    by_date, places = {one.draw_date: one for one in results}, {level: at for at, level in enumerate(levels(MEASURED))}
    drawn, counts = history_of_draws(clock_of(MEASURED), 1, DRAWS), np.zeros(len(levels(MEASURED)), dtype=np.int64)
    for day, main, bonus in zip(drawn.dates.tolist(), drawn.main.tolist(), drawn.bonus.tolist(), strict=True):
        if (real := by_date.get(day)) is not None:
            counts[places[len({*main} & {*real.main_numbers}), len({*bonus} & {*real.bonus_numbers})]] += 1
    return counts


def test_folded_draws_are_tested_for_distinct_outcomes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The occurrence index holds the folded draws, and the answer is about those."""
    monkeypatch.setattr("storage.draws.TAIL_DRAWS_MAX", 300)
    with measured_universe() as (store, source):
        with store.reading() as db:
            folded: int = db.execute("SELECT folded FROM progress").get
        assert folded > 1_000
        found = document((store, source), "analyze_fairness", game_id="MEASURED", scope="synthetic")
    (row,) = [one for one in found["tests"] if one["test"] == "occupancy"]
    drawn = history_of_draws(clock_of(MEASURED), 1, folded)
    distinct = len({(*main, *bonus) for main, bonus in zip(drawn.main.tolist(), drawn.bonus.tolist(), strict=True)})
    expected = occupancy(draws=folded, outcomes=MEASURED.outcomes, distinct=distinct)
    assert row["statistic"] == distinct
    assert (row["expected"], row["p_value"]) == (expected.expected, expected.p_value)


ASKED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("analyze_fairness", {"game_id": "MEASURED"}),
    ("analyze_fairness", {"game_id": "CHANGED"}),
    ("analyze_fairness", {"game_id": "MEASURED", "scope": "synthetic"}),
    ("get_null_distribution", {"statistic": "numbers_max"}),
    ("backtest_strategy", {"strategy": "hot", "matches": 2}),
    ("get_audit_proof", {"draw_number": 77, "from_size": 30}),
    ("get_frequency_stats", {"as_of": "2024-01-04"}),
)


@pytest.mark.parametrize(("name", "arguments"), ASKED, ids=json.dumps)
async def test_the_text_holds_every_fact(universe: Universe, name: str, arguments: dict[str, Any]) -> None:
    result = await call(universe[1], name, **{"game_id": "MEASURED", **arguments})
    text = text_of(result)
    assert not result.is_error, text
    assert [fact for fact in facts(result.structured_content) if str(fact) not in text] == []


async def test_the_text_begins_with_the_verdict_and_says_what_is_missing(universe: Universe) -> None:
    whole = text_of(await call(universe[1], "analyze_fairness", game_id="MEASURED")).splitlines()
    verdict = next(line for line in whole if line.startswith("Global p"))
    assert whole.index(verdict) == 3
    assert "about 37 of 100 fair histories look at least as odd somewhere" in verdict
    assert "Nothing sets these 100 draws apart from pure chance." in verdict
    assert f"{NEWER} newer results will join" in whole[2]
    bare = text_of(await call(universe[1], "analyze_fairness", game_id="CHANGED"))
    assert "No verdict: 0 synthetic histories of this length are measured, 100 are needed." in bare
    assert "These results do not seem to come from one and the same game" in bare
    assert "A change of rules, not of chance: main numbers 10 11 12" in bare
    assert "ALARM" in bare


async def test_a_contradicted_result_is_told() -> None:
    with measured_universe() as (store, source):
        stored = results_of_measured()[0]
        other = attrs.evolve(stored, main_numbers=tuple(13 - number for number in reversed(stored.main_numbers)))
        keep(store, MEASURED, [other])
        result = await call(source, "analyze_fairness", game_id="MEASURED")
        assert isinstance(result.structured_content, dict)
        assert result.structured_content["conflicts"] == 1
        assert "Another source contradicts 1 result" in text_of(result)


async def test_a_draw_day_that_begins_is_named() -> None:
    with measured_universe() as (store, source):
        game = measured.FRESH
        days = [SINCE + timedelta(weeks=week, days=day) for week in range(40) for day in (0, 3, 5)]
        begins = SINCE + timedelta(weeks=20, days=5)
        held = [day for day in days if day.weekday() != 5 or day >= begins]
        drawn = zip(made_up(game, len(held), seed=4), held, strict=True)
        keep(store, game, [attrs.evolve(result, draw_date=day) for result, day in drawn])
        result = await call(source, "analyze_fairness", game_id="FRESH")
    assert isinstance(result.structured_content, dict)
    changes = result.structured_content["weekday_changes"]
    assert changes == [{"weekday": "Sat", "direction": "begins", "seen": str(begins)}]
    assert [fact for fact in facts(changes) if fact not in text_of(result)] == []


async def test_a_stream_of_less_than_a_day_has_no_evidence_yet() -> None:
    with measured_universe() as (store, source):
        draw_to(store, measured.FRESH, 3)
        found = await answer(source, "analyze_fairness", game_id="FRESH", scope="synthetic")
    assert (found["history"]["draws"], found["evidence"]) == (3, [])
    assert {row["test"] for row in found["tests"]} == {"numbers"}


async def test_what_cannot_be_tested_is_refused_in_one_line(universe: Universe) -> None:
    few = await refusal(universe[1], "analyze_fairness", game_id="FRESH")
    assert "0 real results are stored, at least 100 are needed" in few
    assert "universe ingest" in few
    assert "no synthetic draw yet" in await refusal(universe[1], "analyze_fairness", game_id="FRESH", scope="synthetic")
    assert "CHANGED" in await refusal(universe[1], "analyze_fairness", game_id="CHANGED", scope="synthetic")
    for name in ("analyze_fairness", "get_null_distribution"):
        arguments = {"statistic": "numbers"} if name == "get_null_distribution" else {}
        assert "unknown game NONE" in await refusal(universe[1], name, game_id="NONE", **arguments)
    assert "one of real, synthetic" in await refusal(universe[1], "analyze_fairness", scope="both")


async def test_one_result_less_than_a_hundred_is_too_few() -> None:
    with measured_universe() as (store, source):
        game = measured.FRESH
        keep(store, game, made_up(game, 99, seed=1))
        assert "99 real results are stored" in await refusal(source, "analyze_fairness", game_id="FRESH")
        keep(store, game, made_up(game, 1, seed=2, first=date(2025, 1, 1)))
        found = document((store, source), "analyze_fairness", game_id="FRESH")
        assert (found["history"]["draws"], found["history"]["last"]) == (100, "2025-01-01")


def test_a_null_distribution_is_that_of_the_measured_histories(
    universe: Universe, null: Measurements, observed: Measurements
) -> None:
    rows = {row["test"]: row for row in document(universe, "analyze_fairness", game_id="MEASURED")["tests"]}
    for place, name in enumerate(null.names):
        found = document(universe, "get_null_distribution", game_id="MEASURED", statistic=name)
        assert (found["statistic"], found["histories"], found["draws_each"]) == (name, HISTORIES, TESTED)
        assert found["real"] == pytest.approx(observed.statistics[0, place])
        assert (found["p_value"], found["expected"]) == (rows[name]["p_value"], rows[name]["expected"])
        assert found["share_at_5_percent"] == (null.p_values[:, place] <= 0.05).sum() / HISTORIES
        like_the_distribution(found, null.statistics[:, place])


def like_the_distribution(found: dict[str, Any], values: "np.typing.NDArray[np.float64]") -> None:
    assert found["mean"] == pytest.approx(math.fsum(values) / HISTORIES)
    spread = math.sqrt(math.fsum((values - found["mean"]) ** 2) / HISTORIES)
    assert found["standard_deviation"] == pytest.approx(spread)
    assert [one["probability"] for one in found["quantiles"]] == list(QUANTILES)
    for one in found["quantiles"]:
        assert one["value"] == pytest.approx(np.quantile(values, one["probability"]))
    bins = found["histogram"]
    assert len(bins) == BINS
    assert sum(one["histories"] for one in bins) == HISTORIES
    assert (bins[0]["from_value"], bins[-1]["to_value"]) == (pytest.approx(min(values)), pytest.approx(max(values)))
    assert all(one["to_value"] == other["from_value"] for one, other in pairwise(bins))


async def test_statistics_that_are_not_there_are_refused_with_those_that_are(
    universe: Universe, null: Measurements
) -> None:
    line = await refusal(universe[1], "get_null_distribution", game_id="MEASURED", statistic="luck\n")
    assert line == f"statistic 'luck\\n' is not one of {', '.join(null.names)}"
    for game_id in ("CHANGED", "FRESH"):
        line = await refusal(universe[1], "get_null_distribution", game_id=game_id, statistic="numbers")
        assert f"{game_id}: no synthetic history is measured yet" in line
        assert "universe fairness" in line


def test_once_the_real_history_has_grown_the_former_null_says_nothing_of_it() -> None:
    """Until it is measured anew: lengths that differ do not compare."""
    with measured_universe() as (store, source):
        asked = {"game_id": "MEASURED", "statistic": "numbers"}
        assert document((store, source), "get_null_distribution", **asked)["real"] is not None
        keep(store, MEASURED, made_up(MEASURED, 1, seed=3, first=date(2025, 1, 1)))  # the 105th: 5 %
        found = document((store, source), "get_null_distribution", **asked)
        assert (found["real"], found["p_value"], found["expected"]) == (None, None, None)
        assert (found["histories"], found["draws_each"]) == (HISTORIES, TESTED)
        fairness = document((store, source), "analyze_fairness", game_id="MEASURED")
        assert (fairness["history"]["draws"], fairness["history"]["newer"]) == (TESTED + NEWER + 1, 0)
        assert (fairness["null"], fairness["global"]) == (None, None)
