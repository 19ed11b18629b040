"""The scripts whose every crash point is visited."""

from collections.abc import Callable, Sequence
from pathlib import Path

import attrs

from tests.crash.disk import Image, read_image
from tests.crash.points import Thinning, Visits, record, visit
from tests.crash.recovery import Examiner
from tests.crash.scene import TAIL_DRAWS_MAX, draw_dates, results
from tests.crash.scripts import COMPARE_ALL, Script, rehearsed
from tests.crash.steps import (
    FILE,
    Archive,
    Checkpoint,
    Commit,
    Extend,
    Initialise,
    Open,
    Register,
    Reopen,
    Restore,
    Step,
    Watch,
)
from tests.storage.old_universes import GAME as OLD_GAME
from tests.storage.old_universes import write_schema_2

Steps = Sequence[Step | str]

CREATED: tuple[Step, ...] = (Open(), Initialise("PLAIN", 100), Initialise("BONUS"))
EARLY, LATE = draw_dates("PLAIN", 2), draw_dates("PLAIN", 8)
FILLED: Steps = (
    *CREATED,
    Commit((("PLAIN", 1, 12), ("BONUS", 1, 20))),
    Commit(others=(results("PLAIN", EARLY),)),
    COMPARE_ALL,
    Commit((("BONUS", 21, 90),)),
)


@attrs.frozen
class Scene:
    """Steps that lead to where a script begins, and the script."""

    name: str
    before: Steps
    steps: Steps
    laid_down: Callable[[Path], None] | None = None  # makes what even ``before`` begins with


def _schema_2(folder: Path) -> None:
    write_schema_2(folder / FILE, "test")


SCENES = (
    Scene("creation", (), (Open(), Register("PLAIN"), Initialise("PLAIN", 100), Initialise("BONUS"))),
    Scene(
        "commits into the tail",
        CREATED,
        (
            Commit(others=(results("BONUS", draw_dates("BONUS", 3)),)),
            Commit((("PLAIN", 1, 12), ("BONUS", 1, 5))),
            Commit((("BONUS", 6, 30),)),
            Commit((("PLAIN", 13, 30),), others=(results("PLAIN", EARLY),)),
            COMPARE_ALL,
            Extend("PLAIN", 500),
            Commit((("PLAIN", 31, 33),), others=(results("PLAIN", LATE, shift=1),)),
            COMPARE_ALL,
        ),
    ),
    Scene(
        "folds",
        FILLED,
        (
            Commit((("PLAIN", 13, TAIL_DRAWS_MAX),)),
            Commit((("PLAIN", TAIL_DRAWS_MAX + 1, TAIL_DRAWS_MAX + 5),)),
            Commit((("BONUS", 91, 100), ("BONUS", 101, 150)), ahead=True),
            Commit((("PLAIN", TAIL_DRAWS_MAX + 6, 150), ("BONUS", 151, 200)), ahead=True),
        ),
    ),
    Scene(
        "checkpoints",
        CREATED,
        (
            Commit((("PLAIN", 1, 12),)),
            Checkpoint(),
            Commit((("PLAIN", 13, 20), ("BONUS", 1, 10))),
            Watch(hold=True),
            Commit((("PLAIN", 21, 25),)),
            Checkpoint(),
            Commit((("PLAIN", 26, 27),)),
            Watch(hold=False),
            Checkpoint(),
            Commit((("BONUS", 11, 60),)),
            Checkpoint(),
            Reopen(),
            Commit((("PLAIN", 28, 30),)),
        ),
    ),
    Scene("archive", FILLED, (Archive(), Commit((("BONUS", 91, 140),)), Checkpoint(), Archive(), Reopen())),
    Scene(
        "restore",
        FILLED,
        (Commit((("BONUS", 91, 95),)), Restore((*CREATED, Commit((("PLAIN", 1, 70),)))), Commit((("PLAIN", 71, 75),))),
    ),
    Scene("migration", (), (Open(), Extend(OLD_GAME.game_id, 5_000)), _schema_2),
)


def prepared(scene: Scene, folder: Path) -> tuple[Script, Image]:
    """Return a scene's script and the disk it begins with; ``folder`` is left with the disk it ends with."""
    folder.mkdir()
    if scene.laid_down is not None:
        scene.laid_down(folder)
    if scene.before:
        rehearsed("before", scene.before, folder)
    start = read_image(folder)
    return rehearsed(scene.name, scene.steps, folder), start


def visit_scene(scene: Scene, folder: Path, thinning: Thinning) -> Visits:
    """Visit all that a crash may leave at any point of a scene."""
    script, start = prepared(scene, folder / "rehearsed")
    tape = record(script, start, folder / "recorded")
    return visit(script, start, tape, Examiner(folder / "examined"), thinning)
