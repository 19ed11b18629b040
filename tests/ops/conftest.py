"""What tests of the command line share: a call in this process, and logging put back as it was."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from ops.main import run_command
from tests.ops.calling import Call, Called


@pytest.fixture(autouse=True)
def logging_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The program configures logging once and for all; here it must not outlive the test.

    Loggers are not kept after their first use either: those of other tests' modules would write here ever after.
    """
    configure = structlog.configure

    def configure_for_now(**given: Any) -> None:
        configure(**given | {"cache_logger_on_first_use": False})

    monkeypatch.setattr(structlog, "configure", configure_for_now)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data directory that commands use unless told otherwise."""
    path = tmp_path / "data"
    monkeypatch.setenv("UNIVERSE_DATA_DIR", str(path))
    return path


@pytest.fixture
def call(data: Path, capfd: pytest.CaptureFixture[str]) -> Call:
    """Run one command in this process on the data directory of this test."""
    assert not data.exists()

    def called(*words: object) -> Called:
        capfd.readouterr()
        code = run_command([str(word) for word in words])
        printed = capfd.readouterr()
        return Called(code, printed.out, printed.err)

    return called
