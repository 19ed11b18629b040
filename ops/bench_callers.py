"""Callers of the tools, and where their answers come from: what the benchmark puts in the place of a client."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Literal

import attrs

from actors.board import Board
from storage.reader import Reader
from universe.calendar import LogicalClock
from universe.ranking import unrank
from universe.seed import draw_rank
from universe.vitals import GameVitals

Arguments = dict[str, Any]


@attrs.frozen
class BenchSource:
    """Where the answers come from: a reader, and the board of whoever simulates beside it."""

    opened: Reader
    board: Board
    role: Literal["reader"] = "reader"

    async def reader(self) -> Reader:
        """Return the reader."""
        return self.opened

    def vitals(self, game_id: str) -> GameVitals:
        """Return how the actors of a game are."""
        return self.board.status_of(game_id)

    def today(self) -> date:
        """Return the world's date, UTC."""
        return datetime.now(UTC).date()


@attrs.frozen
class Caller:
    """Makes up the arguments of call after call, so that no two calls in a row ask the same."""

    clock: LogicalClock
    draws: int

    def number(self, call: int) -> int:
        """Return the number of some draw, from anywhere in the universe."""
        return 1 + call * 15_485_863 % self.draws

    def ticket(self, call: int) -> Arguments:
        """Return the numbers of some draw, as a ticket."""
        number, game = self.number(call), self.clock.game
        main, bonus = unrank(game, draw_rank(game, self.clock.draw_date(number), number))
        return {"main_numbers": list(main), "bonus_number": list(bonus)}

    def day(self, call: int) -> str:
        """Return the date of some draw."""
        return self.clock.draw_date(self.number(call)).isoformat()

    def arguments(self) -> dict[str, Callable[[int], Arguments]]:
        """Return how each tool is called."""
        windows = ("all_time", "last_7_days", "last_30_days", "last_draw_date")
        return {
            "get_universe_status": lambda _: {},
            "get_latest_draws": lambda _: {"limit": 100},
            "get_frequency_stats": lambda call: {"window": windows[call % len(windows)]},
            "generate_numbers": lambda call: {"mode": "frequency_weighted", "count": 100, "seed": call},
            "check_numbers_occurrence": self.ticket,
            "get_match_events": lambda _: {"limit": 100},
            "verify_draw": lambda call: {"draw_number": self.number(call)},
            "get_real_results": lambda _: {"limit": 100},
            "get_draw_date_summary": lambda call: {"draw_date": self.day(call)},
        }
