"""Which letters share a transaction."""

# ruff: noqa: ARG001 - a test asks for virtual time by naming autojump_clock

import attrs
import pytest
import trio
from trio.testing import MockClock

from actors.group import GROUP_LINGER_SECONDS, GROUP_UNITS_MAX, PLAIN_GROUP_DRAWS_MAX, Gatherer
from actors.mail import Letter
from storage.draws import TAIL_DRAWS_MAX
from tests.actors.scenes import WEDNESDAY, draws, mailbox, result, results
from universe.units import DrawUnit


async def groups_of(inbox: trio.MemoryReceiveChannel[Letter]) -> list[int]:
    sizes = []
    gatherer = Gatherer(inbox)
    while group := await gatherer.next_group():
        sizes.append(len(group))
    return sizes


async def test_a_group_is_bounded_by_draws(autojump_clock: MockClock) -> None:
    most_of_a_group = draws(1, PLAIN_GROUP_DRAWS_MAX - 1)
    assert await groups_of(mailbox([most_of_a_group, draws(1, 1), draws(1, 1)])) == [2, 1]


async def test_a_group_is_bounded_by_units(autojump_clock: MockClock) -> None:
    assert await groups_of(mailbox([draws(1, 1)] * (GROUP_UNITS_MAX + 1))) == [GROUP_UNITS_MAX, 1]


async def test_results_close_a_group_at_once(autojump_clock: MockClock) -> None:
    assert await groups_of(mailbox([draws(1, 1), results(result(WEDNESDAY)), draws(2, 2)])) == [2, 1]


async def test_a_group_lingers_for_what_comes_a_moment_later(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    send, inbox = trio.open_memory_channel[Letter](10)

    async def send_later() -> None:
        for pause in (GROUP_LINGER_SECONDS / 2, GROUP_LINGER_SECONDS):
            await trio.sleep(pause)
            send.send_nowait(Letter(draws(1, 1)))

    send.send_nowait(Letter(draws(1, 1)))
    nursery.start_soon(send_later)
    gatherer = Gatherer(inbox)
    assert len(await gatherer.next_group()) == 2
    assert trio.current_time() == pytest.approx(GROUP_LINGER_SECONDS)
    assert len(await gatherer.next_group()) == 1


def of_another_game(unit: DrawUnit) -> DrawUnit:
    """Return the unit as one of another game."""
    clock = unit.batch.clock
    other = attrs.evolve(clock, game=attrs.evolve(clock.game, game_id="ANOTHER"))
    return attrs.evolve(unit, batch=attrs.evolve(unit.batch, clock=other))


async def test_draws_that_will_be_folded_at_once_share_a_transaction_with_their_game_only(
    autojump_clock: MockClock,
) -> None:
    many = draws(1, TAIL_DRAWS_MAX + 1)
    assert await groups_of(mailbox([many, draws(1, 1), of_another_game(many), draws(1, 1)])) == [2, 1, 1]
    assert await groups_of(mailbox([many, results(result(WEDNESDAY)), of_another_game(many)])) == [2, 1]


async def test_few_draws_of_several_games_share_one(autojump_clock: MockClock) -> None:
    few = draws(1, 100)
    assert await groups_of(mailbox([few, of_another_game(few), few])) == [3]


async def test_while_nobody_waits_for_a_group_it_grows(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    send, inbox = trio.open_memory_channel[Letter](10)
    awaited = False

    async def send_slowly() -> None:
        nonlocal awaited
        for _ in range(4):
            send.send_nowait(Letter(draws(1, 1)))
            await trio.sleep(3 * GROUP_LINGER_SECONDS)
        awaited = True
        send.send_nowait(Letter(draws(1, 1)))

    nursery.start_soon(send_slowly)
    assert len(await Gatherer(inbox, is_awaited=lambda: awaited).next_group()) == 5
