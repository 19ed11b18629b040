"""Connections: bounded in number, in time and at the end, whatever their clients do."""

import socket

import httpx2
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.tools.http.serving import LEGACY, META, MODERN, Served, request_bytes, serving, text_of, wait_until
from tools.http import connections, server
from tools.http.plain import PlainProtocol

LARGE = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "large", "arguments": {}, "_meta": META}}
LARGE_BYTES = request_bytes(LARGE, f"mcp-protocol-version: {MODERN}", "mcp-method: tools/call", "mcp-name: large")


async def stalled(served: Served) -> trio.SocketStream:
    """A client that asks for much and reads nothing."""
    plain = trio.socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    await plain.connect(("127.0.0.1", served.port))
    stream = trio.SocketStream(plain)
    await stream.send_all(LARGE_BYTES)
    return stream


async def test_a_connection_beyond_the_bound_takes_the_place_of_the_oldest_idle_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever only opens connections keeps nobody out."""
    monkeypatch.setattr(server, "CONNECTIONS_MAX", 3)
    async with serving() as served:
        open_ones = []
        for count in (1, 2, 3):
            open_ones.append(await served.connect())
            await served.wait_connections(count)
        assert text_of(await served.call("echo")) == "{}"
        assert await open_ones[0].receive_some() == b""
        assert served.traffic.refused == {"idle": 1}
        with trio.move_on_after(0.05) as waiting:
            await open_ones[1].receive_some()
        assert waiting.cancelled_caught, "the others are left alone"
        for stream in open_ones:
            await stream.aclose()


async def test_where_all_are_at_work_a_further_connection_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CONNECTIONS_MAX", 2)
    async with serving() as served, trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(served.call, "wait")
        await served.wait_requests(2)
        async with await served.connect() as further:
            assert bytes(await further.receive_some()).startswith(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1")
        assert served.traffic.refused == {"connections": 1}
        nursery.cancel_scope.cancel()


async def test_a_client_that_does_not_read_loses_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "SEND_SECONDS_MAX", 0.2)
    async with serving() as served:
        async with await stalled(served):
            await served.wait_connections(1)
            assert text_of(await served.call("echo")) == "{}", "others are answered meanwhile"
            await served.wait_connections(1)
        await served.client.aclose()


async def test_an_idle_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "KEEP_ALIVE_SECONDS_MAX", 0.1)
    async with serving() as served, await served.connect() as silent, await served.connect() as slow:
        await slow.send_all(b"GET /health HTTP/1.1\r\nhost: ")  # headers that never end
        assert await silent.receive_some() == b""
        assert await slow.receive_some() == b""


async def test_at_the_end_answers_under_way_are_given() -> None:
    async with serving() as served, trio.open_nursery() as nursery:
        answers: list[str] = []

        async def ask() -> None:
            answers.append(text_of(await served.call("nap", a=1)))

        nursery.start_soon(ask)
        await served.wait_requests(1)
        served.stop.set()
        await served.ended.wait()
        assert served.news.ends == 1
        await wait_until(lambda: bool(answers))
        assert answers == ["{'a': 1}"]


async def test_at_the_end_streams_end_in_order() -> None:
    async with serving() as served:
        session = await served.session()
        headers = {"accept": "text/event-stream", "mcp-session-id": session, "mcp-protocol-version": LEGACY}
        async with served.client.stream("GET", "/mcp", headers=headers) as stream:
            assert stream.status_code == 200
            served.stop.set()
            assert [part async for part in stream.aiter_raw()] == []  # an abrupt end would be an error of the client's
        started = trio.current_time()
        await served.ended.wait()
        assert trio.current_time() - started < 1.0, "nobody was at work, so nobody is waited for"


async def _ask_in_vain(served: Served) -> None:
    with pytest.raises(httpx2.RemoteProtocolError):
        await served.call("wait")


@pytest.mark.parametrize("tool", ["wait", "large"])
async def test_at_the_end_nobody_is_waited_for_in_vain(monkeypatch: pytest.MonkeyPatch, tool: str) -> None:
    monkeypatch.setattr(server, "DRAIN_SECONDS_MAX", 0.2)
    async with serving() as served, trio.open_nursery() as nursery:
        if tool == "wait":
            nursery.start_soon(_ask_in_vain, served)
        stream = await stalled(served)
        await served.wait_requests(2 if tool == "wait" else 1)
        await trio.sleep(0.1)
        served.stop.set()
        with trio.fail_after(2):
            await served.ended.wait()
        await stream.aclose()
        nursery.cancel_scope.cancel()


async def test_a_cancelled_server_ends_at_once_even_while_it_sends() -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="away"), flatten_subgroups=True):
        async with serving() as served:
            stream = await stalled(served)
            await trio.sleep(0.2)
            started = trio.current_time()
            raise RuntimeError("away")
    assert trio.current_time() - started < 1.0
    await stream.aclose()


async def test_a_mistake_in_a_route_is_its_own_end_alone(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as served:
        answer = await served.client.get("/broken")
        assert (answer.status_code, answer.text) == (500, "Internal Server Error")
        assert text_of(await served.call("echo")) == "{}"
    assert "a mistake of ours" in caplog.text


@pytest.mark.parametrize(
    "upgrade",
    [
        "upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
        "upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__",
    ],
)
async def test_an_upgrade_is_an_ordinary_request(upgrade: str) -> None:
    async with serving() as served, await served.connect() as stream:
        await stream.send_all(
            f"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\n{upgrade}\r\n\r\n".encode()
        )
        assert bytes(await stream.receive_some()).startswith(b"HTTP/1.1 200")


async def test_http_2_is_not_spoken() -> None:
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
    async with serving() as served, await served.connect() as stream:
        await stream.send_all(preface)
        assert not bytes(await stream.receive_some()).startswith(b"\0")
        await served.wait_connections(0)


async def test_two_connections_from_one_address_and_port_are_two() -> None:
    """One goes, the other can still be ended."""
    async with serving(host="0.0.0.0") as served:  # noqa: S104  two addresses of one machine
        pair: list[trio.socket.SocketType] = []
        for host in ("127.0.0.1", "127.0.0.2"):
            plain = trio.socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            await plain.bind(("127.0.0.1", pair[0].getsockname()[1] if pair else 0))
            await plain.connect((host, served.port))
            pair.append(plain)
        stalled_one, other = map(trio.SocketStream, pair)
        await stalled_one.send_all(LARGE_BYTES)
        await served.wait_requests(1)
        await other.aclose()
        await served.wait_connections(1)
        started = trio.current_time()
        served.stop.set()
        await served.ended.wait()
        assert trio.current_time() - started < 3, "what was stalled has been cut"
        await stalled_one.aclose()


async def test_a_crash_is_told_without_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of a library may quote the request, and a request holds a token."""

    async def crash(*_: object) -> None:
        raise ValueError("Bearer secret-secret-secret")

    monkeypatch.setattr(PlainProtocol, "handle", crash)
    with capture_logs() as logs:
        async with serving() as served, await served.connect() as stream:
            await stream.send_all(b"GET / HTTP/1.1\r\n\r\n")
            assert not await stream.receive_some()
    (crashed,) = [entry for entry in logs if entry["event"] == "connection.crashed"]
    assert crashed["error"] == "ValueError"
    assert "secret" not in str(logs)


HOSTILE = (
    st.binary(min_size=1, max_size=300)
    | st.builds(lambda junk: b"POST /mcp HTTP/1.1\r\n" + junk, st.binary(max_size=200))
    | st.sampled_from(
        [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 200,
            b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
            b"GET /mcp HTTP/1.1\r\n\r\n",
            b"POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
            b"POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-length: " + b"9" * 5_000 + b"\r\n\r\n",
            b"POST /mcp HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            b"GET /mcp HTTP/1.1\r\nhost: localhost\r\n" + b"x: y\r\n" * 10_000 + b"\r\n",
        ]
    )
)


@given(st.lists(HOSTILE, min_size=1, max_size=5))
@settings(max_examples=40)
def test_no_bytes_do_harm(hostile: list[bytes]) -> None:
    """The server closes or answers, logs no crash, and goes on."""

    async def attack() -> None:
        async with serving() as served:
            for octets in hostile:
                async with await served.connect() as stream:
                    with trio.move_on_after(0.02):
                        await stream.send_all(octets)
                        await stream.receive_some()
            assert text_of(await served.call("echo")) == "{}"

    with capture_logs() as logs:
        trio.run(attack)
    assert "connection.crashed" not in {entry["event"] for entry in logs}
