"""When how many draws are due. A rate is kept tick by tick; time that was missed is not made up."""

import math
from collections.abc import Iterator
from itertools import repeat

import attrs
import trio
from attrs import validators

PACE_TICK_SECONDS = 5.0
FIRST_TICK_SECONDS = 0.5  # so that even a short life leaves its draws behind
PACE_TICK_SECONDS_MIN = 0.25  # however high the rate: a commit each tick must stay cheap
TICK_DRAWS_WANTED = 1_000  # a high rate ticks sooner, so that it feels steady
ROUNDING = 1e-6  # of a draw: a sum of fractions that should be whole may lie this far below


@attrs.define
class Pace:
    """A rate on the monotonic clock, None for as fast as wanted. Fractions of a draw are carried to the next tick.

    The first tick comes early, with what is due by then; the others come as if it had not been there.
    """

    draws_per_second: float | None = attrs.field(validator=validators.optional(validators.gt(0)))
    _carried: float = attrs.field(default=0.0, init=False)
    _ticked: float = attrs.field(factory=trio.current_time, init=False)
    _spans: Iterator[float] = attrs.field(init=False)

    @_spans.default
    def _early_then_steady(self) -> Iterator[float]:
        """Yield the time to each next tick: the first is cut in two."""
        assert self.draws_per_second is not None
        tick = tick_seconds(self.draws_per_second)
        if tick > FIRST_TICK_SECONDS:
            yield from (FIRST_TICK_SECONDS, tick - FIRST_TICK_SECONDS)
        yield from repeat(tick)

    async def wait_due(self, draws_max: int) -> int:
        """Wait for the next tick and return the draws due then; it comes sooner if ``draws_max`` are due before it.

        When the caller comes too late for a tick, it is due now and worth no more than any other.
        """
        if self.draws_per_second is None:
            return draws_max
        span = min(next(self._spans), (draws_max - self._carried) / self.draws_per_second)
        self._ticked = max(self._ticked + span, trio.current_time())
        await trio.sleep_until(self._ticked)
        self._carried += span * self.draws_per_second
        due = min(draws_max, math.floor(self._carried + ROUNDING))
        self._carried -= due
        return due


def tick_seconds(draws_per_second: float) -> float:
    """Return the time from one batch to the next."""
    return min(PACE_TICK_SECONDS, max(PACE_TICK_SECONDS_MIN, TICK_DRAWS_WANTED / draws_per_second))
