"""Answers that are given again are those of the present commit, whatever is asked, and a bounded number."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from storage.reader import Reader
from storage.store import SqliteStore
from tests.storage.universes import compare, draw_to, keep, new_store
from tests.tools.fakes import GAMES, MODES, FakeGame, FakeSource
from tests.tools.test_store import StoreSource
from tools.recent import ANSWERS_MAX, RecentAnswers
from tools.server import QUESTIONS, answer_call, make_server
from universe.results.result import RealResult
from universe.vitals import GameVitals

GAME = GAMES["GAME_001"]
ASKED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("get_universe_status", {}),
    ("get_latest_draws", {"limit": 3}),
    ("get_latest_draws", {"limit": 3, "source": "real"}),
    ("get_frequency_stats", {"window": "last_30_days"}),
    ("check_numbers_occurrence", {"main_numbers": [1, 2, 3, 4, 5], "bonus_number": 6}),
    ("get_match_events", {}),
    ("verify_draw", {"draw_number": 7}),
    ("get_real_results", {}),
    ("get_draw_date_summary", {"draw_date": "2000-06-07"}),
    ("generate_numbers", {"mode": "frequency_weighted", "seed": 1}),
    ("analyze_fairness", {"scope": "synthetic"}),
    ("backtest_strategy", {"strategy": "hot", "source": "synthetic", "tickets": 1}),
    ("get_audit_proof", {"draw_number": 7}),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with new_store(tmp_path, GAME, 100) as made:
        yield made


async def test_every_answer_is_of_the_present_commit(store: SqliteStore) -> None:
    """Each step commits what some answers change; each answer is what a server without a memory gives."""
    numbers = RealResult(draw_date=date(2000, 6, 7), main_numbers=(1, 2, 3, 4, 5), bonus_numbers=(6,))
    steps: tuple[Callable[[], None], ...] = (
        lambda: draw_to(store, GAME, 50),
        lambda: draw_to(store, GAME, 60),
        lambda: keep(store, GAME, [numbers]),
        lambda: compare(store, GAME),
        lambda: draw_to(store, GAME, 250),
    )
    by_name = {question.name: question for question in QUESTIONS}
    with closing(Reader.open(store.location, "test", [GAME])) as reader:
        source = StoreSource(store=reader)
        async with Client(make_server(source, version="1")) as client:
            for step in steps:
                step()
                for name, arguments in ASKED * 2:
                    told = await client.call_tool(name, arguments)
                    expected = await answer_call(by_name[name], arguments, source)
                    assert (told.structured_content, told.is_error) == (expected.structured_content, False)


@pytest.mark.parametrize("mode", MODES)
async def test_an_equal_question_of_the_same_commit_is_not_answered_anew(
    mode: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []

    def look(_self: object, _view: object, limit: int) -> list[Any]:
        looked.append(limit)
        return []

    source = FakeSource(games=[FakeGame(game=GAME, made=10)], commit="first")
    monkeypatch.setattr("tests.tools.fakes.FakeSnapshot.latest_draws", look)
    async with Client(make_server(source, version="1"), mode=mode) as client:
        for limit in (1, 2, 1, 2):
            await client.call_tool("get_latest_draws", {"limit": limit})
        await client.call_tool("get_latest_draws", {"source": "synthetic", "limit": 2})
        assert looked == [1, 2]
        source.commit = "second"
        await client.call_tool("get_latest_draws", {"limit": 1})
        assert looked == [1, 2, 1]
        for wrong in (True, 1.0, "1"):  # equal to Python, but no limits
            assert (await client.call_tool("get_latest_draws", {"limit": wrong})).is_error


async def test_what_a_process_or_chance_decides_is_answered_anew() -> None:
    source = FakeSource(games=[FakeGame(game=GAME, made=10)], commit="first")
    async with Client(make_server(source, version="1")) as client:
        before = await client.call_tool("get_universe_status", {})
        source.vitals_by_id = {"GAME_001": GameVitals(simulating=False)}
        assert await client.call_tool("get_universe_status", {}) != before
        tickets = [
            (await client.call_tool("generate_numbers", {"mode": "random"})).structured_content for _ in range(2)
        ]
        assert tickets[0] != tickets[1]


def test_the_memory_is_bounded_and_of_one_commit() -> None:
    recent, answer = RecentAnswers(), object()
    for number in range(3 * ANSWERS_MAX):
        assert recent.find("commit", ("tool", str(number))) is None
        recent.keep("commit", ("tool", str(number)), answer)  # type: ignore[arg-type]  # any object will do
    assert len(recent._held[1]) == ANSWERS_MAX
    assert recent.find("commit", ("tool", str(3 * ANSWERS_MAX - 1))) is answer
    assert recent.find("next", ("tool", str(3 * ANSWERS_MAX - 1))) is None
    assert not recent._held[1]


def test_an_answer_that_comes_after_a_look_at_another_commit_is_not_kept() -> None:
    """A thread that nobody waits for any more may end long after the commit that it looked at."""
    recent, answer, key = RecentAnswers(), object(), ("tool", "arguments")
    recent.find("former", key)
    recent.find("present", key)
    recent.keep("former", key, answer)  # type: ignore[arg-type]  # any object will do
    assert recent.find("present", key) is None
