"""When how many draws are due. A rate is kept tick by tick; time that was missed is not made up."""

import math

import attrs
import trio
from attrs import validators

PACE_TICK_SECONDS = 5.0
PACE_TICK_SECONDS_MIN = 0.25  # however high the rate: a commit each tick must stay cheap
TICK_DRAWS_WANTED = 1_000  # a high rate ticks sooner, so that it feels steady
ROUNDING = 1e-6  # of a draw: a sum of fractions that should be whole may lie this far below


@attrs.define
class Pace:
    """A rate on the monotonic clock, None for as fast as wanted. Fractions of a draw are carried to the next tick."""

    draws_per_second: float | None = attrs.field(validator=validators.optional(validators.gt(0)))
    _carried: float = attrs.field(default=0.0, init=False)
    _ticked: float = attrs.field(factory=trio.current_time, init=False)

    async def wait_due(self, draws_max: int) -> int:
        """Wait for the next tick and return the draws due then; it comes sooner if ``draws_max`` are due before it.

        When the caller comes too late for a tick, it is due now and worth no more than any other.
        """
        if self.draws_per_second is None:
            return draws_max
        span = min(tick_seconds(self.draws_per_second), (draws_max - self._carried) / self.draws_per_second)
        self._ticked = max(self._ticked + span, trio.current_time())
        await trio.sleep_until(self._ticked)
        self._carried += span * self.draws_per_second
        due = min(draws_max, math.floor(self._carried + ROUNDING))
        self._carried -= due
        return due


def tick_seconds(draws_per_second: float) -> float:
    """Return the time from one batch to the next."""
    return min(PACE_TICK_SECONDS, max(PACE_TICK_SECONDS_MIN, TICK_DRAWS_WANTED / draws_per_second))
