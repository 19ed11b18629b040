"""Merkle trees over ranks by RFC 6962, many at once: each lane of a vector is a tree of its own.

A leaf is the hash of 9 bytes, 0x00 and the rank, which are one block of SHA-256; a node that of 65 bytes, 0x01 and its
children, which are two. Words of a block that never change are constants, so that the compiler works them out.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types, uint8, uint32
from numba.extending import intrinsic

from universe.kernels.jit import kernel
from universe.kernels.sha256 import LANES, WORDS, Lanes, Vector, compress, initial_state, rows
from universe.merkle import BLOCK_LEAVES
from universe.ranking import Ranks

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint32]

HASH_WORDS, HASH_BYTES = 8, 32
LEAF_BITS, NODE_BITS = 8 * 9, 8 * 65  # lengths of messages, the last word of their last block
RANK_WORDS_MAX = 2


def _shifted_by_a_byte(lanes: Lanes, first: int, words: list[Vector]) -> list[Vector]:
    """Return the words of the byte ``first``, then ``words``; the last byte begins a word of its own, otherwise 0."""
    carried = lanes.constant(first)
    shifted = []
    for word in words:
        shifted.append(lanes.shift_in(carried, word, 8))
        carried = word
    return [*shifted, lanes.shift_in(carried, lanes.constant(0), 8)]


def _end_of_message(lanes: Lanes, words: list[Vector], bits: int) -> list[Vector]:
    """Return the last block: ``words``, of whose last one byte is taken, the mark of the end, zeros, the length."""
    marked = [*words[:-1], lanes.add(words[-1], lanes.constant(0x800000))]
    return [*marked, *[lanes.constant(0)] * (WORDS - len(marked) - 1), lanes.constant(bits)]


@intrinsic  # type: ignore[untyped-decorator]  # numba ships no types
def leaf_lanes(_context: Any, ranks: Any, hashes: Any) -> tuple[Any, Callable[..., Any]]:
    """Read ranks from ranks[2, LANES], high words first, write their leaves to hashes[8, LANES]; all uint32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source, target = (rows(context, builder, *pair) for pair in zip(signature.args, arguments, strict=True))
        lanes = Lanes(builder)
        message = _shifted_by_a_byte(lanes, 0, [builder.load(source(row), align=4) for row in range(RANK_WORDS_MAX)])
        digest = compress(lanes, initial_state(lanes), _end_of_message(lanes, message, LEAF_BITS))
        for row, word in enumerate(digest):
            builder.store(word, target(row), align=4)
        return context.get_dummy_value()

    return types.void(ranks, hashes), generate


@intrinsic  # type: ignore[untyped-decorator]  # as above
def node_lanes(_context: Any, hashes: Any) -> tuple[Any, Callable[..., Any]]:
    """Read children from hashes[16, LANES], left and right, write their nodes' hashes to its first eight rows."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row_of = rows(context, builder, signature.args[0], arguments[0])
        lanes = Lanes(builder)
        children = [builder.load(row_of(row), align=4) for row in range(2 * HASH_WORDS)]
        message = _shifted_by_a_byte(lanes, 1, children)
        state = compress(lanes, initial_state(lanes), message[:WORDS])
        digest = compress(lanes, state, _end_of_message(lanes, message[WORDS:], NODE_BITS))
        for row, word in enumerate(digest):
            builder.store(word, row_of(row), align=4)
        return context.get_dummy_value()

    return types.void(hashes), generate


@kernel
def tree_roots(words: Words, rank_words: int, tree_leaves: int, roots: Bytes) -> None:
    """Write the root over every ``tree_leaves`` ranks, a power of two.

    A rank is ``rank_words`` of ``words``, 1 or 2, the low one first.
    """
    leaves = np.zeros((RANK_WORDS_MAX, LANES), dtype=np.uint32)
    waiting = 1  # hashes at once: one on each level, beside the one that comes next
    while tree_leaves >> waiting:
        waiting += 1
    stack = np.empty((HASH_WORDS * waiting, LANES), dtype=np.uint32)
    for first in range(0, len(roots), LANES):
        top = 0
        for leaf in range(tree_leaves):
            for lane in range(LANES):
                tree = min(first + lane, len(roots) - 1)  # lanes past the last tree make it again
                at = (tree * tree_leaves + leaf) * rank_words
                leaves[1, lane] = words[at]
                if rank_words == RANK_WORDS_MAX:
                    leaves[0, lane] = words[at + 1]
            leaf_lanes(leaves, stack[top:])
            complete = leaf
            while complete & 1:  # a left sibling waits below
                top -= HASH_WORDS
                node_lanes(stack[top:])
                complete >>= 1
            top += HASH_WORDS
        for lane in range(min(LANES, len(roots) - first)):
            for byte in range(HASH_BYTES):
                roots[first + lane, byte] = uint8(stack[byte >> 2, lane] >> uint32(24 - 8 * (byte & 3)))


def block_roots(ranks: Ranks) -> npt.NDArray[np.uint8]:
    """Return the roots over the whole blocks of 1,024 ranks, uint8[len(ranks) // 1024, 32]; ranks beyond are left out.

    Ranks of any integer type, from 0 to 2**63 - 1.
    """
    roots = np.empty((len(ranks) // BLOCK_LEAVES, HASH_BYTES), dtype=np.uint8)
    wide = ranks.dtype.itemsize > 4 or ranks.dtype.kind == "i"
    words = np.require(ranks, np.int64 if wide else np.uint32, ["C", "W"]).view(np.uint32)  # compiled for no other
    tree_roots(words, RANK_WORDS_MAX if wide else 1, BLOCK_LEAVES, roots)
    return roots
