"""What a command completes before it answers, and what it leaves to the process that simulates."""

import os
from collections.abc import Sequence
from pathlib import Path
from threading import Barrier

import attrs
import pytest

from actors.trailing import Trailing
from ops.completing import complete
from ops.options import Target
from ops.place import Place
from ops.terminal import NoBars
from storage.interface import Store
from storage.lock import LeaderLock
from tests.ops.calling import Call
from universe.settings import Settings
from universe.units import Unit

TEST = ("--mode", "test")


@pytest.fixture
def universe(call: Call) -> Call:
    assert call("simulate", *TEST, "--draws", 500).code == 0
    return call


@attrs.frozen
class Piece:
    draws: int = 1


@pytest.mark.usefixtures("universe")
def test_works_are_made_at_the_same_time(data: Path) -> None:
    """Each waits for the other, in each of its pieces."""
    together = Barrier(2, timeout=5)
    left = {"one": 3, "other": 3}

    def work(role: str) -> Trailing:
        def look(_: Store, __: str) -> Sequence[Piece]:
            return [Piece()] * bool(left[role])

        def make(_: Sequence[Piece]) -> Sequence[Unit]:
            together.wait()
            left[role] -= 1
            return []

        return Trailing(role=role, look=look, make=make, wakes="news")

    target = Target(place=Place(data, "test"), settings=Settings())
    assert complete(target, "GAME_001", [work("one"), work("other")], NoBars())
    assert left == {"one": 0, "other": 0}


def test_a_rebuild_beside_a_process_that_simulates_is_refused(
    universe: Call, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would do nothing, and say nothing of that."""
    monkeypatch.setattr("storage.lock.PATIENCE_TRIES", 1)
    with LeaderLock(data / "test") as lock:
        assert lock.try_acquire()
        refused = universe("fairness", *TEST, "--rebuild").refusal
        assert refused.startswith(f"--rebuild needs the universe for itself, and process {os.getpid()} works in ")
        assert "another process simulates here" in universe("fairness", *TEST).err
    assert "at least 100 are needed" in universe("fairness", *TEST, "--rebuild").refusal


def test_the_stream_has_nothing_to_rebuild(universe: Call) -> None:
    assert "--rebuild" in universe("fairness", *TEST, "--scope", "synthetic", "--rebuild").refusal
