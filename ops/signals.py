"""SIGTERM and SIGINT ask for an orderly end."""

import signal

import structlog
import trio

log = structlog.get_logger()


async def watch_signals(stop: trio.Event, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """Set ``stop`` at SIGTERM or SIGINT, however often they come. Runs until cancelled."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for number in signals:
            log.info("process.signalled", signal=signal.Signals(number).name)
            stop.set()
