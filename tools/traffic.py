"""What an HTTP server has to do at this moment, and whom it turned away: for metrics and for its own bounds."""

from collections import Counter

import attrs


@attrs.define
class Traffic:
    """Counts of one process, changed by the event loop alone. ``refused`` counts answers by the reason of refusal."""

    connections: int = 0
    requests: int = 0  # at work, streams included
    refused: Counter[str] = attrs.field(factory=Counter)
