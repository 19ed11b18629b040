"""Who is let in, how much each may ask, and what is said to the others."""

from collections.abc import AsyncIterator
from functools import partial

import pytest
import trio
from structlog.testing import capture_logs

from tests.tools.http.serving import LEGACY, META, serving, text_of
from tools.http import admission, body
from tools.tokens import tokens_of_environment
from universe.settings import HttpSettings

AGENT, OTHER = "agent-agent-agent", "other-other-other"
TOKENS = tokens_of_environment(f"agent:{AGENT} other:{OTHER}")
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": META}}


async def test_without_tokens_whoever_reaches_it_is_answered() -> None:
    async with serving() as served:
        assert text_of(await served.call("echo", a=1)) == "{'a': 1}"


@pytest.mark.parametrize(
    ("authorization", "reason", "challenge"),
    [
        ({}, "token_missing", "Bearer"),
        ({"authorization": "Basic YTpi"}, "token_missing", "Bearer"),
        ({"authorization": "Bearer"}, "token_missing", "Bearer"),
        ({"authorization": f"Bearer {AGENT}x"}, "token_wrong", 'Bearer error="invalid_token"'),
    ],
)
async def test_a_token_is_asked_for(authorization: dict[str, str], reason: str, challenge: str) -> None:
    async with serving(TOKENS) as served:
        answer = await served.post(LIST, **authorization)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)
        assert "token" in answer.json()["error"]["message"]
        assert AGENT not in answer.text
        assert served.traffic.refused == {reason: 1}
        assert text_of(await served.call("echo", token=AGENT)) == "{}"


async def test_a_session_belongs_to_the_token_that_opened_it() -> None:
    async with serving(TOKENS) as served:
        session = await served.session(authorization=f"Bearer {AGENT}")
        ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
        statuses = [
            (await served.post(ping, authorization=f"Bearer {token}", **{"mcp-session-id": session})).status_code
            for token in (AGENT, OTHER)
        ]
        assert statuses == [200, 404]


@pytest.mark.parametrize(
    ("header", "status", "reason"),
    [
        ({"host": "evil.example"}, 421, "foreign_host"),
        ({"host": "evil.example:80"}, 421, "foreign_host"),
        ({"origin": "http://evil.example"}, 403, "foreign_origin"),
        ({"origin": "null"}, 403, "foreign_origin"),
    ],
)
async def test_foreign_names_are_refused_even_with_a_token(header: dict[str, str], status: int, reason: str) -> None:
    async with serving(TOKENS) as served:
        answer = await served.post(LIST, authorization=f"Bearer {AGENT}", **header)
        assert answer.status_code == status
        assert served.traffic.refused == {reason: 1}


async def test_whoever_watches_needs_neither_name_nor_token() -> None:
    async with serving(TOKENS) as served:
        answer = await served.client.get("/health", headers={"host": "10.0.0.7:8765"})
        assert answer.json() == {"status": "ok"}


async def test_pages_of_allowed_origins_may_ask() -> None:
    preflight = {"access-control-request-method": "POST", "access-control-request-headers": "mcp-session-id"}
    async with serving(TOKENS) as served:
        asked = partial(served.client.options, "/mcp")
        allowed = await asked(headers={"origin": "http://localhost:3000", **preflight})
        assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, "http://localhost:3000")
        foreign = await asked(headers={"origin": "http://evil.example", **preflight})
        assert foreign.status_code == 400
        assert "access-control-allow-origin" not in foreign.headers


async def test_a_client_may_ask_so_often_and_no_oftener() -> None:
    settings = HttpSettings(requests_per_second=1, requests_burst=3)
    async with serving(TOKENS, settings) as served:
        statuses = [(await served.call("echo", token=AGENT)).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        answer = await served.call("echo", token=AGENT)
        assert 1 <= int(answer.headers["retry-after"]) <= 2
        assert "1 times a second, 3 in a burst" in answer.json()["error"]["message"]
        assert (await served.call("echo", token=OTHER)).status_code == 200, "another client is not held up"


async def test_a_client_may_have_so_many_requests_at_work() -> None:
    async with serving(TOKENS, HttpSettings(requests_at_once=2)) as served:
        async with trio.open_nursery() as nursery:
            for _ in range(2):
                nursery.start_soon(partial(served.call, "wait", token=AGENT))
            await served.wait_requests(2)
            answer = await served.call("echo", token=AGENT)
            assert answer.status_code == 429
            assert "2 requests at work" in answer.json()["error"]["message"]
            assert (await served.call("echo", token=OTHER)).status_code == 200
            nursery.cancel_scope.cancel()
        await served.wait_requests(0)
        assert (await served.call("echo", token=AGENT)).status_code == 200, "what has ended counts no more"


async def test_all_clients_together_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "REQUESTS_MAX", 1)
    async with serving() as served, trio.open_nursery() as nursery:
        nursery.start_soon(served.call, "wait")
        await served.wait_requests(1)
        answer = await served.call("echo")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert (await served.client.get("/health")).status_code == 200
        nursery.cancel_scope.cancel()


async def test_a_large_body_is_refused_whether_announced_or_not() -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(160):
            yield b" " * 65_536

    async with serving() as served:
        for content in (b" " * 10_000_000, parts()):
            answer = await served.client.post("/mcp", content=content, headers={"content-type": "application/json"})
            assert answer.status_code == 413
            assert "65,536 bytes" in answer.json()["error"]["message"]
        assert served.traffic.refused == {"too_large": 2}
        assert text_of(await served.call("echo")) == "{}"


async def test_a_body_with_two_lengths_is_refused() -> None:
    """What stands between clients and servers may believe the other one: the gap is where requests are smuggled."""
    async with serving() as served, await served.connect() as stream:
        await stream.send_all(
            b"POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
        )
        answer = bytes(await stream.receive_some())
        assert answer.startswith(b"HTTP/1.1 400")
        assert b"connection: close" in answer
        await served.wait_connections(0)


@pytest.mark.parametrize("path", ["/health", "/ready"])
async def test_what_is_open_to_all_takes_no_body(path: str) -> None:
    async with serving(TOKENS) as served:
        answer = await served.client.request("GET", path, content=b"x" * 100)
        assert answer.status_code == 413
        assert (await served.client.post(path, content=b"x" * 100)).status_code == 401


async def test_a_client_may_have_so_many_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "SESSIONS_MAX", 3)
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
    }
    agent, other = ({"authorization": f"Bearer {token}"} for token in (AGENT, OTHER))
    async with serving(TOKENS, HttpSettings(sessions=2)) as served:
        session = await served.session(**agent)
        await served.session(**agent)
        answer = await served.post(hello, **agent)
        assert answer.status_code == 429
        assert "2 sessions" in answer.json()["error"]["message"]
        await served.session(**other)
        assert (await served.post(hello, **other)).status_code == 503, "all together have a bound too"
        assert text_of(await served.call("echo", token=AGENT)) == "{}", "the other revision needs none"
        assert served.traffic.refused == {"sessions": 2}
        assert (await served.client.delete("/mcp", headers={"mcp-session-id": session, **agent})).status_code == 200
        await served.session(**agent)


async def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "BODY_SECONDS_MAX", 0.1)
    monkeypatch.setattr(body, "DISCARD_SECONDS_MAX", 0.1)
    async with serving() as served, await served.connect() as stream:
        await stream.send_all(b"POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nhalf")
        answer = bytes(await stream.receive_some())
        assert answer.startswith(b"HTTP/1.1 408")
        await served.wait_connections(0)


async def test_what_is_not_there_says_what_is() -> None:
    async with serving() as served:
        answer = await served.client.get("/")
        assert (answer.status_code, answer.json()) == (
            404,
            {"error": "there is nothing here; there is /mcp, /health, /broken"},
        )


async def test_each_answer_can_be_read_in_the_log_without_its_token() -> None:
    async with serving(TOKENS) as served:
        with capture_logs() as logs:
            await served.call("echo", token=AGENT)
    (answered,) = [entry for entry in logs if entry["event"] == "http.answered"]
    assert {key: answered[key] for key in ("method", "path", "status", "client")} == {
        "method": "POST",
        "path": "/mcp",
        "status": 200,
        "client": "agent",
    }
    assert AGENT not in str(logs)
