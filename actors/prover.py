"""The log of draws: roots of whole blocks, hashed behind the draws. No stored draw is read."""

from collections.abc import Sequence

from actors.trailing import Trailing, forget_damaged
from storage.interface import PendingBlocks, Store
from universe.compiled import kernels_of_words, load_kernel_module
from universe.merkle import BLOCK_LEAVES, block_roots
from universe.ranking import Ranks
from universe.seed import ranks_of_draws
from universe.units import ProofUnit

PROVE_DRAWS_MAX = 32 * BLOCK_LEAVES  # at once: about as many hashes as the plain path makes in a tenth of a second
COMPILED_DRAWS_MAX = 1_024 * BLOCK_LEAVES


def prove_draws_max() -> int:
    """Return the most draws to hash in one go."""
    return PROVE_DRAWS_MAX if kernels_of_words() is None else COMPILED_DRAWS_MAX


def hash_blocks(pending: Sequence[PendingBlocks]) -> list[ProofUnit]:
    """Return the roots of pending blocks, from draws made once more."""
    if kernels_of_words() is not None:
        load_kernel_module("merkle")
    return [
        ProofUnit(game_id=piece.clock.game.game_id, first=piece.first, roots=block_roots(_ranks(piece)))
        for piece in pending
    ]


def _ranks(piece: PendingBlocks) -> Ranks:
    first = piece.first * BLOCK_LEAVES
    return ranks_of_draws(piece.clock, first + 1, first + piece.draws)


def _look(store: Store, game_id: str) -> Sequence[PendingBlocks]:
    forget_damaged(store, game_id, "proof_node")
    return store.pending_blocks(game_id, prove_draws_max())


PROVER = Trailing(role="prover", look=_look, make=hash_blocks, wakes="commits")
