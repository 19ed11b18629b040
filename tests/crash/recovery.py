"""What must be true of a universe after any crash.

It opens, nothing acknowledged is lost, nothing is there by halves, and whoever goes on ends where an undisturbed run
ends.
"""

from pathlib import Path

import apsw

from tests.crash.content import Content, Judge
from tests.crash.disk import Image, write_image
from tests.crash.scripts import Script
from tests.crash.steps import Life, next_comparison
from universe.errors import UniverseError


class BrokenUniverseError(Exception):
    """A crash left something that it must not leave."""


class Examiner:
    """Opens what crashes leave, as the product would start on it, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.judge = folder, Judge()

    def examine(self, image: Image, script: Script, acknowledged: int) -> None:
        """Raise BrokenUniverseError unless the universe is what so many steps leave, or one more."""
        life = self._started(image)
        try:
            self._standing(life, script, acknowledged)
        finally:
            life.close()

    def resume(self, image: Image, script: Script, acknowledged: int) -> None:
        """Examine, then take the steps that were not acknowledged; raise unless all ends as if nothing had been."""
        life = self._started(image)
        try:
            self._standing(life, script, acknowledged)
            for step in script.steps[acknowledged:]:
                step(life)
            self._end(life, script)
        except (UniverseError, AssertionError, apsw.Error) as error:
            raise BrokenUniverseError(f"resumed: {type(error).__name__}: {error}") from error
        finally:
            life.close()

    def _started(self, image: Image) -> Life:
        write_image(image, self.folder)
        return Life(self.folder)

    def _standing(self, life: Life, script: Script, acknowledged: int) -> None:
        try:
            found = life.content()
        except Exception as error:
            raise BrokenUniverseError(f"does not start: {type(error).__name__}: {error}") from error
        self._sound(life, found)
        if found not in script.contents[acknowledged : acknowledged + 2]:
            raise BrokenUniverseError(_place(found, script, acknowledged))

    def _end(self, life: Life, script: Script) -> None:
        found = life.content()
        self._sound(life, found)
        if found != script.contents[-1]:
            raise BrokenUniverseError(f"ends otherwise: {_differences(found, script.contents[-1])}")
        with life.store.reading() as db:
            prints = self.judge.fingerprints(db, found)
        if prints != script.prints:
            raise BrokenUniverseError(f"ends with other fingerprints: {prints}")
        waiting = {game_id for game_id in prints if next_comparison(life.store, game_id)}
        if waiting != script.waiting:
            raise BrokenUniverseError(f"ends with comparisons pending of {waiting or 'no game'}")

    def _sound(self, life: Life, found: Content) -> None:
        with life.store.reading() as db:
            checked = db.pragma("integrity_check")
            fault = self.judge.fault(db, found)
        if checked != "ok":
            raise BrokenUniverseError(f"integrity check: {checked}")
        if fault is not None:
            raise BrokenUniverseError(fault)


def _place(found: Content, script: Script, acknowledged: int) -> str:
    """Return where in the script a state belongs that is not allowed at this point."""
    for steps, known in enumerate(script.contents):
        if found == known:
            return f"{acknowledged} steps were acknowledged, {steps} are there"
    halves = _differences(found, script.contents[acknowledged])
    return f"{acknowledged} steps were acknowledged; what is there no step leaves: {halves}"


def _differences(found: Content, expected: Content) -> str:
    tables = sorted(set(found) | set(expected))
    return ", ".join(table for table in tables if found.get(table) != expected.get(table))
