"""Any valid results survive any format, and nothing that comes as bytes raises anything but our own error."""

import json
from collections.abc import Callable, Sequence
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from universe.calendar import draw_dates
from universe.catalogue import shipped_games
from universe.errors import UniverseError
from universe.game import Game
from universe.results.formats import FORMATS, detect_format
from universe.results.reading import read_results
from universe.results.result import Reading, RealResult

TODAY = date(2026, 11, 21)
GAMES = shipped_games()
DATES = {game_id: list(draw_dates(game, game.since, TODAY)) for game_id, game in GAMES.items()}


def both(result: RealResult) -> list[int]:
    return [*reversed(result.main_numbers), *result.bonus_numbers]  # drawn order is any order


def spaced(numbers: Sequence[int]) -> str:
    return " ".join(f"{number:02}" for number in numbers)


def lines(header: str | None, rows: Sequence[str], end: str = "\n") -> str:
    return "".join(row + end for row in ([] if header is None else [header]) + list(rows))


def as_csv(_: Game, results: Sequence[RealResult]) -> str:
    return lines(
        "draw_date,main,bonus",
        [f"{one.draw_date},{spaced(one.main_numbers)},{spaced(one.bonus_numbers)}" for one in results],
    )


def as_ny_csv(_: Game, results: Sequence[RealResult]) -> str:
    rows = [f"{one.draw_date:%m/%d/%Y},{spaced(both(one))},2" for one in results]
    return lines("Draw Date,Winning Numbers,Multiplier", rows)


def as_ny_json(_: Game, results: Sequence[RealResult]) -> str:
    return json.dumps(
        [{"draw_date": f"{one.draw_date}T00:00:00.000", "winning_numbers": spaced(both(one))} for one in results]
    )


def as_calottery_text(_: Game, results: Sequence[RealResult]) -> str:
    return lines(
        None,
        [f"{running(one)}    {one.draw_date:%a. %b %d, %Y}    {'   '.join(map(str, both(one)))}  " for one in results],
        "\r\n",
    )


def as_calottery_api(game: Game, results: Sequence[RealResult]) -> str:
    draws = [
        {
            "DrawNumber": running(one),
            "DrawDate": f"{one.draw_date}T08:00:00",
            "WinningNumbers": {
                str(place): {"Number": str(number), "IsSpecial": place >= game.main.picked, "Name": None}
                for place, number in enumerate(both(one))
            },
        }
        for one in results
    ]
    return json.dumps({"DrawGameId": 8, "PreviousDraws": draws})


def as_texas_csv(_: Game, results: Sequence[RealResult]) -> str:
    rows = [f"A Game,{one.draw_date.month},{one.draw_date.day},{one.draw_date.year}," for one in results]
    return lines(None, [row + ",".join(map(str, both(one))) for row, one in zip(rows, results, strict=True)])


def as_bclc_csv(game: Game, results: Sequence[RealResult]) -> str:
    mains = [f'"NUMBER DRAWN {place}"' for place in range(1, game.main.picked + 1)]
    bonuses = [f'"BONUS NUMBER {place}"' for place in range(1, game.bonus_picked + 1)]
    return lines(
        ",".join(['"PRODUCT","DRAW NUMBER","SEQUENCE NUMBER","DRAW DATE"', *mains, *bonuses]),
        [f'"X",{running(one)},0,"{one.draw_date}",{",".join(map(str, both(one)))}' for one in results],
        "\r\n",
    )


def as_uk_csv(game: Game, results: Sequence[RealResult]) -> str:
    mains = [f"Ball {place}" for place in range(1, game.main.picked + 1)]
    bonuses = [f"Any Star {place}" for place in range(1, game.bonus_picked + 1)]
    rows = [f'{one.draw_date:%d-%b-%Y},{",".join(map(str, both(one)))},"A1,B2",{running(one)}' for one in results]
    return lines(",".join(["DrawDate", *mains, *bonuses, "Raffles", "DrawNumber"]), rows).removesuffix("\n")


def as_fdj_csv(game: Game, results: Sequence[RealResult]) -> str:
    mains = [f"boule_{place}" for place in range(1, game.main.picked + 1)]
    bonuses = [f"etoile_{place}" for place in range(1, game.bonus_picked + 1)]
    header = ";".join(["annee_numero_de_tirage;jour_de_tirage;date_de_tirage", *mains, *bonuses])
    return lines(
        header, [f"{running(one)};LUNDI   ;{one.draw_date:%d/%m/%Y};{';'.join(map(str, both(one)))}" for one in results]
    )


def running(result: RealResult) -> int:
    return result.draw_date.toordinal()


WRITERS: dict[str, Callable[[Game, Sequence[RealResult]], str]] = {
    "csv": as_csv,
    "ny-csv": as_ny_csv,
    "ny-json": as_ny_json,
    "calottery-text": as_calottery_text,
    "calottery-api": as_calottery_api,
    "texas-csv": as_texas_csv,
    "bclc-csv": as_bclc_csv,
    "uk-csv": as_uk_csv,
    "fdj-csv": as_fdj_csv,
}


@st.composite
def games_with_results(draw: st.DrawFn) -> tuple[Game, list[RealResult]]:
    game_id = draw(st.sampled_from(sorted(GAMES)))
    game = GAMES[game_id]
    days = draw(st.lists(st.sampled_from(DATES[game_id]), unique=True, min_size=1, max_size=8))
    random = draw(st.randoms(use_true_random=False))

    def result(day: date) -> RealResult:
        main = random.sample(range(1, game.main.size + 1), game.main.picked)
        left = set(range(1, game.bonus_size + 1)) - (set(main) if game.bonus_from_rest else set())
        bonus = random.sample(sorted(left), game.bonus_picked)
        return RealResult(draw_date=day, main_numbers=tuple(sorted(main)), bonus_numbers=tuple(sorted(bonus)))

    return game, [result(day) for day in days]


def test_every_format_has_a_writer_here() -> None:
    assert list(WRITERS) == list(FORMATS)


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=30)
@given(given_results=games_with_results())
def test_results_come_back_from_every_format_as_they_were(
    name: str, given_results: tuple[Game, list[RealResult]]
) -> None:
    game, results = given_results
    text = WRITERS[name](game, results)
    assert detect_format(text) == name
    assert read_results(game, text, today=TODAY) == Reading(
        format_name=name,
        rows=len(results),
        results=tuple(sorted(results, key=running)),
        duplicates=0,
        before_matrix=0,
        extra_draws=0,
        invalid=(),
    )


def read_or_refuse(game: Game, data: bytes, name: str | None) -> None:
    """Read anything: the rows add up, every result is one that the game can have, or the error is ours."""
    try:
        reading = read_results(game, data, format_name=name, today=TODAY)
    except UniverseError as error:
        message = str(error)
    else:
        message = ""
        check(game, reading)
    assert "\n" not in message


def check(game: Game, reading: Reading) -> None:
    counted = len(reading.results) + reading.duplicates + reading.before_matrix + reading.extra_draws
    assert reading.rows == counted + len(reading.invalid)
    assert all(row.reason.isprintable() for row in reading.invalid)
    for result in reading.results:
        assert game.since <= result.draw_date <= TODAY
        assert len(set(result.main_numbers)) == game.main.picked
        assert set(result.main_numbers) <= set(range(1, game.main.size + 1))
        assert set(result.bonus_numbers) <= set(range(1, game.bonus_size + 1))


@given(st.binary(max_size=300), st.sampled_from([None, *FORMATS]))
def test_random_bytes_are_read_or_refused(data: bytes, name: str | None) -> None:
    read_or_refuse(GAMES["GAME_001"], data, name)


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=30)
@given(given_results=games_with_results(), data=st.data())
def test_a_mutated_file_is_read_or_refused(
    name: str, given_results: tuple[Game, list[RealResult]], data: st.DataObject
) -> None:
    game, results = given_results
    text = bytearray(WRITERS[name](game, results).encode())
    splices = st.tuples(
        st.integers(0, len(text)),
        st.integers(0, 10),
        st.binary(max_size=10) | st.sampled_from([b"\0", b'"', b"9" * 50]),
    )
    for start, cut, piece in data.draw(st.lists(splices, min_size=1, max_size=5)):
        text[start : start + cut] = piece
    read_or_refuse(game, bytes(text), data.draw(st.sampled_from([None, name])))
