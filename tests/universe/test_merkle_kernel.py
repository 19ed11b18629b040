"""Kernels hash ranks into Merkle trees as RFC 6962 says, by hashlib."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels import kernels_serve
from universe.compiled import plain_only
from universe.kernels import merkle as kernels
from universe.kernels.sha256 import LANES
from universe.merkle import BLOCK_LEAVES, block_roots
from universe.ranking import Ranks


@pytest.fixture(autouse=True, scope="module")
def _kernels() -> Iterator[None]:
    with kernels_serve("merkle"):
        yield


def root_of(ranks: Ranks) -> bytes:
    level = [sha256(b"\0" + rank.to_bytes(8, "big")).digest() for rank in ranks.tolist()]
    while len(level) > 1:
        level = [sha256(b"\1" + level[at] + level[at + 1]).digest() for at in range(0, len(level), 2)]
    return level[0]


@settings(max_examples=25)
@given(
    bits=st.sampled_from([1, 8, 24, 31, 32, 33, 40, 41, 63]),
    kind=st.sampled_from([np.uint32, np.int32, np.int64, np.uint64]),
    blocks=st.integers(0, 3),
    beyond=st.sampled_from([0, 1, BLOCK_LEAVES - 1]),
    seed=st.integers(0, 10**6),
)
def test_roots_are_those_of_hashlib(bits: int, kind: Any, blocks: int, beyond: int, seed: int) -> None:
    """Ranks of every width, 0 and the largest among them; what is beyond the last whole block is left out."""
    end = min(2**bits, int(np.iinfo(kind).max) + 1)
    ranks = np.random.default_rng(seed).integers(0, end, blocks * BLOCK_LEAVES + beyond, dtype=np.uint64).astype(kind)
    ranks[::7], ranks[3::7] = 0, end - 1
    roots = kernels.block_roots(ranks)
    assert roots.dtype == np.uint8
    assert roots.shape == (blocks, 32)
    whole = ranks[: blocks * BLOCK_LEAVES].reshape(blocks, BLOCK_LEAVES)
    assert [root.tobytes() for root in roots] == [root_of(block) for block in whole]


@pytest.mark.parametrize("blocks", [LANES - 1, LANES, LANES + 1])
def test_every_lane_has_a_tree_of_its_own(blocks: int) -> None:
    """A block's root does not depend on which others are made beside it, and the plain path gives the same."""
    ranks = np.random.default_rng(blocks).integers(0, 2**32, blocks * BLOCK_LEAVES, dtype=np.uint32)
    roots = kernels.block_roots(ranks)
    alone = [kernels.block_roots(ranks[at : at + BLOCK_LEAVES]) for at in range(0, len(ranks), BLOCK_LEAVES)]
    assert np.array_equal(roots, np.concatenate(alone))
    assert np.array_equal(roots, block_roots(ranks))
    with plain_only():
        assert np.array_equal(roots[-2:], block_roots(ranks[-2 * BLOCK_LEAVES :]))


def test_nothing_is_compiled_that_was_not_compiled_beforehand() -> None:
    """Ranks out of a store are read-only, others lie apart: what compiles for them would hold the interpreter lock."""
    ranks = np.random.default_rng(1).integers(0, 2**32, 2 * BLOCK_LEAVES, dtype=np.uint32)
    stored = np.frombuffer(ranks.tobytes(), dtype="<u4")
    apart = np.repeat(ranks.astype(np.int64), 2)[::2]
    for same in (stored, apart):
        assert np.array_equal(kernels.block_roots(same), kernels.block_roots(ranks))
    compiled: Any = kernels.tree_roots
    assert len(compiled.signatures) == 1
