"""What runs beside the main work of a process, such as the MCP server: it starts first and stops last."""

from collections.abc import Awaitable, Callable, Sequence

import attrs
import structlog
import trio

from actors.board import Board
from actors.supervisor import Child, RestartBudget, keep_alive

log = structlog.get_logger()


@attrs.frozen(kw_only=True)
class Service:
    """A child beside the main work.

    Its crash restarts it within the budget; with ``restarts`` False it ends the process, which drains first. A service
    may simply finish; if that is to end the process, it sets ``stop`` itself.
    """

    child: Child
    restarts: bool


async def run_beside(
    services: Sequence[Service],
    work: Callable[[], Awaitable[None]],
    *,
    stop: trio.Event,
    budget: RestartBudget,
    board: Board,
) -> None:
    """Run ``work`` to its end with services around it; ``stop`` is how their failure asks it to end.

    The first failure, of a service or of the work, is raised, plain, after everything has ended.
    """
    failures: list[Exception] = []
    async with trio.open_nursery() as around:
        for service in services:
            around.start_soon(_run_service, service, stop, failures, budget, board, name=service.child.name)
        try:
            await work()
        except Exception as failure:  # noqa: BLE001  raised below, when the services have ended too
            failures.append(failure)
        around.cancel_scope.cancel()
    if failures:
        raise failures[0]


async def _run_service(
    service: Service, stop: trio.Event, failures: list[Exception], budget: RestartBudget, board: Board
) -> None:
    """Run a service until it ends by itself or is cancelled; its failure asks the whole to stop."""
    try:
        if service.restarts:
            await keep_alive(service.child, budget, board)
        else:
            await service.child.run()
    except Exception as failure:  # run_beside raises it once everything has ended
        log.exception("service.failed", actor=service.child.name)
        failures.append(failure)
        stop.set()
