"""Every file of real results, read completely: publishers' own bytes against the normalised table of the same game.

A game's rules changed over the years, so a file is read once for each era and the eras are put together.
"""

import csv
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs
import pytest

from universe.catalogue import shipped_games
from universe.definition import game_from_data
from universe.game import Game
from universe.results.document import document_from
from universe.results.formats import FORMATS, detect_format
from universe.results.gaps import missing_dates
from universe.results.reading import read_pages, read_results
from universe.results.result import Reading, RealResult

SHARED = Path(__file__).parents[3].parent / "shared" / "results"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared results are not beside the project")

TODAY = date(2026, 11, 21)
ALL_BUT_SUNDAY = "Mon Tue Wed Thu Fri Sat"


def era(main: str, bonus: str | None, schedule: dict[str, str], moved: dict[str, str] | None = None) -> Game:
    """Define the rules of one era: ``5/59`` of the main drum, ``1/39`` of its own or ``1/rest``."""
    pools: dict[str, Any] = {"main": pool(main)} | ({"bonus": pool(bonus)} if bonus else {})
    since, *_ = schedule
    periods = [{"from": start, "days": days.split()} for start, days in schedule.items()]
    moves = [{"scheduled": scheduled, "held": held} for scheduled, held in (moved or {}).items()]
    data = {"id": "ERA", "since": since, **pools, "schedule": periods, "moved": moves}
    return game_from_data(data, source="test")


def pool(text: str) -> dict[str, Any]:
    picked, size = text.split("/")
    return {"picked": int(picked)} | ({"rest_of_drum": True} if size == "rest" else {"size": int(size)})


ERAS = {
    "superlotto_plus": [shipped_games()["GAME_001"]],
    "powerball": [
        era("5/59", "1/39", {"2010-02-03": "Wed Sat"}),
        era("5/59", "1/35", {"2012-01-18": "Wed Sat"}),
        shipped_games()["GAME_002"],
    ],
    "mega_millions": [
        era("5/52", "1/52", {"2002-05-17": "Tue Fri"}),
        era("5/56", "1/46", {"2005-06-24": "Tue Fri"}),
        era("5/75", "1/15", {"2013-10-22": "Tue Fri"}),
        era("5/70", "1/25", {"2017-10-31": "Tue Fri"}),
        shipped_games()["GAME_003"],
    ],
    "tx_cash_five": [
        era("5/39", None, {"1995-10-13": "Tue Fri", "1996-11-25": "Mon Tue Thu Fri"}),
        era("5/37", None, {"2002-07-22": "Mon Tue Thu Fri", "2002-07-31": ALL_BUT_SUNDAY}),
        shipped_games()["GAME_004"],
    ],
    "tx_lotto_texas": [
        era("6/50", None, {"1992-11-14": "Wed Sat"}),
        era("6/54", None, {"2000-07-19": "Wed Sat"}),
        era("5/44", "1/44", {"2003-05-07": "Wed Sat"}),
        era("6/54", None, {"2006-04-26": "Wed Sat", "2021-08-23": "Mon Wed Sat"}),
    ],
    "canada_649": [era("6/49", "1/rest", {"1982-06-12": "Sat", "1985-09-11": "Wed Sat"})],
    "uk_lotto": [
        era(
            "6/49",
            "1/rest",
            {"1994-11-19": "Sat", "1997-02-05": "Wed Sat"},
            moved={
                "1997-09-06": "1997-09-07",
                "1999-12-25": "1999-12-24",
                "2002-12-25": "2002-12-24",
                "2004-12-25": "2004-12-24",
            },
        ),
        shipped_games()["GAME_006"],
    ],
    "euromillions": [
        era("5/50", "2/9", {"2004-02-13": "Fri"}),
        era("5/50", "2/11", {"2011-05-10": "Tue Fri"}),
        shipped_games()["GAME_005"],
    ],
    "korea_645": [era("6/45", "1/rest", {"2002-12-07": "Sat"})],
}

# Of each file: its format, the game whose eras it spans, its rows, the first date, the last.
FILES = {
    "raw/calottery_superlotto_plus_2018.txt": (
        "calottery-text", "superlotto_plus", 1931, "2000-06-07", "2018-12-05",
    ),
    "raw/calottery_mega_millions_2019.txt": ("calottery-text", "mega_millions", 1449, "2005-06-24", "2019-05-10"),
    "raw/calottery_mega_millions_2012.txt": ("calottery-text", "mega_millions", 706, "2005-06-24", "2012-03-27"),
    "raw/ny_powerball.csv": ("ny-csv", "powerball", 1926, "2010-02-03", "2026-04-11"),
    "raw/ny_powerball_2025-05.csv": ("ny-csv", "powerball", 1784, "2010-02-03", "2025-05-14"),
    "raw/ny_powerball_socrata_2017.json": ("ny-json", "powerball", 30, "2017-07-26", "2017-11-04"),
    "raw/ny_mega_millions.csv": ("ny-csv", "mega_millions", 2492, "2002-05-17", "2026-04-10"),
    "raw/ny_mega_millions_2025-05.csv": ("ny-csv", "mega_millions", 2397, "2002-05-17", "2025-05-13"),
    "raw/tx_cash_five.csv": ("texas-csv", "tx_cash_five", 8836, "1995-10-13", "2026-08-21"),
    "raw/tx_powerball.csv": ("texas-csv", "powerball", 1988, "2010-02-03", "2026-08-19"),
    "raw/tx_mega_millions.csv": ("texas-csv", "mega_millions", 2371, "2003-12-05", "2026-08-21"),
    "raw/tx_lotto_texas.csv": ("texas-csv", "tx_lotto_texas", 3785, "1992-11-14", "2026-08-19"),
    "raw/bclc_649.csv": ("bclc-csv", "canada_649", 4210, "1982-06-12", "2024-05-25"),
    "raw/uk_lotto_2014.csv": ("uk-csv", "uk_lotto", 52, "2014-06-07", "2014-12-03"),
    "raw/uk_euromillions_2015.csv": ("uk-csv", "euromillions", 52, "2014-08-15", "2015-02-10"),
    "raw/fdj_euromillions_2019.csv": ("fdj-csv", "euromillions", 280, "2016-09-27", "2019-05-31"),
    "derived/ny_powerball_socrata.json": ("ny-json", "powerball", 1926, "2010-02-03", "2026-04-11"),
    "derived/ny_mega_millions_socrata.json": ("ny-json", "mega_millions", 2492, "2002-05-17", "2026-04-10"),
    "normalised/superlotto_plus.csv": ("csv", "superlotto_plus", 2726, "2000-06-07", "2026-07-18"),
    "normalised/powerball.csv": ("csv", "powerball", 1988, "2010-02-03", "2026-08-19"),
    "normalised/mega_millions.csv": ("csv", "mega_millions", 2533, "2002-05-17", "2026-08-21"),
    "normalised/tx_cash_five.csv": ("csv", "tx_cash_five", 8836, "1995-10-13", "2026-08-21"),
    "normalised/tx_lotto_texas.csv": ("csv", "tx_lotto_texas", 3785, "1992-11-14", "2026-08-19"),
    "normalised/canada_649.csv": ("csv", "canada_649", 4210, "1982-06-12", "2024-05-25"),
    "normalised/uk_lotto.csv": ("csv", "uk_lotto", 3178, "1994-11-19", "2026-06-06"),
    "normalised/euromillions.csv": ("csv", "euromillions", 1974, "2004-02-13", "2026-08-21"),
    "normalised/korea_645.csv": ("csv", "korea_645", 1238, "2002-12-07", "2026-08-22"),
}  # fmt: skip

# What New York has wrong, by date: see the README beside the data.
NY_ERRORS = {
    date(2011, 9, 23): RealResult(draw_date=date(2011, 9, 23), main_numbers=(27, 31, 32, 40, 52), bonus_numbers=(36,)),
    date(2022, 5, 10): RealResult(draw_date=date(2022, 5, 10), main_numbers=(15, 19, 20, 61, 70), bonus_numbers=(6,)),
}


@cache
def normalised(name: str) -> dict[date, RealResult]:
    """Read a normalised file by other means than ours."""
    with (SHARED / "normalised" / f"{name}.csv").open(newline="") as file:
        return {
            date.fromisoformat(row["draw_date"]): RealResult(
                draw_date=date.fromisoformat(row["draw_date"]),
                main_numbers=tuple(map(int, row["main"].split())),
                bonus_numbers=tuple(map(int, row["bonus"].split())),
            )
            for row in csv.DictReader(file)
        }


def read_in_eras(name: str, data: bytes) -> dict[date, RealResult]:
    """Put together what each era's game takes; rows after an era are none of its business."""
    taken: dict[date, RealResult] = {}
    eras = ERAS[name]
    ends = [game.since for game in eras[1:]] + [date.max]
    for game, end in zip(eras, ends, strict=True):
        reading = read_results(game, data, today=TODAY)
        taken |= {result.draw_date: result for result in reading.results if result.draw_date < end}
    assert not reading.invalid, "the last era has no row after it that could be wrong"
    return taken


@pytest.mark.parametrize("file", FILES)
def test_every_row_of_every_file_is_read_as_the_normalised_table_has_it(file: str) -> None:
    name, game_name, rows, first, last = FILES[file]
    data = (SHARED / file).read_bytes()
    assert detect_format(data) == name
    taken = read_in_eras(game_name, data)
    assert (len(taken), min(taken), max(taken)) == (rows, date.fromisoformat(first), date.fromisoformat(last))
    differing = {day: result for day, result in taken.items() if normalised(game_name)[day] != result}
    if game_name == "mega_millions" and "ny_" in file:
        assert differing == NY_ERRORS
    else:
        assert differing == {}


def test_every_shared_file_is_among_those_read() -> None:
    there = {path.relative_to(SHARED).as_posix() for path in SHARED.rglob("*") if path.is_file()}
    pages = {f"derived/calottery_drawgameapi_superlotto/page{page}.json" for page in range(1, 8)}
    assert there == set(FILES) | pages | {"README.md"}


@pytest.mark.parametrize("file", FILES)
def test_the_content_shows_one_format_only(file: str) -> None:
    document = document_from((SHARED / file).read_bytes())
    assert [name for name, known in FORMATS.items() if known.is_it(document)] == [FILES[file][0]]


@pytest.mark.parametrize("name", ERAS)
def test_no_scheduled_draw_is_missing_from_a_normalised_table(name: str) -> None:
    """So schedules and moved draws above are right, and a gap in a raw file is the publisher's."""
    dates = sorted(normalised(name))
    for game, following in pairwise([*ERAS[name], None]):
        assert game is not None
        within = [day for day in dates if day >= game.since and (following is None or day < following.since)]
        assert missing_dates(game, within).count == 0


@pytest.mark.parametrize(
    ("file", "missing"),
    [
        ("raw/ny_mega_millions.csv", ["2007-12-25", "2009-12-25", "2013-10-18"]),
        (
            "raw/ny_powerball.csv",
            ["2014-06-28", "2017-06-10", "2021-04-28", "2022-03-12", "2022-04-09", "2022-11-07"],
        ),
    ],
)
def test_what_new_york_lacks_is_found(file: str, missing: list[str]) -> None:
    name = FILES[file][1]
    dates = sorted(read_in_eras(name, (SHARED / file).read_bytes()))
    found = [
        day.isoformat()
        for game, following in pairwise([*ERAS[name], None])
        if game is not None
        for day in missing_dates(game, dates).dates
        if day >= game.since and (following is None or day < following.since)
    ]
    assert sorted(set(found)) == missing


def reading_of(game_id: str, *files: str, name: str | None = None) -> Reading:
    pages = [(SHARED / file).read_bytes() for file in files]
    return read_pages(shipped_games()[game_id], pages, format_name=name, today=TODAY)


def test_known_figures_of_the_first_game() -> None:
    reading = reading_of("GAME_001", "raw/calottery_superlotto_plus_2018.txt")
    assert attrs.evolve(reading, results=()) == Reading(
        format_name="calottery-text",
        rows=1931,
        results=(),
        duplicates=0,
        before_matrix=0,
        extra_draws=0,
        invalid=(),
    )
    dates = [result.draw_date for result in reading.results]
    assert (len(dates), dates[0], dates[-1]) == (1931, date(2000, 6, 7), date(2018, 12, 5))
    assert missing_dates(shipped_games()["GAME_001"], dates).count == 0


def test_known_figures_of_the_second_game() -> None:
    csv_reading = reading_of("GAME_002", "raw/ny_powerball.csv")
    assert (len(csv_reading.results), csv_reading.before_matrix, csv_reading.invalid) == (1335, 591, ())
    dates = [result.draw_date for result in csv_reading.results]
    assert missing_dates(shipped_games()["GAME_002"], dates).count == 5
    texas = reading_of("GAME_002", "raw/tx_powerball.csv")
    assert len({result.draw_date for result in texas.results} - set(dates)) == 61
    assert set(csv_reading.results) < set(texas.results)
    assert reading_of("GAME_002", "derived/ny_powerball_socrata.json").results == csv_reading.results


def test_the_api_pages_are_one_feed() -> None:
    pages = [f"derived/calottery_drawgameapi_superlotto/page{page}.json" for page in range(1, 8)]
    reading = reading_of("GAME_001", *pages)
    assert (reading.format_name, reading.rows, len(reading.results)) == ("calottery-api", 107, 107)
    assert {result.draw_date: result for result in reading.results}.items() <= normalised("superlotto_plus").items()
    assert reading_of("GAME_001", pages[-1]).rows == 0


def test_an_older_download_after_a_newer_one_is_all_there_already() -> None:
    reading = reading_of("GAME_002", "raw/ny_powerball.csv", "raw/ny_powerball_2025-05.csv")
    assert (len(reading.results), reading.duplicates, reading.invalid) == (1335, 1784 - 591, ())
