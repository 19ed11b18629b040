"""Crashes are tried on small universes in memory, by the plain path."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.__main__ import LAB
from tests.crash.scene import small_limits


@pytest.fixture(autouse=True)
def _small() -> Iterator[None]:
    with small_limits():
        yield


@pytest.fixture
def lab() -> Iterator[Path]:
    """A folder on which states can be written by the thousand."""
    with tempfile.TemporaryDirectory(dir=LAB) as folder:
        yield Path(folder)
