"""What a scrape shows: the truth of the store and of the process, cheaply, and whatever is wrong with either."""

import math
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import Metric, ProcessCollector
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from actors.historian import HISTORIAN
from actors.prover import PROVER
from ops.life import Life
from ops.metrics import OUTCOMES, TOOL_SECONDS, make_metrics
from ops.metrics_evidence import look_behind
from storage import evidence, fairness
from tests.actors.scenes import EPOCH, GAME_ID, START, WEDNESDAY
from tests.ops.monitoring import DRAWS, DRAWS_PER_DAY, TOOLS, busy, families, leading, options_of, values
from tests.storage.universes import draw_to, keep, new_store, reading, trail
from universe import __version__
from universe.game import Game, Period, Pool
from universe.results.result import RealResult

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "ops" / "docs" / "monitoring.md"
UNITS = re.compile(  # or what is counted
    r"\b(seconds|bytes|days|0 to 1|1|draws|transactions|crashes|calls|results|values|attempts|connections|requests"
    r"|subscriptions|number of)\b",
    re.IGNORECASE,
)


@pytest.fixture
def life(tmp_path: Path) -> object:
    with leading(tmp_path) as life:
        yield life


async def test_the_store_is_shown_as_it_is(life: Life) -> None:
    metrics = busy(life)
    with life.current.snapshot() as snapshot:  # type: ignore[union-attr]  # it leads, so it reads
        universe, (view,) = snapshot.universe, snapshot.games()
    game = (GAME_ID,)
    assert view.watermark == DRAWS
    assert values(metrics, "universe_draws_total") == {game: DRAWS}
    assert values(metrics, "universe_completion_ratio") == {game: DRAWS / 1_000}
    assert values(metrics, "universe_real_results") == {game: 1}
    assert values(metrics, "universe_result_conflicts") == {game: 1}
    assert values(metrics, "universe_draws_per_logical_day") == {game: DRAWS_PER_DAY}
    assert view.committed_at is not None
    assert values(metrics, "universe_last_commit_timestamp_seconds") == {game: view.committed_at.timestamp()}
    assert values(metrics, "universe_phase") == {
        (GAME_ID, phase): float(phase == "running") for phase in ("bootstrap", "initialized", "running", "halted")
    }
    assert values(metrics, "universe_lag_logical_days") == {game: (life.today() - EPOCH - timedelta(days=2)).days}
    (info,) = families(metrics)["universe_info"].samples
    assert info.labels == {
        "version": __version__, "universe_version": universe.version, "mode": "prod",
        "universe_id": universe.universe_id,
    }  # fmt: skip  # what there is, at a glance
    assert values(metrics, "universe_store_readable") == {(): 1}


async def test_the_evidence_is_that_of_the_newest_step(life: Life) -> None:
    with life.current.snapshot() as snapshot:  # type: ignore[union-attr]  # it leads, so it reads
        (view,) = snapshot.games()
        drawn, real = snapshot.evidence(view, "synthetic"), snapshot.evidence(view, "real")
    assert (len(drawn.steps), len(real.steps)) == (DRAWS // DRAWS_PER_DAY, 1)
    assert values(make_metrics(life), "universe_evidence_log10") == {  # by drum, game and stream; it has no bonus
        ("main", GAME_ID, "synthetic"): pytest.approx(drawn.main[-1] / math.log(10)),
        ("main", GAME_ID, "real"): pytest.approx(real.main[-1] / math.log(10)),
    }


def test_what_trails_behind_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both drums of both streams, whole blocks of the proof log, and histories as long as the real one."""
    monkeypatch.setattr(fairness, "HISTORY_DRAWS_MIN", 10)
    daily = Period(start=EPOCH, days=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))
    game = Game(game_id="BOTH", since=EPOCH, main=Pool(picked=2, size=6), bonus=Pool(picked=1, size=3),
                schedule=(daily,))  # fmt: skip  # a game
    results = [
        RealResult(draw_date=EPOCH + timedelta(days=day), main_numbers=(1, 2), bonus_numbers=(1,)) for day in range(12)
    ]
    with new_store(tmp_path, game, DRAWS_PER_DAY) as store, reading(store) as reader:
        draw_to(store, game, 2_100)
        keep(store, game, results)
        trail(store, game, PROVER, HISTORIAN)
        with reader.snapshot() as snapshot:
            games = snapshot.games()
            paths = {stream: snapshot.evidence(games[0], stream) for stream in ("synthetic", "real")}
        (behind,) = look_behind(store.location, games)
    assert (behind.game_id, behind.logged_draws, behind.histories) == ("BOTH", 2_048, 2_100 // 12)
    assert behind.evidence == {
        (stream, drum): pytest.approx(logs[-1] / math.log(10))
        for stream, path in paths.items()
        for drum, logs in (("main", path.main), ("bonus", path.bonus))
    }
    assert behind.evidence["real", "main"] > 3


async def test_evidence_that_cannot_be_read_spoils_no_scrape(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    def newest(*_: object) -> None:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "damaged")

    monkeypatch.setattr(evidence, "newest_evidence", newest)
    metrics = make_metrics(life)
    assert values(metrics, "universe_draws_total") == {(GAME_ID,): DRAWS}
    assert values(metrics, "universe_evidence_log10") == values(metrics, "universe_null_histories") == {}


async def test_the_process_is_shown_as_it_is(life: Life) -> None:
    metrics = busy(life)
    game = (GAME_ID,)
    assert values(metrics, "universe_generated_draws_total") == {game: 50}
    assert values(metrics, "universe_simulating") == {game: 1}
    assert values(metrics, "universe_commits_total") == values(metrics, "universe_commit_seconds_count") == {(): 1}
    assert values(metrics, "universe_commit_seconds_sum") == {(): 0.25}
    assert values(metrics, "universe_role") == {("leader",): 1, ("follower",): 0, ("reader",): 0}
    assert values(metrics, "universe_restarts_total") == {("core", ""): 0, ("simulator", GAME_ID): 1}
    assert values(metrics, "universe_parked") == {("writer", ""): 1}
    assert values(metrics, "universe_ready") == {(): 0}
    assert values(metrics, "universe_http_connections") == {(): 3}
    assert values(metrics, "universe_http_requests") == {(): 2}
    assert values(metrics, "universe_http_refused_total") == {("rate",): 1}
    assert values(metrics, "universe_subscriptions") == {(): 7}
    assert 0 < values(metrics, "universe_uptime_seconds")[()] < 60
    assert abs(values(metrics, "universe_clock_timestamp_seconds")[()] - time.time()) < 60


async def test_a_feed_is_as_old_as_its_last_reading_and_before_that_as_its_first_question(life: Life) -> None:
    metrics = busy(life)
    now = datetime.now(UTC)
    (age,) = values(metrics, "universe_feed_age_seconds").values()
    assert abs(age - (now - START).total_seconds()) < 60
    assert values(metrics, "universe_feed_failures_total") == {(GAME_ID,): 1}
    life.board.note_feed_read(GAME_ID, now - timedelta(hours=1))
    (age,) = values(metrics, "universe_feed_age_seconds").values()
    assert 3_600 <= age < 3_660
    (newest,) = values(metrics, "universe_newest_result_age_seconds").values()
    assert (
        abs(newest - (now - datetime(WEDNESDAY.year, WEDNESDAY.month, WEDNESDAY.day, tzinfo=UTC)).total_seconds()) < 60
    )


async def test_a_game_without_a_feed_has_no_age_of_one(life: Life) -> None:
    metrics = make_metrics(life)
    assert values(metrics, "universe_feed_age_seconds") == values(metrics, "universe_feed_failures_total") == {}


async def test_files_and_the_disk_are_measured(life: Life) -> None:
    metrics = make_metrics(life)
    database = life.options.target.place.database
    assert values(metrics, "universe_database_bytes") == {(): database.stat().st_size}
    assert values(metrics, "universe_log_bytes") == {(): database.with_name("universe.db-wal").stat().st_size}
    assert values(metrics, "universe_free_bytes")[()] > 0
    assert values(metrics, "universe_process_resident_memory_bytes")[()] > 0


async def test_a_universe_in_memory_has_no_files(tmp_path: Path) -> None:
    """What another run left in the directory is not its own."""
    with leading(tmp_path, "test", dry_run=True) as life:
        seen = families(make_metrics(life))
    of_files = ("database_bytes", "log_bytes", "free_bytes", "evidence_log10", "proof_log_draws", "null_histories")
    assert not [name for name in seen if name.endswith(of_files)]


async def test_what_cannot_be_read_is_absent_and_said_so(life: Life) -> None:
    """A device that fails, a closed connection, bytes that are no universe: monitoring goes on and shows it."""
    metrics = busy(life)
    readable = set(_with_samples(families(metrics)))
    life.current.close()  # type: ignore[union-attr]  # it leads, so it reads
    seen = families(metrics)
    assert seen["universe_store_readable"].samples[0].value == 0
    assert readable - set(_with_samples(seen)) == {
        "universe_draws", "universe_last_commit_timestamp_seconds", "universe_draws_per_logical_day",
        "universe_lag_logical_days", "universe_completion_ratio", "universe_real_results", "universe_result_conflicts",
        "universe_newest_result_age_seconds", "universe_phase", "universe_evidence_log10", "universe_proof_log_draws",
        "universe_null_histories",
    }  # fmt: skip  # a list of names
    (info,) = seen["universe_info"].samples
    assert (info.labels["universe_id"], info.labels["version"]) == ("", __version__)


async def test_a_process_that_has_opened_nothing_yet_can_be_scraped(tmp_path: Path) -> None:
    metrics = make_metrics(Life(options_of(tmp_path / "nowhere")), tools=TOOLS)
    assert values(metrics, "universe_store_readable") == values(metrics, "universe_ready") == {(): 0}
    assert values(metrics, "universe_free_bytes") == {}


async def test_a_system_that_tells_nonsense_of_the_process_spoils_no_scrape(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    def collect(_: ProcessCollector) -> list[Metric]:
        raise ValueError("could not convert string to float: 'unlimited'")

    monkeypatch.setattr(ProcessCollector, "collect", collect)
    assert values(make_metrics(life), "universe_draws_total") == {(GAME_ID,): DRAWS}


def _with_samples(seen: dict[str, Metric]) -> list[str]:
    return [name for name, family in seen.items() if family.samples]


async def test_calls_are_counted_by_outcome_and_timed_by_tool(life: Life) -> None:
    metrics = busy(life)
    metrics.observe_call("verify_draw", 0.3, "crashed")
    calls = values(metrics, "universe_tool_calls_total")
    assert calls == {(outcome, tool): 0 for tool in TOOLS for outcome in OUTCOMES} | {
        ("answered", "verify_draw"): 1,
        ("crashed", "verify_draw"): 1,
    }
    buckets = values(metrics, "universe_tool_seconds_bucket")
    assert buckets["0.0002", "verify_draw"] == 0
    assert buckets["0.0005", "verify_draw"] == 1
    assert buckets["0.5", "verify_draw"] == 2
    assert {le for le, _ in buckets} == {*map(str, TOOL_SECONDS), "+Inf"}
    assert values(metrics, "universe_tool_seconds_sum")["verify_draw",] == pytest.approx(0.3003)


async def test_every_name_is_ours_and_says_what_it_counts(life: Life) -> None:
    for name, family in families(busy(life)).items():
        assert name.startswith("universe_")
        assert family.documentation.endswith("."), name
        assert UNITS.search(family.documentation), f"{name}: {family.documentation}"


async def test_nothing_that_is_for_the_log_alone_is_shown(life: Life) -> None:
    text, _ = busy(life).exposition()
    assert b"secret" not in text
    assert str(life.options.target.place.root).encode() not in text


async def test_openmetrics_is_spoken_to_those_who_ask_for_it(life: Life) -> None:
    metrics = busy(life)
    text, content_type = metrics.exposition("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2")
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    names = {family.name for family in parse_openmetrics(text.decode())}  # type: ignore[no-untyped-call]
    assert "universe_draws" in names
    assert metrics.exposition("*/*")[1].startswith("text/plain; version=0.0.4")


@pytest.mark.parametrize("accept", ["application/openmetrics-text; version=newest", "text/plain;version=", ";;=,=;,é"])
async def test_an_accept_header_of_nonsense_gets_the_plain_format(life: Life, accept: str) -> None:
    text, content_type = make_metrics(life).exposition(accept)
    assert content_type.startswith(("text/plain", "application/openmetrics-text"))
    assert b"universe_draws_total" in text


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system does not tell of the process")
async def test_the_page_explains_every_metric_and_no_other(life: Life) -> None:
    life.board.park(f"{GAME_ID}.ingestor", "a contradiction", START)
    rows = [row_of(family) for family in families(busy(life)).values()]
    page = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `universe_")]
    assert page == rows, "it should read:\n" + "\n".join(rows)


def row_of(family: Metric) -> str:
    """A metric as the page has it."""
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
    return f"| `{name}` | {family.type} | {' '.join(f'`{label}`' for label in labels)} | {family.documentation} |"


def test_stdio_does_without_metrics_and_metrics_without_arrays() -> None:
    for modules, heavy in (
        ("ops.serving, ops.process, ops.endpoints", ("prometheus_client", "numpy", "apsw")),
        ("ops.metrics", ("numpy", "apsw")),
    ):
        code = f"import sys, {modules}; print([m for m in {heavy} if m in sys.modules])"
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout == "[]\n"
