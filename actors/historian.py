"""The null of the real results: synthetic histories as long as theirs, measured by the whole battery of tests."""

from collections.abc import Sequence

from actors.trailing import Trailing, forget_damaged
from storage.interface import PendingHistories, Store
from universe.compiled import kernels_of_words, load_kernel_module
from universe.seed import ranks_of_draws
from universe.units import HistoriesUnit

MEASURE_DRAWS_MAX = 50_000  # at once
COMPILED_DRAWS_MAX = 1_000_000


def measure_draws_max() -> int:
    """Return about how many draws to measure in one go."""
    return MEASURE_DRAWS_MAX if kernels_of_words() is None else COMPILED_DRAWS_MAX


def measure_histories(pending: Sequence[PendingHistories]) -> list[HistoriesUnit]:
    """Return what the battery measures of pending histories, from draws made once more."""
    if kernels_of_words() is not None:
        load_kernel_module("histories")
    return [_measured(piece) for piece in pending]


def _measured(piece: PendingHistories) -> HistoriesUnit:
    from universe.fairness.battery import measure_ranks

    first = piece.first * piece.frame.draws
    ranks = ranks_of_draws(piece.clock, first + 1, first + piece.draws)
    return HistoriesUnit(
        game_id=piece.clock.game.game_id,
        frame=piece.frame,
        first=piece.first,
        measurements=measure_ranks(piece.frame, ranks),
    )


def _look(store: Store, game_id: str) -> Sequence[PendingHistories]:
    forget_damaged(store, game_id, "null_histories")
    return store.pending_histories(game_id, measure_draws_max())


HISTORIAN = Trailing(role="historian", look=_look, make=measure_histories, wakes="commits")
