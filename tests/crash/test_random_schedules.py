"""Random scripts, crash after crash: ``python -m tests.crash --schedules 10000`` runs more of them."""

from collections.abc import Callable
from pathlib import Path

from tests.crash.schedules import run_schedules

SCHEDULES = 500


def test_random_schedules_end_as_if_nothing_had_happened(
    lab: Path, record_property: Callable[[str, object], None]
) -> None:
    tally = run_schedules(range(SCHEDULES), lab)
    record_property("tally", str(tally))
    assert not tally.failures, f"{tally}\n" + "\n".join(tally.failures[:5])
    assert tally.crashes > SCHEDULES
    assert tally.faults > SCHEDULES // 2
