"""Which letters share a transaction: large ones where work is waiting, small ones at the production pace."""

import contextlib
from collections.abc import Callable, Sequence

import attrs
import trio

from actors.mail import Letter
from storage.draws import TAIL_DRAWS_MAX
from universe.compiled import kernels_for
from universe.game import Game
from universe.units import DrawUnit, ResultsUnit

GROUP_DRAWS_MAX = 8_000_000  # the indexes are written once a commit: large ones pay, memory bounds them
PLAIN_GROUP_DRAWS_MAX = 262_144  # the plain path needs many times the memory for each
GROUP_UNITS_MAX = 256
GROUP_LINGER_SECONDS = 0.05  # what arrives this soon after the first letter shares its transaction


def group_draws_max(game: Game) -> int:
    """Return how many draws of a game one transaction takes."""
    return PLAIN_GROUP_DRAWS_MAX if kernels_for(game) is None else GROUP_DRAWS_MAX


@attrs.define
class Gatherer:
    """Takes letters out of a mailbox, group by group, in their order. ``is_awaited``: whether a group would be used."""

    inbox: trio.MemoryReceiveChannel[Letter]
    is_awaited: Callable[[], bool] = lambda: True
    _held: Letter | None = attrs.field(default=None, init=False)  # taken already, but of the next group

    async def next_group(self) -> list[Letter]:
        """Take letters until the group is full, or has lingered and is awaited. Empty: closed and drained.

        Results close a group at once: whoever sent them waits, and so does everyone who compares.
        """
        group: list[Letter] = []
        with contextlib.suppress(trio.EndOfChannel):
            group.append(await self._take())
            lingering = True
            while lingering:
                with trio.move_on_after(GROUP_LINGER_SECONDS):
                    while not (is_full(group) or self._held):
                        self._add(group, await self._take())
                lingering = not (is_full(group) or self._held or self.is_awaited())
        return group

    async def _take(self) -> Letter:
        held, self._held = self._held, None
        return held or await self.inbox.receive()

    def _add(self, group: list[Letter], letter: Letter) -> None:
        """Add a letter, or hold it: draws that will be folded at once share a transaction with their own game only."""
        games = {one.unit.batch.game_id for one in group if isinstance(one.unit, DrawUnit)}
        other = isinstance(letter.unit, DrawUnit) and letter.unit.batch.game_id not in games
        if other and draws_of(group) > TAIL_DRAWS_MAX:
            self._held = letter
        else:
            group.append(letter)


def is_full(group: Sequence[Letter]) -> bool:
    """Whether a group is to be committed now. It exceeds the bound on draws by less than one batch."""
    urgent = any(isinstance(letter.unit, ResultsUnit) for letter in group)
    games = {letter.unit.batch.clock.game for letter in group if isinstance(letter.unit, DrawUnit)}
    draws_max = min(map(group_draws_max, games), default=GROUP_DRAWS_MAX)
    return urgent or draws_of(group) >= draws_max or len(group) >= GROUP_UNITS_MAX


def draws_of(group: Sequence[Letter]) -> int:
    """Return the draws in these letters."""
    return sum(len(letter.unit.batch.ranks) for letter in group if isinstance(letter.unit, DrawUnit))
