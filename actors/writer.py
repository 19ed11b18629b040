"""The only writer of a process: letters in, transactions out, each told once it is kept."""

from collections.abc import Iterator, Sequence

import attrs
import structlog
import trio

from actors.group import Gatherer, draws_of
from actors.mail import Letter
from actors.patience import patiently
from actors.world import World
from storage.draws import TAIL_DRAWS_MAX, count_ahead
from storage.errors import StoreDamaged, StoreUnavailable
from storage.interface import Committed, StoredResults
from universe.units import Unit

WRITER = "writer"
COMMIT_SECONDS_MAX = 120.0
RESULT_LINES_MAX = 10  # more results at once are told in one line

log = structlog.get_logger()


@attrs.frozen
class Group:
    """Letters of one transaction, and all units that it takes: theirs, and what was counted ahead of them."""

    letters: Sequence[Letter]
    units: Sequence[Unit]


async def run_writer(inbox: trio.MemoryReceiveChannel[Letter], world: World) -> None:
    """Keep group after group until the mailbox is closed and drained. One group is one transaction.

    While one group is committed, the next is gathered and counted.
    """
    ready, groups = trio.open_memory_channel[Group](0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_prepare_groups, inbox, ready, world)
        emptied = trio.Event()
        emptied.set()
        async for group in groups:
            if world.store.log_is_long():
                await emptied.wait()
            started = trio.current_time()
            committed, again = await commit_group(group.units, world)
            seconds, waiting = trio.current_time() - started, inbox.statistics().current_buffer_used
            _log_commit(committed, seconds=seconds, waiting=waiting)
            _announce(group.letters, committed, world, seconds=seconds, again=again)
            if emptied.is_set():
                emptied = trio.Event()
                nursery.start_soon(_empty_log, world, emptied)


async def _prepare_groups(
    inbox: trio.MemoryReceiveChannel[Letter], ready: trio.MemorySendChannel[Group], world: World
) -> None:
    """Gather letters, and count ahead what a large group adds to the indexes."""
    async with ready:
        gatherer = Gatherer(inbox, is_awaited=lambda: ready.statistics().tasks_waiting_receive > 0)
        while letters := await gatherer.next_group():
            units = [letter.unit for letter in letters]
            ahead = await world.background(count_ahead, units) if draws_of(letters) > TAIL_DRAWS_MAX else []
            await ready.send(Group(letters, [*units, *ahead]))


async def _empty_log(world: World, emptied: trio.Event) -> None:
    """Move the log into the database; where there is no room for that now, after some later commit."""
    try:
        await world.background(world.store.checkpoint)
    except (StoreUnavailable, StoreDamaged) as fault:
        log.warning("checkpoint.failed", reason=str(fault))
    finally:
        emptied.set()


async def commit_group(units: Sequence[Unit], world: World) -> tuple[Committed, bool]:
    """Commit, parked for as long as the store cannot take it; also says whether that took more than one attempt.

    A commit under way is finished even while the writer is cancelled; the wait for room is not. What an attempt kept in
    spite of its error is skipped as a replay by the next.
    """
    attempts = 0

    async def attempt() -> Committed:
        nonlocal attempts
        attempts += 1
        with trio.fail_after(COMMIT_SECONDS_MAX, shield=True):
            return await world.offload(world.store.commit, units)

    return await patiently(WRITER, world, attempt), attempts > 1


def _announce(group: Sequence[Letter], committed: Committed, world: World, *, seconds: float, again: bool) -> None:
    """Answer the senders, tell the board, and wake those whom new results concern.

    A commit that was tried again may find its results stored by the attempt before: they are news all the same.
    """
    if again or any(stored.inserted for stored in committed.results):
        world.board.news.ring()
    for letter in group:
        letter.answer(committed)
    world.board.note_commit(committed, seconds)


def _log_commit(committed: Committed, *, seconds: float, waiting: int) -> None:
    """Tell what a commit brought; one that only trails behind others is told to who wants every detail."""
    brings_news = committed.draws or committed.results or committed.compared_draws
    (log.info if brings_news else log.debug)(
        "batch.committed",
        games=committed.draws,
        draws=sum(last - first + 1 for first, last in committed.draws.values()),
        compared_draws=committed.compared_draws,
        seconds=round(seconds, 4),
        waiting=waiting,
    )
    for forgotten in committed.forgotten:
        log.warning("rows.forgotten", **attrs.asdict(forgotten))
    for alarm in [*committed.alarms, *(alarm for stored in committed.results for alarm in stored.alarms)]:
        log.warning("evidence.alarm", **attrs.asdict(alarm))
    for stored in committed.results:
        for line in result_lines(stored):
            log.info("result.stored", game_id=stored.game_id, **line)
        for conflict in stored.conflicts:
            log.warning(
                "result.conflict",
                game_id=stored.game_id,
                draw_date=conflict.draw_date.isoformat(),
                stored=[*conflict.stored.main_numbers, *conflict.stored.bonus_numbers],
                offered=[*conflict.offered.main_numbers, *conflict.offered.bonus_numbers],
            )


def result_lines(stored: StoredResults) -> Iterator[dict[str, str | int]]:
    """Yield what to log of inserted results: each by its date, many at once by their range."""
    dates = sorted(result.draw_date.isoformat() for result in stored.inserted)
    if len(dates) > RESULT_LINES_MAX:
        yield {"count": len(dates), "first": dates[0], "last": dates[-1]}
    else:
        for day in dates:
            yield {"draw_date": day}
