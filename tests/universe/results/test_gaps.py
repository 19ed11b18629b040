"""Gaps: scheduled dates without a result, inside what is stored."""

from datetime import date

from universe.calendar import draw_dates
from universe.catalogue import shipped_games
from universe.results.gaps import GAP_DATES_MAX, missing_dates

GAME = shipped_games()["GAME_001"]
ALL = list(draw_dates(GAME, date(2000, 6, 7), date(2005, 6, 7)))


def test_nothing_stored_has_no_gaps() -> None:
    assert missing_dates(GAME, []).count == missing_dates(GAME, ALL[:1]).count == missing_dates(GAME, ALL).count == 0


def test_gaps_are_counted_and_the_first_of_them_named() -> None:
    gaps = missing_dates(GAME, [ALL[0], *ALL[201:]])
    assert gaps.count == 200
    assert gaps.dates == tuple(ALL[1 : GAP_DATES_MAX + 1])


def test_what_lies_outside_the_stored_dates_is_no_gap() -> None:
    assert missing_dates(GAME, ALL[5:9]).count == 0
