"""Simulations run on the plain path, whatever other tests of this process have loaded."""

from collections.abc import Iterator

import pytest

from universe.compiled import plain_only


@pytest.fixture(autouse=True)
def _plain_path() -> Iterator[None]:
    with plain_only():
        yield
