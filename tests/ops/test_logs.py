"""Logging: for a program every line of stderr is one JSON object, for a person lines to read. stdout is never used."""

import json
import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import structlog

from ops.exits import tell
from ops.logs import ROUTINE, CurrentStderr, configure_logging

ROOT = Path(__file__).resolve().parents[2]


class Terminal(StringIO):
    """A stderr that a person reads."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def lines(stream: StringIO) -> list[dict[str, Any]]:
    """The JSON objects written so far; anything else fails."""
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert all(isinstance(line, dict) for line in found)
    return found


LogTo = Callable[[StringIO], None]


@pytest.fixture
def log_to(monkeypatch: pytest.MonkeyPatch) -> LogTo:
    """Put a stream in the place of stderr and configure logging for it; pytest would undo that before the test."""

    def put(stream: StringIO) -> None:
        monkeypatch.setattr(sys, "stderr", stream)
        configure_logging()

    return put


def crash() -> None:
    secret = "2retnuh"[::-1]  # what must not be shown, and does not stand in the source that a traceback shows
    raise RuntimeError(f"broken\nin {len(secret)} places")


def test_an_event_is_one_json_line_with_level_and_utc_time(log_to: LogTo) -> None:
    log_to(stderr := StringIO())
    structlog.get_logger().info("draw.made", draw_number=5, day=Path("x"), text="two\nlines ü")
    (event,) = lines(stderr)
    stamp = event.pop("timestamp")
    assert stamp.endswith("Z")
    assert event == {"event": "draw.made", "level": "info", "draw_number": 5, "day": "x", "text": "two\nlines ü"}


def test_debug_events_are_left_out(log_to: LogTo) -> None:
    log_to(stderr := StringIO())
    structlog.get_logger().debug("detail")
    assert not stderr.getvalue()


def test_a_traceback_is_data_on_the_same_line_without_local_variables(log_to: LogTo) -> None:
    log_to(stderr := StringIO())
    try:
        crash()
    except RuntimeError:
        structlog.get_logger().exception("actor.crashed")
    (event,) = lines(stderr)
    assert event["level"] == "error"
    assert event["exception"][0]["exc_type"] == "RuntimeError"
    assert event["exception"][0]["frames"][-1]["name"] == "crash"
    assert "hunter2" not in stderr.getvalue()


def test_groups_and_causes_are_in_it(log_to: LogTo) -> None:
    log_to(stderr := StringIO())
    try:
        try:
            crash()
        except RuntimeError as cause:
            raise ExceptionGroup("two", [ValueError("a"), KeyError("b")]) from cause
    except ExceptionGroup:
        structlog.get_logger().exception("actor.crashed")
    (event,) = lines(stderr)
    assert [one["exc_type"] for one in event["exception"]] == ["ExceptionGroup", "RuntimeError"]
    assert len(event["exception"][0]["exceptions"]) == 2


def test_libraries_log_in_the_same_shape_when_something_is_wrong(log_to: LogTo) -> None:
    log_to(stderr := StringIO())
    logging.getLogger("library").info("chatter")
    logging.getLogger("library").warning("odd: %s", 5)
    try:
        crash()
    except RuntimeError:
        logging.getLogger("library").exception("broken")
    odd, broken = lines(stderr)
    assert (odd["event"], odd["level"]) == ("odd: 5", "warning")
    assert broken["exception"][0]["exc_type"] == "RuntimeError"
    assert "hunter2" not in stderr.getvalue()


def test_a_warning_is_an_event_too(log_to: LogTo) -> None:
    log_to(stderr := StringIO())
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)  # pytest has put its own hook in the place of ours
        logging.captureWarnings(capture=True)
        warnings.warn("old ways", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    (event,) = lines(stderr)
    assert event["level"] == "warning"
    assert "DeprecationWarning: old ways" in event["event"]


def test_lines_go_to_whatever_stderr_is_now(log_to: LogTo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress bars put themselves in its place and take themselves away again."""
    log_to(stderr := StringIO())
    elsewhere = StringIO()
    monkeypatch.setattr(sys, "stderr", elsewhere)
    structlog.get_logger().info("first")
    logging.getLogger("library").warning("second")
    assert [event["event"] for event in lines(elsewhere)] == ["first", "second"]
    assert not stderr.getvalue()


def test_configuring_twice_does_not_log_twice(log_to: LogTo) -> None:
    log_to(stderr := StringIO())
    configure_logging()
    logging.getLogger("library").warning("once")
    assert len(lines(stderr)) == 1


def test_a_person_gets_lines_to_read(log_to: LogTo) -> None:
    log_to(terminal := Terminal())
    structlog.get_logger().warning("actor.parked", actor="GAME_001.feed")
    logging.getLogger("library").warning("odd")
    text = terminal.getvalue()
    assert "actor.parked" in text
    assert "GAME_001.feed" in text
    assert "odd" in text
    assert "{" not in text


@pytest.mark.parametrize("event", sorted(ROUTINE))
def test_a_person_is_spared_what_the_bars_show(log_to: LogTo, event: str) -> None:
    log_to(terminal := Terminal())
    structlog.get_logger().info(event)
    assert not terminal.getvalue()


def test_a_person_sees_the_traceback(log_to: LogTo) -> None:
    log_to(terminal := Terminal())
    try:
        crash()
    except RuntimeError:
        structlog.get_logger().exception("actor.crashed")
    assert "RuntimeError" in terminal.getvalue()


def test_a_person_does_not_see_local_variables(log_to: LogTo) -> None:
    log_to(terminal := Terminal())
    try:
        crash()
    except RuntimeError:
        structlog.get_logger().exception("actor.crashed")
    assert "hunter2" not in terminal.getvalue()


PROCESS = """
import logging, sys, warnings, structlog
from ops.logs import configure_logging
configure_logging()
log = structlog.get_logger()
log.info("first")
warnings.warn("old ways")
logging.getLogger("library").error("broken")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("crashed")
"""


def test_a_whole_process_writes_json_lines_and_nothing_on_stdout() -> None:
    """As configured for good: loggers kept after their first use, warnings caught."""
    done = subprocess.run([sys.executable, "-c", PROCESS], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not done.stdout
    assert [json.loads(line)["level"] for line in done.stderr.splitlines()] == ["info", "warning", "error", "error"]


def test_a_log_that_nobody_reads_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What finds no room is dropped, whole lines at a time."""
    read_end, write_end = os.pipe()
    with os.fdopen(write_end, "w") as unread, os.fdopen(read_end) as reader:
        monkeypatch.setattr(sys, "stderr", unread)
        line = json.dumps({"event": "x" * 1_000}) + "\n"
        for _ in range(1_000):
            CurrentStderr().write(line)
            CurrentStderr().flush()
        monkeypatch.undo()
        unread.close()
        lines = reader.readlines()
    assert 10 < len(lines) < 1_000
    assert set(lines) == {line}


def test_a_log_that_cannot_be_written_is_no_reason_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "w", encoding="utf-8", buffering=1) as full:  # noqa: PTH123  a device, not a path of ours
        monkeypatch.setattr(sys, "stderr", full)
        CurrentStderr().write("an event\n")
        CurrentStderr().flush()
        tell("nobody will know")
        monkeypatch.undo()
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())  # what it holds back goes somewhere at last
