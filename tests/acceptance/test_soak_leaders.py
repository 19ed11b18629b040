"""The soak in short: leaders killed beside their followers, and many starters at once."""

from pathlib import Path

import pytest

from ops.soak_leaders import soak_leaders
from ops.soak_race import soak_race

if not Path("/proc/self/status").exists():
    pytest.skip("needs /proc", allow_module_level=True)


def quiet(_: str) -> None:
    pass


def test_followers_take_over_from_killed_leaders(tmp_path: Path) -> None:
    told = soak_leaders(3, 1, tmp_path, quiet)
    assert told["kills"] == 3
    assert told["draws"] > 0


def test_of_many_starters_one_leads(tmp_path: Path) -> None:
    assert soak_race(1, 1, tmp_path, quiet, starters=8)["races"] == 1
