"""Servers and files that mean harm: each one ends in one error within its bounds, and memory stays flat."""

import gzip
import os
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import trio

from actors.feed import FILE_READERS_MAX, FeedError, fetch_source
from actors.feed_bounds import FeedLimits
from tests.feed_server import Answer, FeedServer, feed_server
from universe.catalogue import shipped_games
from universe.results.document import COLUMNS_MAX, JSON_COMMAS_MAX, ROWS_MAX
from universe.results.reading import read_pages, read_results
from universe.results.result import FormatError

ROOT = Path(__file__).parents[2]
MIB = 2**20
CSV = b"draw_date,main,bonus\n2000-06-07,2 4 11 15 28,16\n"
QUICK = FeedLimits(connect_seconds=1, silence_seconds=0.5, total_seconds=1.5, bytes_max=MIB)
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's own peak")
HEAD = b"HTTP/1.1 200 OK\r\n"
FETCH_AND_MEASURE = """
import re, sys, trio
from actors.feed import FeedError, fetch_source
from actors import feed_http

def rss_mib():
    return int(re.search(r"VmHWM:\\s*([0-9]+) kB", open("/proc/self/status").read())[1]) >> 10

before = rss_mib()
try:
    trio.run(fetch_source, sys.argv[1])
except FeedError as error:
    print(error)
print(rss_mib() - before)
"""


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as running:
        yield running


async def failure(source: str, limits: FeedLimits = QUICK) -> str:
    with trio.fail_after(limits.total_seconds + 2), pytest.raises(FeedError) as caught:
        await fetch_source(source, limits=limits)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 300
    return message


def chunks(*bodies: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(body), body) for body in bodies)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        b"garbage\r\n\r\n",
        b"\x00" * 1000,
        b"\x16\x03\x01\x02\x00" * 100,
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 200 " + b"x" * 500_000,
        HEAD + b"A" * 500_000,
        HEAD + b"A: " + b"b" * 500_000,
        HEAD + b"A: b\r\n" * 100_000,
        HEAD + b"no colon\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n" + CSV,
        HEAD + b"Content-Length: x\r\n\r\n" + CSV,
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + CSV,
        HEAD + b"Content-Length: 1000\r\n\r\n" + CSV,
        HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n" + CSV,
        HEAD + b"Transfer-Encoding: gzip\r\n\r\n" + CSV,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks(CSV),
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + CSV,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 500_000,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 16 + b"\r\n" + CSV,
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe\r\n\r\n",
    ],
)
async def test_what_is_no_answer_is_one_error(server: FeedServer, raw: bytes) -> None:
    await failure(server.serve("/x", Answer(raw=raw)))


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n",
        b"x" * 65_536,
        b"HTTP/1.1 100 Continue\r\n\r\n",
        HEAD + b"A: b\r\n",
        HEAD + b"Content-Length: 99999999999\r\n\r\n",
        HEAD + b"\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks(b"x"),
    ],
)
async def test_what_never_ends_is_cut(server: FeedServer, raw: bytes) -> None:
    await failure(server.serve("/x", Answer(raw=raw, then="endless")))


async def test_a_trickle_is_bounded_by_the_whole_time(server: FeedServer) -> None:
    message = await failure(server.serve("/slow", Answer(CSV * 100, then="trickle")))
    assert "not complete after 1.5 s" in message


async def test_an_answer_that_goes_on_after_its_length_is_cut_there(server: FeedServer) -> None:
    raw = HEAD + b"Content-Length: %d\r\n\r\n" % len(CSV) + CSV + b"more"
    assert await fetch_source(server.serve("/x", Answer(raw=raw))) == [CSV]


async def test_an_answer_in_tiny_pieces_lets_others_have_their_turn(server: FeedServer) -> None:
    raw = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 30_000 + b"0\r\n\r\n"
    url = server.serve("/x", Answer(raw=raw))
    await fetch_source(server.serve("/first", CSV))  # loads the client
    turns = 0
    async with trio.open_nursery() as nursery:

        async def count_turns() -> None:
            nonlocal turns
            while True:
                await trio.lowlevel.checkpoint()
                turns += 1

        nursery.start_soon(count_turns)
        assert await fetch_source(url) == [b"x" * 30_000]
        nursery.cancel_scope.cancel()
    assert turns > 30_000


def bomb(unpacked_bytes: int) -> bytes:
    """Return one megabyte of zeros, packed, again and again; its end is never read."""
    packer = zlib.compressobj(9, wbits=31)
    first = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + again * (unpacked_bytes // MIB - 1)


def fetched_alone(url: str) -> tuple[str, int]:
    """What a process of its own says of this address, and how many MiB it grew by."""
    command = [sys.executable, "-c", FETCH_AND_MEASURE, url]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    message, grown = done.stdout.splitlines()
    return message, int(grown)


@needs_linux
def test_a_bomb_takes_no_more_memory_than_the_bound_twice(server: FeedServer) -> None:
    """4 GiB in 4 MiB. What is unpacked is bounded, and joined from pieces."""
    packed = bomb(4 * 1024 * MIB)
    assert len(packed) < 5 * MIB
    message, grown = fetched_alone(server.serve("/bomb", Answer(packed, headers={"Content-Encoding": "gzip"})))
    assert "more than 33554432 bytes" in message
    assert grown < 120


@needs_linux
def test_an_endless_body_takes_no_more_memory_than_the_bound_twice(server: FeedServer) -> None:
    message, grown = fetched_alone(server.serve("/endless", Answer(b"x" * 65_536, then="endless")))
    assert "more than 33554432 bytes" in message
    assert grown < 100


async def test_a_stream_of_nothing_is_bounded_too(server: FeedServer) -> None:
    """Empty blocks unpack to nothing, however many of them come."""
    packer = zlib.compressobj(0, wbits=31)
    nothing = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH) + b"\0\0\0\xff\xff" * (MIB // 4)
    packed = Answer(nothing, headers={"Content-Encoding": "gzip"})
    assert "more than 1048576 bytes" in await failure(server.serve("/nothing", packed))


async def test_the_bytes_of_unpacked_pages_count_together(server: FeedServer) -> None:
    def page(query: dict[str, str]) -> Answer:
        body = gzip.compress(CSV + b"x" * 400_000 + query["page"].encode())
        return Answer(body, headers={"Content-Encoding": "gzip"})

    server.serve("/api", page)
    await failure(server.url("/api?page={page}"))
    assert len(server.requests) <= 3


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/urandom"])
async def test_a_device_without_end_is_cut(path: str) -> None:
    assert "more than 1048576 bytes" in await failure(path)


async def test_files_that_come_and_go_are_one_error(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "results.csv").write_bytes(CSV)
    (tmp_path / "link").symlink_to(tmp_path / "results.csv")
    assert "symbolic links" in await failure(str(tmp_path / "loop"))
    assert "No such file" in await failure(str(tmp_path / "gone"))
    assert await fetch_source(str(tmp_path / "link")) == [CSV]


async def test_pipes_that_nobody_writes_to_hold_up_no_other_threads(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    limits = FeedLimits(total_seconds=0.05)
    others = trio.to_thread.current_default_thread_limiter()
    for _ in range(2 * FILE_READERS_MAX):
        assert "not complete" in await failure(str(tmp_path / "pipe"), limits)
        assert others.borrowed_tokens == 0
    writer = os.open(tmp_path / "pipe", os.O_RDWR | os.O_NONBLOCK)  # let the abandoned threads go
    await trio.sleep(0.1)
    os.close(writer)
    (tmp_path / "results.csv").write_bytes(CSV)
    with trio.fail_after(5):
        assert await fetch_source(str(tmp_path / "results.csv")) == [CSV]


def test_a_command_that_reads_an_unwritten_pipe_ends_at_a_signal(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    command = [sys.executable, "-m", "ops.main", "ingest", "--data-dir", str(tmp_path / "data"), "--results"]
    with subprocess.Popen([*command, str(tmp_path / "pipe")], cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(2)
        assert process.poll() is None
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
        assert time.monotonic() - began < 2
    assert process.returncode not in {0, None}
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"draw_date,main\n" + b"x\n" * ROWS_MAX, "more than 50,000 lines or records"),
        (b"\n" * (2 * ROWS_MAX), "more than 50,000 lines or records"),
        (b'["draw_date","winning_numbers"' + b",{}" * ROWS_MAX + b"]", "more than 50,000 lines or records"),
        (b'{"PreviousDraws":[{}' + b",{}" * ROWS_MAX + b"]}", "more than 50,000 lines or records"),
        (b'["draw_date","winning_numbers"' + b",0" * JSON_COMMAS_MAX + b"]", "more than 1,000,000 values"),
        (b"draw_date,main" + b",x" * COLUMNS_MAX + b"\n1,2\n", "more than 1,000 columns"),
        (b'["draw_date","winning_numbers",' + b"[" * MIB, "nested too deeply"),
    ],
)
def test_what_would_take_far_more_memory_than_its_bytes_is_refused_as_a_whole(data: bytes, what: str) -> None:
    with pytest.raises(FormatError, match=what):
        read_results(shipped_games()["GAME_001"], data, today=date(2026, 11, 21))


def test_pages_together_have_no_more_rows_than_a_file() -> None:
    page = b"draw_date,main\n" + b"x\n" * (ROWS_MAX // 2)
    with pytest.raises(FormatError, match="more than 50,000 lines or records"):
        read_pages(shipped_games()["GAME_001"], [page, page], today=date(2026, 11, 21))
