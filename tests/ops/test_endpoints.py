"""What /health, /ready and /metrics answer, of a process that works and of one that does not."""

# ruff: noqa: ARG001 - a test asks for virtual time by naming autojump_clock

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NoReturn

import attrs
import httpx2
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from trio.testing import MockClock

from ops.endpoints import RETRY_SECONDS, endpoint_routes
from ops.life import Life
from ops.metrics import make_metrics
from ops.readiness import SILENCE_SECONDS_MAX, Glance, readiness, readiness_of, silence_seconds_max
from storage.errors import StoreDamaged, StoreFull, StoreUnavailable
from storage.interface import Committed
from storage.views import GameView
from tests.actors.scenes import EPOCH, GAME, GAME_ID, START, clock_of
from tests.ops.monitoring import leading, options_of
from tools.source import Role
from universe import __version__
from universe.vitals import Parked

TODAY = date(2024, 1, 9)
DAY_SECONDS = 86_400.0
BUSY = clock_of(draws_per_day=227_500)  # a commit every five seconds


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    with leading(tmp_path) as life:
        yield life


@asynccontextmanager
async def client_of(life: Life) -> AsyncIterator[httpx2.AsyncClient]:
    app = Starlette(routes=endpoint_routes(life, make_metrics(life)))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://universe") as client:
        yield client


def check_of(document: dict[str, Any], name: str) -> dict[str, Any]:
    (check,) = [check for check in document["checks"] if check["name"] == name]
    return dict(check)


async def test_health_says_who_answers(life: Life) -> None:
    async with client_of(life) as client:
        answer = await client.get("/health")
    document = answer.json()
    assert answer.status_code == 200
    assert {**document, "uptime_seconds": 0} == {
        "status": "ok", "version": __version__, "role": "leader", "uptime_seconds": 0,
    }  # fmt: skip  # what there is, at a glance
    assert 0 < document["uptime_seconds"] < 60


async def test_a_leader_that_reads_and_writes_is_ready(life: Life) -> None:
    async with client_of(life) as client:
        answer = await client.get("/ready")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "checks": [
            {"name": "store", "ok": True, "detail": "readable"},
            {"name": "writer", "ok": True, "detail": "drawing nothing"},
            {"name": "lag", "ok": True, "detail": f"{GAME_ID}: {(life.today() - EPOCH).days - 2} logical days"},
        ],
    }


async def test_a_process_that_opens_is_alive_and_not_ready(tmp_path: Path) -> None:
    async with client_of(Life(options_of(tmp_path))) as client:
        assert (await client.get("/health")).status_code == 200
        answer = await client.get("/ready")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == str(RETRY_SECONDS)
    assert check_of(answer.json(), "store") == {"name": "store", "ok": False, "detail": "opening"}


async def test_metrics_come_in_the_format_that_is_asked_for(life: Life) -> None:
    async with client_of(life) as client:
        plain = await client.get("/metrics")
        newest = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert newest.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0; charset=utf-8")
    assert f'universe_draws_total{{game_id="{GAME_ID}"}} 250.0\n' in plain.text
    assert newest.text.endswith("# EOF\n")


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics"])
async def test_only_looking_is_allowed_and_nothing_is_kept(life: Life, path: str) -> None:
    async with client_of(life) as client:
        for answer in (await client.get(path), await client.head(path)):
            assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            refused = await client.request(method, path, content=b"x" * 1_000)
            assert refused.status_code == 405
            assert set(refused.headers["allow"].split(", ")) == {"GET", "HEAD"}


@attrs.frozen
class BrokenReader:
    """A store that cannot be read."""

    fault: Exception

    def snapshot(self) -> NoReturn:
        raise self.fault

    def close(self) -> None:
        """There is nothing to close."""


@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        (StoreUnavailable("/home/someone/universe.db: the device fails"), "cannot be read now"),
        (StoreFull("/home/someone/universe.db: no room left on the device"), "no room left on the device"),
        (StoreDamaged("/home/someone/universe.db: damaged"), "damaged"),
        (ValueError("rows of /home/someone/universe.db that nobody wrote"), "cannot be used"),
    ],
)
async def test_a_store_that_fails_is_told_without_its_secrets(life: Life, fault: Exception, detail: str) -> None:
    life.read_from(BrokenReader(fault))  # type: ignore[arg-type]  # all that a glance asks for
    async with client_of(life) as client:
        assert (await client.get("/health")).status_code == 200
        answer, metrics = await client.get("/ready"), await client.get("/metrics")
    assert answer.status_code == 503
    assert check_of(answer.json(), "store") == {"name": "store", "ok": False, "detail": detail}
    assert "someone" not in answer.text + metrics.text
    assert "\nuniverse_store_readable 0.0\n" in metrics.text
    assert "\nuniverse_ready 0.0\n" in metrics.text


async def test_a_parked_writer_makes_the_leader_unready_and_not_its_reason(life: Life) -> None:
    life.board.park("writer", "/home/someone: no room", START)
    async with client_of(life) as client:
        answer = await client.get("/ready")
        life.board.unpark("writer")
        again = await client.get("/ready")
    assert (answer.status_code, again.status_code) == (503, 200)
    assert check_of(answer.json(), "writer") == {"name": "writer", "ok": False, "detail": "parked: writer"}


def view_of(draws_per_day: int = 227_500, watermark: int = 1) -> GameView:
    clock = clock_of(draws_per_day=draws_per_day)
    return GameView(game=GAME, clock=clock, watermark=watermark, phase="running")


def judged(
    *, role: Role = "leader", parked: tuple[str, ...] = (), quiet: float | None = 0.0, view: GameView | None = None
) -> bool:
    seen = Glance(games=(view or view_of(),))
    return readiness(
        seen,
        role=role,
        parked=[Parked(actor=actor, reason="a reason", since=START) for actor in parked],
        quiet_seconds={} if quiet is None else {GAME_ID: quiet},
        logical_day_seconds=DAY_SECONDS,
        today=TODAY,
    ).ready


def test_a_leader_is_ready_as_long_as_it_commits_at_its_pace() -> None:
    assert silence_seconds_max(view_of(), DAY_SECONDS) == SILENCE_SECONDS_MAX + 10
    assert judged(quiet=69)
    assert not judged(quiet=71)
    assert not judged(quiet=71, view=view_of(watermark=0))


def test_a_slow_pace_is_given_its_time() -> None:
    """A draw an hour commits once an hour."""
    assert judged(quiet=7_200, view=view_of(24))
    assert not judged(quiet=7_300, view=view_of(24))


def test_a_game_that_is_not_drawn_needs_no_commits() -> None:
    assert judged(quiet=None)


@pytest.mark.parametrize("role", ["follower", "reader"])
def test_who_only_reads_is_ready_when_it_can(role: Role) -> None:
    assert judged(role=role, parked=("leader",), quiet=1e6)


@pytest.mark.parametrize(
    ("actor", "ready"),
    [("writer", False), ("watcher", False), ("leader", False), ("A.simulator", False), ("A.ingestor", True)],
)
def test_a_publisher_that_contradicts_itself_is_no_fault_of_the_process(actor: str, ready: bool) -> None:
    assert judged(parked=(actor,)) is ready


@given(draws_per_day=st.integers(1, 1_000_000), day_seconds=st.floats(1, 1e9))
def test_the_allowed_silence_is_longer_than_any_pause_of_the_pace(draws_per_day: int, day_seconds: float) -> None:
    pace = draws_per_day / day_seconds
    allowed = silence_seconds_max(view_of(draws_per_day), day_seconds)
    assert allowed >= SILENCE_SECONDS_MAX + 2 / pace
    assert allowed >= SILENCE_SECONDS_MAX + 0.5


@pytest.mark.parametrize("lag_days", [-400, 400])
def test_lag_is_shown_and_makes_nothing_unready(lag_days: int) -> None:
    today = EPOCH + timedelta(days=lag_days)
    found = readiness(
        Glance(games=(view_of(),)), role="leader", parked=(), quiet_seconds={}, logical_day_seconds=DAY_SECONDS,
        today=today,
    )  # fmt: skip  # arguments
    assert found.ready
    assert found.checks[-1].detail == f"{GAME_ID}: {lag_days} logical days"


async def test_signs_of_life_are_counted_from_the_beginning_of_drawing(life: Life, autojump_clock: MockClock) -> None:
    """A game that was halted for a month and goes on has not been silent for a month."""
    board, committed = life.board, Committed(draws={GAME_ID: (1, 2)}, results=(), compared_draws=0)
    board.note_commit(committed)
    await trio.sleep(80_000)

    def ready() -> bool:
        seen = Glance(games=(attrs.evolve(view_of(), clock=BUSY),))
        return readiness_of(life, seen).ready

    assert ready()
    board.simulating.add(GAME_ID)
    await trio.sleep(60)
    assert ready()
    board.note_commit(committed)
    await trio.sleep(69)
    board.simulating.add(GAME_ID)  # as a simulator does on every round: no sign of life
    assert ready()
    await trio.sleep(2)
    assert not ready()
    board.note_commit(committed)
    assert ready()


async def test_a_test_universe_has_no_pace_to_be_held_to(tmp_path: Path, autojump_clock: MockClock) -> None:
    with leading(tmp_path, "test") as life:
        life.board.simulating.add(GAME_ID)
        await trio.sleep(80_000)
        assert readiness_of(life, Glance(games=(view_of(),))).ready
