"""The log of draws under examination: every node that of its children, every block's root that of its draws."""

import random

import attrs
import numpy as np

from storage.checking import Check
from storage.proof_log import ROW_HASHES
from universe.draw_tree import DrawTree, draws_of_block, roots_of_blocks
from universe.merkle import BLOCK_LEAVES, BLOCK_LEVEL, HASH_BYTES, Hashes, as_hashes, node_hash
from universe.proofs import Head, ProofError
from universe.ranking import Ranks

TABLE = "proof_node"
LEVEL_MAX = 62  # above the root over any number of draws
ROW_BYTES = ROW_HASHES * HASH_BYTES
SAMPLE_BLOCKS = 64


def check_nodes(check: Check) -> Hashes:
    """Check a log by itself: its rows follow each other, and each node is that of its children; returns its blocks."""
    levels = _levels(check)
    blocks = len(levels.get(BLOCK_LEVEL, b"")) // HASH_BYTES
    fits = blocks <= check.watermark // BLOCK_LEAVES
    check.require(TABLE, "blocks", blocks, f"at most {check.watermark // BLOCK_LEAVES}", holds=fits)
    level = BLOCK_LEVEL
    while level in levels:
        _same_parents(check, level + 1, bytes(levels[level]), bytes(levels.get(level + 1, b"")))
        level += 1
    beyond = [above for above in levels if above > level]
    check.differs(TABLE, f"nodes above level {level}", beyond, [])
    return as_hashes(bytes(levels.get(BLOCK_LEVEL, b"")))


def _levels(check: Check) -> dict[int, bytearray]:
    """Read every level, its rows joined."""
    levels: dict[int, bytearray] = {}
    for level, first, hashes in check.rows("level, first, hashes", TABLE):
        name = f"level {level}, row {first}"
        with check.reading(TABLE, name):
            check.require(TABLE, name, level, "a level from 10 on", holds=BLOCK_LEVEL <= level <= LEVEL_MAX)
            held = levels.setdefault(level, bytearray())
            follows = len(held) % ROW_BYTES == 0 and first == len(held) // HASH_BYTES
            check.require(TABLE, name, first, f"row {len(held) // ROW_BYTES * ROW_HASHES}", holds=follows)
            whole = 0 < len(hashes) <= ROW_BYTES and len(hashes) % HASH_BYTES == 0
            check.require(TABLE, name, f"{len(hashes)} bytes", f"1 to {ROW_HASHES} hashes", holds=whole)
            held += hashes
    return levels


def _same_parents(check: Check, level: int, below: bytes, stored: bytes) -> None:
    """Make the nodes of a level from those below, and compare."""
    pair = 2 * HASH_BYTES
    nodes = len(below) // pair
    check.differs(TABLE, f"nodes of level {level}", len(stored) // HASH_BYTES, nodes)
    for node in range(nodes):
        left, right = below[node * pair : node * pair + HASH_BYTES], below[node * pair + HASH_BYTES : (node + 1) * pair]
        found = stored[node * HASH_BYTES : (node + 1) * HASH_BYTES]
        if found != (expected := node_hash(left, right)):
            blocks = 1 << level - BLOCK_LEVEL
            first, last = draws_of_block(node * blocks)[0], draws_of_block((node + 1) * blocks - 1)[1]
            check.differs(TABLE, f"level {level}, draws {first:,}..{last:,}", found.hex(), expected.hex())


def check_sample(check: Check) -> None:
    """Check a log by itself, and some of its blocks by the seed rule."""
    stored = check_nodes(check)
    assert check.clock is not None
    for block in sorted(random.sample(range(len(stored)), min(SAMPLE_BLOCKS, len(stored)))):
        _same_roots(check, block, stored, roots_of_blocks(check.clock, block, block + 1))


def _same_roots(check: Check, block: int, stored: Hashes, expected: Hashes) -> None:
    """Compare the roots of consecutive blocks as far as they are in the log."""
    held = stored[block : block + len(expected)]
    for at in np.flatnonzero((held != expected[: len(held)]).any(axis=1))[:1].tolist():
        first, last = draws_of_block(block + at)
        name = f"block {block + at} (draws {first:,}..{last:,})"
        check.differs(TABLE, name, bytes(held[at]).hex(), bytes(expected[at]).hex())


@attrs.define
class LogCheck:
    """A recount's draws, fed in order from the first, held against the log and against a published root.

    Feed what is stored of the draws where raw draws are kept, so that the roots commit to those.
    """

    check: Check
    published: Head | None = None
    _stored: Hashes = attrs.field(init=False)
    _tree: DrawTree = attrs.field(factory=DrawTree, init=False)

    def __attrs_post_init__(self) -> None:
        game_id, draws = self.check.game.game_id, self.check.watermark
        if self.published is not None and not 1 <= self.published.tree_size <= draws:
            raise ProofError(f"a root over {self.published.tree_size} draws: {game_id} has {draws} draws so far")
        self._stored = check_nodes(self.check)

    def add(self, ranks: Ranks) -> None:
        """Take the ranks of the draws that follow; raises DifferenceFoundError where the log or the root differs."""
        wanted, done = self.published, self._tree.draws
        if wanted is not None and done < wanted.tree_size <= done + len(ranks):
            self._add(ranks[: wanted.tree_size - done])
            root = self._tree.root()
            name = f"root over the first {wanted.tree_size:,} draws"
            self.check.differs("draws", name, root.hex(), wanted.root.hex())
            ranks, self.published = ranks[wanted.tree_size - done :], None
        if self.published is not None or self._tree.draws < len(self._stored) * BLOCK_LEAVES:
            self._add(ranks)

    def _add(self, ranks: Ranks) -> None:
        block = self._tree.draws // BLOCK_LEAVES
        _same_roots(self.check, block, self._stored, self._tree.add(ranks))
