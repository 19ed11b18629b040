"""What is refused, and that each refusal is one line that says what is wrong and what is allowed."""

from time import monotonic
from typing import Any

import attrs
import pytest
import trio
from mcp import Client, MCPError
from structlog.testing import capture_logs
from trio.testing import wait_all_tasks_blocked

from tests.tools.fakes import MODES, FakeSource, answer, call, fake_games, refusal, text_of
from tools.arguments import ArgumentsError, checked
from tools.cursors import CursorError, make_cursor, read_cursor
from tools.questions.latest import LATEST_DRAWS, LatestDrawsArguments
from tools.questions.status import STATUS
from tools.server import CALLS_MAX, QUESTIONS, answer_call, make_server
from universe.errors import UniverseError

FIVE = [1, 2, 3, 4, 5]
ASK = {question.name: question for question in QUESTIONS}


@pytest.fixture(scope="module")
def source() -> FakeSource:
    return FakeSource(games=fake_games())


WRONG: tuple[tuple[str, dict[str, Any], str], ...] = (
    # nothing is converted
    ("get_latest_draws", {"limit": "5"}, 'limit must be an integer from 1 to 100, not "5"'),
    ("get_latest_draws", {"limit": 5.0}, "limit must be an integer from 1 to 100, not 5.0"),
    ("get_latest_draws", {"limit": True}, "limit must be an integer from 1 to 100, not true"),
    ("get_latest_draws", {"limit": None}, "limit must be an integer from 1 to 100, not null"),
    ("check_numbers_occurrence", {"main_numbers": "[1,2,3,4,5]"}, "main_numbers must be a list"),
    ("check_numbers_occurrence", {"main_numbers": [1, 2, 3, 4, "5"]}, "main_numbers must be a list"),
    ("check_numbers_occurrence", {"main_numbers": [1, 2, 3, 4, True]}, "main_numbers must be a list"),
    ("check_numbers_occurrence", {"main_numbers": FIVE, "bonus_number": "6"}, "bonus_number must be an integer"),
    ("check_numbers_occurrence", {"main_numbers": FIVE, "bonus_number": True}, "bonus_number must be an integer"),
    ("verify_draw", {"draw_number": "1"}, 'draw_number must be an integer of at least 1, not "1"'),
    ("generate_numbers", {"mode": "random", "seed": 1.0}, "seed must be an integer"),
    ("generate_numbers", {"mode": "random", "exponent": "1"}, "exponent must be a number from -10.0 to 10.0"),
    ("generate_numbers", {"mode": "random", "exponent": True}, "exponent must be a number from -10.0 to 10.0"),
    # and what to do about it is said
    ("get_latest_draws", {"limit": "5"}, "; send numbers without quotes"),
    ("check_numbers_occurrence", {"main_numbers": "[1, 2]"}, "a list of 1 to 20 integers, each from 1 to 255, not"),
    ("check_numbers_occurrence", {"main_numbers": "[1,2,3,4,5]"}, '"; send numbers without quotes'),
    ("check_numbers_occurrence", {"main_numbers": [1, 2, 3, 4, "5"]}, '"5"]; send numbers without quotes'),
    ("check_numbers_occurrence", {"main_numbers": FIVE, "bonus_number": ["6"]}, '["6"]; send numbers without quotes'),
    ("generate_numbers", {"mode": "random", "exponent": "1.5"}, '"1.5"; send numbers without quotes'),
    # bounds are refused, not clamped
    ("get_latest_draws", {"limit": 0}, "limit must be an integer from 1 to 100, not 0"),
    ("get_latest_draws", {"limit": 101}, "limit must be an integer from 1 to 100, not 101"),
    ("get_match_events", {"limit": 101}, "limit must be an integer from 1 to 100, not 101"),
    ("get_real_results", {"limit": -1}, "limit must be an integer from 1 to 100, not -1"),
    ("generate_numbers", {"mode": "random", "count": 101}, "count must be an integer from 1 to 100, not 101"),
    ("generate_numbers", {"mode": "random", "count": 0}, "count must be an integer from 1 to 100, not 0"),
    ("generate_numbers", {"mode": "random", "seed": 2**63}, "seed must be an integer from 0 to 9223372036854775807"),
    ("generate_numbers", {"mode": "random", "seed": -1}, "seed must be an integer from 0"),
    ("generate_numbers", {"mode": "random", "seed": ""}, "text from 1 to 64 characters"),
    ("generate_numbers", {"mode": "random", "exponent": 11}, "exponent must be a number from -10.0 to 10.0, not 11"),
    ("generate_numbers", {"mode": "random", "top_n": 4}, "top_n 4 is not in 5..47"),
    ("generate_numbers", {"mode": "random", "top_n": 48}, "top_n 48 is not in 5..47"),
    ("generate_numbers", {"mode": "random", "top_n": 6, "game_id": "GAME_006"}, "top_n 6 is not in 7..59"),
    ("verify_draw", {"draw_number": 0}, "draw_number must be an integer of at least 1, not 0"),
    # missing and unknown
    ("generate_numbers", {}, "mode is missing: one of random, frequency_weighted"),
    ("generate_numbers", {"mode": "lucky"}, 'mode must be one of random, frequency_weighted, not "lucky"'),
    ("get_latest_draws", {"source": "fake"}, 'source must be one of synthetic, real, not "fake"'),
    ("get_latest_draws", {"bogus": 1}, 'unknown argument "bogus", get_latest_draws takes limit, game_id, source'),
    ("get_universe_status", {"game_id": "GAME_001"}, 'unknown argument "game_id", get_universe_status takes none'),
    ("get_real_results", {"from_": "2024-01-01"}, 'unknown argument "from_", get_real_results takes from, to'),
    ("get_latest_draws", {"game_id": "NO_GAME"}, "unknown game NO_GAME: this universe has GAME_001"),
    ("get_latest_draws", {"game_id": "no game"}, 'game_id must be text like GAME_001 or null, not "no game"'),
    # dates
    ("get_draw_date_summary", {"draw_date": "20240103"}, "draw_date must be a date YYYY-MM-DD"),
    ("get_draw_date_summary", {"draw_date": "2024-02-30"}, "draw_date must be a date YYYY-MM-DD"),
    ("get_draw_date_summary", {"draw_date": "2024-01-03T00:00:00"}, "draw_date must be a date YYYY-MM-DD"),
    ("get_draw_date_summary", {"draw_date": 19_725}, "draw_date must be a date YYYY-MM-DD"),
    ("get_draw_date_summary", {"draw_date": "0001-01-01"}, "from 1900-01-01 to 9998-12-31"),
    ("get_draw_date_summary", {"draw_date": "9999-12-31"}, "from 1900-01-01 to 9998-12-31"),
    ("get_draw_date_summary", {"draw_date": "2024-01-04"}, "its neighbours are 2024-01-03 and 2024-01-06"),
    ("get_match_events", {"draw_date": "2024-01-04"}, "its neighbours are 2024-01-03 and 2024-01-06"),
    ("get_real_results", {"from": "2024-01-03", "to": "2024-01-02"}, "from 2024-01-03 lies after to 2024-01-02"),
    (
        "get_frequency_stats",
        {"window": "yesterday"},
        "window must be one of all_time, last_draw_date, last_7_days, last_30_days, or FROM..TO",
    ),
    ("get_frequency_stats", {"window": "2024-01-03..2024-01-02"}, "the earlier one first"),
    ("get_frequency_stats", {"window": "2024-01-03..2024-13-02"}, ": 2024-13-02 is no date"),
    ("get_frequency_stats", {"window": "2002-02-30..2002-03-31"}, ": 2002-02-30 is no date"),
    ("generate_numbers", {"mode": "random", "window": "1002-02-20..2002-03-31"}, "is not in 1900-01-01..9998-12-31"),
    # the game's own bounds
    ("verify_draw", {"draw_number": 2_351}, "draw 2351 has not been made, the last draw is 2350"),
    ("verify_draw", {"draw_number": 10**30}, "the last draw is 2350"),
    ("verify_draw", {"draw_number": 1, "game_id": "GAME_002"}, "draw 1 has not been made, it has none yet"),
    ("check_numbers_occurrence", {"main_numbers": FIVE}, "takes 5 different main numbers of 1..47 and 1 bonus number"),
    ("check_numbers_occurrence", {"main_numbers": FIVE[:4], "bonus_number": 1}, "4 main numbers given"),
    (
        "check_numbers_occurrence",
        {"main_numbers": [1, 2, 3, 4, 48], "bonus_number": 1},
        "main number 48 is not in 1..47",
    ),
    ("check_numbers_occurrence", {"main_numbers": [1, 2, 3, 4, 4], "bonus_number": 1}, "5 different main numbers"),
    ("check_numbers_occurrence", {"main_numbers": FIVE, "bonus_number": 0}, "bonus number 0 is not in 1..27"),
    ("check_numbers_occurrence", {"main_numbers": FIVE, "bonus_number": [1, 2]}, "2 bonus numbers given"),
    ("check_numbers_occurrence", {"main_numbers": [10**30, *FIVE[1:]], "bonus_number": 1}, "is not in 1..47"),
    (
        "check_numbers_occurrence",
        {"main_numbers": [*FIVE, 6], "bonus_number": 6, "game_id": "GAME_006"},
        "1 bonus number of 1..59, none of them a main number",
    ),
    ("check_numbers_occurrence", {"main_numbers": [1, 2], "bonus_number": 1, "game_id": "TINY"}, "no bonus number"),
    ("get_match_events", {"min_match_level": 3}, "min_match_level 3 is not in 4..6"),
    ("get_match_events", {"min_match_level": 7}, "min_match_level 7 is not in 4..6"),
    ("get_match_events", {"min_match_level": -1}, "min_match_level -1 is not in 4..6"),
    ("get_match_events", {"cursor": "bm9uc2Vuc2U"}, "not one of this query"),
    ("get_match_events", {"cursor": "ü"}, "not one of this query"),
    ("get_real_results", {"cursor": ""}, "not one of this query"),
    ("get_real_results", {"cursor": "x" * 129}, "cursor must be text of at most 128 characters or null"),
    ("no_such_tool", {}, "there is no tool 'no_such_tool'; the tools are get_universe_status"),
)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("name", "arguments", "line"), WRONG)
async def test_bad_input_is_answered_with_what_is_allowed(
    source: FakeSource, mode: str, name: str, arguments: dict[str, Any], line: str
) -> None:
    result_line = await refusal(source, name, mode, **arguments)
    assert line in result_line
    assert len(result_line) < 500


@pytest.mark.parametrize(
    ("name", "arguments", "line"),
    [
        ("check_numbers_occurrence", {"main_numbers": ["1"] * 50_000}, 'not ["1", "1",'),
        ("check_numbers_occurrence", {"main_numbers": FIVE, "bonus_number": [None] * 50_000}, "bonus_number must be"),
        ("get_latest_draws", {f"a{n}": n for n in range(50_000)}, '"a3", "a4" and 49995 more, get_latest_draws takes'),
        ("get_latest_draws", {"\ud800": 1}, r'unknown argument "\ud800"'),
    ],
    ids=["list", "inner list", "names", "surrogate"],
)
async def test_a_million_faults_cost_no_more_than_one(
    source: FakeSource, name: str, arguments: dict[str, Any], line: str
) -> None:
    begun = monotonic()
    result = await answer_call(ASK[name], arguments, source)
    assert monotonic() - begun < 2
    assert result.is_error
    assert line in text_of(result)
    assert len(text_of(result)) < 500


def test_the_depth_of_a_wrong_value_does_not_matter() -> None:
    nested: Any = 1
    for _ in range(20_000):
        nested = [nested]
    with pytest.raises(ArgumentsError, match=r"not \[{60}…$"):
        checked("t", LatestDrawsArguments, LATEST_DRAWS.input_schema, {"limit": nested})


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("get_latest_draws", {"limit": "five"}),
        ("get_latest_draws", {"limit": 0}),
        ("get_latest_draws", {"game_id": "1 2"}),
        ("get_frequency_stats", {"window": "7"}),
        ("check_numbers_occurrence", {"main_numbers": [1, 2, "three"]}),
        ("check_numbers_occurrence", {"main_numbers": [[1, "2"]]}),
    ],
)
async def test_quotes_are_blamed_for_nothing_else(source: FakeSource, name: str, arguments: dict[str, Any]) -> None:
    assert "quotes" not in await refusal(source, name, **arguments)


async def test_every_fault_is_named_at_once(source: FakeSource) -> None:
    line = await refusal(source, "generate_numbers", count=0, seed=[], bogus=1)
    for fault in ("mode is missing", "count must be", "seed must be", "unknown argument"):
        assert fault in line


async def test_from_is_an_argument_by_that_name(source: FakeSource) -> None:
    arguments = {"from": "2024-01-01"}
    async with Client(make_server(source, version="1")) as client:
        result = await client.call_tool("get_real_results", arguments)
    assert isinstance(result.structured_content, dict)
    assert len(result.structured_content["results"]) == 3


async def test_a_cursor_belongs_to_its_query(source: FakeSource) -> None:
    page = await answer(source, "get_match_events", game_id="TINY", min_match_level=1, limit=1)
    cursor = page["next_cursor"]
    assert (await answer(source, "get_match_events", game_id="TINY", min_match_level=1, limit=9, cursor=cursor))[
        "events"
    ]
    for other in ({"min_match_level": 2}, {"min_match_level": 1, "draw_date": "2024-01-06"}):
        assert "not one of this query" in await refusal(
            source, "get_match_events", game_id="TINY", cursor=cursor, **other
        )
    assert "not one of this query" in await refusal(source, "get_match_events", cursor=cursor)
    assert "not one of this query" in await refusal(source, "get_real_results", game_id="TINY", cursor=cursor)


def test_a_forged_position_is_refused() -> None:
    cursor = make_cursor(17, "query")
    assert read_cursor(cursor, int, "query") == 17
    for forged in (cursor[:-1], cursor + "A", cursor[:-2] + "AA", cursor * 2, "=", "\n"):
        with pytest.raises(CursorError):
            read_cursor(forged, str, "query")


@pytest.mark.parametrize("position", ["", "x", "0", "-1", str(2**63), "9" * 70, "1.5"])
async def test_a_made_up_draw_number_is_refused(source: FakeSource, position: str) -> None:
    """The digits that bind a cursor to its query can be calculated by anyone."""
    cursor = make_cursor(position, "get_match_events", "u-1", "GAME_001", 4, None)
    assert "not one of this query" in await refusal(source, "get_match_events", game_id="GAME_001", cursor=cursor)


@pytest.mark.parametrize("position", ["", "x", "0001-01-01", "9999-12-31", "20240103", "2024-01-03T00:00"])
async def test_a_made_up_date_is_refused(source: FakeSource, position: str) -> None:
    cursor = make_cursor(position, "get_real_results", "u-1", "GAME_001", None, None)
    assert "not one of this query" in await refusal(source, "get_real_results", game_id="GAME_001", cursor=cursor)


async def test_tools_come_on_one_page(source: FakeSource) -> None:
    async with Client(make_server(source, version="1")) as client:
        with pytest.raises(MCPError, match="one page"):
            await client.list_tools(cursor="next")


async def test_a_crash_is_logged_here_and_has_no_details_there(source: FakeSource) -> None:
    def crash(*_: object) -> Any:
        raise RuntimeError("the secret")

    server = make_server(source, version="1", questions=[attrs.evolve(STATUS, ask=crash)])
    with capture_logs() as logs:
        async with Client(server) as client:
            result = await client.call_tool("get_universe_status", {})
    assert result.is_error
    assert text_of(result) == "get_universe_status failed by a fault of its own; the server's log has the details"
    (event,) = logs
    assert (event["event"], event["tool"], event["log_level"]) == ("tool.crashed", "get_universe_status", "error")


async def test_what_a_store_cannot_do_reaches_the_caller_as_it_is(source: FakeSource) -> None:
    def unavailable(*_: object) -> Any:
        raise UniverseError("no universe here")

    server = make_server(source, version="1", questions=[attrs.evolve(STATUS, ask=unavailable)])
    async with Client(server) as client:
        result = await client.call_tool("get_universe_status", {})
    assert (result.is_error, text_of(result)) == (True, "no universe here")


@pytest.fixture
def closed() -> FakeSource:
    return FakeSource(games=fake_games()[:1], opened=trio.Event())


async def test_tools_are_listed_and_arguments_refused_while_the_store_is_closed(closed: FakeSource) -> None:
    """The first answer must not wait for the database."""
    async with Client(make_server(closed, version="1")) as client:
        assert len((await client.list_tools()).tools) == len(QUESTIONS)
        assert (await client.call_tool("get_latest_draws", {"limit": 0})).is_error


async def test_calls_wait_for_the_store_a_bounded_number_at_once(closed: FakeSource) -> None:
    results: list[str] = []
    assert closed.opened is not None
    async with Client(make_server(closed, version="1")) as client, trio.open_nursery() as nursery:

        async def ask() -> None:
            results.append(text_of(await client.call_tool("get_latest_draws", {"limit": 1})))

        for _ in range(CALLS_MAX + 10):
            nursery.start_soon(ask)
        await wait_all_tasks_blocked()
        assert not results
        assert closed.asked_for == CALLS_MAX
        closed.opened.set()
        with trio.move_on_after(20):
            while len(results) < CALLS_MAX + 10:
                await wait_all_tasks_blocked()
    assert len(results) == CALLS_MAX + 10


async def test_a_call_can_be_cancelled_while_it_waits(closed: FakeSource) -> None:
    with trio.move_on_after(0.1) as scope:
        await call(closed, "get_latest_draws")
    assert scope.cancelled_caught
