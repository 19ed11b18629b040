"""What the tools take and refuse; bounds, cursors, seeds; the protocol around them."""

import json
from typing import Any

import pytest

from tests.acceptance.conftest import DRAWS, Asked

TOOLS = {
    "get_universe_status": set[str](),
    "get_latest_draws": {"limit", "game_id", "source"},
    "get_frequency_stats": {"window", "as_of", "game_id"},
    "generate_numbers": {"mode", "count", "window", "top_n", "exponent", "seed", "game_id"},
    "check_numbers_occurrence": {"main_numbers", "bonus_number", "game_id"},
    "get_match_events": {"min_match_level", "draw_date", "limit", "cursor", "game_id"},
    "verify_draw": {"draw_number", "game_id"},
    "get_real_results": {"from", "to", "limit", "cursor", "game_id"},
    "get_draw_date_summary": {"draw_date", "game_id"},
    "analyze_fairness": {"scope", "game_id"},
    "get_null_distribution": {"statistic", "game_id"},
    "backtest_strategy": {
        "strategy", "top", "window", "tickets", "matches", "claim", "source", "draws", "seed", "game_id"
    },
    "get_audit_proof": {"draw_number", "tree_size", "from_size", "game_id"},
}  # fmt: skip  # a tool an entry
TICKET = {"main_numbers": [1, 2, 3, 4, 5], "bonus_number": 6}
NEEDED: dict[str, dict[str, Any]] = {
    "generate_numbers": {"mode": "random"},
    "check_numbers_occurrence": TICKET,
    "verify_draw": {"draw_number": 1},
    "get_draw_date_summary": {"draw_date": "2000-06-07"},
    "get_null_distribution": {"statistic": "numbers"},
    "backtest_strategy": {"strategy": "hot"},
    "get_audit_proof": {"draw_number": 1},
}
PLAYED = {"strategy": "hot", "source": "synthetic"}
REFUSED: list[tuple[str, dict[str, Any]]] = [
    *((name, {**NEEDED.get(name, {}), "surprise": 1}) for name in TOOLS),
    *((name, {**NEEDED.get(name, {}), "game_id": "GAME_999"}) for name in TOOLS if name != "get_universe_status"),
    *((name, {**NEEDED.get(name, {}), "game_id": 1}) for name in TOOLS if name != "get_universe_status"),
    *((name, {}) for name in NEEDED),
    *(
        (name, {"limit": limit})
        for name in ("get_latest_draws", "get_match_events", "get_real_results")
        for limit in (0, 101, -1, "10", 2.5, True, 10**30)
    ),
    *(("generate_numbers", {"mode": "random", "count": count}) for count in (0, 101, "1", None)),
    ("get_latest_draws", {"source": "imaginary"}),
    ("generate_numbers", {"mode": "lucky"}),
    ("generate_numbers", {"mode": "frequency_weighted", "top_n": 4}),
    ("generate_numbers", {"mode": "frequency_weighted", "top_n": 48}),
    ("generate_numbers", {"mode": "frequency_weighted", "window": "yesterday"}),
    ("generate_numbers", {"mode": "frequency_weighted", "exponent": "1"}),
    ("get_frequency_stats", {"window": "last_8_days"}),
    ("get_frequency_stats", {"window": "2000-06-10..2000-06-07"}),
    ("get_frequency_stats", {"window": "2000-06-10.."}),
    ("get_frequency_stats", {"window": "2000-02-30..2000-06-10"}),
    *(
        ("check_numbers_occurrence", {**TICKET, "main_numbers": main})
        for main in (
            [],
            [1, 2, 3, 4],
            [1, 2, 3, 4, 5, 6],
            [1, 2, 3, 4, 4],
            [1, 2, 3, 4, 48],
            [0, 1, 2, 3, 4],
            [1, 2, 3, 4, "5"],
            [1, 2, 3, 4, 5.5],
            "1 2 3 4 5",
            None,
        )
    ),
    *(
        ("check_numbers_occurrence", {**TICKET, "bonus_number": bonus})
        for bonus in (0, 28, None, [], [1, 2], "6", 10**40)
    ),
    *(("get_match_events", {"min_match_level": level}) for level in (3, 7, -1, "5", 10**20)),
    ("get_match_events", {"draw_date": "2000-06-08"}),
    ("get_match_events", {"draw_date": "yesterday"}),
    ("get_match_events", {"cursor": "made up"}),
    ("get_real_results", {"cursor": "made up"}),
    ("get_real_results", {"from": "2001-01-01", "to": "2000-01-01"}),
    ("get_real_results", {"from": 20010101}),
    *(("verify_draw", {"draw_number": number}) for number in (0, -1, DRAWS + 1, 10**18, 10**30, "1", 1.5, True)),
    ("get_draw_date_summary", {"draw_date": "2000-06-08"}),
    ("get_draw_date_summary", {"draw_date": "1999-06-09"}),
    ("get_draw_date_summary", {"draw_date": "2000-6-7"}),
    *(
        ("get_frequency_stats", {"as_of": moment})
        for moment in ("2000-06-08", "1999-06-09", "9998-12-30", "0", -1, DRAWS, 10**30, 1.5, True)
    ),
    ("analyze_fairness", {"scope": "both"}),
    *(("get_null_distribution", {"statistic": name}) for name in ("luck", "", "x" * 33, 1)),
    *(
        ("backtest_strategy", {**PLAYED, **wrong})
        for wrong in (
            {"strategy": "lucky"},
            {"source": "imaginary"},
            {"top": 4},
            {"top": 48},
            {"strategy": "random", "top": 10},
            {"strategy": "overdue", "window": 10},
            {"window": 0},
            {"tickets": 0},
            {"tickets": 101},
            {"matches": 0},
            {"matches": 6},
            {"claim": 0},
            {"claim": 1},
            {"claim": 999},
            {"draws": 0},
            {"draws": 20_001},
            {"seed": -1},
        )
    ),
    *(("get_audit_proof", {"draw_number": number}) for number in (0, DRAWS + 1, 10**18 + 1, "1", 1.5, True)),
    *(("get_audit_proof", {"draw_number": 2, "tree_size": size}) for size in (0, 1, DRAWS + 1, "2")),
    *(("get_audit_proof", {"draw_number": 2, "from_size": size}) for size in (0, DRAWS + 1, "2")),
]


@pytest.mark.parametrize(("name", "arguments"), REFUSED, ids=lambda value: json.dumps(value)[:70])
def test_refused(first: Asked, name: str, arguments: dict[str, Any]) -> None:
    assert len(first.client.refusal(name, **arguments)) > 10


def test_refusals_name_what_is_allowed(first: Asked) -> None:
    refusal = first.client.refusal
    assert str(DRAWS) in refusal("verify_draw", draw_number=DRAWS + 1).replace(",", "")
    for name in ("get_draw_date_summary", "get_match_events"):
        said = refusal(name, draw_date="2000-06-08")
        assert "2000-06-07" in said
        assert "2000-06-10" in said
    assert "surprise" in refusal("get_latest_draws", surprise=1)
    assert "GAME_001" in refusal("get_latest_draws", game_id="GAME_999")


def test_every_tool_has_strict_schemas(first: Asked) -> None:
    tools = {tool["name"]: tool for tool in first.client.request("tools/list")["result"]["tools"]}
    assert tools.keys() == TOOLS.keys()
    for name, tool in tools.items():
        assert set(tool["inputSchema"].get("properties", {})) == TOOLS[name]
        assert tool["inputSchema"]["additionalProperties"] is False
        assert tool["annotations"]["readOnlyHint"] is True
        assert tool["outputSchema"]["type"] == "object"
        assert tool["description"]


def test_text_and_structure_are_each_complete(first: Asked) -> None:
    answer = first.client.tool("verify_draw", draw_number=5)
    (text,) = answer["content"]
    for key in ("message", "digest", "seed", "rank"):
        assert str(answer["structuredContent"][key]) in text["text"]


def test_the_past_of_a_moment_is_that_of_its_draws(first: Asked) -> None:
    stats = first.client.ask("get_frequency_stats", as_of="2000-06-07")
    assert stats["as_of"]["draw_date"] == "2000-06-07"
    assert stats["total_draws"] == stats["as_of"]["draw_number"] < DRAWS
    assert first.client.ask("get_frequency_stats")["as_of"] is None


def test_a_proof_is_of_the_draw_that_is_asked_for(first: Asked) -> None:
    proof, draw = (first.client.ask(name, draw_number=7) for name in ("get_audit_proof", "verify_draw"))
    for key in ("message", "digest", "rank", "main_numbers", "bonus_numbers"):
        assert proof[key] == draw[key], key
    assert proof["leaf_index"] == 6
    assert proof["tree_size"] <= DRAWS


def test_a_backtest_counts_every_ticket(first: Asked) -> None:
    found = first.client.ask("backtest_strategy", **PLAYED, tickets=3, draws=500)
    assert sum(tier["observed"] for tier in found["tiers"]) == 3 * 500
    assert found == first.client.ask("backtest_strategy", **PLAYED, tickets=3, draws=500)


def test_the_status_document(first: Asked) -> None:
    status = first.client.ask("get_universe_status")
    assert status["universe"].keys() >= {"universe_id", "version", "created_at", "mode", "role"}
    assert "snapshot" not in status
    assert status["games"][0].keys() >= {
        "game_id", "phase", "halt_reason", "simulating", "parked", "restarts", "draw_number", "draw_date",
        "total_draws", "draws_per_logical_day", "observed_draws_per_day", "lag_logical_days",
        "completion_percent", "milestone", "real_results", "last_commit_at",
    }  # fmt: skip


@pytest.mark.parametrize("arguments", [{"mode": "random"}, {"mode": "frequency_weighted", "window": "last_7_days"}])
@pytest.mark.parametrize("game_id", ["GAME_004", "GAME_005", "GAME_006", "GAME_007"])
def test_tickets_follow_from_their_seed(others: Asked, arguments: dict[str, Any], game_id: str) -> None:
    game = others.recounts[game_id].game
    asked = {**arguments, "game_id": game_id, "count": 100}
    tickets = others.client.ask("generate_numbers", **asked, seed=7)["tickets"]
    assert tickets == others.client.ask("generate_numbers", **asked, seed=7)["tickets"]
    assert tickets != others.client.ask("generate_numbers", **asked, seed=8)["tickets"]
    assert others.client.ask("generate_numbers", **asked) != others.client.ask("generate_numbers", **asked)
    assert len(tickets) == 100
    for ticket in tickets:
        main, bonus = ticket["main_numbers"], ticket["bonus_numbers"]
        assert main == sorted(set(main))
        assert len(main) == game.main[0]
        assert {1} <= {*main} | {1} <= {*range(1, game.main[1] + 1)}
        assert bonus == sorted(set(bonus))
        assert len(bonus) == (game.bonus[0] if game.bonus else 0)
        assert not (game.rest and {*main} & {*bonus})
        assert {*bonus} <= {*range(1, (game.bonus[1] if game.bonus else 0) + 1)}


def test_tickets_of_the_most_frequent_numbers(first: Asked) -> None:
    stats = first.client.ask("get_frequency_stats")
    order = sorted(stats["main"], key=lambda entry: -entry["count"])
    at_least = order[9]["count"]
    allowed = {entry["number"] for entry in order if entry["count"] >= at_least}
    answer = first.client.ask("generate_numbers", mode="frequency_weighted", top_n=10, count=100, seed="a")
    assert {ball for ticket in answer["tickets"] for ball in ticket["main_numbers"]} <= allowed


def test_a_cursor_belongs_to_its_query(tiny: Asked) -> None:
    page = tiny.client.ask("get_match_events", limit=10)
    cursor = page["next_cursor"]
    assert cursor
    assert (
        tiny.client.ask("get_match_events", limit=10, cursor=cursor)["events"][0]["draw_number"]
        < (page["events"][-1]["draw_number"])
    )
    tiny.client.refusal("get_match_events", cursor=cursor, min_match_level=3)
    tiny.client.refusal("get_real_results", cursor=cursor)
    tiny.client.refusal("get_match_events", cursor=cursor[:-1])


def test_an_empty_window_has_no_z(first: Asked) -> None:
    stats = first.client.ask("get_frequency_stats", window="2000-06-08..2000-06-09")
    assert stats["total_draws"] == 0
    assert all(entry["z"] is None and entry["count"] == 0 for entry in stats["main"] + stats["bonus"])
    assert stats["main_test"]["p_value"] is None
