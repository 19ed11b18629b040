"""Completion: what may be typed next, bounded, newest first; and nothing at all for what nobody knows."""

from typing import Any

import pytest
from mcp import Client
from mcp_types import Completion, PromptReference, ResourceTemplateReference

from storage.views import StoredResult
from tests.tools.fakes import GAMES, MODES, FakeGame, FakeSource, fake_games
from tools.addresses import DEFINITION_TEMPLATE, DRAW_DATE_TEMPLATE, GAME_TEMPLATE
from tools.completion import DATES_LOOKED_AT_MAX, VALUES_MAX, completion_of
from tools.draw_dates import newest_dates
from tools.server import make_server
from universe.results.result import RealResult

FAIR, HAND, HOT = "is_this_lottery_fair", "check_a_draw_by_hand", "are_hot_numbers_real"


@pytest.fixture(scope="module")
def source() -> FakeSource:
    return FakeSource(games=fake_games())


async def complete(
    source: FakeSource, ref: str, name: str, value: str = "", mode: Any = "auto", **given: str
) -> Completion:
    reference = ResourceTemplateReference(uri=ref) if "://" in ref else PromptReference(name=ref)
    async with Client(make_server(source, version="1"), mode=mode) as client:
        argument = {"name": name, "value": value}
        completion = (await client.complete(reference, argument, context_arguments=given or None)).completion
    assert len(completion.values) <= VALUES_MAX
    assert completion.has_more is (completion.total is None or completion.total > len(completion.values))
    return completion


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("ref", [GAME_TEMPLATE, DEFINITION_TEMPLATE, DRAW_DATE_TEMPLATE, FAIR, HAND, HOT])
async def test_games_are_completed_by_their_beginning(source: FakeSource, ref: str, mode: str) -> None:
    assert (await complete(source, ref, "game_id", "TINY", mode)).values == ["TINY", "TINY_REST"]
    every = await complete(source, ref, "game_id", "", mode)
    assert every.values == sorted(fake.game.game_id for fake in source.games)
    assert (every.total, every.has_more) == (len(source.games), False)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("ref", "name"),
    [
        ("test://no/{template}", "game_id"),
        ("universe://status", "game_id"),
        (GAME_TEMPLATE, "draw_date"),
        (DRAW_DATE_TEMPLATE, "bogus"),
        ("test_prompt_with_arguments", "arg1"),
        (FAIR, "window"),
        ("how_often_would_my_numbers_have_hit", "numbers"),
    ],
)
async def test_what_nobody_knows_has_no_values(source: FakeSource, ref: str, name: str, mode: str) -> None:
    assert (await complete(source, ref, name, "", mode)).values == []


async def test_windows_need_no_store() -> None:
    assert (await complete(FakeSource(games=[]), HOT, "window", "last_")).values == [
        "last_draw_date",
        "last_7_days",
        "last_30_days",
    ]


@pytest.mark.parametrize("game_id", ["GAME_001", "TINY", "GAME_002"])
@pytest.mark.parametrize(
    "beginning", ["", "2", "20", "200", "2000-0", "2024", "2024-01", "2024-01-06", "2024-01-04", "x"]
)
async def test_draw_dates_come_newest_first_and_are_those_that_begin_so(
    source: FakeSource, game_id: str, beginning: str
) -> None:
    with source.snapshot() as snapshot:
        dates = [str(day) for day in newest_dates(snapshot, snapshot.game(game_id), None, 10**6)]
    found = await complete(source, DRAW_DATE_TEMPLATE, "draw_date", beginning, game_id=game_id)
    assert found.values == [day for day in dates if day.startswith(beginning)][:VALUES_MAX]
    assert found.total == sum(day.startswith(beginning) for day in dates)


async def test_draw_dates_are_of_the_first_game_unless_one_is_given(source: FakeSource) -> None:
    without = await complete(source, DRAW_DATE_TEMPLATE, "draw_date")
    assert without == await complete(source, DRAW_DATE_TEMPLATE, "draw_date", game_id="GAME_001")
    assert (await complete(source, DRAW_DATE_TEMPLATE, "draw_date", game_id="NONE")).values == []


def test_a_long_history_is_looked_through_for_a_bounded_number_of_dates() -> None:
    game = FakeGame(game=GAMES["GAME_004"], made=0)
    day = game.game.since
    while len(game.results) < DATES_LOOKED_AT_MAX + 200:
        if day.weekday() != 6:
            game.results.append(_result(day))
        day = day.fromordinal(day.toordinal() + 1)
    with FakeSource(games=[game]).snapshot() as snapshot:
        all_of_them = completion_of(snapshot, "draw_date", "", None)
        assert (len(all_of_them.values), all_of_them.total, all_of_them.has_more) == (VALUES_MAX, None, True)
        first_year = completion_of(snapshot, "draw_date", str(game.game.since.year), None)
        assert first_year.values[-1] == str(game.game.since)
        assert first_year.total == len(first_year.values)
        last_year = completion_of(snapshot, "draw_date", str(day.year), None)
        assert last_year.total is not None


def _result(day: Any) -> Any:
    return StoredResult(result=RealResult(draw_date=day, main_numbers=(1, 2, 3, 4, 5), bonus_numbers=()), source="t")


@pytest.mark.parametrize(
    "beginning", ["", "1", "2", "23", "235", "2350", "2351", "9", "0", "01", "x", "\u0661", "9" * 50]
)
async def test_draw_numbers_come_newest_first(source: FakeSource, beginning: str) -> None:
    expected = [str(number) for number in range(2_350, 0, -1) if str(number).startswith(beginning)]
    found = await complete(source, HAND, "draw_number", beginning, game_id="GAME_001")
    assert (found.values, found.total) == (expected[:VALUES_MAX], len(expected))


async def test_a_game_without_draws_has_no_numbers(source: FakeSource) -> None:
    assert (await complete(source, HAND, "draw_number", "", game_id="GAME_002")).values == []
