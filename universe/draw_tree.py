"""The Merkle tree over a game's draws, as they come: leaf n - 1 is the rank of draw n.

Whoever keeps or makes the draws feeds them in order; memory holds one hash a level and a block that is not yet whole.
"""

from collections.abc import Callable

import attrs
import numpy as np

from universe.calendar import LogicalClock
from universe.merkle import BLOCK_LEAVES, BLOCK_LEVEL, Hashes, as_hashes, block_roots, node_hash, tree_of, tree_root
from universe.ranking import Ranks
from universe.seed import ranks_of_draws

PIECE_BLOCKS = 256  # drawn and hashed at once: 262,144 draws


def draws_of_block(block: int) -> tuple[int, int]:
    """Return the first and the last draw number of a block of 1,024."""
    return block * BLOCK_LEAVES + 1, (block + 1) * BLOCK_LEAVES


def roots_of_blocks(
    clock: LogicalClock, first_block: int, end_block: int, tick: Callable[[int], None] = lambda _: None
) -> Hashes:
    """Return the roots of blocks ``first_block`` up to before ``end_block``, by the seed rule.

    ``tick`` is told the last draw so far.
    """
    pieces = [as_hashes(b"")]
    for block in range(first_block, end_block, PIECE_BLOCKS):
        first, last = block * BLOCK_LEAVES + 1, min(block + PIECE_BLOCKS, end_block) * BLOCK_LEAVES
        pieces.append(block_roots(ranks_of_draws(clock, first, last)))
        tick(last)
    return np.concatenate(pieces)


@attrs.define
class DrawTree:
    """The tree over all draws fed so far."""

    draws: int = 0
    _peaks: dict[int, bytes] = attrs.field(factory=dict, init=False)  # level: the newest complete subtree's root
    _rest: Ranks = attrs.field(factory=lambda: np.empty(0, dtype=np.uint32), init=False)  # of the block under way

    def add(self, ranks: Ranks) -> Hashes:
        """Append the ranks of the draws that follow; returns the roots of the blocks that they completed."""
        self.draws += len(ranks)
        waiting = np.concatenate([self._rest.astype(ranks.dtype, copy=False), ranks])
        roots = block_roots(waiting)
        for root in roots:
            self._add_block(bytes(root))
        self._rest = waiting[len(roots) * BLOCK_LEAVES :]
        return roots

    def _add_block(self, root: bytes) -> None:
        """Carry as a binary counter does: two subtrees of one level make one of the next."""
        level = BLOCK_LEVEL
        while level in self._peaks:
            root = node_hash(self._peaks.pop(level), root)
            level += 1
        self._peaks[level] = root

    def root(self) -> bytes:
        """Return the root over all draws so far."""
        rest, first = tree_of(self._rest), self.draws - len(self._rest)

        def node(level: int, index: int) -> bytes:
            return self._peaks[level] if level >= BLOCK_LEVEL else rest[level][index - (first >> level)]

        return tree_root(self.draws, node)
