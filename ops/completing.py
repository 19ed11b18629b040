"""What trails behind the draws, completed by a command that needs it: the log's nodes, the null's histories.

Beside a process that simulates nothing is done: there the same work trails by itself.
"""

from collections.abc import Sequence

from actors.trailing import Trailing
from ops.options import Target
from ops.terminal import Bars
from storage.connection import Location
from storage.lock import LeaderLock
from storage.store import SqliteStore
from universe.compiled import KERNELS_DRAWS_MIN, load_kernels


def complete(chosen: Target, game_id: str, works: Sequence[Trailing], bars: Bars, *, anew: bool = False) -> bool:
    """Do all of these works for a game, unless another process simulates here; says whether they are done.

    ``anew`` has the histories measured from the first on.
    """
    with LeaderLock(chosen.place.root) as lock:
        if not lock.try_acquire():
            return False
        with SqliteStore.open(Location(chosen.place.database), chosen.mode) as store:
            if anew:
                store.forget_histories(game_id)
            if store.clock(game_id) is not None:
                for work in works:
                    _complete(store, game_id, work, bars)
    return True


def _complete(store: SqliteStore, game_id: str, work: Trailing, bars: Bars) -> None:
    done, watermark = 0, store.progress(game_id).watermark
    while pending := work.look(store, game_id):
        if not done:
            bars.start(work.role, 0, watermark)
            if watermark >= KERNELS_DRAWS_MIN:
                load_kernels()
                pending = work.look(store, game_id)
        store.commit(work.make(pending))
        done += sum(piece.draws for piece in pending)
        bars.show(work.role, done)
        store.checkpoint()
