"""A source by script: it publishes late, wrong and in pieces, and is out of order for a while. It knows no actor."""

from collections.abc import Iterator
from datetime import date
from random import Random

import attrs
import trio

from actors.feed import FeedError
from actors.feed_results import FeedPlan
from tests.simulation.scenario import FeedScript, OutageKind
from tests.simulation.values import placeholder_row, row, true_result, wrong_result
from universe.game import Game
from universe.results.reading import read_pages
from universe.results.result import Reading, RealResult

HEADER = "draw_date,main,bonus"
GARBAGE = b"<html><body>502 Bad Gateway</body></html>\x00\xff"
PIECE_ROWS = 2  # what a source that is cut off shows


@attrs.frozen(kw_only=True)
class Delivery:
    """What one fetch gave to an ingestor, and when."""

    at: float
    game_id: str
    results: tuple[RealResult, ...]


@attrs.define
class Publisher:
    """Answers an ingestor's fetches as the script says, and notes what it gave. The times are the true ones."""

    script: FeedScript
    random: Random
    asked: list[float] = attrs.field(factory=list)
    deliveries: list[Delivery] = attrs.field(factory=list)
    _known: dict[RealResult, RealResult] = attrs.field(factory=dict)  # each is kept once, however often it is given

    async def fetch(self, plan: FeedPlan, game: Game, today: date) -> Reading:
        """Answer like ``fetch_results``: a reading, or whatever goes wrong."""
        self.asked.append(trio.current_time())
        pages = await self._pages()
        reading = read_pages(game, pages, format_name=plan.format_name, today=today)
        results = tuple(self._known.setdefault(result, result) for result in reading.results)
        self.deliveries.append(Delivery(at=trio.current_time(), game_id=game.game_id, results=results))
        return reading

    async def _pages(self) -> list[bytes]:
        kind = self._outage()
        await trio.sleep(self.script.answer_seconds_max * self.random.random())
        match kind:
            case "refused":
                raise FeedError("https://example.org", "no connection", retryable=True)
            case "silent":
                await trio.sleep_forever()
            case "garbage":
                return [GARBAGE]
            case "nothing":
                return [b""]
        rows = list(self._rows(trio.current_time()))
        if kind == "cut":
            rows = rows[-PIECE_ROWS:]
        self.random.shuffle(rows)
        return ["\n".join([HEADER, *rows, ""]).encode()]

    def _outage(self) -> OutageKind | None:
        now = trio.current_time()
        return next((outage.kind for outage in self.script.outages if now in outage), None)

    def _rows(self, now: float) -> Iterator[str]:
        game = self.script.game
        for one in self.script.publications:
            if one.at <= now:
                value = wrong_result if now < one.at + one.wrong_seconds else true_result
                yield row(value(game, one.day))
            elif one.at - one.placeholder_seconds <= now:
                yield placeholder_row(game, one.day)

    def published(self, until: float) -> set[date]:
        """Return the dates that have numbers at this moment."""
        return {one.day for one in self.script.publications if one.at <= until}
