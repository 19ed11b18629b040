"""What each tool answers, against brute force over the same draws."""

import hashlib
import json
import math
from collections.abc import Iterator
from datetime import date, timedelta
from math import comb, sqrt
from typing import Any

import pytest
from mcp import Client

from tests.tools.fakes import (
    COMMITTED_AT,
    DRAWS_PER_DAY,
    EPOCH,
    MODES,
    TODAY,
    FakeSource,
    answer,
    call,
    fake_games,
    text_of,
)
from tools.server import QUESTIONS, make_server
from universe.compiled import kernel_state
from universe.ranking import require_ticket
from universe.vitals import GameVitals, Parked

CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("get_universe_status", {}),
    ("get_latest_draws", {}),
    ("get_latest_draws", {"source": "real"}),
    ("get_frequency_stats", {}),
    ("generate_numbers", {"mode": "random", "seed": 1}),
    ("check_numbers_occurrence", {"main_numbers": [1, 2, 3, 4, 5], "bonus_number": 6}),
    ("get_match_events", {}),
    ("verify_draw", {"draw_number": 1}),
    ("get_real_results", {}),
    ("get_draw_date_summary", {"draw_date": "2024-01-03"}),
    ("analyze_fairness", {"scope": "synthetic"}),
    ("backtest_strategy", {"strategy": "hot", "source": "synthetic"}),
    ("get_audit_proof", {"draw_number": 3, "from_size": 2}),
)


@pytest.fixture(scope="module")
def source() -> FakeSource:
    return FakeSource(games=fake_games())


def drawn(source: FakeSource, game_id: str) -> list[dict[str, Any]]:
    """Return the draws of a game as the contract shows them, oldest first."""
    fake = next(fake for fake in source.games if fake.game.game_id == game_id)
    draws = []
    for draw in fake.draws:
        main, bonus = fake.numbers(draw)
        message = f"{game_id}|{draw.draw_date}|{draw.draw_number}"
        draws.append(
            {
                "game_id": game_id,
                "draw_number": draw.draw_number,
                "draw_date": str(draw.draw_date),
                "seed": hashlib.sha256(message.encode()).hexdigest()[:32],
                "main_numbers": list(main),
                "bonus_numbers": list(bonus),
                "bonus_number": bonus[0] if len(bonus) == 1 else None,
            }
        )
    return draws


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("name", "arguments"), CALLS)
async def test_every_answer_has_a_snapshot_and_is_one_transaction(
    source: FakeSource, mode: str, name: str, arguments: dict[str, Any]
) -> None:
    before = source.snapshots
    structured = await answer(source, name, mode, **arguments)
    assert source.snapshots == before + 1
    if name != "get_universe_status":
        assert structured["snapshot"] == {
            "game_id": "GAME_001",
            "draw_number": 2_350,
            "draw_date": "2024-01-24",
            "committed_at": "2024-03-01T12:30:15Z",
        }


def facts(value: Any) -> Iterator[Any]:
    """Every number and text of an answer but for the labels of a game's snapshot."""
    match value:
        case dict():
            for part in value.values():
                yield from facts(part)
        case list():
            for part in value:
                yield from facts(part)
        case bool() | None:
            pass
        case int() | str():
            yield value


@pytest.mark.parametrize("name_and_arguments", CALLS, ids=lambda one: one[0])
async def test_the_text_holds_every_fact_of_the_structured_answer(
    source: FakeSource, name_and_arguments: tuple[str, dict[str, Any]]
) -> None:
    """Some hosts show a model the text alone, others the structured content alone."""
    name, arguments = name_and_arguments
    result = await call(source, name, **arguments)
    text = text_of(result)
    missing = [fact for fact in facts(result.structured_content) if str(fact) not in text]
    assert not missing
    assert "StatusAnswer(" not in text


async def test_before_the_first_draw_dates_are_null(source: FakeSource) -> None:
    latest = await answer(source, "get_latest_draws", game_id="GAME_007")
    assert latest["draws"] == []
    assert latest["snapshot"] == {"game_id": "GAME_007", "draw_number": 0, "draw_date": None, "committed_at": None}
    stats = await answer(source, "get_frequency_stats", game_id="GAME_007")
    assert stats["window"] == {"name": "all_time", "from": None, "to": None}
    assert stats["main"][0] == {"number": 1, "count": 0, "expected": 0, "z": None}
    assert (stats["main_test"]["statistic"], stats["main_test"]["p_value"]) == (None, None)
    assert stats["main_test"]["degrees_of_freedom"] == 48
    assert stats["real"] is None
    assert stats["first_draw_date"] == "2024-01-03"  # decided, though nothing is drawn yet
    tickets = await answer(source, "generate_numbers", mode="frequency_weighted", game_id="GAME_007", seed=1)
    assert len(tickets["tickets"][0]["main_numbers"]) == 6
    week = await answer(source, "get_frequency_stats", game_id="GAME_002", window="last_7_days")
    assert week["window"] == {"name": "last_7_days", "from": None, "to": None}
    assert week["real"]["total_draws"] == 0


async def test_status_shows_every_game(source: FakeSource) -> None:
    parked = Parked(actor="GAME_001.ingestor", reason="feed unreadable", since=COMMITTED_AT)
    source.vitals_by_id["GAME_001"] = GameVitals(simulating=True, parked=parked, restarts=3)
    status = await answer(source, "get_universe_status")
    assert status["universe"] == {
        "universe_id": "u-1",
        "version": "0.1.0",
        "created_at": "2024-03-01T12:30:15Z",
        "mode": "test",
        "role": "leader",
        "kernels": {"state": kernel_state().state, "reason": None},
    }
    games = {game["game_id"]: game for game in status["games"]}
    assert list(games) == sorted(games)
    one = games["GAME_001"]
    day = (2_350 - 1) // DRAWS_PER_DAY
    assert one["lag_logical_days"] == (TODAY - EPOCH - timedelta(days=day)).days
    assert games["TINY"]["lag_logical_days"] == one["lag_logical_days"] + 14  # draw 1,000 is the last of day 9
    assert one["completion_percent"] == 100 * 2_350 / 40_000_000
    assert one["observed_draws_per_day"] == 2_350 * 24
    assert one["draws_per_logical_day"] == DRAWS_PER_DAY
    assert one["milestone"] == {"max_draws": 40_000_000, "until": None}
    assert one["real_results"] == {"count": 4, "first": "2000-06-07", "last": "2024-01-24", "conflicts": 0}
    assert one["parked"] == {"actor": "GAME_001.ingestor", "reason": "feed unreadable", "since": "2024-03-01T12:30:15Z"}
    assert (one["simulating"], one["restarts"], one["last_commit_at"]) == (True, 3, "2024-03-01T12:30:15Z")
    assert one["match_levels_unavailable"] is None
    assert (one["pools"], one["draw_days"]) == ("5 of 47 + 1 of 27", ["Wed", "Sat"])
    assert (games["TINY_REST"]["pools"], games["HUGE"]["pools"]) == ("3 of 9 + 2 of the remaining 6", "14 of 100")
    assert "subset counters" in games["GAME_006"]["match_levels_unavailable"]
    waiting = games["GAME_002"]
    assert (waiting["phase"], waiting["lag_logical_days"], waiting["completion_percent"]) == ("bootstrap", None, None)
    assert games["GAME_007"]["observed_draws_per_day"] is None
    assert games["GAME_007"]["lag_logical_days"] == (TODAY - EPOCH).days


async def test_completion_is_of_the_nearest_milestone() -> None:
    source = FakeSource(games=fake_games()[:1])
    source.games[0].until = date(2024, 1, 31)  # logical days 0 to 30
    status = await answer(source, "get_universe_status")
    assert status["games"][0]["completion_percent"] == 100 * 2_350 / 3_100
    source.games[0].until = source.games[0].max_draws = None
    status = await answer(source, "get_universe_status")
    assert status["games"][0]["completion_percent"] is None


@pytest.mark.parametrize("game_id", ["GAME_001", "GAME_005", "GAME_006", "TINY", "HUGE"])
async def test_latest_draws_are_the_newest_first(source: FakeSource, game_id: str) -> None:
    latest = await answer(source, "get_latest_draws", game_id=game_id, limit=7)
    assert latest["draws"] == drawn(source, game_id)[::-1][:7]


async def test_latest_real_draws_have_no_number_and_no_seed(source: FakeSource) -> None:
    latest = await answer(source, "get_latest_draws", source="real", limit=100)
    assert len(latest["draws"]) == 4
    assert latest["draws"][-1] == {
        "game_id": "GAME_001",
        "draw_number": None,
        "draw_date": "2000-06-07",
        "seed": None,
        "main_numbers": [1, 2, 3, 4, 5],
        "bonus_numbers": [6],
        "bonus_number": 6,
    }


@pytest.mark.parametrize("game_id", ["GAME_001", "GAME_005", "GAME_006", "TINY"])
@pytest.mark.parametrize(
    ("window", "days"), [("all_time", 9_999), ("last_draw_date", 1), ("last_7_days", 7), ("last_30_days", 30)]
)
async def test_windows_end_with_the_current_draw_date(source: FakeSource, game_id: str, window: str, days: int) -> None:
    draws = drawn(source, game_id)
    last = date.fromisoformat(draws[-1]["draw_date"])
    first = max(last - timedelta(days=days - 1), date.min)
    chosen = [draw for draw in draws if draw["draw_date"] >= str(first)]
    stats = await answer(source, "get_frequency_stats", game_id=game_id, window=window)
    shown_first = draws[0]["draw_date"] if window == "all_time" else str(first)
    assert stats["window"] == {"name": window, "from": shown_first, "to": str(last)}
    assert stats["total_draws"] == len(chosen)
    for figure in stats["main"]:
        assert figure["count"] == sum(figure["number"] in draw["main_numbers"] for draw in chosen)
    for figure in stats["bonus"]:
        assert figure["count"] == sum(figure["number"] in draw["bonus_numbers"] for draw in chosen)


async def test_a_window_of_two_dates_includes_both(source: FakeSource) -> None:
    stats = await answer(source, "get_frequency_stats", window="2024-01-06..2024-01-10")
    chosen = [draw for draw in drawn(source, "GAME_001") if "2024-01-06" <= draw["draw_date"] <= "2024-01-10"]
    assert stats["total_draws"] == len(chosen) == 7 * DRAWS_PER_DAY
    assert stats["window"] == {"name": "2024-01-06..2024-01-10", "from": "2024-01-06", "to": "2024-01-10"}


async def test_frequencies_stand_beside_their_expectation(source: FakeSource) -> None:
    stats = await answer(source, "get_frequency_stats", game_id="GAME_005")
    n, p = stats["total_draws"], 5 / 50
    figure = stats["main"][0]
    assert figure["expected"] == n * p
    assert figure["z"] == pytest.approx((figure["count"] - n * p) / sqrt(n * p * (1 - p)))
    squares = sum((one["count"] - n * p) ** 2 / (n * p) for one in stats["main"])
    assert stats["main_test"]["statistic"] == pytest.approx(squares * 49 / 45)
    assert stats["main_test"]["degrees_of_freedom"] == 49
    assert 0 < stats["main_test"]["p_value"] < 1
    bonus = sum((one["count"] - n / 6) ** 2 / (n / 6) for one in stats["bonus"])
    assert stats["bonus_test"]["statistic"] == pytest.approx(bonus * 11 / 10)
    assert stats["main_test"]["visible_bias_percent"] == pytest.approx(300 * sqrt((1 - p) / (n * p)))


async def test_a_bonus_from_the_rest_of_the_drum_is_expected_on_every_number(source: FakeSource) -> None:
    stats = await answer(source, "get_frequency_stats", game_id="GAME_006")
    assert [one["number"] for one in stats["bonus"]] == list(range(1, 60))
    assert stats["bonus"][0]["expected"] == stats["total_draws"] / 59
    tiny = await answer(source, "get_frequency_stats", game_id="TINY")
    assert (tiny["bonus"], tiny["bonus_test"]) == ([], None)


async def test_real_frequencies_take_the_same_dates_but_all_results_for_all_time(source: FakeSource) -> None:
    everything = await answer(source, "get_frequency_stats")
    assert everything["real"]["total_draws"] == 4
    assert (everything["real"]["first"], everything["real"]["last"]) == ("2000-06-07", "2024-01-24")
    assert everything["real"]["bonus_test"]["degrees_of_freedom"] == 26
    month = await answer(source, "get_frequency_stats", window="last_30_days")
    assert month["real"]["total_draws"] == 3
    assert (month["real"]["first"], month["real"]["last"]) == ("2024-01-03", "2024-01-24")
    assert (await answer(source, "get_frequency_stats", game_id="GAME_005"))["real"] is None


@pytest.mark.parametrize("game_id", ["GAME_001", "GAME_005", "TINY", "TINY_REST"])
async def test_match_levels_list_every_level_with_its_expectation(source: FakeSource, game_id: str) -> None:
    draws = drawn(source, game_id)
    ticket = draws[3]
    found = await answer(
        source,
        "check_numbers_occurrence",
        game_id=game_id,
        main_numbers=ticket["main_numbers"][::-1],
        bonus_number=ticket["bonus_number"] or ticket["bonus_numbers"],
    )
    same = [draw for draw in draws if draw["main_numbers"] == ticket["main_numbers"]]
    assert found["occurrences"] == sum(draw["bonus_numbers"] == ticket["bonus_numbers"] for draw in same) >= 1
    assert found["expected_occurrences"] == pytest.approx(len(draws) * found["probability"])
    levels = found["match_levels"]
    picked, bonus_picked = len(ticket["main_numbers"]), len(ticket["bonus_numbers"])
    assert len(levels) == (picked + 1) * (bonus_picked + 1)
    assert sum(level["draws"] for level in levels) == len(draws)
    assert math.fsum(level["expected"] for level in levels) == pytest.approx(len(draws))
    for level in levels:
        assert level["draws"] == sum(
            len(set(draw["main_numbers"]) & set(ticket["main_numbers"])) == level["main_matches"]
            and len(set(draw["bonus_numbers"]) & set(ticket["bonus_numbers"])) == level["bonus_matches"]
            for draw in draws
        )


async def test_the_jackpot_level_is_expected_once_in_all_outcomes(source: FakeSource) -> None:
    found = await answer(source, "check_numbers_occurrence", main_numbers=[1, 2, 3, 4, 5], bonus_number=6)
    assert found["probability"] == 1 / (comb(47, 5) * 27)
    assert found["match_levels"][-1]["expected"] == found["expected_occurrences"]
    assert found["real_occurrences"] == ["2000-06-07"]
    as_list = await answer(source, "check_numbers_occurrence", main_numbers=[5, 4, 3, 2, 1], bonus_number=[6])
    assert as_list == found


async def test_where_levels_are_not_kept_the_reason_is_given(source: FakeSource) -> None:
    result = await call(
        source, "check_numbers_occurrence", game_id="GAME_006", main_numbers=[1, 2, 3, 4, 5, 6], bonus_number=7
    )
    assert isinstance(result.structured_content, dict)
    assert result.structured_content["match_levels"] is None
    assert result.structured_content["match_levels_unavailable"] in text_of(result)


async def test_events_page_through_everything_once_and_then_end(source: FakeSource) -> None:
    seen: list[dict[str, Any]] = []
    cursor, pages = None, 0
    while pages == 0 or cursor:
        page = await answer(source, "get_match_events", game_id="TINY", min_match_level=1, limit=100, cursor=cursor)
        assert len(page["events"]) == 100 or page["next_cursor"] is None
        seen += page["events"]
        cursor, pages = page["next_cursor"], pages + 1
    numbers = [event["draw_number"] for event in seen]
    assert numbers == sorted(set(numbers), reverse=True)
    reals = {"2024-01-03": drawn(source, "TINY")[0], "2024-01-06": drawn(source, "TINY")[449]}
    close = [
        draw["draw_number"]
        for draw in drawn(source, "TINY")
        if draw["draw_date"] in reals and set(draw["main_numbers"]) & set(reals[draw["draw_date"]]["main_numbers"])
    ]
    assert numbers == close[::-1]
    assert pages > 2


async def test_totals_cover_every_level_whatever_the_page(source: FakeSource) -> None:
    page = await answer(source, "get_match_events", limit=1)
    assert page["compared_draws"] == sum(total["observed"] for total in page["totals"])
    assert len(page["totals"]) == 12
    assert page["totals"][-1]["observed"] >= 3  # each real draw of the test equals one synthetic draw
    assert math.fsum(total["expected"] for total in page["totals"]) == pytest.approx(page["compared_draws"])
    day = await answer(source, "get_match_events", draw_date="2024-01-03")
    assert day["compared_draws"] == 3 * DRAWS_PER_DAY
    event = next(event for event in day["events"] if event["draw_number"] == 1)
    assert event["synthetic"] == event["real"]
    assert (event["match_level"], event["main_matches"], event["bonus_matches"]) == (6, 5, 1)


async def test_verify_draw_shows_every_step(source: FakeSource) -> None:
    shown = await answer(source, "verify_draw", draw_number=2_345)
    draw = drawn(source, "GAME_001")[2_344]
    assert {name: shown[name] for name in draw} == draw
    assert shown["message"] == "GAME_001|2024-01-24|2345"
    assert shown["digest"] == hashlib.sha256(shown["message"].encode()).hexdigest()
    assert shown["rank"] == int(shown["seed"], 16) % (comb(47, 5) * 27)
    assert shown["stored"] is True
    assert (shown["outcomes"], shown["bonus_outcomes"], shown["pools"]) == (comb(47, 5) * 27, 27, "5 of 47 + 1 of 27")
    assert shown["main_rank"] * 27 + shown["bonus_rank"] == shown["rank"]
    assert len(shown["shell"].splitlines()) == 3
    assert shown["message"] in shown["shell"]


async def test_a_draw_without_a_bonus_has_no_bonus_rank(source: FakeSource) -> None:
    shown = await answer(source, "verify_draw", draw_number=1, game_id="TINY")
    assert (shown["bonus_rank"], shown["bonus_outcomes"], shown["main_rank"]) == (None, 1, shown["rank"])
    rest = await answer(source, "verify_draw", draw_number=1, game_id="TINY_REST")
    assert (rest["bonus_outcomes"], divmod(rest["rank"], 15)) == (comb(6, 2), (rest["main_rank"], rest["bonus_rank"]))


async def test_a_rank_beyond_double_precision_travels_as_text(source: FakeSource) -> None:
    shown = await answer(source, "verify_draw", draw_number=1, game_id="HUGE")
    assert shown["rank"] == shown["main_rank"] == str(int(shown["seed"], 16) % comb(100, 14))
    assert (shown["outcomes"], shown["bonus_outcomes"]) == (str(comb(100, 14)), "1")


async def test_real_results_page_between_two_dates(source: FakeSource) -> None:
    first = await answer(source, "get_real_results", **{"from": "2000-06-07"}, to="2024-01-20", limit=1)
    second = await answer(
        source, "get_real_results", **{"from": "2000-06-07"}, to="2024-01-20", limit=50, cursor=first["next_cursor"]
    )
    dates = [result["draw_date"] for result in [*first["results"], *second["results"]]]
    assert dates == ["2024-01-06", "2024-01-03", "2000-06-07"]
    assert second["next_cursor"] is None
    assert second["results"][-1] == {
        "draw_date": "2000-06-07",
        "main_numbers": [1, 2, 3, 4, 5],
        "bonus_numbers": [6],
        "source": "test.csv",
    }


async def test_a_draw_date_shows_draws_result_and_comparison(source: FakeSource) -> None:
    day = await answer(source, "get_draw_date_summary", draw_date="2024-01-24")
    draws = [draw["draw_number"] for draw in drawn(source, "GAME_001") if draw["draw_date"] == "2024-01-24"]
    assert (day["first_draw_number"], day["last_draw_number"]) == (draws[0], draws[-1])
    assert day["synthetic_draws"] == day["compared_draws"] == len(draws)
    assert day["real"]["draw_number"] is None
    assert sum(total["observed"] for total in day["match_totals"]) == len(draws)
    future = await answer(source, "get_draw_date_summary", draw_date="2030-01-02")
    assert (future["synthetic_draws"], future["first_draw_number"], future["last_draw_number"]) == (0, None, None)
    assert (future["real"], future["match_totals"], future["compared_draws"]) == (None, [], 0)


async def test_generated_tickets_repeat_with_their_seed(source: FakeSource) -> None:
    wanted: dict[str, Any] = {"mode": "frequency_weighted", "count": 5, "window": "last_30_days", "top_n": 9}
    seeded = await answer(source, "generate_numbers", seed=7, exponent=2, **wanted)
    assert await answer(source, "generate_numbers", seed="7", exponent=2.0, **wanted) == seeded
    assert (await answer(source, "generate_numbers", seed=8, exponent=2, **wanted))["tickets"] != seeded["tickets"]
    fresh = await answer(source, "generate_numbers", **wanted)
    again = await answer(source, "generate_numbers", seed=fresh["seed"], **wanted)
    assert again == fresh
    assert fresh["tickets"] != (await answer(source, "generate_numbers", **wanted))["tickets"]
    used = {number for ticket in seeded["tickets"] for number in ticket["main_numbers"]}
    counts = (await answer(source, "get_frequency_stats", window="last_30_days"))["main"]
    frequent = sorted(counts, key=lambda figure: (-figure["count"], figure["number"]))[:9]
    assert used <= {figure["number"] for figure in frequent}


@pytest.mark.parametrize("game_id", ["GAME_001", "GAME_005", "GAME_006", "TINY", "TINY_REST", "HUGE"])
@pytest.mark.parametrize("kind", ["random", "frequency_weighted"])
async def test_generated_tickets_are_tickets_of_the_game(source: FakeSource, game_id: str, kind: str) -> None:
    made = await answer(source, "generate_numbers", mode=kind, count=20, seed="s", game_id=game_id, exponent=-1)
    assert len(made["tickets"]) == 20
    game = next(fake.game for fake in source.games if fake.game.game_id == game_id)
    for ticket in made["tickets"]:
        require_ticket(game, ticket["main_numbers"], ticket["bonus_numbers"])
        for numbers in ticket.values():
            assert numbers == sorted(numbers)


@pytest.mark.parametrize("mode", MODES)
async def test_a_client_learns_what_each_tool_is(source: FakeSource, mode: str) -> None:
    async with Client(make_server(source, version="1.2.3"), mode=mode) as client:
        assert client.server_info is not None
        assert client.server_info.version == "1.2.3"
        assert client.instructions
        assert "predicts nothing" in client.instructions
        tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == [question.name for question in QUESTIONS]
    for tool in tools:
        hints = tool.annotations
        assert hints is not None
        assert (hints.read_only_hint, hints.destructive_hint, hints.open_world_hint) == (True, False, False)
        assert hints.idempotent_hint is (tool.name != "generate_numbers")
        assert tool.input_schema["additionalProperties"] is False
        assert tool.output_schema is not None
        assert tool.description


async def test_every_field_of_every_schema_is_described(source: FakeSource) -> None:
    async with Client(make_server(source, version="1.2.3")) as client:
        tools = (await client.list_tools()).tools
    for tool in tools:
        assert tool.output_schema is not None
        shapes = [tool.input_schema, tool.output_schema, *tool.output_schema.get("$defs", {}).values()]
        for shape in shapes:
            for name, field in shape.get("properties", {}).items():
                assert "description" in json.dumps(field), (tool.name, shape.get("title"), name)
        assert set(tool.output_schema["required"]) == set(tool.output_schema["properties"])
