"""Whatever a source holds beside its host and path stays with the operator: in no message, log, status or database."""

import io
import json
import logging
import string
import traceback
from collections.abc import Iterator
from contextlib import redirect_stderr
from urllib.parse import quote

import attrs
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from actors.feed import FeedError, fetch_source
from actors.feed_bounds import FeedLimits
from actors.feed_pages import shown_source
from actors.feed_results import FeedPlan
from actors.ingestor import run_ingestor
from actors.mail import Letter
from actors.writer import run_writer
from tests.actors.scenes import GAME_ID, make_store, make_world
from tests.feed_server import Answer, FeedServer, feed_server, unused_port

QUICK = FeedLimits(connect_seconds=1, silence_seconds=0.2, total_seconds=2)
SECRET = st.text(string.ascii_letters + string.digits, min_size=12, max_size=20)
AWKWARD = st.text("aB9:/@?#[]%&=+ .,;!$'()*~\\^{}|\"<>\u00e9\u202e\n\t\x00", max_size=8)
FAILING = {
    "/status": Answer(status=404),
    "/html": Answer(b"<html>"),
    "/break": Answer(b"x" * 100, then="break"),
    "/garbage": Answer(raw=b"no answer\r\n\r\n"),
    "/packed": Answer(b"x", headers={"Content-Encoding": "gzip"}),
}


@pytest.fixture(scope="module")
def server() -> Iterator[FeedServer]:
    with feed_server() as running:
        for path, answer in FAILING.items():
            running.serve(path, answer)
        running.serve("/csv", b"draw_date,main,bonus\n2024-01-03,1 2,\n")
        yield running


@st.composite
def addresses(draw: st.DrawFn) -> tuple[str, str]:
    """A secret, and an address with it in one place or another; what is around it may be no address at all."""
    secret = draw(SECRET)
    hidden = draw(AWKWARD) + secret + draw(AWKWARD)
    hidden = quote(hidden, safe="") if draw(st.booleans()) else hidden
    form = draw(
        st.sampled_from(
            [
                "http://me:{}@HOST/PATH",
                "http://{}@HOST/PATH",
                "HTTP://{}:x@HOST/PATH?a=b",
                "http://HOST/PATH?token={}",
                "http://HOST/PATH#{}",
                "http://HOST/PATH?page={{page}}&key={}",
                "https://me:{}@HOST/PATH",
                "ftp://me:{}@HOST/PATH",
                "http:me:{}@HOST/PATH",
            ]
        )
    )
    return secret, form.format(hidden)


def all_that_is_said(error: BaseException) -> str:
    return str(error) + "".join(traceback.format_exception(error)) + repr(error)


@settings(max_examples=80, deadline=None)
@given(addresses(), st.sampled_from([*FAILING, None]))
def test_no_failure_tells_a_secret(server: FeedServer, address: tuple[str, str], path: str | None) -> None:
    secret, form = address
    host = server.base.partition("://")[2] if path else f"127.0.0.1:{unused_port()}"
    source = form.replace("HOST", host).replace("/PATH", path or "/x")
    noted = io.StringIO()
    handler = logging.StreamHandler(noted)
    logging.getLogger().addHandler(handler)
    try:
        with redirect_stderr(noted):
            trio.run(_fetch, source)
    except FeedError as error:
        noted.write(all_that_is_said(error))
    finally:
        logging.getLogger().removeHandler(handler)
    noted.write(shown_source(source))
    assert secret not in noted.getvalue()


async def _fetch(source: str) -> None:
    await fetch_source(source, limits=QUICK)


@settings(max_examples=30, deadline=None)
@given(SECRET, st.sampled_from(["http://me:{}@{}/x", "http://{}/x?k={}", "http://{}/x#{}", "ftp://me:{}@{}/"]))
def test_no_refused_redirect_tells_a_secret(server: FeedServer, secret: str, form: str) -> None:
    words = (secret, "10.0.0.1") if "@" in form else ("10.0.0.1", secret)
    source = server.serve("/away", Answer(status=302, headers={"Location": form.format(*words)}))
    with pytest.raises(FeedError) as caught:
        trio.run(_fetch, f"{source}?app_token={secret}")
    assert secret not in all_that_is_said(caught.value)


@pytest.mark.parametrize("path", [*FAILING, "/csv"])
async def test_neither_log_nor_status_nor_store_of_a_running_universe_has_a_secret(
    server: FeedServer, path: str
) -> None:
    store = make_store()
    kept: list[str] = []
    keep = store.commit

    def commit(units: list[object]) -> object:
        kept.extend(repr(unit) for unit in units)
        return keep(units)  # type: ignore[arg-type]  # a spy

    store.commit = commit  # type: ignore[method-assign, assignment]  # as above
    world = attrs.evolve(make_world(store))
    source = server.url(f"{path}?token=hunter2#hunter2").replace("://", "://me:hunter2@")
    letters, inbox = trio.open_memory_channel[Letter](1)
    bootstrapped = trio.Event()
    with capture_logs() as logs, trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run_writer, inbox, world)
            nursery.start_soon(run_ingestor, FeedPlan(game_id=GAME_ID, source=source), world, letters, bootstrapped)
            await bootstrapped.wait()
            await trio.sleep(0.05)
            nursery.cancel_scope.cancel()
    assert any(line["event"] in {"feed.failed", "feed.fault"} for line in logs) is (path != "/csv")
    assert bool(kept) is (path == "/csv")
    said = json.dumps(logs, default=_with_traceback) + repr(world.board) + repr(kept)
    assert "hunter2" not in said


def _with_traceback(value: object) -> str:
    return all_that_is_said(value) if isinstance(value, BaseException) else repr(value)
