"""A process as monitoring meets it: a Life around a small real store, and what it shows, parsed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import trio
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from ops.life import Life
from ops.metrics import Metrics, make_metrics
from ops.options import Target
from ops.place import Mode, Place
from ops.run import RunOptions
from storage.interface import Committed
from storage.reader import Reader
from storage.store import SqliteStore
from tests.actors.scenes import EPOCH, GAME, GAME_ID, START, WEDNESDAY, result
from tests.storage.universes import draw_to, keep, new_store
from universe.settings import Settings, UniverseSettings

DRAWS, DRAWS_PER_DAY = 250, 100
TOOLS = ("get_latest_draws", "verify_draw")
Labels = dict[str, str]


def options_of(folder: Path, mode: Mode = "prod", **given: Any) -> RunOptions:
    """Options of a run in this directory; what is not given is off."""
    settings = Settings(universe=UniverseSettings(logical_day_seconds=given.pop("logical_day_seconds", 86_400.0)))
    nothing = dict.fromkeys((field.name for field in attrs.fields(RunOptions)), None)
    target = Target(place=Place(folder, mode), settings=settings)
    return RunOptions(**{**nothing, "target": target, "games": (), "dry_run": False, **given})


def make_universe(folder: Path, mode: Mode = "prod") -> SqliteStore:
    """A universe with some draws, one result, and one that contradicts it."""
    root = Place(folder, mode).root
    root.mkdir(parents=True)
    store = new_store(root, GAME, DRAWS_PER_DAY, mode=mode, epoch=EPOCH)
    store.change_milestone(GAME_ID, max_draws=1_000)
    draw_to(store, GAME, DRAWS)
    keep(store, GAME, [result(WEDNESDAY)])
    keep(store, GAME, [result(WEDNESDAY, (5, 6))])
    return store


@contextmanager
def leading(folder: Path, mode: Mode = "prod", **given: Any) -> Iterator[Life]:
    """A life that leads a small universe and reads it; its actors do nothing by themselves."""
    store = make_universe(folder, mode)
    life = Life(options_of(folder, mode, **given), role="leader")
    life.read_from(Reader.open(store.location, mode))
    try:
        yield life
    finally:
        life.close()
        store.close()


def busy(life: Life) -> Metrics:
    """Let everything happen once that a metric tells of; return the metrics. Call it within trio."""
    board = life.board
    board.expect([f"{GAME_ID}.simulator"])
    board.simulating.add(GAME_ID)
    board.note_commit(Committed(draws={GAME_ID: (201, 250)}, results=(), compared_draws=0), seconds=0.25)
    board.note_restart(f"{GAME_ID}.simulator")
    board.park("writer", "/secret/path: no room left on the device", START)
    board.expect_feed(GAME_ID, START)
    board.note_feed_failure(GAME_ID)
    life.traffic.connections, life.traffic.requests = 3, 2
    life.traffic.refused["rate"] += 1
    metrics = make_metrics(life, tools=TOOLS, subscriptions=lambda: 7)
    metrics.observe_call("verify_draw", 0.0003, "answered")
    return metrics


def families(metrics: Metrics) -> dict[str, Metric]:
    """What a scrape shows, by the names of the families."""
    text, _ = metrics.exposition()
    found = list(text_string_to_metric_families(text.decode()))
    by_name = {family.name: family for family in found}
    assert len(by_name) == len(found)
    return by_name


def values(metrics: Metrics, name: str) -> dict[tuple[str, ...], float]:
    """The samples of one name, by the values of their labels in the order of their names."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in families(metrics).values()
        for sample in family.samples
        if sample.name == name
    }


def scrape(metrics: Metrics, **added: str) -> dict[str, dict[frozenset[tuple[str, str]], float]]:
    """All samples of a scrape by name and labels, with the labels that the monitoring system adds."""
    found: dict[str, dict[frozenset[tuple[str, str]], float]] = {}
    for family in families(metrics).values():
        for sample in family.samples:
            found.setdefault(sample.name, {})[frozenset({**sample.labels, **added}.items())] = sample.value
    return found


def everything(folder: Path) -> dict[str, dict[frozenset[tuple[str, str]], float]]:
    """A scrape of a process in which everything has happened once, as job ``universe``."""
    shown: dict[str, dict[frozenset[tuple[str, str]], float]] = {}

    async def happen() -> None:
        with leading(folder) as life:
            metrics = busy(life)
            life.board.park(f"{GAME_ID}.ingestor", "a contradiction", START)
            added = {"job": "universe", "instance": "here:8765"}
            shown.update(scrape(metrics, **added), up={frozenset(added.items()): 1.0})

    trio.run(happen)
    return shown
