"""Every kernel called once, with the types it will be called with: whatever has to be compiled is compiled here.

``python -m universe.kernels.warm PART`` does it for one part, beside the process that waits for it.
"""

import sys
from collections.abc import Callable, Mapping
from datetime import date

import numpy as np

from universe.cells import SPARSE, Chunk
from universe.game import Game, Period, Pool
from universe.kernels import path

_DAY = date(2000, 1, 1)
_GAME = Game(
    game_id="WARM-UP",
    since=_DAY,
    main=Pool(picked=4, size=8),
    bonus=Pool(picked=1, size=2),
    schedule=(Period(start=_DAY, days=("Sat",)),),
)


def warm_draws() -> None:
    """Load or compile what draws, counts and compares."""
    ranks = path.ranks_of_spans(_GAME, [(_DAY, 1_000, 1_100)])
    assert ranks is not None
    path.count_spans(_GAME, ranks, [0, len(ranks)])
    path.compare_ranks(_GAME, ranks, (1, 2, 3, 4), (1,), 3)


def warm_indexes() -> None:
    """Load or compile what sorts and folds; chunks beyond 65,536 cells are left to the first game that has them."""
    ascending = path.sorted_ranks(_GAME, [np.arange(_GAME.outcomes, dtype=np.uint32)])
    for _ in path.count_subsets(_GAME, ascending, 2):
        pass
    changed, _ = path.add_cells({0: Chunk(SPARSE, b"")}, _GAME.outcomes, ascending)
    for _ in changed:
        pass


def warm_merkle() -> None:
    """Load or compile what makes Merkle trees."""
    from universe.kernels import merkle
    from universe.merkle import BLOCK_LEAVES

    merkle.block_roots(np.arange(BLOCK_LEAVES, dtype=np.uint32))


def warm_histories() -> None:
    """Load or compile what tallies histories."""
    from universe.fairness.tallies import Frame
    from universe.kernels import histories

    day = np.zeros(2, dtype=np.uint8)
    frame = Frame(game=_GAME, draws=2, weekdays=day, months=day, weekday_names=("Sat",))
    histories.tally_ranks(frame, np.arange(4, dtype=np.uint32))


WARM: Mapping[str, Callable[[], None]] = {
    "indexes": warm_indexes,
    "merkle": warm_merkle,
    "histories": warm_histories,
}

if __name__ == "__main__":
    WARM[sys.argv[1]]()
