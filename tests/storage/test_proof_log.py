"""The log of draws: its proofs hold however it was written; no change of a draw, an order or a node passes."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import apsw
import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import proof_log
from storage.checking import Check
from storage.differences import Difference, DifferenceFoundError
from storage.errors import StoreDamaged
from storage.proof_check import LogCheck, check_nodes, check_sample
from storage.proof_log import ROW_HASHES, append_blocks, logged_blocks, stored_node
from storage.proving import DrawLog, ResultLog, consistency_proof, draw_proof, result_proof, tree_head
from storage.schema import schema_sql
from tests.storage.universes import keep, new_store
from universe.calendar import DATE_MAX, LogicalClock
from universe.draw_tree import DrawTree, roots_of_blocks
from universe.game import Game, Period, Pool
from universe.merkle import (
    BLOCK_LEAVES,
    as_hashes,
    inclusion_path,
    leaf_data,
    leaf_hash,
    levels_over,
    nodes_in,
    tree_root,
)
from universe.proofs import Head, ProofError, result_message
from universe.ranking import Ranks
from universe.results.result import RealResult
from universe.seed import ranks_of_draws

SINCE = date(2024, 1, 1)
DAILY = Period(start=SINCE, days=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))
GAME = Game(game_id="GAME", since=SINCE, main=Pool(picked=3, size=30), bonus=Pool(picked=1, size=5), schedule=(DAILY,))
CLOCK = LogicalClock(game=GAME, epoch=SINCE, draws_per_day=1_000)
DRAWS = 12_300  # twelve whole blocks, and 12 draws of the next
BLOCKS = DRAWS // BLOCK_LEAVES
KEY = 1
RANKS = ranks_of_draws(CLOCK, 1, DRAWS)
LEVELS = levels_over(leaf_hash(leaf_data(rank)) for rank in RANKS.tolist())
ROOTS = roots_of_blocks(CLOCK, 0, BLOCKS)


def new_log() -> apsw.Connection:
    db = apsw.Connection("")
    db.execute(schema_sql("prod"))
    return db


def log_of(db: apsw.Connection, watermark: int = DRAWS) -> DrawLog:
    return DrawLog(db=db, key=KEY, clock=CLOCK, watermark=watermark)


@pytest.fixture
def db() -> Iterator[apsw.Connection]:
    """A log of all whole blocks."""
    db = new_log()
    append_blocks(db, KEY, 0, ROOTS)
    yield db
    db.close()


def some_hashes(count: int) -> list[bytes]:
    return [leaf_hash(leaf_data(number)) for number in range(count)]


# appending


@given(st.lists(st.tuples(st.integers(-3, 2), st.integers(0, 20)), max_size=8))
def test_a_log_is_the_same_however_it_was_written(pieces: list[tuple[int, int]]) -> None:
    """Replays are skipped, gaps are left out, pieces of any length end at the same nodes on every level."""
    db, reached, hashes = new_log(), 0, some_hashes(sum(length for _, length in pieces) + 3)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(proof_log, "ROW_HASHES", 8)
        for step, length in pieces:
            first = max(0, reached + step)
            new = append_blocks(db, KEY, first, as_hashes(b"".join(hashes[first : first + length])))
            assert new == (max(0, min(first + length, len(hashes)) - reached) if first <= reached else 0)
            reached += new
        levels = levels_over(hashes[:reached])
        assert logged_blocks(db, KEY) == reached
        for above, level in enumerate(levels):
            assert [stored_node(db, KEY, 10 + above, index) for index in range(len(level))] == level
        rows: list[Any] = db.execute("SELECT first, length(hashes) FROM proof_node").fetchall()
    assert sum(length for _, length in rows) == 32 * sum(map(len, levels))
    assert all(first % 8 == 0 and 0 < length <= 32 * 8 for first, length in rows)
    db.close()


def test_an_append_writes_what_it_brings(db: apsw.Connection) -> None:
    """Of a log with several full rows, one more block touches the last row of each level that grows, and no other."""
    append_blocks(db, KEY, BLOCKS, as_hashes(b"".join(some_hashes(3 * ROW_HASHES - BLOCKS - 1))))
    before = set(db.execute("SELECT level, first, hashes FROM proof_node"))
    append_blocks(db, KEY, 3 * ROW_HASHES - 1, as_hashes(bytes(32)))
    written = set(db.execute("SELECT level, first, hashes FROM proof_node")) - before
    assert len(written) == len({level for level, _, _ in written})
    assert sum(len(hashes) for _, _, hashes in written) <= 32 * 2 * ROW_HASHES + 32 * ROW_HASHES


def test_games_have_logs_of_their_own(db: apsw.Connection) -> None:
    db.execute("INSERT INTO game VALUES (2, 'OTHER')")
    assert append_blocks(db, 2, 0, ROOTS[:3]) == 3
    assert (logged_blocks(db, KEY), logged_blocks(db, 2)) == (BLOCKS, 3)


# proofs


def test_a_root_is_that_of_all_leaves(db: apsw.Connection) -> None:
    nodes = nodes_in(LEVELS)
    for size in (0, 1, 2, 1023, 1024, 1025, 2048, 3000, 8 * 1024, 12 * 1024, DRAWS):
        assert tree_head(log_of(db), size) == Head(tree_size=size, root=tree_root(size, nodes))
    assert tree_head(log_of(db)).tree_size == DRAWS


@given(st.data(), st.integers(1, DRAWS), st.integers(0, BLOCKS))
def test_every_draw_is_proven_in_every_tree(data: st.DataObject, size: int, logged: int) -> None:
    """Whatever of the log is written: a proof is that of the leaves alone."""
    db = new_log()
    append_blocks(db, KEY, 0, ROOTS[:logged])
    number = data.draw(st.integers(1, size))
    log = attrs.evolve(log_of(db), missing_max=DRAWS)
    proof = draw_proof(log, number, size)
    nodes = nodes_in(LEVELS)
    assert (proof.rank, proof.head.root) == (RANKS[number - 1], tree_root(size, nodes))
    assert proof.path == inclusion_path(number - 1, size, nodes)
    assert proof.holds()
    grown = consistency_proof(log, number, size)
    assert grown.old.root == tree_root(number, nodes)
    assert grown.holds()
    db.close()


def test_a_log_that_is_being_built_proves_what_it_has() -> None:
    db = new_log()
    append_blocks(db, KEY, 0, ROOTS[:5])
    log = log_of(db)
    assert draw_proof(log, 5_000).head.tree_size == 5 * BLOCK_LEAVES
    with pytest.raises(
        ProofError, match=r"^draw 6000 is not among the first 5120: the log of GAME covers 5120 of 12300 "
    ):
        draw_proof(log, 6_000)
    with pytest.raises(ProofError, match=r"^a tree of 6000 draws cannot be proven yet: the log of GAME covers 5120 "):
        draw_proof(log, 1, 6_000)
    with pytest.raises(ProofError, match="cannot be proven yet"):
        tree_head(log, 6_000)
    near = log_of(db, 7 * BLOCK_LEAVES)  # two blocks are few enough to be made on the way
    assert draw_proof(near, 7 * BLOCK_LEAVES).head.tree_size == 7 * BLOCK_LEAVES
    db.close()


@pytest.mark.parametrize(
    ("draw", "size", "fault"),
    [
        (DRAWS + 1, None, "draw 12301: GAME has 12300 draws so far"),
        (0, None, "draw 0: GAME has 12300 draws so far"),
        (5, 4, "draw 5 is not among the first 4$"),
        (5, DRAWS + 1, "a tree of 12301 draws: GAME has 12300 draws so far"),
        (5, -1, "a tree of -1 draws: "),
    ],
)
def test_what_cannot_be_proven_is_named(db: apsw.Connection, draw: int, size: int | None, fault: str) -> None:
    with pytest.raises(ProofError, match=f"^{fault}"):
        draw_proof(log_of(db), draw, size)


@pytest.mark.parametrize(("old", "new"), [(0, 5), (6, 5), (-1, None), (DRAWS + 1, None)])
def test_a_log_grows_from_something_to_something_larger(db: apsw.Connection, old: int, new: int | None) -> None:
    with pytest.raises(ProofError, match=f"^an old tree of {old} draws: it may have 1 to {new or DRAWS}$"):
        consistency_proof(log_of(db), old, new)


def test_a_damaged_log_proves_nothing(db: apsw.Connection) -> None:
    """A node that is not that of its draws would make a proof that holds for nobody."""
    damage(db, 10, 5)
    assert draw_proof(log_of(db), 3_000, 6 * BLOCK_LEAVES).holds()  # the damage is beside no path of its
    with pytest.raises(StoreDamaged, match=r"^GAME: proof_node, draw 4500: the log is damaged"):
        draw_proof(log_of(db), 4_500, 6 * BLOCK_LEAVES)
    db.execute("DELETE FROM proof_node WHERE level = 11")
    with pytest.raises(StoreDamaged, match=r"^proof_node: node 0 of level 11 is missing"):
        draw_proof(log_of(db), 3_000)


def test_the_calendar_may_end_within_a_block() -> None:
    clock = attrs.evolve(CLOCK, epoch=DATE_MAX, draws_per_day=20)
    db = new_log()
    proof = draw_proof(DrawLog(db=db, key=KEY, clock=clock, watermark=20), 20)
    assert (proof.head.tree_size, proof.holds()) == (20, True)
    db.close()


# real results


def test_real_results_are_proven_in_the_order_of_storing() -> None:
    days = [date(2024, 1, day) for day in (5, 3, 9, 4, 20, 1, 2)]
    results = [RealResult(draw_date=day, main_numbers=(1, 2, day.day + 2), bonus_numbers=(1,)) for day in days]
    with new_store(None, GAME, 1_000) as store:
        for result in results:
            keep(store, GAME, [result])
        db = apsw.Connection(store.location.uri(), flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
        log = ResultLog.of_game(db, KEY)
        db.close()
    messages = [result_message("GAME", day.isoformat(), f"1 2 {day.day + 2}", "1") for day in days]
    nodes = nodes_in(levels_over(leaf_hash(message.encode()) for message in messages))
    assert tree_head(log) == Head(tree_size=7, root=tree_root(7, nodes))
    for place, day in enumerate(days):
        proof = result_proof(log, day)
        assert (proof.message, proof.leaf_index) == (messages[place], place)
        assert proof.holds()
        assert consistency_proof(log, place + 1).holds()
    with pytest.raises(
        ProofError, match=r"^2024-01-20 is real result 5 in the order of storing, not among the first 4$"
    ):
        result_proof(log, date(2024, 1, 20), 4)
    with pytest.raises(ProofError, match=r"^2024-01-06: GAME has no real result"):
        result_proof(log, date(2024, 1, 6))


@pytest.mark.parametrize(
    "change", ["main = '1 2 8'", "bonus = '2'", "draw_date = '2024-01-06'", "source = 'other'", "digest = zeroblob(32)"]
)
def test_a_changed_result_has_no_root_and_no_proof(change: str) -> None:
    """A root is published and kept: it must not commit to what nobody ever stored."""
    with new_store(None, GAME, 1_000) as store:
        for day in (5, 3):
            keep(store, GAME, [RealResult(draw_date=date(2024, 1, day), main_numbers=(1, 2, 9), bonus_numbers=(1,))])
        db = apsw.Connection(store.location.uri(), flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI)
        ResultLog.of_game(db, KEY)
        db.execute(
            f"DROP TRIGGER real_result_not_updated; UPDATE real_result SET {change} WHERE draw_date = '2024-01-05'"
        )
        with pytest.raises(StoreDamaged, match=r"^GAME: real_result, 2024-01-0[56]: the row was changed"):
            ResultLog.of_game(db, KEY)
        db.close()


# the recount


def check_of(db: apsw.Connection, watermark: int = DRAWS) -> Check:
    return Check(db, KEY, GAME, CLOCK, watermark, watermark)


def damage(db: apsw.Connection, level: int, node: int) -> None:
    hashes = bytearray(db.execute("SELECT hashes FROM proof_node WHERE level = ? AND first = 0", (level,)).get)
    hashes[32 * node + 7] ^= 1
    db.execute("UPDATE proof_node SET hashes = ? WHERE level = ? AND first = 0", (bytes(hashes), level))


def difference(
    check: Check, ranks: Ranks = RANKS, published: Head | None = None, piece: int = 5_000
) -> Difference | None:
    """What a recount of these draws finds, fed in pieces."""
    try:
        log = LogCheck(check, published)
        for first in range(0, len(ranks), piece):
            log.add(ranks[first : first + piece])
    except DifferenceFoundError as found:
        return found.difference
    return None


def flipped() -> Ranks:
    ranks = RANKS.copy()
    ranks.view(np.uint8)[4 * 5_000 + 1] ^= 4
    return ranks


def swapped() -> Ranks:
    ranks = RANKS.copy()
    ranks[[5_000, 5_001]] = ranks[[5_001, 5_000]]
    return ranks


@pytest.mark.parametrize("piece", [1, 1_000, 1_024, 5_000, DRAWS])
def test_a_sound_log_passes_whatever_the_pieces(db: apsw.Connection, piece: int) -> None:
    root = Head(tree_size=5_555, root=tree_root(5_555, nodes_in(LEVELS)))
    assert difference(check_of(db), RANKS, root, piece) is None


@pytest.mark.parametrize(
    "ranks",
    [flipped(), swapped(), np.delete(RANKS, 5_000), np.insert(RANKS, 5_000, 7)],
    ids=["flip", "swap", "cut", "add"],
)
def test_a_changed_a_swapped_a_missing_draw_is_named(db: apsw.Connection, ranks: Ranks) -> None:
    """Draw 5,001 is in block 4, which is draws 4,097 to 5,120."""
    found = difference(check_of(db), ranks)
    assert found is not None
    assert (found.game_id, found.table, found.key) == ("GAME", "proof_node", "block 4 (draws 4,097..5,120)")
    assert found.stored == bytes(ROOTS[4]).hex() != found.expected


@pytest.mark.parametrize("ranks", [flipped(), swapped(), np.delete(RANKS, 5_000)], ids=["flip", "swap", "cut"])
def test_a_published_root_is_held_against_the_draws(ranks: Ranks) -> None:
    """Even where the log itself is gone, or was made again from the changed draws."""
    db = new_log()
    root = Head(tree_size=5_555, root=tree_root(5_555, nodes_in(LEVELS)))
    found = difference(check_of(db), ranks, root)
    assert found is not None
    assert (found.table, found.key) == ("draws", "root over the first 5,555 draws")
    assert difference(check_of(db), RANKS, root) is None
    with pytest.raises(ProofError, match=r"^a root over 5555 draws: GAME has 5554 draws so far"):
        LogCheck(check_of(db, 5_554), root)
    db.close()


@pytest.mark.parametrize(
    ("level", "node", "key"),
    [
        (10, 0, "level 11, draws 1..2,048"),
        (11, 3, "level 11, draws 6,145..8,192"),
        (12, 2, "level 12, draws 8,193..12,288"),
        (13, 0, "level 13, draws 1..8,192"),
    ],
)
def test_a_changed_node_is_named(db: apsw.Connection, level: int, node: int, key: str) -> None:
    check_nodes(check_of(db))
    damage(db, level, node)
    found = difference(check_of(db))
    assert found is not None
    assert (found.table, found.key) == ("proof_node", key)


def test_a_log_made_of_other_draws_is_seen_by_a_sample() -> None:
    """Every node fits its children, and no block is that of its draws."""
    db = new_log()
    check_sample(check_of(db))
    append_blocks(db, KEY, 0, roots_of_blocks(attrs.evolve(CLOCK, epoch=date(2024, 1, 2)), 0, BLOCKS))
    with pytest.raises(DifferenceFoundError) as found:
        check_sample(check_of(db))
    assert found.value.difference.key == "block 0 (draws 1..1,024)"
    db.close()


@pytest.mark.parametrize(
    ("harm", "key"),
    [
        ("UPDATE proof_node SET first = 5 WHERE level = 11", "level 11, row 5"),
        ("UPDATE proof_node SET hashes = substr(hashes, 2) WHERE level = 12", "level 12, row 0"),
        ("UPDATE proof_node SET hashes = x'' WHERE level = 10", "level 10, row 0"),
        ("UPDATE proof_node SET level = 9 WHERE level = 10", "level 9, row 0"),
        ("UPDATE proof_node SET level = 40 WHERE level = 13", "nodes of level 13"),
        ("INSERT INTO proof_node VALUES (1, 10, 12, zeroblob(32))", "level 10, row 12"),
        ("INSERT INTO proof_node VALUES (1, 20, 0, zeroblob(32))", "nodes above level 14"),
        ("DELETE FROM proof_node WHERE level = 10", "nodes above level 10"),
        ("UPDATE proof_node SET hashes = substr(hashes, 1, 64) WHERE level = 11", "nodes of level 11"),
        ("INSERT INTO proof_node VALUES (1, 14, 0, zeroblob(32))", "nodes of level 14"),
    ],
)
def test_rows_that_nobody_wrote_are_named(db: apsw.Connection, harm: str, key: str) -> None:
    db.execute(harm)
    with pytest.raises(DifferenceFoundError) as found:
        check_nodes(check_of(db))
    assert (found.value.difference.table, found.value.difference.key) == ("proof_node", key)


def test_a_log_has_no_more_blocks_than_there_are_draws(db: apsw.Connection) -> None:
    with pytest.raises(DifferenceFoundError) as found:
        check_nodes(check_of(db, BLOCKS * BLOCK_LEAVES - 1))
    assert found.value.difference.key == "blocks"


@given(st.lists(st.integers(0, 3_000), max_size=6))
def test_a_growing_tree_has_the_root_of_its_leaves(lengths: list[int]) -> None:
    tree, roots, draws = DrawTree(), [as_hashes(b"")], 0
    for length in lengths:
        roots.append(tree.add(RANKS[draws : draws + length]))
        draws = min(draws + length, DRAWS)
        assert tree.root() == tree_root(draws, nodes_in(LEVELS))
    assert np.array_equal(np.concatenate(roots), ROOTS[: draws // BLOCK_LEAVES])
