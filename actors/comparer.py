"""Late comparisons: a result that came after its draws is held against them, regenerated piece by piece."""

from collections.abc import Sequence

import trio

from actors.board import actor_name
from actors.mail import Letter, deliver_all
from actors.patience import patiently
from actors.world import World
from storage.comparisons import comparison_of
from storage.interface import PendingComparison
from universe.compiled import KERNELS_AWAITED_DRAWS_MIN, kernels_of_words, start_loading_kernels
from universe.seed import ranks_of_draws
from universe.units import ComparisonUnit

COMPARE_DRAWS_MAX = 50_000  # in flight: short enough to delay neither draws nor answers
COMPILED_DRAWS_MAX = 1_000_000  # with kernels as short


def comparer_name(game_id: str) -> str:
    """Return the name of a game's comparer."""
    return actor_name(game_id, "comparer")


def compare_draws_max() -> int:
    """Return the most draws to compare in one go."""
    return COMPARE_DRAWS_MAX if kernels_of_words() is None else COMPILED_DRAWS_MAX


def compare_draws(pending: PendingComparison) -> ComparisonUnit:
    """Make the pending draws once more and compare them; no stored draw is read."""
    ranks = ranks_of_draws(pending.clock, pending.first, pending.last)
    return comparison_of(pending.clock, pending.result, pending.first, ranks)


def compare_all(pending: Sequence[PendingComparison]) -> list[ComparisonUnit]:
    """Compare several dates' pieces in one go."""
    return [compare_draws(piece) for piece in pending]


async def run_comparer(game_id: str, world: World, letters: trio.MemorySendChannel[Letter]) -> None:
    """Compare whatever waits for it, some pieces in flight at a time; then wait for news. Runs until cancelled."""
    board, store, name = world.board, world.store, comparer_name(game_id)

    async def look() -> tuple[PendingComparison, ...]:
        return await world.offload(store.pending_comparisons, game_id, compare_draws_max())

    while True:
        news, compared = board.news.rings, 0
        while pending := await patiently(name, world, look):
            compared += sum(piece.last - piece.first + 1 for piece in pending)
            if compared >= KERNELS_AWAITED_DRAWS_MIN:
                start_loading_kernels()
            await deliver_all(await world.background(compare_all, pending), letters)
        board.settle(name, news)
        await board.news.wait_after(news)
