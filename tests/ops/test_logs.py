"""Logging: for a program every line of stderr is one JSON object, for a person lines to read. stdout is never used."""

import json
import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import click
import pytest
import structlog
import trio

from actors.feed import FeedError, fetch_source
from ops.exits import tell
from ops.logs import ROUTINE, CurrentStderr, Format, configure_logging
from ops.options import log_options
from tests.feed_server import unused_port

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


def logged(level: int) -> set[str]:
    """Which of an event of each level, ours and a library's, is written."""
    sys.stderr = stderr = StringIO()  # put back by log_to's monkeypatch
    configure_logging(level=level)
    for name in ("debug", "info", "warning", "error"):
        getattr(structlog.get_logger(), name)(name)
        getattr(logging.getLogger("library"), name)(f"library {name}")
    return {line["event"] for line in lines(stderr)}


def test_the_level_is_ours_and_in_parts_the_libraries(log_to: LogTo) -> None:
    log_to(StringIO())
    serious = {"error", "library error"}
    warned = serious | {"warning", "library warning"}
    assert logged(logging.ERROR) == serious
    assert logged(logging.WARNING) == warned
    assert logged(logging.INFO) == warned | {"info"}
    assert logged(logging.DEBUG) == warned | {"info", "debug", "library info"}


def test_who_has_a_session_is_nobodys_business_at_any_level(log_to: LogTo) -> None:
    log_to(stderr := StringIO())
    configure_logging(level=logging.DEBUG)
    logging.getLogger("mcp.server.streamable_http_manager").info("Created new transport with session ID: hunter2")
    logging.getLogger("mcp.server.streamable_http").info("Terminating session: hunter2")
    assert not stderr.getvalue()


def test_a_source_keeps_its_secrets_at_every_level(log_to: LogTo) -> None:
    """The fault behind a failed fetch is a debug event with its traceback; the address in it is not."""
    log_to(stderr := StringIO())
    configure_logging(level=logging.DEBUG)

    async def fetch() -> None:
        try:
            await fetch_source(f"http://user:hunter2@127.0.0.1:{unused_port()}/results.csv?key=hunter2")
        except FeedError as fault:
            structlog.get_logger().debug("feed.fault", exc_info=fault)

    trio.run(fetch)
    (event,) = [line for line in lines(stderr) if line["event"] == "feed.fault"]
    assert "FeedError" in str(event["exception"])
    assert "hunter2" not in stderr.getvalue()


@pytest.mark.parametrize(("form", "as_json"), [("json", True), ("text", False), ("auto", True)])
def test_a_program_gets_the_format_it_asks_for(log_to: LogTo, form: Format, as_json: bool) -> None:
    log_to(stderr := StringIO())
    configure_logging(form=form)
    structlog.get_logger().info("batch.committed")
    text = stderr.getvalue()
    assert text.startswith("{") is as_json
    assert "batch.committed" in text, "only a person is spared what the bars show"
    assert "\x1b" not in text


def test_a_person_gets_json_when_asked(log_to: LogTo) -> None:
    log_to(terminal := Terminal())
    configure_logging(form="json")
    structlog.get_logger().info("batch.committed")
    assert [event["event"] for event in lines(terminal)] == ["batch.committed"]


def test_a_person_who_debugs_is_spared_nothing(log_to: LogTo) -> None:
    log_to(terminal := Terminal())
    configure_logging(level=logging.DEBUG)
    structlog.get_logger().info("batch.committed")
    assert "batch.committed" in terminal.getvalue()


# Options


@click.group()
@partial(log_options, environment=True)
def program() -> None:
    """Have options before the command."""


@program.command("work")
@log_options
def work() -> None:
    """Have some of its own, and log."""
    for name in ("debug", "info", "warning"):
        getattr(structlog.get_logger(), name)(name)


def worked(stderr: StringIO, *words: str) -> list[str]:
    """What is logged by a call, its first words."""
    configure_logging()
    program.main(list(words), standalone_mode=False)
    found = stderr.getvalue().splitlines()
    stderr.truncate(0)
    stderr.seek(0)
    return [json.loads(line)["event"] if line.startswith("{") else line.split()[3] for line in found]


def test_options_win_over_the_environment_and_the_commands_own_over_all(
    log_to: LogTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_to(stderr := StringIO())
    assert worked(stderr, "work") == ["info", "warning"]
    monkeypatch.setenv("UNIVERSE_LOG_LEVEL", "warning")
    assert worked(stderr, "work") == ["warning"]
    assert worked(stderr, "--log-level", "DEBUG", "work") == ["debug", "info", "warning"]
    assert worked(stderr, "--log-level", "debug", "work", "--log-level", "info") == ["info", "warning"]
    monkeypatch.setenv("UNIVERSE_LOG_LEVEL", "")
    assert worked(stderr, "work") == ["info", "warning"]


def test_level_and_format_are_told_apart(log_to: LogTo, monkeypatch: pytest.MonkeyPatch) -> None:
    log_to(stderr := StringIO())
    monkeypatch.setenv("UNIVERSE_LOG_FORMAT", "text")
    configure_logging()
    program.main(["--log-level", "warning", "work"], standalone_mode=False)
    assert "[warning  ] warning" in stderr.getvalue()
    assert "info" not in stderr.getvalue()


@pytest.mark.parametrize("words", [("--log-level", "loud", "work"), ("work", "--log-format", "xml")])
def test_a_bad_value_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(click.BadParameter, match=r"is not one of '(debug|auto)'"):
        program.main(list(words), standalone_mode=False)


def test_a_bad_value_of_the_environment_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNIVERSE_LOG_LEVEL", "loud")
    with pytest.raises(click.BadParameter) as refused:
        program.main(["work"], standalone_mode=False)
    assert "UNIVERSE_LOG_LEVEL" in refused.value.format_message()


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
