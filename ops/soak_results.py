"""Made-up real results, the same in every soak: one for each draw date of a span."""

from datetime import date, timedelta
from pathlib import Path

from universe.calendar import draw_dates
from universe.game import Game
from universe.ranking import unrank
from universe.seed import draw_rank

HEADING = "draw_date,main,bonus"
NEVER_DRAWN = 10**12  # the number of a draw that no universe reaches: it stands in for a real result


def result_rows(game: Game, first: date, days: int) -> list[str]:
    """Return the rows of so many days, as ``ingest`` reads them."""
    rows = []
    for day in draw_dates(game, first, first + timedelta(days=days)):
        main, bonus = unrank(game, draw_rank(game, day, NEVER_DRAWN))
        rows.append(f"{day},{' '.join(map(str, main))},{' '.join(map(str, bonus))}")
    return rows


def write_rows(rows: list[str], path: Path) -> Path:
    """Write rows as a file of results and return its path."""
    path.write_text("\n".join([HEADING, *rows]) + "\n", encoding="utf-8")
    return path
