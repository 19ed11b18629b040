"""Heavy questions beside the event loop: they hold up nothing, come one at a time, and can be given up."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Event
from typing import Any

import attrs
import pytest
import trio
from mcp import Client
from trio.testing import MockClock, wait_all_tasks_blocked

from tests.tools.fakes import GAMES, TODAY, FakeGame, FakeSource, text_of
from tools.aside import CALLS_MAX, THREADS_MAX, WORKING, Aside
from tools.looking import WAITING
from tools.questions.fairness import FairnessArguments
from tools.server import QUESTIONS, make_server
from tools.source import Reader, Role
from universe.vitals import GameVitals

SECONDS_MAX = 20.0  # of real time, for any thread here to end


@attrs.define(eq=False)
class Numbered:
    """A reader that says which it is. Its twins are numbered on, and know whether they are closed."""

    made: list["Numbered"] = attrs.field(factory=list)
    number: int = 0
    gone: Event = attrs.field(factory=Event)

    @property
    def closed(self) -> bool:
        return self.gone.is_set()

    @contextmanager
    def snapshot(self) -> Iterator[Any]:
        yield None

    def twin(self) -> "Numbered":
        self.made.append(Numbered(number=len(self.made) + 1))
        return self.made[-1]

    def close(self) -> None:
        self.gone.set()

    def commit_mark(self) -> object:
        return self.number


@attrs.define
class Switched:
    """A source whose reader another may take the place of."""

    current: Numbered = attrs.field(factory=Numbered)
    role: Role = "leader"

    async def reader(self) -> Reader:
        return self.current

    def vitals(self, game_id: str) -> GameVitals:
        return GameVitals(simulating=bool(game_id))

    def today(self) -> Any:
        return TODAY


@attrs.define
class Hesitating(Switched):
    """A source whose second answer is late."""

    asked: int = 0
    ready: trio.Event = attrs.field(factory=trio.Event)

    async def reader(self) -> Reader:
        self.asked += 1
        if self.asked == 2:
            await self.ready.wait()
        return self.current


@attrs.define
class Gate:
    """Work that waits in its thread until it is let through; it counts who is in there."""

    opened: Event = attrs.field(factory=Event)
    inside: int = 0
    most: int = 0
    begun: int = 0
    _changed: Condition = attrs.field(factory=Condition)

    def work(self, reader: Reader) -> Reader:
        with self._changed:
            self.begun += 1
            self.inside += 1
            self.most = max(self.most, self.inside)
            self._changed.notify_all()
        assert self.opened.wait(SECONDS_MAX)
        with self._changed:
            self.inside -= 1
            self._changed.notify_all()
        return reader

    async def wait_begun(self, count: int) -> None:
        await trio.to_thread.run_sync(self._wait_for, lambda: self.begun >= count)

    async def wait_empty(self) -> None:
        await trio.to_thread.run_sync(self._wait_for, lambda: not self.inside)

    def _wait_for(self, holds: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(holds, SECONDS_MAX)


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.opened.set()


async def tell_nobody(*_: object) -> None:
    """Report no progress."""


async def test_a_light_call_is_answered_while_a_heavy_one_sits_in_its_thread(
    gate: Gate,
) -> None:
    """And what the heavy one gives in the end is its own answer."""
    heavy = next(question for question in QUESTIONS if question.name == "analyze_fairness")
    light = [question for question in QUESTIONS if not question.heavy]

    def ask(snapshot: Any, asked: FairnessArguments, witness: Any) -> Any:
        gate.work(snapshot)
        return heavy.ask(snapshot, asked, witness)

    source = FakeSource(games=[FakeGame(game=GAMES["GAME_001"], made=300)])
    server = make_server(source, version="1", questions=[attrs.evolve(heavy, ask=ask), *light])
    told: list[str] = []

    async def call_heavy() -> None:
        told.append(text_of(await client.call_tool("analyze_fairness", {"scope": "synthetic"})))

    with trio.fail_after(SECONDS_MAX):
        async with Client(server) as client, trio.open_nursery() as nursery:
            nursery.start_soon(call_heavy)
            await gate.wait_begun(1)
            for name in ("get_universe_status", "get_latest_draws", "get_frequency_stats"):
                assert not (await client.call_tool(name, {})).is_error
            assert (gate.inside, told) == (1, [])
            gate.opened.set()
    assert "300 synthetic draws" in told[0]


async def test_heavy_questions_come_one_at_a_time_on_one_reader(gate: Gate) -> None:
    aside, source, answers = Aside(), Switched(), list[Reader]()

    async def ask() -> None:
        answers.append(await aside.answer(source, tell_nobody, gate.work))

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(ask)
        await gate.wait_begun(1)
        await trio.sleep(0.02)
        gate.opened.set()
    assert (gate.begun, gate.most) == (5, 1)
    assert answers == source.current.made * 5


async def test_cancelling_waits_for_nothing_and_the_next_has_a_fresh_reader(gate: Gate) -> None:
    """The thread that is left alone ends by itself, and then its reader is closed, not before."""
    aside, source = Aside(), Switched()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(aside.answer, source, tell_nobody, gate.work)
        await gate.wait_begun(1)
        nursery.cancel_scope.cancel()
    (left,) = source.current.made
    assert (gate.inside, left.closed) == (1, False)
    with trio.fail_after(SECONDS_MAX):
        fresh = await aside.answer(source, tell_nobody, lambda reader: reader)
    assert fresh is source.current.made[1]
    assert not source.current.made[1].closed
    gate.opened.set()
    assert await trio.to_thread.run_sync(left.gone.wait, SECONDS_MAX)
    assert await aside.answer(source, tell_nobody, lambda reader: reader) is fresh


async def test_callers_who_go_away_fill_no_more_than_the_threads_there_are(gate: Gate) -> None:
    """Without a bound, asking and cancelling in a loop would work as many processors as there are threads."""
    aside, source = Aside(), Switched()
    for number in range(THREADS_MAX + 2):
        with trio.move_on_after(SECONDS_MAX) as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(aside.answer, source, tell_nobody, gate.work)
                await gate.wait_begun(min(number + 1, THREADS_MAX))
                await trio.sleep(0.01)
                nursery.cancel_scope.cancel()
        assert not scope.cancelled_caught
    assert gate.begun == gate.inside == THREADS_MAX
    assert [twin.closed for twin in source.current.made] == [False] * THREADS_MAX + [True] * 2
    gate.opened.set()
    await gate.wait_empty()
    with trio.fail_after(SECONDS_MAX):
        assert await aside.answer(source, tell_nobody, lambda reader: reader) is source.current.made[-1]
    assert len(source.current.made) == THREADS_MAX + 3


async def test_a_caller_may_go_away_while_waiting_for_its_turn(gate: Gate) -> None:
    aside, source = Aside(), Switched()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(aside.answer, source, tell_nobody, gate.work)
        await gate.wait_begun(1)
        with trio.move_on_after(0.02) as scope:
            await aside.answer(source, tell_nobody, gate.work)
        assert scope.cancelled_caught
        gate.opened.set()
    assert (gate.begun, len(source.current.made)) == (1, 1)


async def test_an_error_comes_out_plain_and_the_reader_serves_on() -> None:
    aside, source = Aside(), Switched()

    def fail(_: Reader) -> None:
        raise LookupError("nothing here")

    for _ in range(2):
        with pytest.raises(LookupError, match="nothing here"):
            await aside.answer(source, tell_nobody, fail)
    assert await aside.answer(source, tell_nobody, lambda reader: reader) is source.current.made[0]
    assert len(source.current.made) == 1


async def test_a_reader_that_is_replaced_gets_a_twin_of_its_own_and_the_former_one_is_closed() -> None:
    """A restore, or a follower that becomes the leader, gives a process another reader."""
    aside, former, later = Aside(), Numbered(), Numbered()
    source = Switched(former)
    for _ in range(2):
        assert await aside.answer(source, tell_nobody, lambda reader: reader) is former.made[0]
    source.current = later
    assert await aside.answer(source, tell_nobody, lambda reader: reader) is later.made[0]
    assert [twin.closed for twin in (*former.made, *later.made)] == [True, False]


async def test_who_waits_for_the_turn_is_answered_by_the_reader_of_that_moment(gate: Gate) -> None:
    aside, source, answers = Aside(), Switched(), list[Reader]()

    async def ask() -> None:
        answers.append(await aside.answer(source, tell_nobody, gate.work))

    later = Numbered()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await gate.wait_begun(1)
        nursery.start_soon(ask)
        await wait_all_tasks_blocked(0.01)
        source.current = later
        gate.opened.set()
    assert answers[1] is later.made[0]


@pytest.mark.parametrize("slow", [False, True], ids=["", "a client that does not take its reports"])
async def test_progress_is_told_about_once_a_second_also_while_waiting_for_the_turn(
    slow: bool, autojump_clock: MockClock
) -> None:
    """In virtual time, so without a thread: the first has its turn and waits for its reader again, the other waits."""
    told: list[tuple[float, Any, Any]] = []

    async def report(*progress: Any) -> None:
        told.append(progress)
        if slow:
            await trio.sleep_forever()

    source = Hesitating()
    aside, answers = Aside(), list[Reader]()

    async def ask(told_to: Any) -> None:
        answers.append(await aside.answer(source, told_to, lambda reader: reader))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, tell_nobody)
        await wait_all_tasks_blocked()
        nursery.start_soon(ask, report)
        await trio.sleep(5.5)
        autojump_clock.autojump_threshold = float("inf")  # a thread at work looks idle
        source.ready.set()
    assert len(answers) == 2
    seconds = [round(passed) for passed, _, _ in told]
    assert seconds == ([1, 3, 5] if slow else [1, 2, 3, 4, 5])
    assert {message for _, _, message in told} == {WORKING}


async def test_while_the_store_is_not_open_progress_says_so_and_nothing_else(autojump_clock: MockClock) -> None:
    told: list[tuple[float, str]] = []

    async def report(passed: float, _total: float | None, message: str | None) -> None:
        told.append((passed, message or ""))

    source = FakeSource(games=[], opened=trio.Event())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Aside().answer, source, report, lambda reader: reader)
        await trio.sleep(2.5)
        autojump_clock.autojump_threshold = float("inf")
        assert source.opened is not None
        source.opened.set()
    assert told == [(1.0, WAITING), (2.0, WAITING)]


async def test_a_crowd_of_heavy_questions_holds_up_no_light_one_and_is_bounded(gate: Gate) -> None:
    """However many one client sends, the others are answered; what would wait too long is refused at once."""
    heavy = next(question for question in QUESTIONS if question.name == "analyze_fairness")
    light = next(question for question in QUESTIONS if question.name == "get_latest_draws")

    def ask(snapshot: Any, asked: FairnessArguments, witness: Any) -> Any:
        gate.work(snapshot)
        return heavy.ask(snapshot, asked, witness)

    source = FakeSource(games=[FakeGame(game=GAMES["GAME_001"], made=300)])
    told, refused = list[str](), trio.Event()

    async def call_heavy() -> None:
        told.append(text_of(await client.call_tool("analyze_fairness", {"scope": "synthetic"})))
        if len(told) == 40:
            refused.set()

    server = make_server(source, version="1", questions=[attrs.evolve(heavy, ask=ask), light])
    with trio.fail_after(SECONDS_MAX):
        async with Client(server) as client, trio.open_nursery() as nursery:
            for _ in range(CALLS_MAX + 40):
                nursery.start_soon(call_heavy)
            await gate.wait_begun(1)
            await refused.wait()
            assert all(f"no more than {CALLS_MAX} may" in text for text in told)
            assert not (await client.call_tool("get_latest_draws", {})).is_error
            gate.opened.set()
    assert sum("300 synthetic draws" in text for text in told) == CALLS_MAX
