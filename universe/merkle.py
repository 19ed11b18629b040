"""Merkle trees by RFC 6962 (section 2.1; RFC 9162 verifies): one root commits to every leaf and to their order.

A leaf's hash is SHA-256(0x00 || data), a node's SHA-256(0x01 || left || right). Trees of any size are read through one
small seam, ``Nodes``: the roots of *complete* subtrees. What those are kept in, or made from, nothing here knows.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from universe.compiled import kernel_module
from universe.ranking import Ranks

HASH_BYTES = 32
LEAF_BYTES = 8  # a rank, big-endian
BLOCK_LEVEL = 10
BLOCK_LEAVES = 1 << BLOCK_LEVEL  # 1,024
EMPTY_ROOT = sha256(b"").digest()

Nodes = Callable[[int, int], bytes]  # (level, index): the root over leaves index * 2**level to (index + 1) * 2**level
Hashes = npt.NDArray[np.uint8]  # [n, 32]
Levels = Sequence[Sequence[bytes]]  # level 0 are leaves' hashes; level l + 1 has half as many nodes, rounded down


def leaf_data(rank: int) -> bytes:
    """Return the data of a draw's leaf: its rank, 8 bytes big-endian."""
    return rank.to_bytes(LEAF_BYTES, "big")


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over its two children."""
    return sha256(b"\x01" + left + right).digest()


# trees


def levels_over(hashes: Iterable[bytes]) -> Levels:
    """Return every complete subtree's root over these leaves' hashes, level by level up to one node or none."""
    levels = [list(hashes)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = zip(below[::2], below[1::2], strict=False)
        levels.append([sha256(b"\x01" + left + right).digest() for left, right in pairs])  # node_hash, spelled out
    return levels


def tree_of(ranks: Ranks) -> Levels:
    """Return the levels over draws' ranks."""
    data = ranks.astype(">u8").tobytes()
    leaves = range(0, len(data), LEAF_BYTES)
    return levels_over(sha256(b"\x00" + data[at : at + LEAF_BYTES]).digest() for at in leaves)  # leaf_hash likewise


def block_roots(ranks: Ranks) -> Hashes:
    """Return the roots of the whole blocks of 1,024 ranks, uint8[len(ranks) // 1024, 32]; ranks beyond are left out."""
    whole = ranks[: len(ranks) // BLOCK_LEAVES * BLOCK_LEAVES]
    kernels = kernel_module("merkle")
    if kernels is not None:
        roots: Hashes = kernels.block_roots(whole)
        return roots
    blocks = range(0, len(whole), BLOCK_LEAVES)
    return as_hashes(b"".join(tree_of(whole[first : first + BLOCK_LEAVES])[-1][0] for first in blocks))


def as_hashes(joined: bytes) -> Hashes:
    """Return hashes that stand one behind the other, a row each."""
    return np.frombuffer(joined, dtype=np.uint8).reshape(-1, HASH_BYTES)


def nodes_in(levels: Levels) -> Nodes:
    """Return the seam to a tree that is in memory."""
    return lambda level, index: levels[level][index]


# roots and proofs: a range of leaves is cut where its left part is the largest complete subtree that leaves a rest


def tree_root(size: int, nodes: Nodes) -> bytes:
    """Return the root of the tree over the first ``size`` leaves (RFC 6962, 2.1)."""
    return _root(0, size, nodes) if size else EMPTY_ROOT


def _root(first: int, end: int, nodes: Nodes) -> bytes:
    left = _left_leaves(end - first)
    if left == end - first:
        return nodes(left.bit_length() - 1, first // left)
    return node_hash(_root(first, first + left, nodes), _root(first + left, end, nodes))


def _left_leaves(leaves: int) -> int:
    """Return the largest power of two up to so many leaves."""
    return 1 << leaves.bit_length() - 1


def _cut(first: int, end: int) -> int:
    """Return where a range of at least two leaves is cut: at the largest power of two below its length."""
    return first + _left_leaves(end - first - 1)


def inclusion_path(index: int, size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """Return the siblings from leaf ``index`` up to the root over ``size`` leaves (RFC 6962, 2.1.1)."""
    assert 0 <= index < size
    first, end, siblings = 0, size, list[bytes]()
    while end - first > 1:
        cut = _cut(first, end)
        if index < cut:
            siblings.append(_root(cut, end, nodes))
            end = cut
        else:
            siblings.append(_root(first, cut, nodes))
            first = cut
    return tuple(reversed(siblings))


def consistency_path(first_size: int, second_size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """Return what proves that the first ``first_size`` of ``second_size`` leaves are the tree of before (2.1.2)."""
    assert 0 < first_size <= second_size
    first, end, parts = 0, second_size, list[bytes]()
    while end != first_size:
        cut = _cut(first, end)
        if first_size <= cut:
            parts.append(_root(cut, end, nodes))
            end = cut
        else:
            parts.append(_root(first, cut, nodes))
            first = cut
    if first:  # else what is left is the old tree itself, whose root the verifier has
        parts.append(_root(first, end, nodes))
    return tuple(reversed(parts))


# verification, as RFC 9162 writes it down (2.1.3.2 and 2.1.4.2): over the proof alone, without any tree


def _are_hashes(*parts: bytes) -> bool:
    """Whether each part has the length of a hash: two of other lengths could be cut out of one node's children."""
    return all(len(part) == HASH_BYTES for part in parts)


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether a leaf's hash is at ``index`` of the tree of ``size`` leaves that has this root."""
    if not 0 <= index < size or not _are_hashes(leaf, root, *path):
        return False
    node, last, found = index, size - 1, leaf
    for sibling in path:
        if not last:
            return False
        if node % 2 or node == last:
            found = node_hash(sibling, found)
            while node and not node % 2:
                node, last = node // 2, last // 2
        else:
            found = node_hash(found, sibling)
        node, last = node // 2, last // 2
    return not last and found == root


def verify_consistency(
    first_size: int, first_root: bytes, second_size: int, second_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether the tree of ``first_size`` leaves with the first root is what the second one began with."""
    if not 0 < first_size <= second_size or not _are_hashes(first_root, second_root, *path):
        return False
    if first_size == second_size:
        return not path and first_root == second_root
    parts = [first_root, *path] if first_size & (first_size - 1) == 0 else list(path)
    if not parts:
        return False
    node, last = first_size - 1, second_size - 1
    while node % 2:
        node, last = node // 2, last // 2
    old = new = parts[0]
    for part in parts[1:]:
        if not last:
            return False
        if node % 2 or node == last:
            old, new = node_hash(part, old), node_hash(part, new)
            while node and not node % 2:
                node, last = node // 2, last // 2
        else:
            new = node_hash(new, part)
        node, last = node // 2, last // 2
    return not last and old == first_root and new == second_root
