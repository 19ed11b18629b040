"""Merkle trees, held against the published vectors of RFC 6962 logs and against the recursion as the RFC states it."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from universe.merkle import (
    BLOCK_LEAVES,
    EMPTY_ROOT,
    Nodes,
    block_roots,
    consistency_path,
    inclusion_path,
    leaf_data,
    leaf_hash,
    levels_over,
    node_hash,
    nodes_in,
    tree_of,
    tree_root,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [bytes.fromhex(leaf) for leaf in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip  # the reference leaves of Certificate Transparency's own tests
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]  # of the first 1 to 8 of them
INCLUSION = [  # leaf, size, path
    (0, 1, []),
    (0, 8, [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]),
    (5, 8, [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (1, 5, [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ]),
]  # fmt: skip
CONSISTENCY = [  # first size, second size, path
    (1, 1, []),
    (1, 8, [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]),
    (6, 8, [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]),
    (2, 5, [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ]),
]  # fmt: skip
SIZE_MAX = 70


def nodes_over(leaves: Sequence[bytes]) -> Nodes:
    return nodes_in(levels_over(leaf_hash(leaf) for leaf in leaves))


def some_leaves(count: int) -> list[bytes]:
    return [leaf_data(number**3) for number in range(count)]


def rfc_root(leaves: Sequence[bytes]) -> bytes:
    """MTH(D[n]), word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    left = split(leaves)
    return node_hash(rfc_root(leaves[:left]), rfc_root(leaves[left:]))


def split(leaves: Sequence[bytes]) -> int:
    """The largest power of two below their number."""
    left = 1
    while 2 * left < len(leaves):
        left *= 2
    return left


def rfc_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D[n])."""
    if len(leaves) == 1:
        return []
    left = split(leaves)
    if index < left:
        return [*rfc_path(index, leaves[:left]), rfc_root(leaves[left:])]
    return [*rfc_path(index - left, leaves[left:]), rfc_root(leaves[:left])]


def rfc_subproof(size: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b)."""
    if size == len(leaves):
        return [] if whole else [rfc_root(leaves)]
    left = split(leaves)
    if size <= left:
        return [*rfc_subproof(size, leaves[:left], whole=whole), rfc_root(leaves[left:])]
    return [*rfc_subproof(size - left, leaves[left:], whole=False), rfc_root(leaves[:left])]


def test_the_published_roots_come_out() -> None:
    nodes = nodes_over(LEAVES)
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert tree_root(0, nodes) == EMPTY_ROOT
    assert [tree_root(size, nodes).hex() for size in range(1, 9)] == ROOTS


@pytest.mark.parametrize(("index", "size", "path"), INCLUSION)
def test_the_published_inclusion_paths_come_out(index: int, size: int, path: list[str]) -> None:
    found = inclusion_path(index, size, nodes_over(LEAVES))
    assert [part.hex() for part in found] == path
    assert verify_inclusion(leaf_hash(LEAVES[index]), index, size, found, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("first", "second", "path"), CONSISTENCY)
def test_the_published_consistency_paths_come_out(first: int, second: int, path: list[str]) -> None:
    found = consistency_path(first, second, nodes_over(LEAVES))
    assert [part.hex() for part in found] == path
    assert verify_consistency(first, bytes.fromhex(ROOTS[first - 1]), second, bytes.fromhex(ROOTS[second - 1]), found)


def test_every_leaf_of_every_tree_is_proven() -> None:
    leaves = some_leaves(SIZE_MAX)
    nodes = nodes_over(leaves)
    for size in range(1, SIZE_MAX + 1):
        root = tree_root(size, nodes)
        assert root == rfc_root(leaves[:size])
        for index in range(size):
            path = inclusion_path(index, size, nodes)
            assert list(path) == rfc_path(index, leaves[:size])
            assert verify_inclusion(leaf_hash(leaves[index]), index, size, path, root)


def test_every_tree_is_consistent_with_every_earlier_one() -> None:
    leaves = some_leaves(SIZE_MAX)
    nodes = nodes_over(leaves)
    roots = [tree_root(size, nodes) for size in range(SIZE_MAX + 1)]
    for second in range(1, SIZE_MAX + 1):
        for first in range(1, second + 1):
            path = consistency_path(first, second, nodes)
            assert list(path) == rfc_subproof(first, leaves[:second], whole=True)
            assert verify_consistency(first, roots[first], second, roots[second], path)


sizes = st.integers(1, SIZE_MAX)


@given(st.data(), sizes)
def test_a_proof_of_inclusion_holds_for_nothing_else(data: st.DataObject, size: int) -> None:
    """One leaf, one place, one tree, one root: each part changed alone makes it fail."""
    leaves = some_leaves(size)
    nodes = nodes_over(leaves)
    index = data.draw(st.integers(0, size - 1))
    leaf, path, root = leaf_hash(leaves[index]), inclusion_path(index, size, nodes), tree_root(size, nodes)
    flipped = data.draw(st.integers(0, 255))
    assert not verify_inclusion(flip(leaf, flipped), index, size, path, root)
    assert not verify_inclusion(leaf, index, size, path, flip(root, flipped))
    other = data.draw(st.integers(-2, size + 2).filter(lambda place: place != index))
    assert not verify_inclusion(leaf, other, size, path, root)
    assert not verify_inclusion(leaf, index, 2 * size + 1, path, root)
    for changed in broken(data, path, flipped):
        assert not verify_inclusion(leaf, index, size, changed, root)


@given(st.data(), sizes, sizes)
def test_a_proof_of_consistency_holds_for_nothing_else(data: st.DataObject, one: int, two: int) -> None:
    first, second = sorted((one, two))
    nodes = nodes_over(some_leaves(second))
    old, new = tree_root(first, nodes), tree_root(second, nodes)
    path = consistency_path(first, second, nodes)
    flipped = data.draw(st.integers(0, 255))
    assert not verify_consistency(first, flip(old, flipped), second, new, path)
    assert not verify_consistency(first, old, second, flip(new, flipped), path)
    assert not verify_consistency(0, EMPTY_ROOT, second, new, path)
    assert first == second or not verify_consistency(second, new, first, old, path)
    assert not verify_consistency(first, old, 2 * second + 1, new, path)
    for changed in broken(data, path, flipped):
        assert not verify_consistency(first, old, second, new, changed)


cuts = st.integers(0, 64).filter(lambda cut: cut != 32)


@given(st.integers(1, 6), cuts, st.data())
def test_children_are_cut_into_two_hashes_and_in_no_other_way(levels: int, cut: int, data: st.DataObject) -> None:
    """A node is over 64 bytes: parts of 40 and 24 have the same hash, and lead to the true root from a false leaf."""
    leaves = some_leaves(size := 1 << levels)
    nodes, index = nodes_over(leaves), data.draw(st.integers(0, size - 1))
    leaf, (sibling, *above) = leaf_hash(leaves[index]), inclusion_path(index, size, nodes)
    assert verify_inclusion(leaf, index, size, [sibling, *above], tree_root(size, nodes))
    pair = sibling + leaf if index % 2 else leaf + sibling
    parts = pair[:cut], pair[cut:]
    beside, false = parts if index % 2 else parts[::-1]
    assert not verify_inclusion(false, index, size, [beside, *above], tree_root(size, nodes))


@given(cuts)
def test_no_false_old_tree_is_cut_out_of_a_true_new_one(cut: int) -> None:
    leaves = [leaf_hash(leaf) for leaf in some_leaves(4)]
    nodes = nodes_over(some_leaves(4))
    assert consistency_path(3, 4, nodes) == (leaves[2], leaves[3], nodes(1, 0))
    pair = leaves[2] + leaves[3]
    false = node_hash(nodes(1, 0), pair[:cut])
    assert not verify_consistency(3, false, 4, tree_root(4, nodes), [pair[:cut], pair[cut:], nodes(1, 0)])


def test_what_is_as_long_as_no_hash_is_no_root() -> None:
    assert not verify_consistency(5, b"short", 5, b"short", [])
    assert not verify_inclusion(b"short", 0, 1, [], b"short")


def broken(data: st.DataObject, path: Sequence[bytes], flipped: int) -> list[Sequence[bytes]]:
    """Paths with a hash too many, one too few, one changed, two swapped."""
    wrong: list[Sequence[bytes]] = [[*path, EMPTY_ROOT], [EMPTY_ROOT, *path]]
    if path:
        place = data.draw(st.integers(0, len(path) - 1))
        wrong += [path[:-1], path[1:], [*path[:place], flip(path[place], flipped), *path[place + 1 :]]]
    if len(path) > 1:
        wrong.append([path[1], path[0], *path[2:]])
    return wrong


def flip(value: bytes, bit: int) -> bytes:
    return (int.from_bytes(value, "big") ^ 1 << bit).to_bytes(len(value), "big")


def test_leaves_of_two_trees_cannot_stand_for_nodes() -> None:
    """What the prefixes are for: data that looks like two hashes is no inner node."""
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)


@pytest.mark.parametrize("kind", ["<u4", "<i8", "<u8"])
@pytest.mark.parametrize("count", [0, 1, 1023, 1024, 1025, 3 * 1024 + 7])
def test_roots_of_blocks_are_those_of_their_leaves(kind: str, count: int) -> None:
    ranks = np.random.default_rng(count).integers(0, 2**32, count).astype(kind)
    roots = block_roots(ranks)
    assert roots.dtype == np.uint8
    assert roots.shape == (count // BLOCK_LEAVES, 32)
    leaves = [leaf_data(rank) for rank in ranks.tolist()]
    for block, root in enumerate(roots):
        assert root.tobytes() == rfc_root(leaves[block * BLOCK_LEAVES : (block + 1) * BLOCK_LEAVES])
    if count:
        assert tree_root(count, nodes_in(tree_of(ranks))) == rfc_root(leaves)


def test_a_leaf_is_eight_bytes() -> None:
    assert leaf_data(0x0102_0304) == bytes([0, 0, 0, 0, 1, 2, 3, 4])
    assert leaf_data(2**63 - 1).hex() == "7fffffffffffffff"
