"""How a game's actors are in the answering process: what status shows and nobody stores."""

from datetime import datetime

import attrs


@attrs.frozen(kw_only=True)
class Parked:
    """An actor that cannot go on for a reason outside, and tries again by itself."""

    actor: str
    reason: str
    since: datetime


@attrs.frozen(kw_only=True)
class GameVitals:
    """One game's actors; restarts and parking of process-wide actors count for every game."""

    simulating: bool = False
    parked: Parked | None = None
    restarts: int = 0
