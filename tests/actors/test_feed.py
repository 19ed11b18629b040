"""The feed's promises: all of a source within bounds, or one error that says what is wrong and gives nothing away."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import trio

from actors.feed import FeedError, fetch_source
from actors.feed_bounds import FeedLimits
from actors.feed_pages import SOCRATA_ROWS_PER_PAGE, page_plan, shown_source
from tests.feed_server import Answer, FeedServer, feed_server, unused_port
from universe.catalogue import shipped_games
from universe.results.reading import read_pages
from universe.results.result import FormatError

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "results"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared results are not beside the project")
TODAY = date(2026, 11, 21)
GAME_001 = shipped_games()["GAME_001"]
GAME_002 = shipped_games()["GAME_002"]
CSV = b"draw_date,main,bonus\n2000-06-07,2 4 11 15 28,16\n"
QUICK = FeedLimits(connect_seconds=2, silence_seconds=0.3, total_seconds=5)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as running:
        yield running


async def failure(source: str, limits: FeedLimits = QUICK) -> FeedError:
    """Fetch what cannot be fetched; whatever comes out must be one line."""
    with trio.fail_after(10), pytest.raises(FeedError) as caught:
        await fetch_source(source, limits=limits)
    assert "\n" not in str(caught.value)
    return caught.value


async def test_a_path_is_read(tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_bytes(CSV)
    assert await fetch_source(str(tmp_path / "results.csv")) == [CSV]


@pytest.mark.parametrize("name", ["missing.csv", ".", "nul\0.csv", "x" * 5000])
async def test_a_path_that_cannot_be_read_is_one_error(tmp_path: Path, name: str) -> None:
    error = await failure(str(tmp_path / name))
    assert error.retryable is ("\0" not in name)  # where a file can be, one may be put


async def test_a_pipe_that_nobody_writes_to_ends_with_the_time(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    error = await failure(str(tmp_path / "pipe"), FeedLimits(total_seconds=0.2))
    assert error.retryable
    with (tmp_path / "pipe").open("wb"):  # let the abandoned thread go
        pass


async def test_a_path_larger_than_the_bound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * 101)
    assert "more than 100 bytes" in str(await failure(str(tmp_path / "large"), FeedLimits(bytes_max=100)))
    assert await fetch_source(str(tmp_path / "large"), limits=FeedLimits(bytes_max=101)) == [b"x" * 101]


async def test_any_other_address_is_one_page(server: FeedServer) -> None:
    assert await fetch_source(server.serve("/results.csv", CSV)) == [CSV]
    assert server.headers[0]["User-Agent"].startswith("synthetic-lottery-universe/")


@needs_shared
async def test_numbered_pages_are_counted_until_an_empty_one(server: FeedServer) -> None:
    paths = sorted((SHARED / "derived" / "calottery_drawgameapi_superlotto").glob("page*.json"))
    url = server.serve_pages("/api", [path.read_bytes() for path in paths])
    pages = await fetch_source(url)
    assert [query["page"] for _, query in server.requests] == ["1", "2", "3", "4", "5", "6", "7"]
    reading = read_pages(GAME_001, pages, today=TODAY)
    assert (reading.format_name, reading.rows, len(reading.results)) == ("calottery-api", 107, 107)


@needs_shared
async def test_socrata_is_asked_page_by_page_in_a_fixed_order(server: FeedServer) -> None:
    records = json.loads((SHARED / "derived" / "ny_powerball_socrata.json").read_text())
    pages = await fetch_source(server.serve_socrata("d6yy-54nr", records))
    assert [(query["$offset"], query["$limit"], query["$order"]) for _, query in server.requests] == [
        ("0", "1000", "draw_date"),
        ("1000", "1000", "draw_date"),
    ]
    reading = read_pages(GAME_002, pages, today=TODAY)
    assert (reading.rows, len(reading.results), reading.before_matrix) == (1926, 1335, 591)
    assert not reading.invalid


async def test_socrata_ends_with_an_empty_page_when_the_last_one_was_full(server: FeedServer) -> None:
    records = [{"draw_date": f"{number:05}", "winning_numbers": ""} for number in range(2 * SOCRATA_ROWS_PER_PAGE)]
    pages = await fetch_source(server.serve_socrata("full", records))
    assert len(pages) == 3
    assert pages[-1] == b"[]"


async def test_socrata_with_a_limit_of_its_own_is_one_page(server: FeedServer) -> None:
    url = server.serve_socrata("own", [{"draw_date": "2000-06-07", "winning_numbers": "1"}])
    await fetch_source(url + "?$limit=1&$order=draw_date")
    assert server.requests == [("/resource/own.json", {"$limit": "1", "$order": "draw_date"})]


def test_an_order_and_other_parameters_of_the_source_are_kept() -> None:
    address = page_plan("https://data.example/resource/ab.json?$order=x&$where=y%20>%201").address(3)
    assert address == "https://data.example/resource/ab.json?$order=x&$where=y+%3E+1&$limit=1000&$offset=2000"


async def test_a_server_that_ignores_the_page_number_is_found_out(server: FeedServer) -> None:
    server.serve("/same", CSV)
    error = await failure(server.url("/same?page={page}"))
    assert "page 2 repeats page 1" in str(error)
    assert len(server.requests) == 2


async def test_pages_without_end_are_bounded(server: FeedServer) -> None:
    server.serve("/api", lambda query: Answer(CSV + b"\n" * int(query["page"])))
    error = await failure(server.url("/api?page={page}"), FeedLimits(pages_max=4))
    assert "more than 4 pages" in str(error)
    assert len(server.requests) == 4


async def test_all_pages_together_stay_within_the_bytes(server: FeedServer) -> None:
    server.serve("/api", lambda query: Answer(CSV + b"\n" * int(query["page"])))
    await failure(server.url("/api?page={page}"), FeedLimits(bytes_max=3 * len(CSV)))
    assert len(server.requests) == 3


async def test_a_page_that_cannot_be_read_ends_the_paging_and_is_named_when_read(server: FeedServer) -> None:
    url = server.serve_pages("/api", [CSV, b"<html>sorry</html>", b""])
    pages = await fetch_source(url)
    assert pages == [CSV, b"<html>sorry</html>"]
    with pytest.raises(FormatError, match=r"page 2: not csv .* begins with '<html>sorry</html>'"):
        read_pages(GAME_001, pages, today=TODAY)


@pytest.mark.parametrize(
    ("status", "retryable"), [(400, False), (404, False), (429, True), (500, True), (503, True), (304, False)]
)
async def test_a_refusal_names_its_status(server: FeedServer, status: int, retryable: bool) -> None:
    error = await failure(server.serve("/status", Answer(status=status)))
    assert f"answered {status}" in str(error)
    assert error.retryable is retryable


async def test_a_page_that_is_missing_is_no_end_of_the_pages(server: FeedServer) -> None:
    server.serve("/api", lambda query: Answer(CSV) if query["page"] == "1" else Answer(status=404))
    assert "answered 404" in str(await failure(server.url("/api?page={page}")))


async def test_a_refused_connection_is_worth_another_try() -> None:
    error = await failure(f"http://127.0.0.1:{unused_port()}/results.csv")
    assert "no connection" in str(error)
    assert error.retryable


async def test_a_stall_is_not_waited_out(server: FeedServer) -> None:
    error = await failure(server.serve("/stall", Answer(CSV, then="stall")))
    assert "silent for 0.3 s" in str(error)
    assert error.retryable


async def test_the_whole_fetch_is_bounded_in_time(server: FeedServer) -> None:
    error = await failure(server.serve("/stall", Answer(CSV, then="stall")), FeedLimits(total_seconds=0.3))
    assert "not complete after 0.3 s" in str(error)
    assert error.retryable


async def test_an_answer_that_breaks_off_is_no_answer(server: FeedServer) -> None:
    error = await failure(server.serve("/break", Answer(CSV, then="break")))
    assert "broke off" in str(error)
    assert error.retryable


async def test_endless_data_is_cut(server: FeedServer) -> None:
    error = await failure(server.serve("/endless", Answer(b"x" * 65536, then="endless")), FeedLimits(bytes_max=10**6))
    assert "more than 1000000 bytes" in str(error)
    assert not error.retryable


async def test_what_a_small_answer_unpacks_to_is_bounded_too(server: FeedServer) -> None:
    bomb = Answer(gzip.compress(bytes(10**7)), headers={"Content-Encoding": "gzip"})
    assert "more than 1000000 bytes" in str(await failure(server.serve("/bomb", bomb), FeedLimits(bytes_max=10**6)))


async def test_a_compressed_answer_is_unpacked(server: FeedServer) -> None:
    packed = Answer(gzip.compress(CSV), headers={"Content-Encoding": "gzip"})
    assert await fetch_source(server.serve("/packed", packed)) == [CSV]


@pytest.mark.parametrize(
    "body",
    [CSV, gzip.compress(CSV)[:-1], gzip.compress(CSV) + b"more", gzip.compress(CSV) + gzip.compress(CSV)],
    ids=["not packed", "cut", "more behind it", "twice"],  # else the time of packing is in a test's name
)
async def test_a_compressed_answer_that_cannot_be_unpacked_is_one_error(server: FeedServer, body: bytes) -> None:
    broken = Answer(body, headers={"Content-Encoding": "gzip"})
    assert "unpacked" in str(await failure(server.serve("/broken", broken)))


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "identity, gzip", "x" * 5000])
async def test_only_what_was_asked_for_is_unpacked(server: FeedServer, encoding: str) -> None:
    error = await failure(server.serve("/odd", Answer(CSV, headers={"Content-Encoding": encoding})))
    assert f"packed as '{encoding[:100]}'" in str(error)
    assert len(str(error)) < 250
    assert server.headers[0]["Accept-Encoding"] == "gzip"


async def test_an_empty_answer_has_nothing_to_unpack(server: FeedServer) -> None:
    assert await fetch_source(server.serve("/empty", Answer(headers={"Content-Encoding": "gzip"}))) == [b""]


async def test_redirects_are_followed(server: FeedServer) -> None:
    target = server.serve("/results.csv", CSV)
    server.serve("/old", Answer(status=302, headers={"Location": "/older"}))
    server.serve("/older", Answer(status=301, headers={"Location": target}))
    assert await fetch_source(server.url("/old")) == [CSV]


async def test_redirects_in_a_circle_end(server: FeedServer) -> None:
    error = await failure(server.serve("/circle", Answer(status=302, headers={"Location": "/circle"})))
    assert "more than 5 redirects" in str(error)
    assert len(server.requests) == 6


async def test_a_redirect_with_an_endless_body_is_followed_without_reading_it(server: FeedServer) -> None:
    target = server.serve("/results.csv", CSV)
    endless = Answer(b"x" * 65536, status=302, headers={"Location": target}, then="endless")
    assert await fetch_source(server.serve("/endless", endless), limits=FeedLimits(bytes_max=1000)) == [CSV]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "javascript:1", "gopher:x"])
async def test_redirects_lead_nowhere_but_to_http(server: FeedServer, target: str) -> None:
    error = await failure(server.serve("/away", Answer(status=302, headers={"Location": target})))
    assert not error.retryable


async def test_an_unknown_scheme_is_named() -> None:
    assert "unknown scheme 'ftp': http and https are known" in str(await failure("ftp://127.0.0.1/x"))


@pytest.mark.parametrize(
    "source", ["ftp://127.0.0.1/x", "file:///etc/passwd", "http://", "http:x", "http://[::1", "x://"]
)
async def test_an_address_that_cannot_be_asked_is_one_error(source: str) -> None:
    error = await failure(source)
    assert not error.retryable


@pytest.mark.parametrize("failing", [Answer(status=500), Answer(CSV, then="stall"), Answer(CSV, then="break")])
async def test_secrets_of_an_address_appear_nowhere(
    server: FeedServer, failing: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    server.serve("/feed", failing)
    url = server.url("/feed?app_token=hunter2").replace("://", "://me:hunter2@")
    error = await failure(url)
    assert "Authorization" in server.headers[0]
    assert "hunter2" not in str(error) + caplog.text
    assert str(error).startswith("http://***@127.0.0.1:")


@pytest.mark.parametrize(
    "source",
    [
        "https://user:hunter2@host/path",
        "https://hunter2@host/path?a=1",
        "https://user:p@hunter2@host/path",
        "HTTPS://user:hunter2@host/path",
        "http:user:hunter2@host/path",
        "https://host/path?token=hunter2",
        "https://host/path#hunter2",
        "https://user:hunter2@[host/path",
        "https://us\ner:hunter2@host/pa\nth",
    ],
)
async def test_a_source_is_shown_without_its_secrets(source: str) -> None:
    shown = shown_source(source)
    assert "hunter2" not in shown
    assert "host/pa" in shown
    assert shown.isprintable()


@pytest.mark.parametrize(
    "source",
    [
        "https://user:p/hunter2@host/path",
        "https://user:p?hunter2@host/path",
        "https://host/path?token=@hunter2",
        "https://host/path#@hunter2",
        "https://host/@hunter2",
        " https://hunter2/@host",
    ],
)
async def test_a_source_of_which_any_part_may_be_secret_is_not_shown(source: str) -> None:
    assert shown_source(source).strip() == "https://***"


async def test_a_cancelled_fetch_is_over_at_once(server: FeedServer) -> None:
    url = server.serve("/stall", Answer(CSV, then="stall"))
    with trio.fail_after(5), trio.move_on_after(0.2) as scope:
        await fetch_source(url)
    assert scope.cancelled_caught


async def test_the_event_loop_stays_free_while_the_client_loads(server: FeedServer) -> None:
    url = server.serve("/results.csv", CSV)
    longest = 0.0
    async with trio.open_nursery() as nursery:

        async def watch() -> None:
            nonlocal longest
            while True:
                before = trio.current_time()
                await trio.sleep(0.005)
                longest = max(longest, trio.current_time() - before)

        nursery.start_soon(watch)
        await fetch_source(url)
        nursery.cancel_scope.cancel()
    assert longest < 0.5


def test_a_start_without_an_address_does_not_load_the_client() -> None:
    script = "import sys, actors.feed; sys.exit('httpx2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0
