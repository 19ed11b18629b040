"""What trails behind the draws, completed by a command that needs it: the log's nodes, the null's histories.

Beside a process that simulates nothing is done: there the same work trails by itself.
"""

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import attrs

from actors.trailing import Piece, Trailing
from ops.options import Target
from ops.terminal import Bars
from storage.connection import Location
from storage.lock import LeaderLock
from storage.store import SqliteStore
from universe.compiled import KERNELS_DRAWS_MIN, load_kernels
from universe.units import Unit


def complete(chosen: Target, game_id: str, works: Sequence[Trailing], bars: Bars, *, anew: bool = False) -> bool:
    """Do all of these works for a game, unless another process simulates here; says whether they are done.

    ``anew`` has the histories measured from the first on: LockedError where another process simulates.
    """
    with LeaderLock(chosen.place.root) as lock:
        if anew:
            lock.require("--rebuild")
        elif not lock.try_acquire():
            return False
        with SqliteStore.open(Location(chosen.place.database), chosen.mode) as store:
            if anew:
                store.forget_histories(game_id)
            if store.clock(game_id) is not None:
                _complete(store, game_id, works, bars)
    return True


@attrs.define(eq=False)
class _Job:
    """One of the works, as far as it is done."""

    work: Trailing
    done: int = 0
    making: int = 0  # draws of the pieces in hand


def _complete(store: SqliteStore, game_id: str, works: Sequence[Trailing], bars: Bars) -> None:
    """Have each work's pieces made in a thread of its own; here they are looked for and kept."""
    watermark = store.progress(game_id).watermark
    jobs = [_Job(work) for work in works if work.look(store, game_id)]
    if jobs and watermark >= KERNELS_DRAWS_MIN:
        load_kernels()
    with ThreadPoolExecutor(len(works)) as threads:
        hands: dict[Future[Sequence[Unit]], _Job] = {}
        for job in jobs:
            bars.start(job.work.role, 0, watermark)
            _take_up(job, job.work.look(store, game_id), threads, hands)
        while hands:
            for finished in wait(hands, return_when=FIRST_COMPLETED).done:
                job = hands.pop(finished)
                store.commit(finished.result())
                job.done += job.making
                bars.show(job.work.role, job.done)
                store.checkpoint()
                _take_up(job, job.work.look(store, game_id), threads, hands)


def _take_up(
    job: _Job, pending: Sequence[Piece], threads: ThreadPoolExecutor, hands: "dict[Future[Sequence[Unit]], _Job]"
) -> None:
    if pending:
        job.making = sum(piece.draws for piece in pending)
        hands[threads.submit(job.work.make, pending)] = job
