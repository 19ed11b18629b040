"""The stdio transport, in a real process with real descriptors."""

import json
import math
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import IO, Any

import anyio
import psutil
import pytest
import trio
from mcp.shared.message import SessionMessage
from mcp_types.jsonrpc import jsonrpc_message_adapter
from trio.testing import wait_all_tasks_blocked

from tools.stdio import LINE_BYTES_MAX, UNANSWERED_MAX, LineReader, Unanswered, _read_messages

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 20

# A small server: echo answers, wait never does. SIGTERM cancels it, as the program's own ladder does.
SERVER = """
import sys, signal, trio
from mcp.server import Server
from mcp_types import CallToolResult, ListToolsResult, TextContent
from tools.stdio import serve_stdio

messages = 0

async def call_tool(context, params):
    if params.name == "wait":
        await trio.sleep_forever()
    print("stray output")
    return CallToolResult(content=[TextContent(type="text", text=params.arguments["text"])])

async def list_tools(context, params):
    return ListToolsResult(tools=[])

def count():
    global messages
    messages += 1

async def main():
    server = Server("echo", on_call_tool=call_tool, on_list_tools=list_tools)
    async with trio.open_nursery() as nursery:
        async def cancel_on_signal():
            with trio.open_signal_receiver(signal.SIGTERM) as signals:
                async for _ in signals:
                    nursery.cancel_scope.cancel()
        nursery.start_soon(cancel_on_signal)
        await serve_stdio(server, on_message=count)
        nursery.cancel_scope.cancel()
    if "quiet" not in sys.argv:
        print("after", flush=True)
    print(f"served {messages}", file=sys.stderr)

trio.run(main)
"""

HELLO = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def echo(request_id: int, text: str, name: str = "echo") -> dict[str, Any]:
    call = {"name": name, "arguments": {"text": text}}
    return {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": call}


def packed(*messages: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


def start(*options: str, stdin: Any = subprocess.PIPE, stdout: Any = subprocess.PIPE) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", SERVER, *options],
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.fixture
def server() -> Iterator["subprocess.Popen[bytes]"]:
    with start() as process:
        yield process
        process.kill()


def opened(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def say(process: "subprocess.Popen[bytes]", *messages: dict[str, Any]) -> None:
    stdin = opened(process.stdin)
    stdin.write(packed(*messages))
    stdin.flush()


def hear(process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    message: dict[str, Any] = json.loads(opened(process.stdout).readline())
    return message


def served(stderr: bytes) -> int:
    return int(stderr.rsplit(b"served ", 1)[1])


def test_the_end_of_stdin_ends_it_and_every_request_before_is_answered() -> None:
    """So that a script may pipe its questions in and read the answers."""
    with start() as process:
        out, err = process.communicate(packed(HELLO, READY, *(echo(n, "ü") for n in range(1, 200))), SECONDS_MAX)
    assert process.returncode == 0
    assert out.endswith(b"after\n")  # stdout is given back at the end
    answers = [json.loads(line) for line in out.splitlines()[:-1]]
    assert sorted(answer["id"] for answer in answers) == list(range(200))
    assert all("result" in answer for answer in answers)
    assert b"stray output" in err
    assert served(err) == 201


def test_an_empty_stdin_brings_no_message() -> None:
    with start(stdin=subprocess.DEVNULL) as process:
        out, err = process.communicate(timeout=SECONDS_MAX)
    assert (process.returncode, out, served(err)) == (0, b"after\n", 0)


def test_a_last_line_without_its_end_counts_and_a_call_at_work_holds_the_end_up_only_briefly() -> None:
    begun = monotonic()
    with start() as process:
        out, err = process.communicate(packed(HELLO, READY, echo(1, "", "wait"))[:-1], SECONDS_MAX)
    assert process.returncode == 0
    assert served(err) == 3
    assert b"after" in out
    assert monotonic() - begun < SECONDS_MAX / 2


def test_a_signal_ends_it_at_once_while_the_client_stays(server: "subprocess.Popen[bytes]") -> None:
    say(server, HELLO, READY, echo(1, "", "wait"))
    hear(server)
    begun = monotonic()
    server.send_signal(signal.SIGTERM)
    assert server.wait(2) == 0
    assert monotonic() - begun < 2


def test_lines_that_are_no_messages_are_refused_and_passed_over(server: "subprocess.Popen[bytes]") -> None:
    stdin = opened(server.stdin)
    for line in (b"no json\n", b"\n", b"  \n", b"[]\n", b'{"jsonrpc": "1.0"}\n', b"\xff\xfe\n", b"{" * 10_000 + b"\n"):
        stdin.write(line)
    say(server, HELLO, READY, echo(1, "still here"))
    heard = [hear(server) for _ in range(7)]
    assert [message["error"]["code"] for message in heard if "error" in message] == [
        -32700,
        -32600,
        -32600,
        -32700,
        -32700,
    ]
    assert [message["id"] for message in heard if "result" in message] == [0, 1]
    _, err = server.communicate(timeout=SECONDS_MAX)
    assert served(err) == 3
    assert err.count(b"message.malformed") == 5


def test_a_message_of_a_million_values_is_refused_before_it_is_parsed(server: "subprocess.Popen[bytes]") -> None:
    """A parsed value takes so much room that one line could fill the memory."""
    stdin = opened(server.stdin)
    stdin.write(b'{"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"a": [' + b"[]," * 5_000_000 + b"1]}}\n")
    say(server, HELLO)
    assert [hear(server).get("error", {}).get("code") for _ in range(2)] == [-32600, None]
    assert psutil.Process(server.pid).memory_info().rss < 400 * 2**20


def test_large_messages_travel_both_ways(server: "subprocess.Popen[bytes]") -> None:
    text = "ü漢" * 1_000_000
    say(server, HELLO, READY, echo(1, text))
    hear(server)
    assert hear(server)["result"]["content"][0]["text"] == text


def test_an_endless_line_ends_the_stream(server: "subprocess.Popen[bytes]") -> None:
    with suppress(BrokenPipeError):
        for _ in range(LINE_BYTES_MAX // 2**20 + 2):
            opened(server.stdin).write(b"x" * 2**20)
    assert server.wait(SECONDS_MAX) == 0


def test_a_line_that_comes_byte_by_byte_costs_no_more_than_its_bytes() -> None:
    lines, begun = LineReader(-1), monotonic()
    for _ in range(100_000):
        lines._take(b"x")
    assert monotonic() - begun < 5


def test_a_client_that_stops_reading_is_no_error() -> None:
    with start("quiet") as process:
        say(process, HELLO, READY)
        hear(process)
        opened(process.stdout).close()
        say(process, *(echo(n, "x" * 10_000) for n in range(1, 50)))
        opened(process.stdin).close()
        err = opened(process.stderr).read()
        assert process.wait(SECONDS_MAX) == 0
    assert b"client.gone" in err
    assert served(err) == 51
    assert b"Traceback" not in err


def test_a_client_that_never_reads_cannot_hold_the_end_up() -> None:
    """Its pipe fills, so the answers can never be written."""
    begun = monotonic()
    with start("quiet") as process:
        say(process, HELLO, READY, *(echo(n, "x" * 100_000) for n in range(1, 20)))
        opened(process.stdin).close()
        assert process.wait(SECONDS_MAX) == 0
    assert monotonic() - begun < SECONDS_MAX / 2


def test_it_serves_a_socket_pair_as_node_parents_give_it() -> None:
    ours, theirs = socket.socketpair()
    with ours, start(stdin=theirs, stdout=theirs) as process:
        theirs.close()
        ours.sendall(packed(HELLO, READY, echo(1, "x" * 300_000)))
        with ours.makefile("rb") as answers:
            assert json.loads(answers.readline())["id"] == 0
            assert len(json.loads(answers.readline())["result"]["content"][0]["text"]) == 300_000
            ours.shutdown(socket.SHUT_WR)
            assert answers.readline() == b"after\n"
        assert process.wait(SECONDS_MAX) == 0


async def test_requests_beyond_the_bound_wait_in_the_pipe() -> None:
    """A client that asks faster than it is answered must not fill the memory."""
    reading, writing = os.pipe()
    os.write(writing, packed(*({"jsonrpc": "2.0", "id": n, "method": "ping"} for n in range(UNANSWERED_MAX + 10))))
    os.close(writing)
    unanswered, seen = Unanswered(), 0

    def count() -> None:
        nonlocal seen
        seen += 1

    to_server, from_client = anyio.create_memory_object_stream[SessionMessage | Exception](math.inf)
    refusals, refused = anyio.create_memory_object_stream[SessionMessage](0)
    with to_server, from_client, refusals, refused:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_read_messages, LineReader(reading), to_server, refusals, unanswered, count)
            await wait_all_tasks_blocked(0.05)
            assert from_client.statistics().current_buffer_used == UNANSWERED_MAX
            cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 3}}
            unanswered.note_received(jsonrpc_message_adapter.validate_python(cancelled))
            await wait_all_tasks_blocked(0.05)
            assert from_client.statistics().current_buffer_used == UNANSWERED_MAX + 1
            unanswered.forget()
        assert seen == UNANSWERED_MAX + 10
    os.close(reading)


def test_descriptors_stay_blocking_for_whoever_shares_them() -> None:
    reading, writing = os.pipe()
    with start(stdin=reading) as process:
        os.write(writing, packed(HELLO))
        hear(process)
        assert os.get_blocking(reading)
        os.close(writing)
        assert process.wait(SECONDS_MAX) == 0
    os.close(reading)
