"""Bring a source's bytes in, from a path or over HTTP, within bounds. It knows no format beyond where paging ends.

Every failure is one FeedError that names the source without its secrets.
"""

import logging
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import trio

from actors.feed_pages import is_url, page_plan, shown_source
from universe import __version__
from universe.errors import UniverseError
from universe.results.formats import count_rows
from universe.results.result import FormatError

if TYPE_CHECKING:
    import httpx2  # loaded with the first address: a start without one must not wait for it

CONNECT_SECONDS_MAX = 10
SILENCE_SECONDS_MAX = 10
FETCH_SECONDS_MAX = 30
FETCH_BYTES_MAX = 32 * 2**20
PAGES_MAX = 500
REDIRECTS_MAX = 5
WORTH_RETRYING = frozenset({408, 425, 429})  # beside everything from 500 on
USER_AGENT = f"synthetic-lottery-universe/{__version__}"


@attrs.frozen(kw_only=True)
class FeedLimits:
    """How much one fetch may take, all pages together; silence is the pause between two pieces of an answer."""

    connect_seconds: float = CONNECT_SECONDS_MAX
    silence_seconds: float = SILENCE_SECONDS_MAX
    total_seconds: float = FETCH_SECONDS_MAX
    bytes_max: int = FETCH_BYTES_MAX
    pages_max: int = PAGES_MAX
    redirects_max: int = REDIRECTS_MAX


class FeedError(UniverseError):
    """A source could not be fetched; ``retryable`` says whether the same request may succeed later."""

    def __init__(self, source: str, what: str, *, retryable: bool) -> None:
        super().__init__(f"{shown_source(source)}: {what}")
        self.retryable = retryable


class _Failure(Exception):  # noqa: N818  never leaves this module, fetch_source makes it a FeedError
    """What went wrong, before anyone knows with which source."""

    def __init__(self, what: str, *, retryable: bool) -> None:
        super().__init__(what)
        self.what = what
        self.retryable = retryable


async def fetch_source(source: str, *, format_name: str | None = None, limits: FeedLimits | None = None) -> list[bytes]:
    """Return the pages of a source, at least one, for ``read_pages``. FeedError if they cannot be fetched."""
    limits = limits or FeedLimits()
    try:
        with trio.fail_after(limits.total_seconds):
            if is_url(source):
                return await _fetch_pages(source, format_name, limits)
            return [await _read_file(source, limits)]
    except _Failure as failure:
        # From None: the client's own words may quote the address, and a traceback would show them.
        raise FeedError(source, failure.what, retryable=failure.retryable) from None
    except trio.TooSlowError as error:
        raise FeedError(source, f"not complete after {limits.total_seconds} s", retryable=True) from error


async def _read_file(path: str, limits: FeedLimits) -> bytes:
    def read() -> bytes:
        with Path(path).open("rb") as file:
            return file.read(limits.bytes_max + 1)

    try:
        # Abandoned when time is up: a pipe that nobody writes to would hold the thread for ever.
        data = await trio.to_thread.run_sync(read, abandon_on_cancel=True)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        what = error.strerror if isinstance(error, OSError) else None
        raise _Failure(what or "no path of a file", retryable=False) from error
    if len(data) > limits.bytes_max:
        raise _too_large(limits)
    return data


async def _fetch_pages(source: str, format_name: str | None, limits: FeedLimits) -> list[bytes]:
    try:
        plan = page_plan(source)
    except ValueError as error:  # the host part cannot be taken apart
        raise _Failure("no valid address", retryable=False) from error
    pages: list[bytes] = []
    taken = 0
    async with await _open_client(limits) as client:
        while len(pages) < limits.pages_max:
            data = await _fetch(client, plan.address(len(pages) + 1), taken, limits)
            if pages and data == pages[-1]:
                raise _Failure(f"page {len(pages) + 1} repeats page {len(pages)}", retryable=False)
            pages.append(data)
            taken += len(data)
            if not plan.paged:
                return pages
            if await trio.to_thread.run_sync(_rows_on, data, format_name) < plan.full_page_rows:
                return pages
    raise _Failure(f"more than {limits.pages_max} pages", retryable=False)


def _rows_on(page: bytes, format_name: str | None) -> int:
    """Count the rows of a page. One that cannot be read ends the paging too; ``read_pages`` says what it is."""
    try:
        return count_rows(page, format_name)
    except FormatError:
        return 0


async def _open_client(limits: FeedLimits) -> "httpx2.AsyncClient":
    try:
        # Loading the client and the certificates takes longer than the event loop may wait.
        return await trio.to_thread.run_sync(_make_client, limits)
    except (ImportError, OSError, ValueError) as error:
        raise _Failure("the settings for proxies or certificates are unusable", retryable=False) from error


def _make_client(limits: FeedLimits) -> "httpx2.AsyncClient":
    import httpx2

    logging.getLogger("httpx2").setLevel(logging.WARNING)  # at INFO it logs every address with its secrets
    timeout = httpx2.Timeout(limits.silence_seconds, connect=limits.connect_seconds)
    return httpx2.AsyncClient(timeout=timeout, headers={"User-Agent": USER_AGENT})


async def _fetch(client: "httpx2.AsyncClient", url: str, taken: int, limits: FeedLimits) -> bytes:
    """Return the body of one address. Redirects are followed here: the client would read their bodies, however long."""
    import httpx2

    try:
        request = client.build_request("GET", url)
        for _ in range(limits.redirects_max + 1):
            if request.url.scheme not in {"http", "https"}:
                raise _Failure(f"unknown scheme {request.url.scheme!r}: http and https are known", retryable=False)
            async with aclosing(await client.send(request, stream=True)) as response:
                if not response.has_redirect_location:
                    return await _body(response, taken, limits)
                if response.next_request is None:
                    raise _Failure("redirects to no valid address", retryable=False)
                request = response.next_request
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise _failure_of(error, limits) from error
    raise _Failure(f"more than {limits.redirects_max} redirects", retryable=False)


async def _body(response: "httpx2.Response", taken: int, limits: FeedLimits) -> bytes:
    status = response.status_code
    if not response.is_success:
        raise _Failure(f"answered {status}", retryable=status >= 500 or status in WORTH_RETRYING)
    data = bytearray()
    with trio.CancelScope() as reading:
        async for piece in response.aiter_bytes():
            if taken + len(data) + len(piece) <= limits.bytes_max:
                data += piece
            else:
                reading.cancel()  # the next read raises and so ends every generator of the client; a break would not
    if reading.cancel_called:
        raise _too_large(limits)
    return bytes(data)


def _too_large(limits: FeedLimits) -> _Failure:
    return _Failure(f"more than {limits.bytes_max} bytes", retryable=False)


def _failure_of(error: Exception, limits: FeedLimits) -> _Failure:
    """Say in our words what the client says in its own, which may quote the address."""
    import httpx2

    match error:
        case httpx2.InvalidURL() | httpx2.UnsupportedProtocol() | httpx2.LocalProtocolError():
            return _Failure("no valid address", retryable=False)
        case httpx2.ConnectTimeout():
            what = f"no connection within {limits.connect_seconds} s"
        case httpx2.TimeoutException():
            what = f"silent for {limits.silence_seconds} s"
        case httpx2.ConnectError():
            what = f"no connection ({error})"
        case httpx2.DecodingError():
            what = "the answer cannot be decompressed"
        case _:
            what = "the answer broke off"
    return _Failure(what, retryable=True)
