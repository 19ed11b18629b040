"""Whatever ends a commit, a fold, a checkpoint, an archive or a migration, and wherever: nothing is lost or halved.

``python -m tests.crash --systematic`` visits every state of which these tests visit some.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from unittest.mock import patch

import apsw
import pytest

from storage import access, connection
from storage.connection import Location, open_writer
from storage.errors import StoreUnavailable
from tests.crash.points import Thinning, Visits
from tests.crash.scene import BUSY_MS, draw_dates, results
from tests.crash.steps import Archive, Commit, Extend, Initialise, Life, Register, Step
from tests.crash.sweeps import sweep, sweep_syncs
from tests.crash.systematic import CREATED, SCENES, Scene, visit_scene

FEW = Thinning(killed_max=4, in_order_max=2, cuts=2)
CUTS = Thinning(killed_max=0, in_order_max=3, cuts=4)
NOTHING_MORE = Thinning(killed_max=0, in_order_max=1, cuts=0)  # than what was synced: the least that a power cut leaves

A_COMMIT = Scene("a commit", CREATED, (Commit((("PLAIN", 1, 12),)), Commit((("BONUS", 1, 5),))))

every_scene = pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
Record = Callable[[str, object], None]


def no_failure(visits: Visits, record_property: Record) -> None:
    record_property("visits", str(visits))
    assert not visits.failures, f"{visits}; the first: {visits.failures[:3]}"
    assert visits.distinct > 10


@every_scene
def test_every_crash_point_leaves_what_was_acknowledged(scene: Scene, lab: Path, record_property: Record) -> None:
    no_failure(visit_scene(scene, lab, FEW), record_property)


@every_scene
def test_a_fault_costs_a_retry_and_nothing_else(scene: Scene, lab: Path, record_property: Record) -> None:
    visits = sweep(scene, lab, stride=10)
    no_failure(visits, record_property)
    assert visits.faults


@every_scene
def test_a_sync_that_fails_and_forgets_loses_nothing(scene: Scene, lab: Path, record_property: Record) -> None:
    """The machine drops the pages that it could not write, and says so once: what was kept in them is kept again."""
    visits = sweep_syncs(scene, lab, times=(1,), thinning=NOTHING_MORE)
    no_failure(visits, record_property)
    assert visits.faults


@pytest.mark.parametrize(
    "step",
    [
        Commit((("PLAIN", 1, 60),), ahead=True),
        Commit(others=(results("BONUS", draw_dates("BONUS", 3)),)),
        Extend("PLAIN", 7),
        Register("PLAIN"),
        Initialise("PLAIN"),
        Archive(),
    ],
    ids=lambda step: type(step).__name__,
)
def test_a_locked_universe_is_waited_for(step: Step, lab: Path) -> None:
    """Shared memory and its locks pass no VFS: another connection holds the lock instead."""
    life = Life(lab)
    for done in CREATED:
        done(life)
    before = life.content()
    other = open_writer(Location(life.location.path), busy_ms=BUSY_MS)
    other.execute("BEGIN IMMEDIATE")
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="locked"):
            step(life)
    assert life.content() == before
    other.execute("ROLLBACK")
    step(life)
    other.close()
    life.close()


# What shows that the harness sees damage.


@contextmanager
def without_syncs() -> Iterator[None]:
    def careless(*arguments: object, **named: object) -> apsw.Connection:
        db = open_writer(*arguments, **named)  # type: ignore[arg-type]  # whatever the store hands over
        db.pragma("synchronous", 0)
        return db

    with patch.object(access, "open_writer", careless):
        yield


@contextmanager
def trusting_neighbours() -> Iterator[None]:
    careful = connection.Location.uri
    with patch.object(connection.Location, "uri", lambda self: careful(self).replace("psow=0", "psow=1")):
        yield


@contextmanager
def without_transactions() -> Iterator[None]:
    @contextmanager
    def bare(_: apsw.Connection) -> Iterator[None]:
        yield

    with patch.object(access, "transaction", bare):
        yield


@pytest.mark.parametrize(
    ("careless", "says"),
    [
        (without_syncs, "acknowledged"),
        (trusting_neighbours, "a sector destroyed"),
        (without_transactions, "verification"),
    ],
)
def test_carelessness_is_seen(careless: Callable[[], AbstractContextManager[None]], says: str, lab: Path) -> None:
    with careless():
        visits = visit_scene(A_COMMIT, lab, CUTS)
    assert [failure for failure in visits.failures if says in failure]
