"""A small game, a store in memory and a virtual world: what every test of actors begins with."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta

import trio

from actors.board import Board
from actors.mail import Letter
from actors.supervisor import RestartBudget
from actors.world import Offload, World, call_at_once
from storage.memory import MemoryStore
from universe.calendar import LogicalClock
from universe.counting import count_draws
from universe.game import Game, Period, Pool
from universe.results.result import RealResult
from universe.seed import draw_rank, ranks_of_draws
from universe.units import DrawBatch, DrawUnit, ResultsUnit, Unit

EPOCH = date(2024, 1, 1)  # a Monday
WEDNESDAY, SATURDAY = date(2024, 1, 3), date(2024, 1, 6)  # the first draw dates, three logical days each
START = datetime(2024, 1, 3, 12, tzinfo=UTC)  # of the virtual world


def make_game(game_id: str) -> Game:
    return Game(
        game_id=game_id,
        since=EPOCH,
        main=Pool(picked=2, size=6),
        schedule=(Period(start=EPOCH, days=("Wed", "Sat")),),
    )


GAME = make_game("A_GAME")
GAME_ID = GAME.game_id
DAY = 100


def clock_of(game: Game = GAME, draws_per_day: int = DAY) -> LogicalClock:
    return LogicalClock(game=game, epoch=EPOCH, draws_per_day=draws_per_day)


def make_store(*, max_draws: int = 1_000, draws_per_day: int = DAY) -> MemoryStore:
    return MemoryStore(clock_of(draws_per_day=draws_per_day), max_draws=max_draws)


def virtual_now() -> datetime:
    return START + timedelta(seconds=trio.current_time())


def make_world(
    store: MemoryStore,
    *,
    offload: Offload = call_at_once,
    budget: RestartBudget | None = None,
    board: Board | None = None,
) -> World:
    budget = budget or RestartBudget(jitter=lambda: 0.0)
    return World(store=store, offload=offload, budget=budget, board=board or Board(), now=virtual_now)


def batch(first: int, last: int, clock: LogicalClock | None = None) -> DrawBatch:
    clock = clock or clock_of()
    return DrawBatch(clock=clock, first=first, ranks=ranks_of_draws(clock, first, last))


def draws(first: int, last: int, clock: LogicalClock | None = None) -> DrawUnit:
    made = batch(first, last, clock)
    return DrawUnit(batch=made, delta=count_draws(made.clock, first, made.ranks))


def result(day: date, main: Sequence[int] = (1, 2)) -> RealResult:
    return RealResult(draw_date=day, main_numbers=tuple(main))


def results(*rows: RealResult, game_id: str = GAME_ID) -> ResultsUnit:
    return ResultsUnit(game_id=game_id, results=rows, source="a test")


def expected_ranks(count: int, clock: LogicalClock | None = None) -> tuple[int, ...]:
    """Return what the seed rule says of draws 1 to ``count``, one by one."""
    clock = clock or clock_of()
    return tuple(draw_rank(clock.game, clock.draw_date(number), number) for number in range(1, count + 1))


def ranks_in(store: MemoryStore, game_id: str = GAME_ID) -> tuple[int, ...]:
    return store.games[game_id].ranks


def crash_at(*moments: tuple[int, str], error: type[Exception] = RuntimeError) -> Callable[[int, str], None]:
    """Return a fault for a MemoryStore: these commits fail, before or after their units are kept."""

    def fault(commit: int, moment: str) -> None:
        if (commit, moment) in moments:
            raise error(f"commit {commit} failed {moment} it was kept")

    return fault


def sleeping_for(seconds: float) -> Offload:
    """Return an offload during which virtual time passes."""

    async def offload(function: Callable[..., object], *arguments: object) -> object:
        await trio.sleep(seconds)
        return function(*arguments)

    return offload  # type: ignore[return-value]  # a plain signature says what it does well enough


async def run_for(seconds: float, actor: Callable[[], Awaitable[None]]) -> None:
    """Run an actor for so long, then cancel it."""
    with trio.move_on_after(seconds):
        await actor()


def mailbox(units: Sequence[Unit]) -> trio.MemoryReceiveChannel[Letter]:
    """Return a mailbox with these units in it, closed at the other end."""
    send, inbox = trio.open_memory_channel[Letter](1_000)
    with send:
        for unit in units:
            send.send_nowait(Letter(unit))
    return inbox
