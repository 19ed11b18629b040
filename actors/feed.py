"""Bring a source's bytes in, from a path or over HTTP, within bounds. It knows no format beyond where paging ends.

Every failure is one FeedError that names the source without its secrets.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import trio

from actors.feed_bounds import Failure, FeedLimits, too_large
from actors.feed_pages import is_url, page_plan, shown_source
from universe.errors import UniverseError
from universe.results.formats import count_rows
from universe.results.result import FormatError

if TYPE_CHECKING:
    import httpx2

FILE_READERS_MAX = 4
# A read that never ends keeps its thread for ever: so many in all, and none of the threads that others wait for.
_file_readers = trio.CapacityLimiter(FILE_READERS_MAX)


class FeedError(UniverseError):
    """A source could not be fetched; ``retryable`` says whether the same request may succeed soon."""

    def __init__(self, source: str, what: str, *, retryable: bool) -> None:
        super().__init__(f"{shown_source(source)}: {what}")
        self.retryable = retryable


async def fetch_source(source: str, *, format_name: str | None = None, limits: FeedLimits | None = None) -> list[bytes]:
    """Return the pages of a source, at least one, for ``read_pages``. FeedError if they cannot be fetched."""
    limits = limits or FeedLimits()
    try:
        with trio.fail_after(limits.total_seconds):
            if is_url(source):
                return await _fetch_pages(source, format_name, limits)
            return [await _read_file(source, limits)]
    except Failure as failure:
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
        data = await trio.to_thread.run_sync(read, abandon_on_cancel=True, limiter=_file_readers)
    except OSError as error:
        raise Failure(error.strerror or "cannot be read", retryable=True) from error  # a file may yet be put there
    except ValueError as error:  # a path with a NUL in it
        raise Failure("no path of a file", retryable=False) from error
    if len(data) > limits.bytes_max:
        raise too_large(limits)
    return data


async def _fetch_pages(source: str, format_name: str | None, limits: FeedLimits) -> list[bytes]:
    try:
        plan = page_plan(source)
    except ValueError as error:  # the host part cannot be taken apart
        raise Failure("no valid address", retryable=False) from error
    pages: list[bytes] = []
    taken = 0
    async with await _open_client(limits) as client:
        from actors import feed_http

        while len(pages) < limits.pages_max:
            data = await feed_http.fetch_address(client, plan.address(len(pages) + 1), taken, limits)
            if pages and data == pages[-1]:
                raise Failure(f"page {len(pages) + 1} repeats page {len(pages)}", retryable=False)
            pages.append(data)
            taken += len(data)
            if not plan.paged:
                return pages
            rows = await trio.to_thread.run_sync(_rows_on, data, format_name, abandon_on_cancel=True)
            if rows < plan.full_page_rows:
                return pages
    raise Failure(f"more than {limits.pages_max} pages", retryable=False)


def _rows_on(page: bytes, format_name: str | None) -> int:
    """Count the rows of a page. One that cannot be read ends the paging too; ``read_pages`` says what it is."""
    try:
        return count_rows(page, format_name)
    except FormatError:
        return 0


async def _open_client(limits: FeedLimits) -> "httpx2.AsyncClient":
    def open_client() -> "httpx2.AsyncClient":
        from actors import feed_http

        return feed_http.open_client(limits)

    try:
        # Loading the client and the certificates takes longer than the event loop may wait.
        return await trio.to_thread.run_sync(open_client)
    except (ImportError, OSError, ValueError) as error:
        raise Failure("the settings for proxies or certificates are unusable", retryable=False) from error
