"""The page that several tests look at, made once."""

from pathlib import Path

import pytest

from ops.report.page import page
from tests.ops.report.made import made_data


@pytest.fixture(scope="session")
def whole_page() -> str:
    """A page with every part and every picture."""
    return page(made_data())


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages without their pictures: drawing them takes seconds."""
    monkeypatch.setattr("ops.report.page.album", lambda _: {})


@pytest.fixture
def report_file(tmp_path: Path) -> Path:
    return tmp_path / "report.html"
