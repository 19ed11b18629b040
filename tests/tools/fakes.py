"""A small universe in memory, answered by brute force over regenerated draws: the oracle of the tools' tests."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import attrs
import numpy as np
import trio
from mcp import Client
from mcp_types import CallToolResult, TextContent

from storage.evidence import EvidencePath, Stream
from storage.fairness import HISTORY_DRAWS_MIN, StoredNull
from storage.views import (
    DateView,
    DrawView,
    EventView,
    GameView,
    MatchTotals,
    NumberCounts,
    StoredResult,
    UniverseView,
)
from tools.server import make_server
from tools.source import Role, Source
from universe.calendar import LogicalClock
from universe.catalogue import shipped_games
from universe.errors import UniverseError
from universe.evidence.steps import evidence_steps
from universe.fairness.analysis import Analysis, analyse
from universe.fairness.history import History, history_of
from universe.fairness.tallies import frame_of
from universe.game import Game, Period, Pool, RestOfDrum
from universe.matching import Histogram, event_level_min, levels
from universe.merkle import consistency_path, inclusion_path, nodes_in, tree_of, tree_root
from universe.proofs import ConsistencyProof, Head, draw_proof_of, proof_document
from universe.ranking import unrank
from universe.results.result import RealResult
from universe.seed import draw_rank
from universe.subsets import why_no_levels
from universe.vitals import GameVitals

EPOCH = date(2024, 1, 1)  # a Monday
TODAY = date(2024, 3, 1)
COMMITTED_AT = datetime(2024, 3, 1, 12, 30, 15, 999, tzinfo=UTC)
DRAWS_PER_DAY = 100
MODES: tuple[Literal["auto", "legacy"], ...] = ("auto", "legacy")
SCHEDULE = (Period(start=EPOCH, days=("Wed", "Sat")),)

GAMES = shipped_games()
TINY = Game(game_id="TINY", since=EPOCH, main=Pool(picked=2, size=6), schedule=SCHEDULE)
TINY_REST = Game(
    game_id="TINY_REST", since=EPOCH, main=Pool(picked=3, size=9), bonus=RestOfDrum(picked=2), schedule=SCHEDULE
)
HUGE = Game(game_id="HUGE", since=EPOCH, main=Pool(picked=14, size=100), schedule=SCHEDULE)


@attrs.define(kw_only=True)
class FakeGame:
    """One game's draws and results. ``made`` draws exist; None: its simulation is not initialised."""

    game: Game
    made: int | None = 0
    results: list[StoredResult] = attrs.field(factory=list)
    max_draws: int | None = 40_000_000
    until: date | None = None
    draws: list[DrawView] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        numbers = range(1, (self.made or 0) + 1)
        dates = [(number, self.clock.draw_date(number)) for number in numbers]
        self.draws = [
            DrawView(draw_number=number, draw_date=day, rank=draw_rank(self.game, day, number)) for number, day in dates
        ]

    @property
    def clock(self) -> LogicalClock:
        return LogicalClock(game=self.game, epoch=max(EPOCH, self.game.since), draws_per_day=DRAWS_PER_DAY)

    def numbers(self, draw: DrawView) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return unrank(self.game, draw.rank)

    def publish(self, day: date, main: Sequence[int], bonus: Sequence[int] = ()) -> None:
        result = RealResult(draw_date=day, main_numbers=tuple(main), bonus_numbers=tuple(bonus))
        self.results.append(StoredResult(result=result, source="test.csv"))
        self.results.sort(key=lambda stored: stored.result.draw_date)

    def publish_draw(self, draw_number: int) -> None:
        """Make a synthetic draw the real result of its date, so that there are close matches."""
        draw = self.draws[draw_number - 1]
        self.publish(draw.draw_date, *self.numbers(draw))

    def view(self) -> GameView:
        last = self.draws[-1] if self.draws else None
        days = [stored.result.draw_date for stored in self.results]
        return GameView(
            game=self.game,
            clock=None if self.made is None else self.clock,
            watermark=len(self.draws),
            draw_date=last.draw_date if last else None,
            committed_at=COMMITTED_AT if last else None,
            phase="bootstrap" if self.made is None else "running" if self.draws else "initialized",
            halt_reason=None,
            max_draws=None if self.made is None else self.max_draws,
            until=self.until,
            draws_last_hour=len(self.draws),
            results_count=len(days),
            results_first=days[0] if days else None,
            results_last=days[-1] if days else None,
            conflicts=0,
        )


def shared(one: Sequence[int], other: Sequence[int]) -> int:
    return len(set(one) & set(other))


def inside(day: date, first: date | None, last: date | None) -> bool:
    return (first is None or first <= day) and (last is None or day <= last)


@attrs.define
class FakeSnapshot:
    games_by_id: dict[str, FakeGame]

    @property
    def universe(self) -> UniverseView:
        return UniverseView(universe_id="u-1", version="0.1.0", created_at=COMMITTED_AT, mode="test")

    def games(self) -> list[GameView]:
        return [self.games_by_id[game_id].view() for game_id in sorted(self.games_by_id)]

    def game(self, game_id: str | None) -> GameView:
        if game_id is None:
            game_id = min(self.games_by_id)
        if game_id not in self.games_by_id:
            raise UniverseError(f"unknown game {game_id}: this universe has {', '.join(self.games_by_id)}")
        return self.games_by_id[game_id].view()

    def _of(self, view: GameView) -> FakeGame:
        return self.games_by_id[view.game.game_id]

    def latest_draws(self, view: GameView, limit: int) -> list[DrawView]:
        return self._of(view).draws[::-1][:limit]

    def results(
        self, view: GameView, first: date | None, last: date | None, limit: int, before: date | None
    ) -> list[StoredResult]:
        found = [stored for stored in self._of(view).results[::-1] if inside(stored.result.draw_date, first, last)]
        return [stored for stored in found if before is None or stored.result.draw_date < before][:limit]

    def result_span(self, view: GameView, first: date | None, last: date | None) -> tuple[date, date] | None:
        dates = [one.result.draw_date for one in self._of(view).results if inside(one.result.draw_date, first, last)]
        return (min(dates), max(dates)) if dates else None

    def result(self, view: GameView, draw_date: date) -> StoredResult | None:
        return next((one for one in self._of(view).results if one.result.draw_date == draw_date), None)

    def number_counts(self, view: GameView, first: date | None, last: date | None) -> NumberCounts:
        fake = self._of(view)
        drawn = fake.draws[: view.watermark]
        chosen = [fake.numbers(draw) for draw in drawn if inside(draw.draw_date, first, last)]
        return self._counted(view.game, chosen)

    def real_counts(self, view: GameView, first: date | None, last: date | None) -> NumberCounts | None:
        results = [stored.result for stored in self._of(view).results]
        chosen = [(one.main_numbers, one.bonus_numbers) for one in results if inside(one.draw_date, first, last)]
        return self._counted(view.game, chosen) if results else None

    def _counted(self, game: Game, draws: Sequence[tuple[Sequence[int], Sequence[int]]]) -> NumberCounts:
        totals = np.zeros(game.main.size + game.bonus_size, dtype=np.int64)
        for main, bonus in draws:
            for number in main:
                totals[number - 1] += 1
            for number in bonus:
                totals[game.main.size + number - 1] += 1
        return NumberCounts(draws=len(draws), totals=totals)

    def occurrences(self, view: GameView, rank: int) -> int:
        return sum(draw.rank == rank for draw in self._of(view).draws)

    def _histogram(
        self, game: Game, draws: Iterator[tuple[tuple[int, ...], tuple[int, ...]]], main: Any, bonus: Any
    ) -> Histogram:
        places = {level: place for place, level in enumerate(levels(game))}
        counts = np.zeros(len(places), dtype=np.int64)
        for other_main, other_bonus in draws:
            counts[places[shared(main, other_main), shared(bonus, other_bonus)]] += 1
        return counts

    def match_levels(self, view: GameView, main: tuple[int, ...], bonus: tuple[int, ...]) -> Histogram | None:
        if why_no_levels(view.game):
            return None
        fake = self._of(view)
        return self._histogram(view.game, map(fake.numbers, fake.draws), main, bonus)

    def real_occurrences(self, view: GameView, main: tuple[int, ...], bonus: tuple[int, ...]) -> list[date]:
        results = [stored.result for stored in self._of(view).results]
        return [one.draw_date for one in results if (one.main_numbers, one.bonus_numbers) == (main, bonus)]

    def events(
        self, view: GameView, level_min: int, draw_date: date | None, limit: int, before: int | None
    ) -> list[EventView]:
        fake, events = self._of(view), []
        for draw in fake.draws[::-1]:
            stored = self.result(view, draw.draw_date)
            if stored is None or (draw_date and draw.draw_date != draw_date) or (before and draw.draw_number >= before):
                continue
            main, bonus = fake.numbers(draw)
            matches = shared(main, stored.result.main_numbers), shared(bonus, stored.result.bonus_numbers)
            if sum(matches) >= max(level_min, event_level_min(view.game)):
                events.append(
                    EventView(
                        draw_number=draw.draw_number,
                        main_matches=matches[0],
                        bonus_matches=matches[1],
                        rank=draw.rank,
                        real=stored.result,
                    )
                )
        return events[:limit]

    def match_totals(self, view: GameView, draw_date: date | None) -> MatchTotals:
        fake, counts = self._of(view), np.zeros(len(levels(view.game)), dtype=np.int64)
        for stored in fake.results:
            result = stored.result
            if draw_date is None or result.draw_date == draw_date:
                same_date = (fake.numbers(draw) for draw in fake.draws if draw.draw_date == result.draw_date)
                counts += self._histogram(view.game, same_date, result.main_numbers, result.bonus_numbers)
        return MatchTotals(compared_draws=int(counts.sum()), levels=counts)

    def evidence(self, view: GameView, stream: Stream) -> EvidencePath:
        fake, size = self._of(view), view.game.main.size
        numbers = [(one.result.main_numbers, one.result.bonus_numbers) for one in fake.results]
        if stream == "synthetic":
            whole = len(fake.draws) // DRAWS_PER_DAY * DRAWS_PER_DAY
            numbers = [fake.numbers(draw) for draw in fake.draws[:whole]]
        counts = np.zeros((len(numbers), size + view.game.bonus_size), dtype=np.int64)
        for row, (main, bonus) in zip(counts, numbers, strict=True):
            row[[number - 1 for number in main] + [size + number - 1 for number in bonus]] += 1
        step = DRAWS_PER_DAY if stream == "synthetic" else 1
        totals, draws = counts.cumsum(axis=0)[step - 1 :: step], np.arange(step, len(numbers) + 1, step)
        logs = evidence_steps(view.game, totals, draws, None)
        return EvidencePath(steps=np.arange(len(draws)), draws=draws, main=logs[:, 0], bonus=logs[:, 1])

    def analysis(self, view: GameView) -> Analysis | None:
        history = self.history(view)
        return analyse(history, frame_of(history), None) if len(history) >= HISTORY_DRAWS_MIN else None

    def null(self, view: GameView) -> StoredNull | None:  # noqa: ARG002  the protocol
        return None

    def history(self, view: GameView) -> History:
        return history_of(view.game, [stored.result for stored in self._of(view).results])

    def draw_proof(
        self, view: GameView, draw_number: int, tree_size: int | None, from_size: int | None
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        fake, size = self._of(view), tree_size or view.watermark
        nodes = nodes_in(tree_of(np.array([draw.rank for draw in fake.draws[:size]], dtype=np.int64)))
        head, grown = Head(tree_size=size, root=tree_root(size, nodes)), None
        if from_size is not None:
            grown = ConsistencyProof(
                game_id=view.game.game_id,
                log="draws",
                old=Head(tree_size=from_size, root=tree_root(from_size, nodes)),
                head=head,
                path=consistency_path(from_size, size, nodes),
            )
        path = inclusion_path(draw_number - 1, size, nodes)
        proof = draw_proof_of(fake.clock, draw_number, head, path)
        return proof_document(proof), None if grown is None else proof_document(grown)

    def occupancy(self, view: GameView) -> tuple[int, int]:  # noqa: ARG002  the protocol
        return 0, 0  # so few draws are not folded into the index

    def date_view(self, view: GameView, draw_date: date) -> DateView:
        numbers = [draw.draw_number for draw in self._of(view).draws if draw.draw_date == draw_date]
        first, last = (numbers[0], numbers[-1]) if numbers else (1, 0)
        return DateView(draw_date=draw_date, first=first, last=last, draws=len(numbers))


@attrs.define(kw_only=True)
class FakeSource:
    """A source whose store is open, unless ``opened`` is an event that has not come yet."""

    games: list[FakeGame]
    role: Role = "leader"
    opened: trio.Event | None = None
    vitals_by_id: dict[str, GameVitals] = attrs.field(factory=dict)
    snapshots: int = 0
    asked_for: int = 0  # readers, whether they could be given yet or not
    commit: object = None  # what tells a commit from others; unless it is set, each look is at a new one

    async def reader(self) -> "FakeSource":
        self.asked_for += 1
        if self.opened is not None:
            await self.opened.wait()
        return self

    @contextmanager
    def snapshot(self) -> Iterator[FakeSnapshot]:
        self.snapshots += 1
        yield FakeSnapshot({fake.game.game_id: fake for fake in self.games})

    def twin(self) -> "FakeSource":
        return self

    def close(self) -> None:
        """There is nothing to give back."""

    def commit_mark(self) -> object:
        return self.commit or object()

    def vitals(self, game_id: str) -> GameVitals:
        return self.vitals_by_id.get(game_id, GameVitals(simulating=True))

    def today(self) -> date:
        return TODAY


def fake_games() -> list[FakeGame]:
    """Games of every kind: own drum, several bonus balls, rest of the drum, no bonus, huge, results only."""
    one = FakeGame(game=GAMES["GAME_001"], made=2_350)
    tiny = FakeGame(game=TINY, made=1_000)
    tiny_rest = FakeGame(game=TINY_REST, made=300)
    for fake, numbers in ((one, (1, 500, 2_345)), (tiny, (1, 450)), (tiny_rest, (1,))):
        for number in numbers:
            fake.publish_draw(number)
    one.publish(date(2000, 6, 7), (1, 2, 3, 4, 5), (6,))
    waiting = FakeGame(game=GAMES["GAME_002"], made=None)
    waiting.publish(date(2020, 1, 1), (1, 2, 3, 4, 69), (26,))
    others = [FakeGame(game=GAMES[game_id], made=250) for game_id in ("GAME_005", "GAME_006")]
    return [one, waiting, *others, tiny, tiny_rest, FakeGame(game=HUGE, made=150), FakeGame(game=GAMES["GAME_007"])]


async def call(source: Source, name: str, mode: str = "auto", /, **arguments: Any) -> CallToolResult:
    """Call one tool through the SDK's client, which checks the answer against the published schema."""
    with trio.fail_after(20):
        async with Client(make_server(source, version="1.2.3"), mode=mode) as client:
            return await client.call_tool(name, arguments)


async def answer(source: Source, name: str, mode: str = "auto", /, **arguments: Any) -> dict[str, Any]:
    """Return the structured content of a call that must succeed."""
    result = await call(source, name, mode, **arguments)
    assert not result.is_error, text_of(result)
    assert isinstance(result.structured_content, dict)
    return result.structured_content


async def refusal(source: Source, name: str, mode: str = "auto", /, **arguments: Any) -> str:
    """Return the text of a call that must be refused: one plain line."""
    result = await call(source, name, mode, **arguments)
    line = text_of(result)
    assert result.is_error, line
    assert result.structured_content is None
    assert "\n" not in line
    assert "http" not in line
    return line


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def days_before(day: date, days: int) -> date:
    return day - timedelta(days=days)
