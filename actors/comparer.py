"""Late comparisons: a result that came after its draws is held against them, regenerated piece by piece."""

import trio

from actors.board import actor_name
from actors.mail import Letter, deliver
from actors.world import World
from storage.comparisons import comparison_of
from storage.interface import PendingComparison
from universe.seed import ranks_of_draws
from universe.units import ComparisonUnit

COMPARE_DRAWS_MAX = 50_000  # one piece: short enough to delay neither draws nor answers


def comparer_name(game_id: str) -> str:
    """Return the name of a game's comparer."""
    return actor_name(game_id, "comparer")


def compare_draws(pending: PendingComparison) -> ComparisonUnit:
    """Make the pending draws once more and compare them; no stored draw is read."""
    ranks = ranks_of_draws(pending.clock, pending.first, pending.last)
    return comparison_of(pending.clock, pending.result, pending.first, ranks)


async def run_comparer(game_id: str, world: World, letters: trio.MemorySendChannel[Letter]) -> None:
    """Compare whatever waits for it, one piece in flight at a time; then wait for news. Runs until cancelled."""
    board, store = world.board, world.store
    while True:
        news = board.news.rings
        while pending := await world.offload(store.pending_comparison, game_id, COMPARE_DRAWS_MAX):
            await deliver(await world.offload(compare_draws, pending), letters)
        board.settle(comparer_name(game_id), news)
        await board.news.wait_after(news)
