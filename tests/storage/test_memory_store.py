"""The fake keeps what every store promises, so tests that rely on it can be trusted."""

from collections.abc import Callable
from datetime import date

import pytest

from storage.errors import StoreFull
from storage.memory import MemoryStore
from tests.storage.store_checker import CHECKS, CLOCK, GAME, MakeStore, draws, result, results
from universe.calendar import LogicalClock
from universe.game import Game
from universe.seed import ranks_of_draws


def make_store(game: Game, epoch: date, draws_per_day: int, max_draws: int) -> MemoryStore:
    return MemoryStore(LogicalClock(game=game, epoch=epoch, draws_per_day=draws_per_day), max_draws=max_draws)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_memory_store_keeps_the_promise_that(check: Callable[[MakeStore], None]) -> None:
    check(make_store)


def test_a_fault_before_keeps_nothing_and_a_fault_after_keeps_all() -> None:
    store = make_store(GAME, CLOCK.epoch, CLOCK.draws_per_day, 100)

    def fault(commit: int, moment: str) -> None:
        if (commit, moment) in {(1, "before"), (2, "after")}:
            raise StoreFull("no room")

    store.fault = fault
    with pytest.raises(StoreFull):
        store.commit([draws(1, 10)])
    assert store.games[GAME.game_id].ranks == ()
    with pytest.raises(StoreFull):
        store.commit([draws(1, 10)])
    assert store.games[GAME.game_id].ranks == tuple(ranks_of_draws(CLOCK, 1, 10).tolist())


def test_what_happens_elsewhere_is_told_by_changes() -> None:
    store = make_store(GAME, CLOCK.epoch, CLOCK.draws_per_day, 100)
    before = store.changes()
    store.commit([draws(1, 10)])
    assert store.changes() == before
    store.extend(GAME.game_id, 200)
    after_extension = store.changes()
    assert after_extension != before
    assert store.progress(GAME.game_id).last_allowed == 200
    store.commit_elsewhere([results(result(date(2024, 1, 3)))])
    assert store.changes() != after_extension
