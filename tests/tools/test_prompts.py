"""Prompts: what they tell a model to call exists and is accepted, and what they are made with is checked."""

import json
import re
from collections.abc import Iterator
from math import erf, sqrt
from typing import Any

import pytest
import trio
from mcp import Client, MCPError
from mcp_types import INVALID_PARAMS, TextContent

from tests.docs_tools import universe_of_the_page
from tests.tools.fakes import MODES, FakeSource, answer, fake_games
from tests.tools.test_store import StoreSource
from tools.addresses import URIS
from tools.prompts import PROMPTS
from tools.resources import guide
from tools.server import INSTRUCTIONS, QUESTIONS, make_server

NAMES = {question.name for question in QUESTIONS}
COMPLETE: dict[str, dict[str, str]] = {
    "is_this_lottery_fair": {"game_id": "GAME_001"},
    "how_often_would_my_numbers_have_hit": {"numbers": "20, 4 6 8 12 + 15", "game_id": "GAME_001"},
    "are_hot_numbers_real": {"game_id": "GAME_001", "window": "2024-01-01..2024-02-01"},
    "check_a_draw_by_hand": {"draw_number": "7", "game_id": "GAME_001"},
}
LEAST: dict[str, dict[str, str]] = {
    "is_this_lottery_fair": {},
    "how_often_would_my_numbers_have_hit": {"numbers": "1 2 3 4 5+6"},
    "are_hot_numbers_real": {"window": "", "game_id": " "},  # as a form sends what was left blank
    "check_a_draw_by_hand": {"draw_number": "1"},
}


@pytest.fixture(scope="module")
def source() -> FakeSource:
    return FakeSource(games=fake_games()[:1])


@pytest.fixture(scope="module")
def whole() -> Iterator[StoreSource]:
    """A universe in which every question has an answer: enough results, and histories to hold them against."""
    with universe_of_the_page() as made:
        yield made


async def text_of(name: str, arguments: dict[str, str], mode: Any = "auto") -> str:
    """The text of a prompt; the store stays closed, for no prompt waits for it."""
    with trio.fail_after(20):
        async with Client(make_server(FakeSource(games=[], opened=trio.Event()), version="1"), mode=mode) as client:
            (message,) = (await client.get_prompt(name, arguments)).messages
    assert message.role == "user"
    assert isinstance(message.content, TextContent)
    return message.content.text


def calls_in(text: str) -> list[tuple[str, dict[str, Any]]]:
    found = re.findall(r"`([a-z_]+) (\{[^`]*\})`", text)
    return [(name, json.loads(arguments)) for name, arguments in found]


@pytest.mark.parametrize("mode", MODES)
async def test_prompts_are_listed_with_their_arguments(source: FakeSource, mode: Any) -> None:
    async with Client(make_server(source, version="1"), mode=mode) as client:
        prompts = (await client.list_prompts()).prompts
    assert [prompt.name for prompt in prompts] == list(COMPLETE)
    for prompt in prompts:
        assert prompt.title
        assert prompt.description
        assert {argument.name for argument in prompt.arguments or []} == set(COMPLETE[prompt.name])
        for argument in prompt.arguments or []:
            assert argument.description
            assert argument.required is (argument.name in {"numbers", "draw_number"})


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("given", [COMPLETE, LEAST], ids=["all", "least"])
@pytest.mark.parametrize("name", COMPLETE)
async def test_every_call_in_a_prompt_is_answered(
    whole: StoreSource, name: str, given: dict[str, dict[str, str]], mode: Any
) -> None:
    text = await text_of(name, given[name], mode)
    calls = calls_in(text)
    assert calls
    assert not re.search(r"\$[a-z_]", text)
    for tool, arguments in calls:
        assert ("game_id" in arguments) is (given is COMPLETE and tool != "get_universe_status")
        await answer(whole, tool, **arguments)


@pytest.mark.parametrize("name", COMPLETE)
async def test_every_tool_and_resource_that_a_text_names_exists(name: str) -> None:
    for text in (await text_of(name, COMPLETE[name]), guide(), INSTRUCTIONS):
        assert set(re.findall(r"\b(?:get|check|verify|generate|analyze|backtest)_[a-z_]+", text)) <= NAMES | {name}
        for uri in re.findall(r"universe://[A-Za-z_/{}-]+", text):
            assert uri in {*URIS, "universe://games/GAME_ID"}, uri


@pytest.mark.parametrize("name", COMPLETE)
async def test_every_prompt_asks_for_honesty(name: str) -> None:
    text = await text_of(name, LEAST[name])
    for rule in ("Predict nothing", "no gambling advice", "expectation", "snapshot", "which are real"):
        assert rule in text, rule
    if "frequency" in text:
        for care in ("2.5", "3.3", "visible_bias_percent", "p_value"):
            assert care in text, care


def test_the_figures_for_many_tests_are_right() -> None:
    """The largest of 47 standard normals in absolute value is 2.4 in the median; 5 % of such maxima are beyond 3.3."""

    def below(largest: float) -> float:
        return erf(largest / sqrt(2)) ** 47

    assert below(2.4) < 0.5 < below(2.5)
    assert below(3) > 0.85
    assert 0.94 < below(3.3) < 0.96


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("name", "arguments", "line"),
    [
        ("no_such_prompt", {}, "there is no prompt 'no_such_prompt'; the prompts are is_this_lottery_fair"),
        ("is_this_lottery_fair", {"game_id": "no game"}, "game_id must be a game id such as GAME_001, not 'no game'"),
        ("is_this_lottery_fair", {"game": "GAME_001"}, "unknown argument 'game', it takes game_id"),
        ("how_often_would_my_numbers_have_hit", {}, "numbers is missing: different whole numbers such as 4 6 8"),
        ("how_often_would_my_numbers_have_hit", {"numbers": "1 2 2"}, "numbers must be different whole numbers"),
        ("how_often_would_my_numbers_have_hit", {"numbers": "1 2 +"}, "numbers must be"),
        ("how_often_would_my_numbers_have_hit", {"numbers": "+ 1"}, "numbers must be"),
        ("how_often_would_my_numbers_have_hit", {"numbers": "one two"}, "not 'one two'"),
        ("how_often_would_my_numbers_have_hit", {"numbers": "0 1"}, "numbers must be"),
        ("how_often_would_my_numbers_have_hit", {"numbers": "1 256"}, "numbers must be"),
        ("how_often_would_my_numbers_have_hit", {"numbers": "1" + " " * 300 + "2"}, "numbers must be"),
        ("how_often_would_my_numbers_have_hit", {"numbers": "\u0661"}, "numbers must be"),
        ("are_hot_numbers_real", {"window": "yesterday"}, "window must be all_time, last_draw_date, last_7_days"),
        ("are_hot_numbers_real", {"window": "2024-02-01..2024-01-01"}, "the earlier one first, not '2024-02-01"),
        ("check_a_draw_by_hand", {"draw_number": "0"}, "draw_number must be a whole number of at least 1, not '0'"),
        ("check_a_draw_by_hand", {"draw_number": "9" * 19}, "draw_number must be"),
        ("check_a_draw_by_hand", {"game_id": "\n"}, "draw_number is missing"),
    ],
)
async def test_what_a_prompt_cannot_be_made_with_is_refused_in_one_line(
    source: FakeSource, mode: Any, name: str, arguments: dict[str, str], line: str
) -> None:
    async with Client(make_server(source, version="1"), mode=mode) as client:
        with pytest.raises(MCPError) as fault:
            await client.get_prompt(name, arguments)
    assert fault.value.error.code == INVALID_PARAMS
    assert line in fault.value.error.message
    assert "\n" not in fault.value.error.message
    assert len(fault.value.error.message) < 400


async def test_every_fault_of_a_prompt_is_named_at_once(source: FakeSource) -> None:
    async with Client(make_server(source, version="1")) as client:
        with pytest.raises(MCPError, match=r"^are_hot_numbers_real: game_id must .*; window must .*; unknown argument"):
            await client.get_prompt("are_hot_numbers_real", {"game_id": "?", "window": "?", "x": "?"})


@pytest.mark.parametrize(
    ("numbers", "ticket"), [("20, 4 6 + 15", "20 4 6 + 15"), ("1 2 3", "1 2 3"), ("1 2+9 8", "1 2 + 9 8")]
)
async def test_a_ticket_is_written_as_people_write_it(numbers: str, ticket: str) -> None:
    text = await text_of("how_often_would_my_numbers_have_hit", {"numbers": numbers})
    assert text.startswith(f"How often would the ticket {ticket} have hit in the first game of the universe?")
    assert "(bonus" not in text


async def test_a_check_by_hand_needs_one_answer_and_no_resource(source: FakeSource) -> None:
    """Whatever the kind of the bonus: what the text names are fields of the answer."""
    text = await text_of("check_a_draw_by_hand", {"draw_number": "1"})
    assert "universe://" not in text
    assert [tool for tool, _ in calls_in(text)] == ["verify_draw"]
    named = set(re.findall(r"`([a-z_]+)`", text))
    assert {"main_rank", "bonus_rank", "bonus_outcomes", "outcomes", "pools", "shell"} <= named
    assert named <= set(await answer(source, "verify_draw", draw_number=1))
    assert "the remaining" in text


def test_prompts_have_texts_of_their_own() -> None:
    assert set(PROMPTS) == set(COMPLETE) == set(LEAST)
