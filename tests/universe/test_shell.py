"""The seed rule in three lines of shell gives the draws that the program gives."""

import shutil
import subprocess
from datetime import date

import pytest

from tests.oracle import OracleDraw, oracle_draws
from universe.catalogue import shipped_games
from universe.draws import explained_draw
from universe.game import Game, Period, Pool, RestOfDrum
from universe.shell import shell_check

pytestmark = pytest.mark.skipif(
    not all(shutil.which(tool) for tool in ("bash", "bc", "awk", "sha256sum")), reason="needs bash, bc, awk, sha256sum"
)

SINCE = date(2020, 1, 1)
SCHEDULE = (Period(start=SINCE, days=("Wed",)),)
TWO_OF_REST = Game(
    game_id="REST.2", since=SINCE, main=Pool(picked=3, size=9), bonus=RestOfDrum(picked=2), schedule=SCHEDULE
)
ONE = Game(game_id="ONE", since=SINCE, main=Pool(picked=1, size=1), schedule=SCHEDULE)
WIDE = Game(game_id="WIDE", since=SINCE, main=Pool(picked=10, size=180), schedule=SCHEDULE)
HUGE = Game(game_id="HUGE", since=SINCE, main=Pool(picked=14, size=100), schedule=SCHEDULE)
GAMES = [*shipped_games().values(), TWO_OF_REST, ONE]


def by_shell(game: Game, draws: list[OracleDraw]) -> list[str]:
    """What bash prints for each draw, in one process."""
    script = "\n".join(shell_check(explained_draw(game, draw.draw_date, draw.number)) for draw in draws)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, check=True)
    assert not done.stderr
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


def as_text(draw: OracleDraw) -> str:
    bonus = f" + {' '.join(map(str, draw.bonus))}" if draw.bonus else ""
    return " ".join(map(str, draw.main)) + bonus


@pytest.mark.parametrize("game", GAMES, ids=lambda game: game.game_id)
def test_shell_prints_the_numbers_of_any_draw(game: Game) -> None:
    draws = oracle_draws(game, game.since, 5, 12) + oracle_draws(game, game.since, 1000, 999_999, 999_998)
    assert by_shell(game, draws) == [as_text(draw) for draw in draws]


def test_a_game_just_below_the_bound_is_not_rounded() -> None:
    """7.6e15 outcomes, below 2**53; but C(180, 10) is made by way of ten times as much, so the rank has to do."""
    assert WIDE.outcomes < 2**53
    draws = oracle_draws(WIDE, SINCE, 100, 20)
    assert by_shell(WIDE, draws) == [str(draw.rank) for draw in draws]


def test_where_awk_would_round_shell_prints_the_rank() -> None:
    assert HUGE.outcomes > 2**53
    draws = oracle_draws(HUGE, SINCE, 5, 5)
    assert by_shell(HUGE, draws) == [str(draw.rank) for draw in draws]
