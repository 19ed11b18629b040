"""What tests of every package share: where the real results are, and a universe in a temporary directory."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("universe", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("universe")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of specifications and real results beside the project; without it the test is skipped."""
    if not (SHARED / "results").exists():
        pytest.skip("needs the folder shared/ beside the project")
    return SHARED
