"""Signals: at once before a command begins, in order while it works, unheard once its result is there."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
import trio
import trio.testing

from ops import main
from ops.exits import EXIT_DONE, EXIT_GAVE_UP
from ops.signals import (
    MUST_FINISH,
    SIGNALS,
    ignore_from_now_on,
    interrupt_from_now_on,
    leave,
    unfinished_code,
    watch_signals,
)
from ops.soak_process import hears_signals
from tests.ops.calling import Call

ROOT = Path(__file__).resolve().parents[2]
HARMLESS = {
    "backtest",
    "proof",
    "bench",
    "clients",
    "completion",
    "doctor",
    "draw",
    "draws",
    "games",
    "run",
    "simulate",
    "status",
}
SECONDS_MAX = 60


def started(*words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "ops.main", *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("name", sorted(main._COMMANDS))
def test_every_command_says_what_being_cut_short_means(name: str) -> None:
    """What writes must not say that it is done; a new command belongs to one or the other."""
    assert (name in MUST_FINISH) != (name in HARMLESS)
    assert unfinished_code("--mode", "test", name) == (EXIT_GAVE_UP if name in MUST_FINISH else EXIT_DONE)


@pytest.mark.parametrize("how", SIGNALS)
@pytest.mark.parametrize(("name", "code"), [("run", EXIT_DONE), ("status", EXIT_DONE), ("extend", EXIT_GAVE_UP)])
def test_a_signal_while_the_program_is_imported_ends_it(name: str, code: int, how: signal.Signals) -> None:
    with started(name, "--data-dir", "/nowhere") as process:
        while not hears_signals(process.pid):
            time.sleep(0.001)
        process.send_signal(how)
        out, err = process.communicate(timeout=SECONDS_MAX)
    assert process.returncode == code
    assert not out
    assert err == ("universe: interrupted before it began\n" if code else "")


@pytest.mark.parametrize("end", [KeyboardInterrupt(), click.Abort(), BaseExceptionGroup("", [KeyboardInterrupt()])])
@pytest.mark.parametrize("name", ["status", "reset"])
def test_an_interrupted_command_tells_it_in_one_line_at_most(
    call: Call, monkeypatch: pytest.MonkeyPatch, name: str, end: BaseException
) -> None:
    def fail() -> None:
        raise end

    monkeypatch.setattr(main.LazyGroup, "get_command", lambda *_: click.Command(name, callback=fail))
    called = call(name)
    assert called.code == (EXIT_DONE if name == "status" else EXIT_GAVE_UP)
    declined = "not confirmed, nothing was changed"
    what = declined if isinstance(end, click.Abort) else "interrupted; it may not have finished and can be repeated"
    assert called.err == ("" if name == "status" else f"universe: reset: {what}\n")


PROGRAM = """
import signal
from ops.signals import end_at_once_from_now_on, leave, watch_signals
end_at_once_from_now_on()
import trio
from ops.logs import configure_logging
configure_logging()

async def run():
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        await nursery.start(watch_signals, stop)
        signal.raise_signal(signal.{first})
        await stop.wait()
        nursery.cancel_scope.cancel()

trio.run(run)
signal.raise_signal(signal.SIGTERM)
signal.raise_signal(signal.SIGINT)
print("document", end="")
leave(1)
"""


@pytest.mark.parametrize("first", ["SIGTERM", "SIGINT"])
def test_a_late_signal_does_not_lose_the_document(first: str) -> None:
    """The receiver has gone, what it prints is not flushed, and the exit code is its own."""
    code = PROGRAM.replace("{first}", first)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "document"), done.stderr
    assert [json.loads(line)["event"] for line in done.stderr.splitlines()] == ["process.signalled"]


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT"])
def test_a_command_without_an_event_loop_leaves_in_order(how: str) -> None:
    code = f"""
import signal
from ops.signals import end_at_once_from_now_on, interrupt_from_now_on
end_at_once_from_now_on()
interrupt_from_now_on()
try:
    signal.raise_signal(signal.{how})
finally:
    print("closed", flush=True)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "closed\n"
    assert "KeyboardInterrupt" in done.stderr


def test_where_the_program_is_called_by_another_signals_stay_as_they_are(call: Call) -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    interrupt_from_now_on()
    ignore_from_now_on()
    call("games", "list")
    with pytest.raises(SystemExit) as ended:
        leave(2)
    assert ended.value.code == 2
    assert [signal.getsignal(number) for number in SIGNALS] == before


async def test_a_watched_signal_sets_stop_however_often_it_comes() -> None:
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        await nursery.start(watch_signals, stop)
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)
            with trio.fail_after(5):
                await stop.wait()
            await trio.testing.wait_all_tasks_blocked(0.05)  # else trio hands what it has not delivered to the default
        nursery.cancel_scope.cancel()
