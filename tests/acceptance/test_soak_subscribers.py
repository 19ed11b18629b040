"""The soak in short: clients that want to be told over HTTP, and clients that ask all the time."""

from pathlib import Path

import pytest

from ops.soak_subscribers import soak_subscribers

if not Path("/proc/self/status").exists():
    pytest.skip("needs /proc", allow_module_level=True)

CLIENTS = 50


def test_subscribers_of_both_eras_are_told_and_pollers_answered(tmp_path: Path) -> None:
    told = soak_subscribers(CLIENTS, 3, tmp_path, lambda _: None)
    assert told["faults"] == []
    assert told["subscribers"]["each_least"] >= 2
    assert told["pollers"]["count"] >= CLIENTS * 2
    assert told["draws"] == 16_000
