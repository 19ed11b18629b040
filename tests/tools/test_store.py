"""The tools on a real database give what brute force over the same draws gives."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import pytest

from actors.prover import PROVER
from storage.connection import Location
from storage.reader import Reader
from storage.registry import Milestone
from storage.store import SqliteStore
from tests.storage.universes import compare, trail
from tests.tools.fakes import TODAY, FakeGame, FakeSource, fake_games, refusal
from tools.questions.status import universe_status
from tools.server import QUESTIONS
from tools.source import Role, Source
from tools.wire import to_wire
from universe.counting import count_draws
from universe.seed import ranks_of_draws
from universe.units import DrawBatch, DrawUnit, ResultsUnit
from universe.vitals import GameVitals

BATCH = 700
ASK = {question.name: question for question in QUESTIONS}


@attrs.frozen(kw_only=True)
class StoreSource:
    """A source over a real reader."""

    store: Reader
    role: Role = "leader"

    async def reader(self) -> Reader:
        return self.store

    def vitals(self, game_id: str) -> GameVitals:
        return GameVitals(simulating=bool(game_id))

    def today(self) -> date:
        return TODAY


def fill(store: SqliteStore, fake: FakeGame) -> None:
    """Keep a game's draws in batches; half of its results are known before them, half come late."""
    game_id, results = fake.game.game_id, [stored.result for stored in fake.results]
    early, late = (ResultsUnit(game_id=game_id, results=tuple(results[half::2]), source="test.csv") for half in (0, 1))
    if results:
        store.ingest(fake.game, early)
    if fake.made is None:
        store.ingest(fake.game, late)
        return
    store.initialise(fake.clock, Milestone(max_draws=fake.max_draws, until=fake.until))
    for first in range(1, fake.made + 1, BATCH):
        ranks = ranks_of_draws(fake.clock, first, min(first + BATCH - 1, fake.made))
        batch = DrawBatch(clock=fake.clock, first=first, ranks=ranks)
        store.commit([DrawUnit(batch=batch, delta=count_draws(fake.clock, first, ranks))])
    store.commit([late])
    compare(store, fake.game)
    trail(store, fake.game, PROVER)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeSource, StoreSource]]:
    path: Path = tmp_path_factory.mktemp("universe") / "universe.db"
    location, fakes = Location(path), fake_games()
    with SqliteStore.open(location, "test", create=True) as store:
        for fake in fakes:
            fill(store, fake)
    reader = Reader.open(location, "test", [fakes[0].game])
    yield FakeSource(games=fakes), StoreSource(store=reader)
    reader.close()


GAME_IDS = [fake.game.game_id for fake in fake_games()]
PER_GAME: tuple[tuple[str, dict[str, Any]], ...] = (
    ("get_latest_draws", {"limit": 100}),
    ("get_latest_draws", {"limit": 100, "source": "real"}),
    *(
        ("get_frequency_stats", {"window": window})
        for window in ("all_time", "last_draw_date", "last_7_days", "last_30_days", "2024-01-05..2024-01-11")
    ),
    ("get_frequency_stats", {"window": "1900-01-01..9998-12-31"}),
    ("generate_numbers", {"mode": "frequency_weighted", "seed": 1, "window": "last_7_days", "count": 3}),
    ("get_match_events", {"limit": 100}),
    ("get_match_events", {"draw_date": "2024-01-06", "limit": 3}),
    ("get_real_results", {}),
    ("get_real_results", {"from": "2024-01-01", "to": "2024-01-06"}),
)


def document(source: Source, reader: Any, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return what a tool answers, but for what depends on the time of a commit and the universe's id."""
    question = ASK[name]
    asked = question.arguments.model_validate(arguments)
    with reader.snapshot() as snapshot:
        answer = to_wire(question.ask(snapshot, asked, source))
    answer["snapshot"].pop("committed_at")
    if "next_cursor" in answer:
        answer["next_cursor"] = answer["next_cursor"] is not None
    if "evidence" in answer:  # of real results it follows their order of storing, of which the fake knows nothing
        answer["evidence"] = [row for row in answer["evidence"] if row["stream"] == "synthetic"]
    return answer


def same(sources: tuple[FakeSource, StoreSource], name: str, **arguments: Any) -> dict[str, Any]:
    fake, real = sources
    expected = document(fake, fake, name, arguments)
    assert document(real, real.store, name, arguments) == expected
    return expected


OFF_SCHEDULE = {"GAME_002", "GAME_005"}  # of the date that some calls ask for
CASES = [
    (name, arguments, game_id)
    for name, arguments in PER_GAME
    for game_id in GAME_IDS
    if "draw_date" not in arguments or game_id not in OFF_SCHEDULE
]


@pytest.mark.parametrize(("name", "arguments", "game_id"), CASES)
def test_answers_are_the_same(
    sources: tuple[FakeSource, StoreSource], name: str, arguments: dict[str, Any], game_id: str
) -> None:
    same(sources, name, game_id=game_id, **arguments)


OF_DRAWS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("analyze_fairness", {"scope": "synthetic"}),
    ("backtest_strategy", {"strategy": "weighted", "source": "synthetic", "tickets": 2, "matches": 1, "claim": 1.1}),
    ("get_audit_proof", {"draw_number": 100, "tree_size": 120, "from_size": 64}),
    ("get_audit_proof", {"draw_number": 1}),
    ("get_frequency_stats", {"as_of": 0}),
    ("get_frequency_stats", {"as_of": "2024-01-03", "window": "last_7_days"}),
)
DRAWN = [fake.game.game_id for fake in fake_games() if fake.made]


@pytest.mark.parametrize(("name", "arguments"), OF_DRAWS, ids=str)
@pytest.mark.parametrize("game_id", DRAWN)
def test_answers_from_many_draws_are_the_same(
    sources: tuple[FakeSource, StoreSource], name: str, arguments: dict[str, Any], game_id: str
) -> None:
    if game_id in OFF_SCHEDULE and isinstance(arguments.get("as_of"), str):
        arguments = {**arguments, "as_of": str(draw_days(game_id)[0])}
    same(sources, name, game_id=game_id, **arguments)


def draw_days(game_id: str) -> list[date]:
    return [draw.draw_date for fake in fake_games() if fake.game.game_id == game_id for draw in fake.draws]


@pytest.mark.parametrize("fake", fake_games(), ids=lambda fake: fake.game.game_id)
def test_tickets_numbers_and_dates_are_the_same(sources: tuple[FakeSource, StoreSource], fake: FakeGame) -> None:
    game_id = fake.game.game_id
    for draw in fake.draws[:: len(fake.draws) // 3 + 1]:
        main, bonus = fake.numbers(draw)
        same(
            sources,
            "check_numbers_occurrence",
            game_id=game_id,
            main_numbers=list(main),
            bonus_number=list(bonus),
        )
        same(sources, "verify_draw", game_id=game_id, draw_number=draw.draw_number)
        same(sources, "get_draw_date_summary", game_id=game_id, draw_date=str(draw.draw_date))
    for stored in fake.results:
        same(sources, "get_draw_date_summary", game_id=game_id, draw_date=str(stored.result.draw_date))


def test_status_is_the_same_but_for_its_times(sources: tuple[FakeSource, StoreSource]) -> None:
    fake, real = sources
    with fake.snapshot() as expected, real.store.snapshot() as seen:
        of_fake, of_store = universe_status(expected, fake).games, universe_status(seen, real).games
    assert [attrs.evolve(game, last_commit_at=None) for game in of_store if game.game_id != "GAME_002"] == [
        attrs.evolve(game, last_commit_at=None) for game in of_fake if game.game_id != "GAME_002"
    ]


async def test_an_unknown_game_is_refused_with_the_known_ones(sources: tuple[FakeSource, StoreSource]) -> None:
    _, real = sources
    line = await refusal(real, "get_latest_draws", game_id="NONE")
    assert "unknown game NONE" in line
    assert "GAME_001" in line
    assert "did you mean GAME_001?" in await refusal(real, "get_latest_draws", game_id="game_001")
