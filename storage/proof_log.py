"""The log of a game's draws: the roots of its blocks of 1,024 draws, and every complete subtree above them.

What lies below a block's root follows from the seed rule. Rows hold up to 32 hashes of one level; only the last row
of a level ever grows, so an append costs what it brings and no more than one row a level.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import zip_longest

import apsw

from storage.errors import StoreDamaged
from universe.calendar import DATE_MAX, LogicalClock
from universe.draw_tree import draws_of_block, roots_of_blocks
from universe.merkle import BLOCK_LEAVES, BLOCK_LEVEL, HASH_BYTES, Hashes, Levels, Nodes, node_hash, tree_of
from universe.seed import ranks_of_draws

ROW_HASHES = 32  # a row fits its page, and reading one hash reads no other page


def logged_blocks(db: apsw.Connection, key: int) -> int:
    """Return how many blocks of 1,024 draws are in a game's log: those from the first draw on, without a gap."""
    return _nodes_at(db, key, BLOCK_LEVEL)


def _nodes_at(db: apsw.Connection, key: int, level: int) -> int:
    last = (
        "SELECT first + length(hashes) / ? FROM proof_node WHERE game_key = ? AND level = ? ORDER BY first DESC LIMIT 1"
    )
    nodes: int | None = db.execute(last, (HASH_BYTES, key, level)).get
    return nodes or 0


def append_blocks(db: apsw.Connection, key: int, first_block: int, roots: Hashes) -> int:
    """Append the roots of consecutive blocks, and the nodes above that they complete; runs in the caller's transaction.

    Blocks that are logged already are skipped; blocks that do not follow are left out. Returns how many were new.
    StoreDamaged where the log lacks what the new nodes follow or are made of.
    """
    logged = logged_blocks(db, key)
    if first_block > logged:
        return 0
    new = [bytes(root) for root in roots[logged - first_block :]]
    first, level, above = logged, BLOCK_LEVEL, new
    while above:
        _append(db, key, level, first, above)
        if first % 2:
            above, first = [stored_node(db, key, level, first - 1), *above], first - 1
        above = [node_hash(*pair) for pair in zip(above[::2], above[1::2], strict=False)]
        level, first = level + 1, first // 2
    return len(new)


def log_fault(db: apsw.Connection, key: int) -> str | None:
    """Return which row of a game's log has not the place or the length that its blocks ask for; None if all have."""
    stored = "SELECT level, first, length(hashes) FROM proof_node WHERE game_key = ? ORDER BY level, first"
    for found, wanted in zip_longest(db.execute(stored, (key,)), _rows_over(logged_blocks(db, key))):
        if found != wanted:
            level, first, _ = found or wanted
            return f"proof_node: level {level}, row {first}: {_size(found)}, and {_size(wanted)} would fit"
    return None


def _rows_over(blocks: int) -> Iterator[tuple[int, int, int]]:
    """Yield level, first node and bytes of each row that a log of so many blocks has."""
    level, nodes = BLOCK_LEVEL, blocks
    while nodes:
        for first in range(0, nodes, ROW_HASHES):
            yield level, first, min(ROW_HASHES, nodes - first) * HASH_BYTES
        level, nodes = level + 1, nodes // 2


def _size(row: tuple[int, int, int] | None) -> str:
    return "no row" if row is None else f"{row[2]} bytes at level {row[0]}, {row[1]}"


def forget_blocks(db: apsw.Connection, key: int) -> None:
    """Forget a game's log: all blocks will be hashed again."""
    db.execute("DELETE FROM proof_node WHERE game_key = ?", (key,))


def _append(db: apsw.Connection, key: int, level: int, first: int, hashes: Sequence[bytes]) -> None:
    """Append hashes to a level, whose next node is ``first``: to its last row, then in new ones."""
    row, within = divmod(first, ROW_HASHES)
    held = "SELECT hashes FROM proof_node WHERE game_key = ? AND level = ? AND first = ?"
    begun: bytes | None = db.execute(held, (key, level, row * ROW_HASHES)).get if within else b""
    if begun is None or len(begun) != within * HASH_BYTES:
        raise StoreDamaged(f"proof_node: level {level}, row {row * ROW_HASHES}: not the {within} hashes that precede")
    joined = begun + b"".join(hashes)
    starts = range(0, len(joined), ROW_HASHES * HASH_BYTES)
    db.executemany(
        "REPLACE INTO proof_node VALUES (?, ?, ?, ?)",
        [
            (key, level, row * ROW_HASHES + start // HASH_BYTES, joined[start : start + ROW_HASHES * HASH_BYTES])
            for start in starts
        ],
    )


def stored_node(db: apsw.Connection, key: int, level: int, index: int) -> bytes:
    """Return one node of the log, which has it; StoreDamaged if it is gone."""
    row, within = divmod(index, ROW_HASHES)
    found: bytes | None = db.execute(
        "SELECT substr(hashes, ?, ?) FROM proof_node WHERE game_key = ? AND level = ? AND first = ?",
        (within * HASH_BYTES + 1, HASH_BYTES, key, level, row * ROW_HASHES),
    ).get
    if found is None or len(found) != HASH_BYTES:
        raise StoreDamaged(
            f"proof_node: node {index} of level {level} is missing; `universe verify` names what else is"
        )
    return found


def draw_nodes(
    db: apsw.Connection, key: int, clock: LogicalClock, tree_size: int, tick: Callable[[int], None] = lambda _: None
) -> Nodes:
    """Return the tree over a game's first ``tree_size`` draws: from the log, and what it lacks by the seed rule.

    Blocks that are not logged yet are drawn and hashed at once; ``tick`` is told the last draw so far.
    """
    logged = logged_blocks(db, key)
    missing = roots_of_blocks(clock, logged, tree_size // BLOCK_LEAVES, tick)

    def node(level: int, index: int) -> bytes:
        if level < BLOCK_LEVEL:
            number, within = divmod(index, 1 << BLOCK_LEVEL - level)
            return _block(clock, number)[level][within]
        if (index + 1) << level - BLOCK_LEVEL <= logged:
            return stored_node(db, key, level, index)
        if level == BLOCK_LEVEL:
            return bytes(missing[index - logged])
        return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

    return node


@lru_cache(maxsize=8)  # a megabyte; one proof after another asks for the block in which the tree ends
def _block(clock: LogicalClock, number: int) -> Levels:
    """Return the levels over a block by the seed rule, drawn to its end or not: they never change."""
    first, last = draws_of_block(number)
    return tree_of(ranks_of_draws(clock, first, min(last, clock.last_draw_until(DATE_MAX))))
