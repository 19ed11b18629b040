"""The soak in short: real processes killed and signalled at random moments. ``python -m ops.soak`` is the long one."""

import os
from pathlib import Path

import attrs
import pytest

from ops.soak_kills import soak_kills
from ops.soak_lives import LIVES
from ops.soak_signals import CASES, soak_signals

if not Path("/proc/self/status").exists():
    pytest.skip("needs /proc", allow_module_level=True)

SEED = int(os.environ.get("SOAK_SEED", "1"))
NAMES = {"run prod", "simulate", "ingest", "verify", "stdio prod"}


SHORT = attrs.evolve(
    LIVES[0],
    games=("GAME_001",),
    draws=60_000,
    seconds=1.0,
    options=("--limit", "60000", "--rate", "50000", "--transport", "none"),
)


def quiet(_: str) -> None:
    pass


def test_killed_processes_leave_a_universe_that_goes_on(tmp_path: Path) -> None:
    told = soak_kills(12, SEED, tmp_path, quiet, lives=[SHORT])
    assert told["kills"] >= 12
    assert told["quick_verifications"] > 1


def test_processes_end_in_order_whenever_they_are_told(tmp_path: Path) -> None:
    told = soak_signals(10, SEED, tmp_path, quiet, tuple(case for case in CASES if case.name in NAMES))
    assert sum(told["exit_codes"].values()) == 10
    assert told["full_verifications"] == 2
