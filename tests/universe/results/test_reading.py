"""The rules a file is read by: each bad row is refused with a reason of its own, and takes no good one with it."""

from collections.abc import Sequence
from datetime import date

import pytest

from universe.catalogue import shipped_games
from universe.definition import game_from_data
from universe.results.formats import count_rows, detect_format
from universe.results.reading import read_pages, read_results
from universe.results.result import FormatError, Reading, RealResult

GAMES = shipped_games()
TODAY = date(2026, 11, 21)
NO_NUMBERS = "0 main numbers, not 5; 0 bonus numbers, not 1"
HEADER = "draw_date,main,bonus\n"
FIRST = RealResult(draw_date=date(2000, 6, 7), main_numbers=(2, 4, 11, 15, 28), bonus_numbers=(16,))


def read(text: str | bytes, game_id: str = "GAME_001", format_name: str | None = None) -> Reading:
    reading = read_results(GAMES[game_id], text, format_name=format_name, today=TODAY)
    counted = len(reading.results) + reading.duplicates + reading.before_matrix + reading.extra_draws
    assert reading.rows == counted + len(reading.invalid)
    return reading


def reasons(text: str, game_id: str = "GAME_001") -> dict[int, str]:
    reading = read(text, game_id)
    assert len({row.line for row in reading.invalid}) == len(reading.invalid)
    return {row.line: row.reason for row in reading.invalid}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2024-02-30,1 2 3 4 5,6", "there is no date '2024-02-30'"),
        ("2000-6-7,1 2 3 4 5,6", "no date such as 2018-12-05 in '2000-6-7'"),
        ("\uff12000-06-07,1 2 3 4 5,6", "no date such as 2018-12-05 in '\uff12000-06-07'"),
        (",1 2 3 4 5,6", "the date is missing"),
        ("0000-01-01,1 2 3 4 5,6", "there is no date '0000-01-01'"),
        (
            "2000-06-08,1 2 3 4 5,6",
            "GAME_001 has no draw on 2000-06-08 (Thu): its neighbours are 2000-06-07 and 2000-06-10",
        ),
        ("2026-11-25,1 2 3 4 5,6", "2026-11-25 lies in the future: today is 2026-11-21"),
        ("2000-06-07,1 2 3 4,6", "4 main numbers, not 5"),
        ("2000-06-07,1 2 3 4 5 7,6", "6 main numbers, not 5"),
        ("2000-06-07,1 2 3 4 5,", "0 bonus numbers, not 1"),
        ("2000-06-07,1 2 3 4 5,6 7", "2 bonus numbers, not 1"),
        ("2000-06-07,1 2 3 4 48,6", "main number '48' is not a whole number from 1 to 47"),
        ("2000-06-07,0 2 3 4 5,6", "main number '0' is not a whole number from 1 to 47"),
        ("2000-06-07,1 2 3 4 -5,6", "main number '-5' is not a whole number from 1 to 47"),
        ("2000-06-07,1 2 3 4 5.0,6", "main number '5.0' is not a whole number from 1 to 47"),
        ("2000-06-07,1 2 3 4 \uff11\uff12,6", "main number '\uff11\uff12' is not a whole number from 1 to 47"),
        ("2000-06-07,1 2 3 4 5,28", "bonus number '28' is not a whole number from 1 to 27"),
        ("2000-06-07,1 2 3 4 4,6", "main number 4 is there twice"),
        ("2000-06-07,1 2 3 4 5,6,9", "4 cells under 3 columns"),
        ("2000-06-07,1 2 3 4 \0,6", r"main number '\x00' is not a whole number from 1 to 47"),
        (f"2000-06-07,1 2 3 4 {'9' * 5000},6", f"main number '{'9' * 40}…' is not a whole number from 1 to 47"),
        (f"2000-06-07,{'1 ' * 10_000},6", "10000 main numbers, not 5"),
        (f"{'x' * 1_000_000},1 2 3 4 5,6", f"no date such as 2018-12-05 in '{'x' * 40}…'; {NO_NUMBERS}"),
        # A quote left open takes the rest of its line with it, and no other line.
        ('2000-06-07,"1 2 3 4 5,6', "0 bonus numbers, not 1"),
    ],
)
def test_a_bad_row_says_what_is_wrong_and_what_is_allowed(row: str, reason: str) -> None:
    reading = read(f"{HEADER}{row}\n2000-06-10,1 2 3 4 5,6\n")
    assert [(bad.line, bad.reason, bad.placeholder) for bad in reading.invalid] == [(2, reason, False)]
    assert [result.draw_date for result in reading.results] == [date(2000, 6, 10)]
    assert reading.broken


def test_all_faults_of_a_row_are_in_one_reason() -> None:
    assert reasons(HEADER + "2027-01-01,1 1 3 4 99,28\n")[2] == (
        "2027-01-01 lies in the future: today is 2026-11-21; "
        "GAME_001 has no draw on 2027-01-01 (Fri): its neighbours are 2026-12-30 and 2027-01-02; "
        "main number '99' is not a whole number from 1 to 47; main number 1 is there twice; "
        "bonus number '28' is not a whole number from 1 to 27"
    )


def test_today_itself_is_no_future() -> None:
    assert not read(HEADER + "2026-11-21,1 2 3 4 5,6\n").invalid


def test_a_bonus_from_the_rest_of_the_drum_is_no_main_number() -> None:
    text = HEADER + "2015-10-10,1 2 3 4 5 6,6\n2015-10-14,1 2 3 4 5 6,59\n2015-10-17,1 2 3 4 5 6,60\n"
    assert reasons(text, "GAME_006") == {
        2: "bonus number 6 is a main number too, it comes from the rest",
        4: "bonus number '60' is not a whole number from 1 to 59",
    }


def test_a_bonus_of_its_own_drum_may_equal_a_main_number() -> None:
    assert not read(HEADER + "2000-06-07,1 2 3 4 5,5\n").invalid


def test_a_game_without_a_bonus_takes_none() -> None:
    assert reasons(HEADER + "2018-09-24,1 2 3 4 5,\n2018-09-25,1 2 3 4 5,6\n", "GAME_004") == {
        3: "1 bonus numbers, not 0"
    }


def test_two_bonus_numbers_are_distinct_and_ascending() -> None:
    reading = read(HEADER + "2016-09-27,9 6 13 39 41,12 2\n2016-09-30,1 2 3 4 5,7 7\n", "GAME_005")
    assert reading.results[0].main_numbers == (6, 9, 13, 39, 41)
    assert reading.results[0].bonus_numbers == (2, 12)
    assert reading.invalid[0].reason == "bonus number 7 is there twice"


def test_rows_before_the_matrix_are_counted_by_date_alone() -> None:
    reading = read(HEADER + "2000-06-06,rubbish,\n1999-01-01,99 99,1\n2000-06-07,2 4 11 15 28,16\n")
    assert (reading.rows, reading.before_matrix, reading.results, reading.invalid) == (3, 2, (FIRST,), ())


def test_moved_draws_are_on_schedule_and_the_dates_they_left_are_not() -> None:
    data = {
        "id": "MOVED",
        "since": "1999-12-01",
        "main": {"picked": 2, "size": 9},
        "schedule": [{"from": "1999-12-01", "days": ["Sat"]}],
        "moved": [{"scheduled": "1999-12-25", "held": "1999-12-24"}],
    }
    text = HEADER + "1999-12-24,1 2,\n1999-12-25,1 2,\n"
    reading = read_results(game_from_data(data, source="test"), text, today=TODAY)
    assert [result.draw_date for result in reading.results] == [date(1999, 12, 24)]
    assert [bad.line for bad in reading.invalid] == [3]


def test_equal_rows_of_a_date_are_one_result_whatever_the_order_of_their_numbers() -> None:
    reading = read(HEADER + "2000-06-07,2 4 11 15 28,16\n2000-06-07,28 15 11 4 02,16\n")
    assert (reading.results, reading.duplicates, reading.invalid) == ((FIRST,), 1, ())


def test_different_rows_of_a_date_are_all_refused() -> None:
    row = "2000-06-07,2 4 11 15 28,16\n"
    assert reasons(HEADER + row + "2000-06-10,1 2 3 4 5,6\n" + row + "2000-06-07,2 4 11 15 28,17\n") == dict.fromkeys(
        (2, 4, 5), "lines 2, 4, 5 give different numbers for 2000-06-07"
    )


def test_the_order_of_rows_is_free_and_results_ascend() -> None:
    reading = read(HEADER + "2000-06-14,1 2 3 4 5,6\n2000-06-07,1 2 3 4 5,6\n2000-06-10,1 2 3 4 5,6\n")
    assert [result.draw_date.day for result in reading.results] == [7, 10, 14]


def california(*rows: tuple[int | str, str]) -> str:
    return "".join(f"{number}  {day}   1  2  3  4  5  6\n" for number, day in rows)


WED, SAT, NEXT_WED = "Wed. Jun 07, 2000", "Sat. Jun 10, 2000", "Wed. Jun 14, 2000"


def test_one_wrong_draw_number_condemns_one_row() -> None:
    text = california((1, WED), (900, SAT), (3, NEXT_WED), (4, "Sat. Jun 17, 2000"))
    assert reasons(text) == {2: "draw number 900 does not rise with the dates: 2000-06-07 has 1 and 2000-06-14 has 3"}


def test_of_two_swapped_draw_numbers_neither_is_taken() -> None:
    assert sorted(reasons(california((1, WED), (3, SAT), (2, NEXT_WED)))) == [2, 3]
    assert reasons(california((2, WED), (1, SAT)))[1].endswith("no other row tells which")


def test_a_row_refused_for_something_else_says_nothing_about_draw_numbers() -> None:
    text = california((1, WED), (2, SAT), (900, "Thu. Jun 08, 2000"), (3, NEXT_WED))
    assert list(reasons(text)) == [3]
    assert "draw number" not in reasons(text)[3]


@pytest.mark.parametrize("number", ["x1", "0", "-4", "1.5", "9" * 30, "\uff11"])
def test_a_draw_number_is_a_whole_number(number: str) -> None:
    assert "is not 1, 2, 3, …" in reasons(california((number, WED)))[1]


def test_a_weekday_that_contradicts_its_date_is_refused() -> None:
    assert reasons(california((1, "Sat. Jun 07, 2000")))[1] == "2000-06-07 is no Sat"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("csv", HEADER + "2000-06-07,,\n"),
        ("csv", HEADER + "2000-06-07,00 00 00 00 00,00\n"),
        ("ny-csv", "Draw Date,Winning Numbers,Multiplier\n06/07/2000,00 00 00 00 00 00,\n"),
        ("ny-json", '[{"draw_date":"2000-06-07T00:00:00.000"},{"winning_numbers":1,"draw_date":"2000-06-03"}]'),
        ("calottery-text", "1   Wed. Jun 07, 2000    0  0  0  0  0  0\n"),
        (
            "calottery-api",
            '{"PreviousDraws":[{"DrawNumber":1,"DrawDate":"2000-06-07T07:00:00","WinningNumbers":{}}]}',
        ),
        ("texas-csv", "A Game,6,7,2000,,,,,,,\n"),
        ("texas-csv", "A Game,6,7,2000,--,--,--,--,--,TBD\n"),
    ],
)
def test_numbers_still_to_come_are_told_from_a_broken_feed(name: str, text: str) -> None:
    reading = read(text, format_name=name)
    assert reading.results == ()
    (waiting,) = reading.invalid
    assert waiting.placeholder
    assert waiting.reason.startswith("placeholder: the numbers are still to come")
    assert not reading.broken


def test_a_placeholder_for_the_next_draw_is_one_although_it_lies_in_the_future() -> None:
    reading = read(HEADER + "2026-11-25,00 00 00 00 00,00\n")
    assert not reading.broken
    assert "future" in reading.invalid[0].reason


def test_a_placeholder_beside_the_result_of_its_date_does_not_contradict_it() -> None:
    reading = read(HEADER + "2000-06-07,0 0 0 0 0,0\n2000-06-07,2 4 11 15 28,16\n")
    assert (reading.results, len(reading.invalid), reading.broken) == ((FIRST,), 1, False)


def test_rubbish_without_a_date_is_no_placeholder() -> None:
    assert read(HEADER + "rubbish\n").broken


@pytest.mark.parametrize("data", [b"", b"\n \r\n", b"\xef\xbb\xbf", "\ufeff", HEADER, "[]", '{"PreviousDraws": []}'])
def test_nothing_to_read_is_fine(data: bytes | str) -> None:
    reading = read(data)
    assert (reading.rows, reading.results, reading.invalid) == (0, (), ())
    assert read("", format_name="fdj-csv").format_name == "fdj-csv"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("<!DOCTYPE html><p>Not found", "of no known format (csv, ny-csv,"),
        (b"\x89PNG\r\n\x1a\n\0\0", "of no known format"),
        ('[{"draw_date": "2000-06-07", "winning_numbers": "1', "broken JSON: Unterminated string"),
        ('{"PreviousDraws": [' + "[" * 100_000, "broken JSON: nested too deeply"),
        ('{"PreviousDraws": {}}', "PreviousDraws is not a JSON list"),
        ('{"error": true}', "of no known format"),
        ("[1, 2, 3]", "of no known format"),
        ("2000-06-07,1 2 3 4 5,6\n", "of no known format"),
    ],
)
def test_a_whole_of_another_kind_is_one_clear_error(data: bytes | str, told: str) -> None:
    with pytest.raises(FormatError) as caught:
        read(data)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_format_that_is_named_is_the_one_that_counts() -> None:
    with pytest.raises(FormatError, match=r"not texas-csv .* begins with 'draw_date,main,bonus"):
        read(HEADER, format_name="texas-csv")
    with pytest.raises(FormatError, match=r"unknown format 'xml': known are csv, ny-csv, .*fdj-csv"):
        read(HEADER, format_name="xml")
    with pytest.raises(FormatError, match="unknown format"):
        read("", format_name="")


def test_lines_and_records_go_on_counting_over_the_pages() -> None:
    page = HEADER + "2000-06-08,1 2 3 4 5,6\n\n"
    assert [row.line for row in pages_of([page, page]).invalid] == [2, 5]
    record = '{"draw_date":"2000-06-08","winning_numbers":"1 2 3 4 5 6"}'
    assert [row.line for row in pages_of([f"[{record},{record}]", f"[{record}]", "[]"]).invalid] == [1, 2, 3]


def test_pages_are_of_one_format() -> None:
    with pytest.raises(FormatError, match="page 2: not csv"):
        pages_of([HEADER, "[]"])


def pages_of(pages: Sequence[str]) -> Reading:
    return read_pages(GAMES["GAME_001"], pages, today=TODAY)


def test_the_rows_of_a_page_are_counted_without_a_game() -> None:
    assert count_rows(HEADER + "rubbish\n2000-06-07,,\n\n") == 2
    assert count_rows(b"") == 0
    assert detect_format("") is None
