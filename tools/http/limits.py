"""How much each client may ask: a rate with bursts, and requests at once. A client is the holder of a token."""

from collections import Counter

from throttled import MemoryStore, RateLimiterType, Throttled, per_sec

from universe.settings import HttpSettings

CLIENTS_MAX = 10_000  # whose rates are remembered; a token file holds fewer


class ClientLimits:
    """The use that clients make of the server, and what is left of it."""

    def __init__(self, settings: HttpSettings) -> None:
        self.settings = settings
        self.at_work: Counter[str] = Counter()
        self._rates = Throttled(
            using=RateLimiterType.GCRA.value,
            quota=per_sec(settings.requests_per_second, burst=settings.requests_burst),
            store=MemoryStore(options={"MAX_SIZE": CLIENTS_MAX}),
        )

    def seconds_to_wait(self, client: str) -> float:
        """Count one more request of a client; return how long it has to wait for it, 0 if not at all."""
        answer = self._rates.limit(client)
        return answer.state.retry_after if answer.limited else 0.0

    def is_busy(self, client: str) -> bool:
        """Whether as many requests of a client are at work as may be."""
        return self.at_work[client] >= self.settings.requests_at_once
