"""Work that trails behind the commits: what follows from committed draws and results, made piece by piece.

One shape for all of it: ask the store what is missing, make it in the background, deliver it to the writer, until
nothing is; then wait for a reason to look again. A piece is a function of what is committed, so a crash costs a piece.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, Protocol

import attrs
import structlog
import trio

from actors.board import actor_name
from actors.mail import Letter, deliver_all
from actors.patience import patiently
from actors.world import World
from storage.derived import Derived
from storage.interface import Store
from universe.compiled import KERNELS_AWAITED_DRAWS_MIN, start_loading_kernels
from universe.units import Unit

log = structlog.get_logger()


class Piece(Protocol):
    """What waits to be made."""

    @property
    def draws(self) -> int:
        """How many draws it takes."""
        ...


@attrs.frozen(kw_only=True)
class Trailing:
    """One kind of such work.

    ``look`` returns the next pieces of a game, quickly; ``make`` turns them into units, in its own time. ``wakes``:
    whether every commit is a reason to look again, or only news (results, a milestone). ``awaited``: whether a process
    that ends by itself waits until nothing is left to do.
    """

    role: str
    look: Callable[[Store, str], Sequence[Piece]]
    make: Callable[[Any], Sequence[Unit]]
    wakes: Literal["commits", "news"]
    awaited: bool = False

    def actor(self, game_id: str) -> str:
        """Return the name of a game's actor for this work."""
        return actor_name(game_id, self.role)


async def run_trailing(work: Trailing, game_id: str, world: World, letters: trio.MemorySendChannel[Letter]) -> None:
    """Do whatever waits to be done, some pieces in flight at a time; then wait. Runs until cancelled."""
    board, name = world.board, work.actor(game_id)
    signal = board.commits if work.wakes == "commits" else board.news
    look = partial(world.offload, work.look, world.store, game_id)
    while True:
        seen, news, draws = signal.rings, board.news.rings, 0
        while pending := await patiently(name, world, look):
            draws += sum(piece.draws for piece in pending)
            if draws >= KERNELS_AWAITED_DRAWS_MIN:
                start_loading_kernels()
            await deliver_all(await world.background(work.make, pending), letters)
        if work.awaited:
            board.settle(name, news)
        await signal.wait_after(seen)


def forget_damaged(store: Store, game_id: str, table: Derived) -> None:
    """Before a look: have damaged rows forgotten, so that the look finds them to be made anew. It is told."""
    forgotten = store.forget_damaged(game_id, table)
    if forgotten is not None:
        log.warning("rows.forgotten", **attrs.asdict(forgotten))
