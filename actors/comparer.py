"""Late comparisons: a result that came after its draws is held against them, regenerated piece by piece."""

from collections.abc import Sequence

from actors.trailing import Trailing
from storage.comparisons import comparison_of
from storage.interface import PendingComparison, Store
from universe.compiled import kernels_of_words
from universe.seed import ranks_of_draws
from universe.units import ComparisonUnit

COMPARE_DRAWS_MAX = 50_000  # in flight: short enough to delay neither draws nor answers
COMPILED_DRAWS_MAX = 1_000_000  # with kernels as short


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


def _look(store: Store, game_id: str) -> Sequence[PendingComparison]:
    return store.pending_comparisons(game_id, compare_draws_max())


COMPARER = Trailing(role="comparer", look=_look, make=compare_all, wakes="news", awaited=True)
