"""What a reader remembers never hides what another connection has committed since: each case looks, commits, looks."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import pytest

from storage.errors import StoreError
from storage.reader import Reader
from storage.registry import Milestone
from storage.store import SqliteStore
from storage.views import GameView
from tests.oracle import level_counts, oracle_draws
from tests.storage.universes import draw_to, keep, new_store
from universe.calendar import LogicalClock
from universe.catalogue import shipped_games
from universe.game import Game, MovedDraw
from universe.matching import levels
from universe.results.result import RealResult

GAME, OTHER = shipped_games()["GAME_001"], shipped_games()["GAME_005"]
PER_DAY = 100
MAIN, BONUS = (3, 14, 15, 26, 35), (9,)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with new_store(tmp_path, GAME, PER_DAY) as made:
        yield made


@pytest.fixture
def reader(store: SqliteStore) -> Iterator[Reader]:
    opened = Reader.open(store.location, "test", [GAME, OTHER])
    yield opened
    opened.close()


def seen(reader: Reader, game_id: str | None = None) -> GameView:
    with reader.snapshot() as snapshot:
        return snapshot.game(game_id)


def result(day: int, main: tuple[int, ...] = MAIN) -> RealResult:
    return RealResult(draw_date=date(2000, 6, day), main_numbers=main, bonus_numbers=BONUS)


def test_results_and_conflicts(store: SqliteStore, reader: Reader) -> None:
    """Results come in any order of dates; another game's results are not this one's."""
    assert seen(reader).results_count == 0
    keep(store, GAME, [result(14)])
    store.register(OTHER)
    keep(store, OTHER, [RealResult(draw_date=date(2022, 5, 10), main_numbers=MAIN, bonus_numbers=(1, 2))])
    assert (seen(reader).results_count, seen(reader, OTHER.game_id).results_count) == (1, 1)
    keep(store, GAME, [result(7), result(10, (1, 2, 3, 4, 5)), result(14, (1, 2, 3, 4, 6))])
    with reader.snapshot() as snapshot:
        view = snapshot.game(GAME.game_id)
        assert (view.results_count, view.conflicts) == (3, 1)
        assert (view.results_first, view.results_last) == (date(2000, 6, 7), date(2000, 6, 14))
        found = snapshot.results(view, None, date(2000, 6, 13), 9, None)
        assert [stored.result for stored in found] == [result(10, (1, 2, 3, 4, 5)), result(7)]
        assert snapshot.real_occurrences(view, MAIN, BONUS) == [date(2000, 6, 7), date(2000, 6, 14)]
        held = snapshot.result(view, date(2000, 6, 14))
        assert held is not None
        assert held.result == result(14)
        assert snapshot.result(view, date(2000, 6, 17)) is None
        counts = snapshot.real_counts(view, date(2000, 6, 8), date(2000, 6, 10))
        assert counts is not None
        assert counts.totals.nonzero()[0].tolist() == [0, 1, 2, 3, 4, GAME.main.size + BONUS[0] - 1]


def test_a_milestone(store: SqliteStore, reader: Reader) -> None:
    store.change_milestone(GAME.game_id, max_draws=50)
    draw_to(store, GAME, 50)
    assert (seen(reader).phase, seen(reader).halt_reason, seen(reader).max_draws) == ("halted", "max_draws", 50)
    store.change_milestone(GAME.game_id, max_draws=80, until=date(2001, 1, 3))
    view = seen(reader)
    assert (view.phase, view.halt_reason, view.max_draws, view.until) == ("running", None, 80, date(2001, 1, 3))


def test_a_revision_of_the_definition(store: SqliteStore, reader: Reader) -> None:
    """A moved draw changes the dates of draws to come, also those that the reader has computed already."""
    draw_to(store, GAME, PER_DAY)
    before = seen(reader).clock
    assert before is not None
    with reader.snapshot() as snapshot:
        day = before.days_of_date(date(2000, 8, 2)).start
        assert snapshot._standing(snapshot.game(None)).date_of_day(day) == date(2000, 8, 2)
    moved = MovedDraw(scheduled=date(2000, 8, 2), held=date(2000, 8, 3))
    store.register(attrs.evolve(GAME, moved=(moved,)))
    with reader.snapshot() as snapshot:
        view = snapshot.game(None)
        assert view.game.moved == (moved,)
        assert snapshot._standing(view).date_of_day(day) == date(2000, 8, 3)


@pytest.mark.parametrize("game", [GAME, OTHER], ids=lambda game: game.game_id)
def test_draws_and_their_fold(tmp_path: Path, game: Game) -> None:
    """The counters and the tail together say what brute force over the draws says, commit after commit."""
    draws = oracle_draws(game, game.since, PER_DAY, 60_200)
    with new_store(tmp_path, game, PER_DAY) as store, closing(Reader.open(store.location, "test")) as reader:
        for last in (1, 150, 151, 60_151, 60_200):
            draw_to(store, game, last, batch=60_000)
            with reader.snapshot() as snapshot:
                view, ticket = snapshot.game(None), draws[last - 1]
                newest = [(draw.draw_number, draw.draw_date, draw.rank) for draw in snapshot.latest_draws(view, 100)]
                found: Any = snapshot.match_levels(view, ticket.main, ticket.bonus)
                occurrences = snapshot.occurrences(view, ticket.rank)
            assert newest == [(draw.number, draw.draw_date, draw.rank) for draw in draws[last - 1 : None : -1]][:100]
            counted = level_counts(draws[:last], ticket.main, ticket.bonus)
            assert found.tolist() == [counted[pair] for pair in levels(game)]
            assert occurrences == found[-1]


def test_the_first_initialised_game(tmp_path: Path) -> None:
    """None means the first default game until one is initialised; then the first of those by id."""
    with new_store(tmp_path, OTHER, PER_DAY) as store, closing(Reader.open(store.location, "test")) as reader:
        assert seen(reader).game == OTHER
        keep_first = LogicalClock(game=GAME, epoch=GAME.since, draws_per_day=PER_DAY)
        with pytest.raises(StoreError, match="unknown game GAME_001: this universe has GAME_005"):
            seen(reader, GAME.game_id)
        store.register(GAME)
        assert seen(reader).game == OTHER
        assert seen(reader, GAME.game_id).phase == "bootstrap"
        store.initialise(keep_first, Milestone())
        assert (seen(reader).game, seen(reader).phase) == (GAME, "initialized")
        with reader.snapshot() as snapshot:
            assert [view.game.game_id for view in snapshot.games()] == ["GAME_001", "GAME_005"]


def test_games_without_data_share_nothing(tmp_path: Path) -> None:
    """Both stand under no key at all, and their tickets have different levels."""
    with new_store(tmp_path, shipped_games()["GAME_002"], PER_DAY) as store:
        reader = Reader.open(store.location, "test", [GAME, OTHER])
        for game, bonus in ((GAME, (9,)), (OTHER, (1, 2)), (GAME, (9,))):
            with reader.snapshot() as snapshot:
                found: Any = snapshot.match_levels(snapshot.game(game.game_id), MAIN, bonus)
                assert found.tolist() == [0] * len(levels(game))
        reader.close()
