"""The alert rules: they load, ask for what is there, fire in the scene that they are for, and else keep silent."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ops.monitoring import everything
from tests.ops.promql import Vector, World, check_expression, promql_parser

yaml = pytest.importorskip("yaml", reason="needs the development dependency pyyaml")

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "ops" / "deploy" / "alerts.yml"
PAGE = ROOT / "ops" / "docs" / "monitoring.md"
NOW, DAY, HOUR, MINUTE = 1_800_000_000.0, 86_400.0, 3_600.0, 60.0

Shown = dict[str, Vector]
Scene = Callable[[Shown, float], None]  # changes what is shown at a moment, so many seconds after the present


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"] for rule in group["rules"]]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    return everything(tmp_path_factory.mktemp("universe"))


def set_all(shown: Shown, name: str, value: float, **labels: str) -> None:
    """Give all samples of a name that have these labels a value."""
    for found in shown[name]:
        if labels.items() <= dict(found).items():
            shown[name][found] = value


def be_well(shown: Shown, after: float) -> None:
    """A process that has drawn at the production pace, and read its feed, for as long as anyone looks back."""
    shown["universe_parked"].clear()
    set_all(shown, "universe_ready", 1)
    set_all(shown, "universe_clock_timestamp_seconds", NOW + after)
    set_all(shown, "universe_generated_draws_total", 2.6 * (after + 30 * DAY))
    set_all(shown, "universe_lag_logical_days", 3)
    set_all(shown, "universe_completion_ratio", 0.5)
    set_all(shown, "universe_feed_age_seconds", 3 * DAY)
    set_all(shown, "universe_newest_result_age_seconds", 4 * DAY)
    set_all(shown, "universe_evidence_log10", -0.7)
    set_all(shown, "universe_database_bytes", 2e8)
    set_all(shown, "universe_free_bytes", 8e10)
    call_tools(shown, 0.0004, after)


def call_tools(shown: Shown, seconds: float, after: float) -> None:
    """One call a second, each as long."""
    for labels in shown["universe_tool_seconds_bucket"]:
        bound = float(dict(labels)["le"])
        shown["universe_tool_seconds_bucket"][labels] = after + 30 * DAY if bound >= seconds else 0.0


def put(name: str, value: float, **labels: str) -> Scene:
    return lambda shown, _: set_all(shown, name, value, **labels)


def grow(name: str, a_second: float, since: float, **labels: str) -> Scene:
    """Grow from so long ago on; a counter that had stood still."""
    return lambda shown, after: set_all(shown, name, 5 + a_second * max(0.0, after + since), **labels)


def parked(actor: str, game_id: str = "") -> Scene:
    def park(shown: Shown, _: float) -> None:
        (here,) = shown["up"]
        shown["universe_parked"][here | {("actor", actor), ("game_id", game_id)}] = 1.0

    return park


def both(*scenes: Scene) -> Scene:
    def play(shown: Shown, after: float) -> None:
        for scene in scenes:
            scene(shown, after)

    return play


def first_crash(shown: Shown, after: float) -> None:
    """An actor that nobody counted before crashes for the first time."""
    labels = next(found for found in shown["universe_restarts_total"] if dict(found)["actor"] == "simulator")
    if after < -5 * MINUTE:
        del shown["universe_restarts_total"][labels]


def process_restarted(shown: Shown, after: float) -> None:
    """All counters begin anew: that is no crash of an actor."""
    for labels in shown["universe_restarts_total"]:
        shown["universe_restarts_total"][labels] = 3.0 if after < -5 * MINUTE else 0.0


def without_feed(shown: Shown, _: float) -> None:
    shown["universe_feed_age_seconds"].clear()
    set_all(shown, "universe_newest_result_age_seconds", 900 * DAY)


GAME_HALTED = both(put("universe_phase", 0, phase="running"), put("universe_phase", 1, phase="halted"))
IS_STUCK = put("universe_generated_draws_total", 1_000)
LAG_GROWS = grow("universe_lag_logical_days", 1 / DAY, 10 * DAY)
FEED_FAILS = grow("universe_feed_failures_total", 1 / (2 * HOUR), 2 * DAY)

FIRES: list[tuple[str, Scene]] = [
    ("UniverseDown", put("up", 0)),
    ("UniverseNotReady", put("universe_ready", 0)),
    ("UniverseRestarts", first_crash),
    ("UniverseRestarts", grow("universe_restarts_total", 1 / HOUR, 10 * MINUTE, actor="core")),
    ("UniverseParked", parked("writer")),
    ("UniverseParked", parked("simulator", "A_GAME")),
    ("UniverseClockOff", put("universe_clock_timestamp_seconds", NOW - HOUR)),
    ("UniverseClockOff", put("universe_clock_timestamp_seconds", NOW + HOUR)),
    ("UniverseNoCommits", IS_STUCK),
    ("UniverseLagGrowing", LAG_GROWS),
    ("UniverseMilestoneNear", put("universe_completion_ratio", 0.99)),
    ("UniverseFeedStale", FEED_FAILS),
    ("UniverseResultsMissing", put("universe_newest_result_age_seconds", 11 * DAY)),
    ("UniverseResultConflicts", grow("universe_result_conflicts", 1 / HOUR, HOUR)),
    ("UniverseResultConflicts", parked("ingestor", "A_GAME")),
    ("UniverseEvidence", put("universe_evidence_log10", 3.0, stream="real")),
    ("UniverseEvidence", put("universe_evidence_log10", 12.5, stream="synthetic")),
    ("UniverseDiskNearlyFull", put("universe_free_bytes", 1.1e9)),
    ("UniverseDiskFull UniverseDiskNearlyFull", put("universe_free_bytes", 5e7)),
    ("UniverseToolsSlow", lambda shown, after: call_tools(shown, 0.3, after)),
    ("UniverseToolsCrash", grow("universe_tool_calls_total", 1 / MINUTE, MINUTE, outcome="crashed")),
]
SILENT: dict[str, Scene] = {
    "a process that does its work": lambda *_: None,
    "a process that was restarted": process_restarted,
    "a game at its milestone": both(
        GAME_HALTED, put("universe_simulating", 0), IS_STUCK, LAG_GROWS, put("universe_completion_ratio", 1)
    ),
    "a simulation that is ahead of the world": grow("universe_lag_logical_days", -1 / DAY, 10 * DAY),
    "a feed that failed for an evening": both(
        grow("universe_feed_failures_total", 1 / HOUR, 4 * HOUR), put("universe_feed_age_seconds", 4 * HOUR)
    ),
    "a feed that nobody had to ask for days": put("universe_feed_age_seconds", 6 * DAY),
    "a game without a feed": without_feed,
    "evidence that came near": put("universe_evidence_log10", 2.9),
    "calls that are refused": grow("universe_tool_calls_total", 1, DAY, outcome="refused"),
    "no calls at all": lambda shown, _: call_tools(shown, 0, -30 * DAY),
}  # fmt: skip  # a table


def firing(shown: Shown, scene: Scene) -> set[str]:
    """The alerts that are active at the present of a scene."""

    def samples(moment: float) -> Shown:
        now = {name: dict(found) for name, found in shown.items()}
        be_well(now, moment - NOW)
        scene(now, moment - NOW)
        return now

    world = World(samples)
    return {rule["alert"] for rule in rules() if world.evaluate(rule["expr"], NOW)}


@pytest.mark.parametrize(("alerts", "scene"), FIRES)
def test_an_alert_fires_in_its_scene_and_alone(shown: Shown, alerts: str, scene: Scene) -> None:
    assert firing(shown, scene) == set(alerts.split())


@pytest.mark.parametrize("scene", SILENT)
def test_what_is_ordinary_wakes_nobody(shown: Shown, scene: str) -> None:
    assert firing(shown, SILENT[scene]) == set()


def test_every_alert_has_a_scene() -> None:
    assert {alert for alerts, _ in FIRES for alert in alerts.split()} == {rule["alert"] for rule in rules()}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_what_is_shown(shown: Shown, rule: dict[str, Any]) -> None:
    check_expression(rule["expr"], shown)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_why_and_what_to_do(rule: dict[str, Any]) -> None:
    assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
    assert set(rule["labels"]) == {"severity"}
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert set(rule["annotations"]) == {"summary", "description", "reason", "runbook"}
    promql_parser.parse_duration(rule["for"])
    assert re.fullmatch(r"Universe[A-Za-z]+", rule["alert"])


def test_the_page_lists_every_alert_with_its_reason() -> None:
    rows = [
        f"| `{rule['alert']}` | {rule['labels']['severity']} | {rule['for']} | {rule['annotations']['reason']}"
        f" [What to do]({rule['annotations']['runbook'].removeprefix('ops/docs/')}) |"
        for rule in rules()
    ]
    page = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `Universe")]
    assert page == rows, "it should read:\n" + "\n".join(rows)


def test_the_pages_scrape_job_is_the_one_that_the_rules_are_for() -> None:
    (block,) = re.findall(r"```yaml\n(scrape_configs:.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (job,) = yaml.safe_load(block)["scrape_configs"]
    assert job["job_name"] == "universe"
    assert job["authorization"]["credentials_file"]
    assert job.get("metrics_path", "/metrics") == "/metrics"


def test_the_pages_questions_ask_for_what_is_shown(shown: Shown) -> None:
    (block,) = re.findall(r"```promql\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    for expression in block.splitlines():
        check_expression(expression, shown)


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, as repositories show them."""
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_the_runbook_says_what_to_do(rule: dict[str, Any]) -> None:
    path, _, anchor = rule["annotations"]["runbook"].partition("#")
    if not (ROOT / path).exists():
        pytest.skip(f"needs {path}")
    assert anchor in anchors((ROOT / path).read_text("utf-8"))
