"""Draws folded into the indexes: exact however often counts widen, and the same by every way to get there."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from itertools import pairwise
from pathlib import Path

import attrs
import numpy as np
import pytest

from storage.connection import open_reader
from storage.draws import TAIL_DRAWS_MAX, count_ahead
from storage.fingerprint import fingerprints, occurrences
from storage.registry import require_game_key
from storage.store import SqliteStore
from storage.verify import Verdict, verify_universe
from tests.kernels import kernels_serve
from tests.storage.universes import draw_to, draw_unit, keep, new_store, reading
from universe.calendar import LogicalClock
from universe.catalogue import shipped_games
from universe.compiled import kernels_for, plain_only
from universe.game import Game, Period, Pool, RestOfDrum
from universe.matching import levels
from universe.ranking import rank_type, unrank
from universe.results.result import RealResult
from universe.seed import ranks_of_draws
from universe.subsets import count_indexes
from universe.units import DrawUnit, IndexUnit, Unit

SINCE = date(2020, 1, 1)
SHIPPED = shipped_games()


def small_game(game_id: str, main: Pool, bonus: Pool | RestOfDrum | None = None) -> Game:
    every_day = Period(start=SINCE, days=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))
    return Game(game_id=game_id, since=SINCE, main=main, bonus=bonus, schedule=(every_day,))


TINY = [
    small_game("ONE_OF_3", Pool(picked=1, size=3)),
    small_game("TWO_OF_25", Pool(picked=2, size=25)),
    small_game("THREE_OF_6", Pool(picked=3, size=6), Pool(picked=1, size=2)),
    small_game("TWO_OF_9_REST", Pool(picked=2, size=9), RestOfDrum(picked=2)),
]
FINGERPRINTED = [
    small_game("OWN", Pool(picked=4, size=30), Pool(picked=2, size=6)),
    small_game("NONE", Pool(picked=5, size=24)),
    small_game("REST", Pool(picked=3, size=40), RestOfDrum(picked=2)),
    SHIPPED["GAME_007"],
]
PATHS = pytest.mark.parametrize("path", [kernels_serve, plain_only])


@pytest.fixture(autouse=True, scope="module")
def _kernels() -> Iterator[None]:
    with kernels_serve():
        yield


def checked(store: SqliteStore) -> str:
    """The fingerprint of a universe of one game in which nothing differs from a recount."""
    db = open_reader(store.location)
    try:
        assert verify_universe(db, full=True) == Verdict(
            draws_checked=sum(store.progress(game_id).watermark for game_id in fingerprints(db)),
            raw_draws_skipped=0,
            first_difference=None,
        )
        (found,) = fingerprints(db).values()
    finally:
        db.close()
    return found


@PATHS
@pytest.mark.parametrize("game", TINY, ids=lambda game: game.game_id)
def test_counts_widen_with_every_fold_and_stay_exact(
    game: Game, path: Callable[[], AbstractContextManager[None]], tmp_path: Path
) -> None:
    """Folds of 60,000 draws, then of 200,000: past 255 in each cell, and past 65,535 where there are few."""
    per_day, bounds = 1_000, [60_000, 120_000, 120_100, 320_100, 520_100]
    with path(), new_store(tmp_path, game, per_day, mode="prod") as store:
        for last in bounds:
            draw_to(store, game, last, batch=200_000)
        clock = LogicalClock(game=game, epoch=SINCE, draws_per_day=per_day)
        counts = np.bincount(ranks_of_draws(clock, 1, bounds[-1]), minlength=game.outcomes).tolist()
        assert max(counts) > (65_535 if game.outcomes <= 3 else 255)
        drawn = [tuple(map(set, unrank(game, rank))) for rank in range(game.outcomes)]
        with reading(store) as reader, reader.snapshot() as snapshot:
            view = snapshot.game(game.game_id)
            assert [snapshot.occurrences(view, rank) for rank in range(game.outcomes)] == counts
            for rank in (0, game.outcomes // 2, game.outcomes - 1):
                expected = dict.fromkeys(levels(game), 0)
                for (main, bonus), count in zip(drawn, counts, strict=True):
                    expected[len(main & drawn[rank][0]), len(bonus & drawn[rank][1])] += count
                found = snapshot.match_levels(view, *unrank(game, rank))
                assert found is not None
                assert found.tolist() == [expected[level] for level in levels(game)]
        checked(store)


DRAWS = 150_000
PER_DAY = 4_000


def units_of(game: Game, *bounds: int) -> list[DrawUnit]:
    clock = LogicalClock(game=game, epoch=game.since, draws_per_day=PER_DAY)
    return [draw_unit(clock, first + 1, last) for first, last in pairwise(bounds)]


def all_at_once(game: Game) -> Iterator[list[Unit]]:
    yield [*units_of(game, 0, DRAWS)]


def small_commits(game: Game) -> Iterator[list[Unit]]:
    for unit in units_of(game, *range(0, DRAWS, 7_001), DRAWS):
        yield [unit]


def groups_of_batches(game: Game) -> Iterator[list[Unit]]:
    units = units_of(game, *range(0, DRAWS, 9_999), DRAWS)
    for at in range(0, len(units), 4):
        yield [*units[at : at + 4]]


def counted_ahead(game: Game) -> Iterator[list[Unit]]:
    """As the writer does: groups large enough to fold are counted before their commit."""
    for bounds in ((0, 30_000, 70_000), (70_000, 90_000, 149_000), (149_000, DRAWS)):
        units = units_of(game, *bounds)
        ahead = count_ahead(units)
        assert [(one.first, one.last) for one in ahead] == (
            [(bounds[0] + 1, bounds[-1])] if bounds[-1] - bounds[0] > TAIL_DRAWS_MAX else []
        )
        yield [*units, *ahead]


def counted_ahead_behind_a_tail(game: Game) -> Iterator[list[Unit]]:
    """What waits in the tail is folded too, and nobody counted it ahead."""
    yield [*units_of(game, 0, 20_000)]
    units = units_of(game, 20_000, DRAWS)
    yield [*units, *count_ahead(units)]


def counted_ahead_and_half_a_replay(game: Game) -> Iterator[list[Unit]]:
    """A crash after the first commit: its draws come again, in a group that is counted ahead as a whole."""
    yield [*units_of(game, 0, 60_000)]
    units = units_of(game, 50_000, DRAWS)
    yield [*units, *count_ahead(units)]


def counted_ahead_for_other_draws(game: Game) -> Iterator[list[Unit]]:
    """Of neither range may a draw be counted: one begins later, one ends earlier."""
    nonsense = count_indexes(game, [np.zeros(5_000, dtype=rank_type(game))])
    for start, end, first, last in ((0, 70_000, 2, 70_000), (70_000, DRAWS, 70_001, DRAWS - 1)):
        ahead = IndexUnit(game_id=game.game_id, first=first, last=last, increments=nonsense)
        yield [*units_of(game, start, end), ahead]


def counted_ahead_for_a_tail(game: Game) -> Iterator[list[Unit]]:
    """A commit that is not folded must not count what is offered with it."""
    for start, end in ((0, 40_000), (40_000, DRAWS)):
        units = units_of(game, start, end)
        increments = count_indexes(game, [unit.batch.ranks for unit in units])
        yield [*units, IndexUnit(game_id=game.game_id, first=start + 1, last=end, increments=increments)]


WAYS = [
    all_at_once,
    small_commits,
    groups_of_batches,
    counted_ahead,
    counted_ahead_behind_a_tail,
    counted_ahead_and_half_a_replay,
    counted_ahead_for_other_draws,
    counted_ahead_for_a_tail,
]


def built(folder: Path, game: Game, commits: Callable[[Game], Iterator[list[Unit]]]) -> str:
    folder.mkdir()
    main, bonus = unrank(game, 4_321)
    with new_store(folder, game, PER_DAY) as store:
        days = [game.since, LogicalClock(game=game, epoch=game.since, draws_per_day=PER_DAY).draw_date(DRAWS)]
        keep(store, game, [RealResult(draw_date=day, main_numbers=main, bonus_numbers=bonus) for day in days])
        for units in commits(game):
            store.commit(units)
        assert store.progress(game.game_id).watermark == DRAWS
        return checked(store)


@pytest.mark.parametrize("game", FINGERPRINTED, ids=lambda game: game.game_id)
def test_a_universe_has_one_fingerprint_whichever_way_it_was_built(game: Game, tmp_path: Path) -> None:
    """By the plain path and by kernels, in every grouping, with counts made ahead of a commit and without."""
    with plain_only():
        expected = built(tmp_path / "plain", game, groups_of_batches)
    found = {way.__name__: built(tmp_path / way.__name__, game, way) for way in WAYS}
    assert found == dict.fromkeys(found, expected)


def test_counts_made_ahead_are_used_and_a_wrong_count_is_found(tmp_path: Path) -> None:
    """Were they always counted again, every test above would be green and every commit slow."""
    (game, *_), wrong = FINGERPRINTED, np.zeros(60_000, dtype=np.uint32)
    units = units_of(game, 0, 60_000)
    (ahead,) = count_ahead(units)
    with new_store(tmp_path, game, PER_DAY) as store:
        store.commit([*units, attrs.evolve(ahead, increments=count_indexes(game, [wrong]))])
        db = open_reader(store.location)
        found = verify_universe(db, full=True).first_difference
        db.close()
    assert found is not None
    assert (found.table, found.stored) == ("counter, occurrences", "60000")


def test_a_game_beyond_32_bits_is_simulated_by_the_plain_path(tmp_path: Path) -> None:
    game = small_game("KENO", Pool(picked=20, size=80))
    assert kernels_for(game) is None
    with new_store(tmp_path, game, PER_DAY) as store:
        for bounds in ((0, 30_000), (30_000, 60_000, 90_000)):
            units = units_of(game, *bounds)
            store.commit([*units, *count_ahead(units)])
        with reading(store) as reader, reader.snapshot() as snapshot:
            rank = int(units[-1].batch.ranks[0])
            assert snapshot.occurrences(snapshot.game("KENO"), rank) == 1
        db = open_reader(store.location)
        assert sum(int(counts.sum()) for _, counts in occurrences(db, require_game_key(db, "KENO"), game)) == 90_000
        assert verify_universe(db, full=False).first_difference is None
        db.close()


def test_a_game_beyond_32_bits_is_checked_in_full(tmp_path: Path) -> None:
    game = small_game("KENO", Pool(picked=20, size=80))
    with new_store(tmp_path, game, PER_DAY) as store:
        store.commit([*units_of(game, 0, 60_000)])
        checked(store)
