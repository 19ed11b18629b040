"""What is particular to one publisher: where the bonus stands, what follows the numbers, what is no draw."""

from datetime import date

import pytest

from universe.catalogue import shipped_games
from universe.results.document import document_from, key_of
from universe.results.formats import FORMATS
from universe.results.reading import read_results
from universe.results.result import Reading, RealResult

GAMES = shipped_games()
TODAY = date(2026, 11, 21)


def read(game_id: str, data: str | bytes) -> Reading:
    return read_results(GAMES[game_id], data, today=TODAY)


def only_result(game_id: str, data: str | bytes) -> RealResult:
    reading = read(game_id, data)
    assert not reading.invalid
    (result,) = reading.results
    return result


def numbers(game_id: str, data: str | bytes) -> tuple[tuple[int, ...], tuple[int, ...]]:
    result = only_result(game_id, data)
    return result.main_numbers, result.bonus_numbers


def test_new_york_holds_the_bonus_in_the_same_field_or_in_a_column_of_its_own() -> None:
    together = "Draw Date,Winning Numbers,Multiplier\n10/07/2015,02 09 11 15 28 16,3\n"
    apart = "Draw Date,Winning Numbers,Any Ball,Multiplier\n10/07/2015,02 09 11 15 28,16,03\n"
    bonus = "Draw Date,Winning Numbers,Bonus #,Extra\n10/10/2015,01 02 03 04 05 06,07,\n"
    assert numbers("GAME_002", together) == numbers("GAME_002", apart) == ((2, 9, 11, 15, 28), (16,))
    assert numbers("GAME_006", bonus) == ((1, 2, 3, 4, 5, 6), (7,))


def test_new_yorks_json_leaves_empty_values_out() -> None:
    together = '[{"draw_date":"2015-10-07T00:00:00.000","winning_numbers":"02 09 11 15 28 16"}]'
    apart = '[{"draw_date":"2015-10-07","winning_numbers":"02 09 11 15 28","any_ball":16,"multiplier":null}]'
    missing = '[{"draw_date":"2015-10-07","winning_numbers":"02 09 11 15 28"}]'
    assert numbers("GAME_002", together) == numbers("GAME_002", apart)
    assert read("GAME_002", missing).invalid[0].reason == "5 numbers, not 6 (5 main and 1 bonus)"


@pytest.mark.parametrize("value", ["1.0", "[1]", "{}", "true", "1e400", "NaN", "9" * 5000])
def test_a_json_value_that_is_no_number_is_a_bad_row(value: str) -> None:
    text = f'[{{"draw_date":"2015-10-07","winning_numbers":"2 9 11 15 28","any_ball":{value}}}, 7]'
    assert [row.line for row in read("GAME_002", text).invalid] == [1, 2]


@pytest.mark.parametrize("multiplier", ["", ",", ",3", ",,", ",3x"])
def test_texas_may_add_a_multiplier_after_the_bonus(multiplier: str) -> None:
    assert numbers("GAME_002", f"A Game,10,7,2015,28,2,9,11,15,16{multiplier}\n") == ((2, 9, 11, 15, 28), (16,))


def test_texas_has_no_multiplier_where_there_is_no_bonus() -> None:
    assert numbers("GAME_004", "A Game,9,24,2018,5,4,3,2,1,\n") == ((1, 2, 3, 4, 5), ())
    reading = read("GAME_004", "A Game,9,24,2018,5,4,3,2,1,6\n")
    assert reading.invalid[0].reason == "6 numbers, not 5 (5 main and 0 bonus)"


def test_texas_with_a_bonus_from_the_rest() -> None:
    assert numbers("GAME_006", "A Game,10,10,2015,6,5,4,3,2,1,59") == ((1, 2, 3, 4, 5, 6), (59,))


@pytest.mark.parametrize(
    "row", ["A Game,10,7,2015,1,2,3,4,5", "A Game,10,7,2015,1,2,3,4,5,6,7,8", "A Game,10,7,2015,1,2,3,4,5,,2"]
)
def test_texas_with_too_few_or_too_many_numbers_is_refused(row: str) -> None:
    assert len(read("GAME_002", row).invalid) == 1


CALIFORNIA_HEADER = (
    "Download Winning Numbers from www.example.com on 3/28/2012\r\n\r\n"
    "Draw #     Draw Date             Number_1     Mega\r\n------  -----------------  ------\r\n\r\n"
)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("header", ["", CALIFORNIA_HEADER])
def test_california_counts_physical_lines_with_and_without_a_header(header: str, end: str) -> None:
    row = "1375     Wed. Jun 07, 2000          28          4          11          15          2          16     "
    text = (header.replace("\r\n", "\n") + row + "\n\nrubbish\n").replace("\n", end)
    reading = read("GAME_001", text)
    assert reading.results[0].main_numbers == (2, 4, 11, 15, 28)
    assert [row.line for row in reading.invalid] == [8 if header else 3]
    assert reading.rows == 2


def test_californias_header_alone_has_no_rows() -> None:
    reading = read("GAME_001", CALIFORNIA_HEADER)
    assert (reading.format_name, reading.rows) == ("calottery-text", 0)


def test_californias_api_marks_the_bonus_wherever_it_stands() -> None:
    balls = ",".join(
        f'"{place}": {{"Number": "{number}", "IsSpecial": {special}}}'
        for place, (number, special) in enumerate([(16, "true"), *((number, "false") for number in (28, 2, 4, 11, 15))])
    )
    draw = f'{{"DrawNumber": 1375, "DrawDate": "2000-06-07T07:00:00", "WinningNumbers": {{{balls}}}}}'
    assert numbers("GAME_001", f'{{"PreviousDraws": [{draw}]}}') == ((2, 4, 11, 15, 28), (16,))
    page = '{"PreviousDraws": [7, {}, {"WinningNumbers": [1]}, {"WinningNumbers": {"0": 1}}, null]}'
    assert len(read("GAME_001", page).invalid) == 5
    assert read("GAME_001", '{"PreviousDraws": null}').rows == 0


BCLC_HEADER = '"PRODUCT","DRAW NUMBER","SEQUENCE NUMBER","DRAW DATE",' + ",".join(
    [f'"NUMBER DRAWN {number}"' for number in range(1, 7)] + ['"BONUS NUMBER"\r\n']
)


def test_further_draws_of_an_evening_are_no_results_of_the_game() -> None:
    reading = read(
        "GAME_007",
        BCLC_HEADER
        + '"649",1,0,"1985-09-11",1,2,3,4,5,6,7\r\n"649",1,1,"1985-09-11",9,8,7,6,5,4,0\r\n'
        + '"649",2,x,"1985-09-14",1,2,3,4,5,6,7\r\n"649",3,-1,"1985-09-18",1,2,3,4,5,6,7\r\n',
    )
    assert (reading.rows, len(reading.results), reading.extra_draws) == (4, 1, 1)
    assert [row.reason for row in reading.invalid] == [
        "the sequence number 'x' is not 0, 1, 2, …",
        "the sequence number '-1' is not 0, 1, 2, …",
    ]


def test_the_uk_quotes_fields_with_commas_and_ends_without_a_newline() -> None:
    text = (
        "DrawDate,Ball 1,Ball 2,Ball 3,Ball 4,Ball 5,Ball 6,Bonus Ball,Ball Set,Machine,Raffles,DrawNumber\n"
        '10-Oct-2015,59,2,3,4,5,6,7,3,Arthur,"AQUA1,BLUE2",2000'
    )
    assert numbers("GAME_006", text) == ((2, 3, 4, 5, 6, 59), (7,))
    stars = (
        "DrawDate,Ball 1,Ball 2,Ball 3,Ball 4,Ball 5,Any Star 1,Any Star 2,DrawNumber\n27-sep-2016,1,2,3,4,5,9,8,1\n"
    )
    assert numbers("GAME_005", stars) == ((1, 2, 3, 4, 5), (8, 9))


def test_fdj_has_the_day_first_and_years_of_two_digits() -> None:
    header = (
        "annee_numero_de_tirage;date_de_tirage;num\ufffdro;boule_1;boule_2;boule_3;boule_4;boule_5;etoile_1;etoile_2"
    )
    for day in ("04/10/2016", "04/10/16"):
        result = only_result("GAME_005", f"{header}\n;{day};;41;6;13;39;9;12;2\n".encode())
        assert result == RealResult(draw_date=date(2016, 10, 4), main_numbers=(6, 9, 13, 39, 41), bonus_numbers=(2, 12))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_every_usual_encoding_is_read(encoding: str) -> None:
    header = "date_de_tirage;numéro;boule_1;boule_2;boule_3;boule_4;boule_5;etoile_1;etoile_2"
    assert numbers("GAME_005", f"{header}\n04/10/2016;é;1;2;3;4;5;6;7\n".encode(encoding))[1] == (6, 7)


def test_bytes_of_no_encoding_are_text_all_the_same() -> None:
    assert document_from(b"\x81\x8d").text == "\x81\x8d"
    assert "\ufffd" in document_from(b"\xff\xfea").text


def test_a_column_name_of_any_length_costs_little() -> None:
    assert len(key_of("x" * 60_000)) <= 80


def test_old_code_pages_do_not_break_a_line_in_two() -> None:
    assert len(document_from("a\x85b\u2028c\x0bd\n").lines) == 1


def test_every_format_is_described() -> None:
    assert " ".join(FORMATS) == "csv ny-csv ny-json calottery-text calottery-api texas-csv bclc-csv uk-csv fdj-csv"
    assert all(known.description and known.name == name for name, known in FORMATS.items())
