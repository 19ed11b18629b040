"""What is known before each draw, for many draws at once: strategies that come with the program see nothing else."""

from collections.abc import Iterator

import attrs
import numpy as np
import numpy.typing as npt

from universe.fairness.history import History
from universe.ranking import Numbers

PIECE_CELLS = 2**20  # at once, however long the history is and however many tickets are played

Table = npt.NDArray[np.int64]  # [draws, N]


@attrs.frozen(kw_only=True, eq=False)
class Past:
    """For each of some draws in a row, what the draws before it tell of each main number.

    ``counts`` int64[draws, N]: how often it came up in the window of earlier draws; ``last_seen`` int64[draws, N]: the
    last earlier draw that held it, counted from 0 within the history, -1 for none.
    """

    counts: Table
    last_seen: Table


def pasts(history: History, window: int | None, tickets: int = 1) -> Iterator[Past]:
    """Yield what is known before each draw of a history, in pieces; counts over the last ``window`` draws or all.

    The more ``tickets`` a draw are chosen by it, the shorter are the pieces.
    """
    size = history.game.main.size
    counts, last_seen = np.zeros(size, dtype=np.int64), np.full(size, -1, dtype=np.int64)
    draws = max(1, PIECE_CELLS // (size * tickets))
    for first in range(0, len(history), draws):
        places = np.arange(first, min(first + draws, len(history)))
        entering = held(history.main[places], size)
        change = entering.astype(np.int64)
        if window is not None:
            leaves = places >= window
            change[leaves] -= held(history.main[places[leaves] - window], size)
        seen = np.where(entering, places[:, None], -1)
        counts_after = counts + np.cumsum(change, axis=0)
        last_after = np.maximum.accumulate(np.concatenate([last_seen[None], seen]), axis=0)[1:]
        yield Past(counts=_one_later(counts, counts_after), last_seen=_one_later(last_seen, last_after))
        counts, last_seen = counts_after[-1], last_after[-1]


def _one_later(before: npt.NDArray[np.int64], after: Table) -> Table:
    """Return what is known before each draw: what stood after the one before it."""
    return np.concatenate([before[None], after[:-1]])


def held(main: Numbers, size: int) -> npt.NDArray[np.bool_]:
    """Return whether each draw holds each number, bool[draws, N]."""
    table = np.zeros((len(main), size), dtype=bool)
    np.put_along_axis(table, main.astype(np.int64) - 1, values=True, axis=1)
    return table
