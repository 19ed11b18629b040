"""One address over HTTP: asked, redirected only where that may lead, its body taken within bounds.

Redirects stay within their origin or lead to public addresses; each other origin gets a client of its own, which has
nothing of the operator's and connects to the very addresses that were checked.
"""

import logging
import ssl
import zlib
from collections.abc import Sequence
from contextlib import AsyncExitStack, aclosing
from urllib.request import getproxies, proxy_bypass

import httpx2
import trio

from actors.feed_addresses import public_addresses
from actors.feed_bounds import Failure, FeedLimits, too_large
from universe import __version__

USER_AGENT = f"synthetic-lottery-universe/{__version__}"
HEADERS = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"}  # gzip alone unpacks within a bound, step by step
GZIP_WINDOW = 31
WORTH_RETRYING = frozenset({408, 425, 429})  # beside everything from 500 on
SHOWN_CHARS_MAX = 100

for _library in ("httpx2", "httpcore2"):
    logging.getLogger(_library).setLevel(logging.WARNING)  # below it they log every address with its secrets


def open_client(limits: FeedLimits) -> httpx2.AsyncClient:
    """Return a client for the operator's own address, through the proxy that the environment names, if any."""
    return httpx2.AsyncClient(timeout=_timeout(limits), headers=HEADERS)


def _timeout(limits: FeedLimits) -> httpx2.Timeout:
    return httpx2.Timeout(limits.silence_seconds, connect=limits.connect_seconds)


async def fetch_address(client: httpx2.AsyncClient, url: str, taken: int, limits: FeedLimits) -> bytes:
    """Return the body of one address, no larger than ``taken`` leaves room for. Failure for all that goes wrong."""
    try:
        async with AsyncExitStack() as strangers:
            return await _follow(client, url, strangers, taken, limits)
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, OverflowError) as error:
        raise _failure_of(error, limits) from error


async def _follow(
    client: httpx2.AsyncClient, url: str, strangers: AsyncExitStack, taken: int, limits: FeedLimits
) -> bytes:
    """Follow the redirects here: the client would read their bodies, however long, and go wherever it is sent."""
    request = client.build_request("GET", url)
    for _ in range(limits.redirects_max + 1):
        if request.url.scheme not in {"http", "https"}:
            scheme = request.url.scheme[:SHOWN_CHARS_MAX]
            raise Failure(f"unknown scheme {scheme!r}: http and https are known", retryable=False)
        async with aclosing(await client.send(request, stream=True)) as response:
            if not response.has_redirect_location:
                return await _body(response, taken, limits)
            following = response.next_request
        if following is None:
            raise Failure("redirects to no valid address", retryable=False)
        if following.url.origin != request.url.origin:
            client = await strangers.enter_async_context(await _client_for_stranger(request.url, following.url, limits))
            following = client.build_request("GET", following.url)
        request = following
    raise Failure(f"more than {limits.redirects_max} redirects", retryable=False)


async def _client_for_stranger(origin: httpx2.URL, target: httpx2.URL, limits: FeedLimits) -> httpx2.AsyncClient:
    """Return a client for another origin, if a redirect may lead there."""
    shown = shown_origin(target)
    if target.scheme not in {"http", "https"} or not target.host:
        raise Failure(f"redirects to {shown}: http and https are known", retryable=False)
    if origin.scheme == "https" and target.scheme == "http":
        raise Failure(f"redirects from https to {shown}", retryable=False)
    host = target.raw_host.decode("ascii")
    with trio.move_on_after(limits.connect_seconds):
        addresses = await public_addresses(host, shown)
        return await trio.to_thread.run_sync(_make_client_for_stranger, target, host, addresses, limits)
    raise Failure(f"redirects to {shown}, a host not found within {limits.connect_seconds} s", retryable=True)


def _make_client_for_stranger(
    target: httpx2.URL, host: str, addresses: Sequence[str], limits: FeedLimits
) -> httpx2.AsyncClient:
    proxies = {} if proxy_bypass(host) else getproxies()
    proxy = proxies.get(target.scheme) or proxies.get("all")
    if proxy:  # it looks the name up again, and is trusted with that as with everything else
        proxy = proxy if "://" in proxy else f"http://{proxy}"
        context = httpx2.create_ssl_context()
        return httpx2.AsyncClient(
            proxy=proxy, verify=context, trust_env=False, timeout=_timeout(limits), headers=HEADERS
        )
    return httpx2.AsyncClient(transport=_Pinned(addresses), timeout=_timeout(limits), headers=HEADERS)


class _Pinned(httpx2.AsyncBaseTransport):
    """Connects to addresses that were checked, whatever the name stands for by now. TLS still proves the name."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses
        self._wire = httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        *others, last = self._addresses
        for address in others:
            try:
                return await self._ask(address, request)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue
        return await self._ask(last, request)

    async def _ask(self, address: str, request: httpx2.Request) -> httpx2.Response:
        at_address = httpx2.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,  # among them the host's name
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": request.url.raw_host.decode("ascii")},
        )
        return await self._wire.handle_async_request(at_address)

    async def aclose(self) -> None:
        await self._wire.aclose()


def shown_origin(url: httpx2.URL) -> str:
    """Return where a redirect leads for messages: whatever a stranger wrote, on one line, short, without secrets."""
    shown = f"{url.scheme}://{url.netloc.decode('ascii', 'replace')}"[:SHOWN_CHARS_MAX]
    return "".join(character if character.isprintable() else "?" for character in shown)


async def _body(response: httpx2.Response, taken: int, limits: FeedLimits) -> bytes:
    status = response.status_code
    if not response.is_success:
        raise Failure(f"answered {status}", retryable=status >= 500 or status in WORTH_RETRYING)
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip"}:
        raise Failure(f"packed as {encoding[:SHOWN_CHARS_MAX]!r}, though only gzip was asked for", retryable=False)
    room = limits.bytes_max - taken
    data = bytearray()
    with trio.CancelScope() as reading:
        async for piece in response.aiter_raw():
            await trio.lowlevel.cancel_shielded_checkpoint()  # others want their turn between ten thousand tiny pieces
            if len(data) + len(piece) <= room:
                data += piece
            else:
                reading.cancel()  # the next read raises and so ends every generator of the client; a break would not
    if reading.cancel_called:
        raise too_large(limits)
    if data and encoding.endswith("gzip"):
        return await trio.to_thread.run_sync(unpacked, data, room, limits, abandon_on_cancel=True)
    return bytes(data)


def unpacked(packed: bytes | bytearray, room: int, limits: FeedLimits) -> bytes:
    """Unpack gzip, never more than there is room for. Failure if there is more, or if it is not whole."""
    unpacker = zlib.decompressobj(GZIP_WINDOW)
    try:
        data = unpacker.decompress(packed, room + 1)
    except zlib.error as error:
        raise Failure("the answer cannot be unpacked", retryable=True) from error
    if len(data) > room:
        raise too_large(limits)
    if not unpacker.eof or unpacker.unused_data:
        raise Failure("the answer cannot be unpacked: it is not one whole gzip stream", retryable=True)
    return data


def _failure_of(error: BaseException, limits: FeedLimits) -> Failure:
    """Say in our words what the client says in its own, which may quote the address."""
    match error:
        case httpx2.ConnectTimeout():
            what = f"no connection within {limits.connect_seconds} s"
        case httpx2.TimeoutException():
            what = f"silent for {limits.silence_seconds} s"
        case httpx2.ConnectError():
            return _failure_to_connect(error)
        case httpx2.ProxyError():
            what = "the proxy refused"
        case httpx2.UnsupportedProtocol() | httpx2.LocalProtocolError():
            return Failure("no valid address", retryable=False)
        case httpx2.HTTPError():
            what = "the answer broke off"
        case _:  # of an address that the client, or the resolver, cannot take apart
            return Failure("no valid address", retryable=False)
    return Failure(what, retryable=True)


def _failure_to_connect(error: BaseException) -> Failure:
    """Find the system's reason below the client's. Only that is told: what lies above it names the host."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = cause.verify_message.partition(",")[0]
            return Failure(f"the certificate is not trusted ({why})", retryable=False)
        if isinstance(cause, OSError) and cause.strerror:
            return Failure(f"no connection ({cause.strerror})", retryable=True)
        cause = cause.exceptions[0] if isinstance(cause, BaseExceptionGroup) else cause.__cause__ or cause.__context__
    return Failure("no connection", retryable=True)
