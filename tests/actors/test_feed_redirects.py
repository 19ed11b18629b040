"""Where a redirect may lead: within its own origin, or to public addresses, and there to the very ones checked."""

import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import attrs
import httpx2
import pytest
import trio

from actors import feed_addresses, feed_http
from actors.feed import FeedError, fetch_source
from actors.feed_addresses import is_public
from actors.feed_bounds import Failure, FeedLimits
from tests.feed_server import Answer, FeedServer, feed_server

CSV = b"draw_date,main,bonus\n2000-06-07,2 4 11 15 28,16\n"
QUICK = FeedLimits(connect_seconds=2, silence_seconds=0.3, total_seconds=5)
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxy_around_us(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as running:
        yield running


@pytest.fixture
def stranger() -> Iterator[FeedServer]:
    with feed_server() as running:
        yield running


@attrs.define
class Resolver(trio.abc.HostnameResolver):
    """Knows the hosts of a test. Each list of addresses is given once, the last of them ever after."""

    hosts: dict[str, list[list[str]]]
    asked: list[str] = attrs.field(factory=list)

    async def getaddrinfo(  # type: ignore[override]  # asked by position
        self, host: Any, _port: Any, *_: Any, **__: Any
    ) -> Any:
        await trio.lowlevel.checkpoint()
        name = host.decode() if isinstance(host, bytes) else host
        self.asked.append(name)
        if name not in self.hosts:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        answers = self.hosts[name]
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))
            for address in (answers.pop(0) if len(answers) > 1 else answers[0])
        ]

    async def getnameinfo(self, *_: Any) -> Any:
        raise NotImplementedError


def resolving(**hosts: list[list[str]]) -> Resolver:
    resolver = Resolver({f"{name}.example": answers for name, answers in hosts.items()})
    trio.socket.set_custom_hostname_resolver(resolver)
    return resolver


@pytest.fixture
def public_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 127.0.0.1, and no other address, pass for public: the tests' servers are there."""
    monkeypatch.setattr(feed_addresses, "is_public", lambda address: str(address) == "127.0.0.1")


def redirecting(server: FeedServer, target: str, status: int = 302) -> str:
    return server.serve("/old", Answer(status=status, headers={"Location": target}))


async def refusal(source: str) -> str:
    with trio.fail_after(10), pytest.raises(FeedError) as caught:
        await fetch_source(source, limits=QUICK)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 300
    return str(caught.value)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104  nothing is bound to it
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "4000::1",
    ],
)
def test_all_others_are_not(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "017700000001", "127.1", "0", "[::1]", "[::ffff:127.0.0.1]"],
)
async def test_no_spelling_of_this_machine_is_reached_through_a_redirect(
    server: FeedServer, stranger: FeedServer, host: str
) -> None:
    stranger.serve("/results.csv", CSV)
    source = redirecting(server, f"http://{host}:{stranger.port}/results.csv?key=hunter2")
    assert f"redirects to http://{host}:{stranger.port}, which is no public address" in await refusal(source)
    assert not stranger.requests


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_neither_is_what_answers_beside_every_cloud_machine(server: FeedServer, status: int) -> None:
    source = redirecting(server, "http://me:hunter2@169.254.169.254/latest/meta-data?token=hunter2", status)
    message = await refusal(source)
    assert message.endswith("redirects to http://169.254.169.254, which is no public address")


@pytest.mark.usefixtures("public_loopback")
async def test_one_private_address_among_a_hosts_makes_it_private(server: FeedServer, stranger: FeedServer) -> None:
    resolving(mixed=[["127.0.0.1", "127.0.0.2"]])
    assert "no public address" in await refusal(redirecting(server, f"http://mixed.example:{stranger.port}/"))
    assert not stranger.requests


@pytest.mark.usefixtures("public_loopback")
async def test_a_public_host_is_followed_to_and_asked_by_its_name(server: FeedServer, stranger: FeedServer) -> None:
    resolving(feeds=[["127.0.0.1"]])
    stranger.serve("/results.csv", CSV)
    source = redirecting(server, f"http://feeds.example:{stranger.port}/results.csv")
    assert await fetch_source(source, limits=QUICK) == [CSV]
    assert stranger.headers[0]["Host"] == f"feeds.example:{stranger.port}"


@pytest.mark.usefixtures("public_loopback")
async def test_the_address_that_was_checked_is_the_one_connected_to(server: FeedServer, stranger: FeedServer) -> None:
    """A name that means something else a moment later (DNS rebinding) gains nothing."""
    resolver = resolving(rebinding=[["127.0.0.1"], ["127.0.0.9"]])
    stranger.serve("/older", Answer(status=302, headers={"Location": "/results.csv"}))
    stranger.serve("/results.csv", CSV)
    source = redirecting(server, f"http://rebinding.example:{stranger.port}/older")
    assert await fetch_source(source, limits=QUICK) == [CSV]
    assert resolver.asked == ["rebinding.example"]


async def test_a_hosts_next_address_is_tried_when_nobody_answers_at_the_first(
    server: FeedServer, stranger: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_addresses, "is_public", lambda _: True)
    resolving(two=[["127.0.0.2", "127.0.0.1"]])  # the server listens on the second alone
    stranger.serve("/results.csv", CSV)
    source = redirecting(server, f"http://two.example:{stranger.port}/results.csv")
    assert await fetch_source(source, limits=QUICK) == [CSV]


async def test_the_way_back_to_a_private_origin_is_closed(
    server: FeedServer, stranger: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever the operator's server redirects to does not choose what is asked of that server."""
    monkeypatch.setattr(
        feed_addresses, "is_public", lambda _: not stranger.requests
    )  # only until the stranger was asked
    redirecting(server, stranger.url("/old"))
    redirecting(stranger, server.url("/admin?delete=all"))
    assert f"redirects to {server.base}, which is no public address" in await refusal(server.url("/old"))
    assert len(server.requests) == 1


@pytest.mark.usefixtures("public_loopback")
async def test_nothing_of_the_operators_follows_to_another_origin(server: FeedServer, stranger: FeedServer) -> None:
    stranger.serve("/results.csv", CSV)
    leaving = Answer(
        status=302,
        headers={"Location": stranger.url("/results.csv"), "Set-Cookie": "session=hunter2; Domain=127.0.0.1"},
    )
    source = server.serve("/old", leaving).replace("://", "://me:hunter2@")
    assert await fetch_source(source, limits=QUICK) == [CSV]
    assert "Authorization" in server.headers[0]
    assert not {"Authorization", "Cookie"} & stranger.headers[0].keys()
    assert "hunter2" not in str(stranger.headers)


async def test_not_even_to_the_same_host_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the client itself would carry them along."""
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        to_tls = {"Location": "https://feeds.example/"}
        return httpx2.Response(302, headers=to_tls) if request.url.scheme == "http" else httpx2.Response(404)

    def client_of(*_: object) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(answer))

    resolving(feeds=[["8.8.8.8"]])
    monkeypatch.setattr(feed_http, "_make_client_for_stranger", client_of)
    async with client_of() as client:
        with pytest.raises(Failure, match="answered 404"):
            await feed_http.fetch_address(client, "http://me:hunter2@feeds.example/", 0, QUICK)
    assert ["Authorization" in request.headers for request in asked] == [True, False]


async def test_credentials_stay_within_their_origin(server: FeedServer) -> None:
    redirecting(server, server.serve("/results.csv", CSV))
    assert await fetch_source(server.url("/old").replace("://", "://me:hunter2@")) == [CSV]
    assert "Authorization" in server.headers[1]


async def test_a_host_that_cannot_be_found_is_worth_another_try(server: FeedServer) -> None:
    resolving()
    with pytest.raises(FeedError, match=r"redirects to http://gone.example, a host that cannot be found") as caught:
        await fetch_source(redirecting(server, "http://gone.example/"), limits=QUICK)
    assert caught.value.retryable


@pytest.mark.parametrize(
    "target",
    [
        "http://[::1",
        "http://",
        "http:///x",
        "//",
        "x" * 60_000 + "://127.0.0.1/",
        "http://" + "a" * 60_000 + "/",
        "http://h\xf6st\u202e.example/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:-1/",
        "http://a%00b/",
        "http://\x1b[31mred/",
        "file:///etc/passwd",
        "file://127.0.0.1/etc/passwd",
        "data:text/csv,draw_date",
    ],
)
async def test_a_redirect_to_nowhere_is_one_short_line(server: FeedServer, target: str) -> None:
    resolving()
    encoded = target.encode().decode("latin-1")
    message = await refusal(redirecting(server, encoded))
    assert message.isprintable()


@pytest.mark.usefixtures("public_loopback")
async def test_a_proxy_is_used_for_a_stranger_too_but_the_host_is_checked_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with feed_server() as proxy:
        monkeypatch.setenv("http_proxy", proxy.base)
        proxy.serve("/results.csv", CSV)  # a path is all that this proxy looks at
        proxy.serve("/away", Answer(status=302, headers={"Location": "http://hidden.example/results.csv"}))
        proxy.serve("/old", Answer(status=302, headers={"Location": "http://feeds.example/results.csv"}))
        resolver = resolving(feeds=[["127.0.0.1"]], hidden=[["127.0.0.7"]])
        assert await fetch_source("http://origin.example/old", limits=QUICK) == [CSV]
        assert [headers["Host"] for headers in proxy.headers] == ["origin.example", "feeds.example"]
        assert "http://hidden.example, which is no public" in await refusal("http://origin.example/away")
        assert resolver.asked == ["feeds.example", "hidden.example"]
