"""What one fetch may take, and the failure that stands for everything that goes wrong in it."""

import attrs

CONNECT_SECONDS_MAX = 10
SILENCE_SECONDS_MAX = 10
FETCH_SECONDS_MAX = 30
FETCH_BYTES_MAX = 32 * 2**20
PAGES_MAX = 500
REDIRECTS_MAX = 5


@attrs.frozen(kw_only=True)
class FeedLimits:
    """How much one fetch may take, all pages together; silence is the pause between two pieces of an answer.

    The bytes are those after unpacking, and those on the way too.
    """

    connect_seconds: float = CONNECT_SECONDS_MAX
    silence_seconds: float = SILENCE_SECONDS_MAX
    total_seconds: float = FETCH_SECONDS_MAX
    bytes_max: int = FETCH_BYTES_MAX
    pages_max: int = PAGES_MAX
    redirects_max: int = REDIRECTS_MAX


class Failure(Exception):  # noqa: N818  never leaves the feed, fetch_source makes it a FeedError
    """What went wrong, before anyone says with which source. ``retryable``: the same request may succeed soon."""

    def __init__(self, what: str, *, retryable: bool) -> None:
        super().__init__(what)
        self.what = what
        self.retryable = retryable


def too_large(limits: FeedLimits) -> Failure:
    """Return the failure of everything that is larger than the limits allow."""
    return Failure(f"more than {limits.bytes_max} bytes", retryable=False)
