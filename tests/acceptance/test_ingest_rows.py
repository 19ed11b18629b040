"""What becomes of single rows: good, known, contradicting, wrong."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.program import Ended, done, refused, said, universe
from tests.acceptance.rule import SHIPPED

HEAD = "draw_date,main,bonus\n"
GOOD = HEAD + "2001-01-03,1 2 3 4 5,6\n2001-01-06,7 8 9 10 11,12\n2001-01-13,1 2 3 4 7,6\n"

Ingest = Callable[..., Ended]


@pytest.fixture
def ingest(tmp_path: Path) -> Ingest:
    """Offer rows to GAME_001 of one universe."""

    def offer(text: str, *options: object, name: str = "rows.csv", game: str = "GAME_001") -> Ended:
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
        data = tmp_path / "data"
        return universe("ingest", "--data-dir", data, "--game", game, "--results", tmp_path / name, "--json", *options)

    return offer


def lines(document: Any) -> list[int]:
    return [fault["line"] for fault in document["invalid"]]


def conflicts_in_status(tmp_path: Path) -> int:
    (game,) = done("status", "--data-dir", tmp_path / "data")["games"]
    count: int = game["real_results"]["conflicts"]
    return count


def test_gaps_and_rows_seen_again(ingest: Ingest) -> None:
    one = ingest(GOOD).document
    assert one["gaps"] == {"count": 1, "dates": ["2001-01-10"]}
    two = ingest(GOOD + "2001-01-10,9 8 7 6 5,4\n").document
    assert (two["rows"], two["inserted"], two["already_present"]) == (4, 1, 3)
    assert two["gaps"] == {"count": 0, "dates": []}
    assert (two["first"], two["last"]) == ("2001-01-03", "2001-01-13")


def test_order_of_numbers_and_of_rows_is_free(ingest: Ingest) -> None:
    ingest(GOOD)
    again = ingest(HEAD + "2001-01-13,7 4 3 2 1,6\n2001-01-03,5 4 3 2 1,6\n")
    assert again.code == 0
    assert (again.document["inserted"], again.document["already_present"]) == (0, 2)


def test_only_a_hundred_gaps_are_listed(ingest: Ingest) -> None:
    document = ingest(HEAD + "2001-01-03,1 2 3 4 5,6\n2005-01-01,1 2 3 4 5,6\n").document
    missing = SHIPPED["GAME_001"].dates(*(datetime(*day, tzinfo=UTC).date() for day in ((2001, 1, 4), (2004, 12, 31))))
    assert document["gaps"] == {"count": len(missing), "dates": [str(day) for day in missing[:100]]}


def test_a_conflict_refuses_the_file_and_is_remembered(ingest: Ingest, tmp_path: Path) -> None:
    ingest(GOOD)
    other = HEAD + "2001-01-03,1 2 3 4 5,7\n2001-01-10,1 2 3 4 5,7\n"
    for _ in range(2):
        ended = ingest(other)
        assert ended.code == 1
        assert ended.document["inserted"] == 0
        assert [c["draw_date"] for c in ended.document["conflicts"]] == ["2001-01-03"]
        (conflict,) = ended.document["conflicts"]
        assert conflict["stored"] == {**conflict["stored"], "main_numbers": [1, 2, 3, 4, 5], "bonus_numbers": [6]}
        assert conflict["offered"] == {**conflict["offered"], "main_numbers": [1, 2, 3, 4, 5], "bonus_numbers": [7]}
        assert conflicts_in_status(tmp_path) == 1
    ingest(HEAD + "2001-01-03,1 2 3 4 5,8\n")
    assert conflicts_in_status(tmp_path) == 2
    kept = ingest(other, "--keep-valid")
    assert (kept.code, kept.document["inserted"], len(kept.document["conflicts"])) == (0, 1, 1)
    assert conflicts_in_status(tmp_path) == 2
    assert ingest(GOOD).document["already_present"] == 3


WRONG = {  # row: what its reason has to speak of
    "2001-01-04,1 2 3 4 5,6": "thu|schedule|weekday",
    "2001-01-06,1 2 3 4 48,6": "48",
    "2001-01-06,1 2 3 4 5,28": "28",
    "2001-01-06,0 2 3 4 5,6": "0",
    "2001-01-06,1 2 3 4 4,6": "repeat|distinct|twice|different",
    "2001-01-06,1 2 3 4,6": "main",
    "2001-01-06,1 2 3 4 5 6,6": "main",
    "2001-01-06,1 2 3 4 5,": "bonus",
    "2001-01-06,1 2 3 4 5,6 7": "bonus",
    "2001-02-30,1 2 3 4 5,6": "date|2001-02-30",
    "06/01/2001,1 2 3 4 5,6": "date",
    "2001-01-06,a b c d e,f": "a",
    "2001-01-06": "",
}


def test_each_wrong_row_is_named_with_its_line(ingest: Ingest) -> None:
    rows = [row for wrong in WRONG for row in (wrong, "2001-01-03,1 2 3 4 5,6")]
    refused_file = ingest(HEAD + "\n".join(rows) + "\n")
    assert refused_file.code == 1
    document = refused_file.document
    assert (document["rows"], document["inserted"]) == (len(rows), 0)
    assert lines(document) == [2 + 2 * n for n in range(len(WRONG))]
    for fault, about in zip(document["invalid"], WRONG.values(), strict=True):
        said(about, fault["reason"])
    kept = ingest(HEAD + "\n".join(rows) + "\n", "--keep-valid")
    assert kept.code == 0
    assert (kept.document["inserted"], kept.document["already_present"]) == (1, len(WRONG) - 1)
    assert lines(kept.document) == lines(document)


def test_several_faults_of_a_row_are_one_entry(ingest: Ingest) -> None:
    document = ingest(HEAD + "2001-01-04,1 2 3 4 99,55\n").document
    (fault,) = document["invalid"]
    said("99", fault["reason"])
    said("55", fault["reason"])
    said("thu|schedule|weekday", fault["reason"])


def test_the_same_date_twice(ingest: Ingest) -> None:
    document = ingest(HEAD + "2001-01-06,1 2 3 4 5,6\n2001-01-06,5 4 3 2 1,6\n").document
    assert (document["rows"], document["inserted"], document["already_present"]) == (2, 1, 1)
    other = ingest(HEAD + "2001-02-03,1 2 3 4 5,6\n2001-02-03,1 2 3 4 5,7\n2001-02-03,1 2 3 4 5,6\n", "--keep-valid")
    assert other.code == 0
    assert lines(other.document) == [2, 3, 4]
    assert other.document["inserted"] == 0


def test_the_future_is_invalid_and_today_is_not(ingest: Ingest) -> None:
    today = datetime.now(UTC).date()
    later = SHIPPED["GAME_001"].dates(today + timedelta(days=2), today + timedelta(days=9))[0]
    ended = ingest(HEAD + f"{later},1 2 3 4 5,6\n")
    assert (ended.code, lines(ended.document)) == (1, [2])
    said("future", ended.document["invalid"][0]["reason"])


def test_rows_before_the_matrix_are_counted_by_date_alone(ingest: Ingest) -> None:
    document = ingest(HEAD + "1999-12-31,99 98 97,\n1990-01-01,x,y\n2001-01-06,1 2 3 4 5,6\n").document
    assert (document["rows"], document["before_matrix"], document["inserted"]) == (3, 2, 1)
    assert document["invalid"] == []
    assert (document["first"], document["last"]) == ("2001-01-06", "2001-01-06")


@pytest.mark.parametrize("text", [HEAD, "draw_date,main,bonus", HEAD + "\n\n"])
def test_a_file_of_no_rows_is_fine(ingest: Ingest, text: str) -> None:
    ended = ingest(text)
    assert ended.code == 0
    document = ended.document
    assert (document["rows"], document["first"], document["last"]) == (0, None, None)
    assert document["gaps"] == {"count": 0, "dates": []}


def test_lines_are_physical(ingest: Ingest) -> None:
    document = ingest(HEAD + "\n\n2001-01-06,1 2 3 4 5,6\n\n2001-01-07,1 2 3 4 5,6\n").document
    assert (document["rows"], lines(document)) == (2, [6])


def test_line_ends_and_marks_of_other_systems(ingest: Ingest) -> None:
    ended = ingest("\ufeff" + GOOD.replace("\n", "\r\n"))
    assert (ended.code, ended.document["inserted"]) == (0, 3)


def test_running_numbers_must_rise_with_the_dates(ingest: Ingest, shared: Path) -> None:
    path = shared / "results/raw/calottery_superlotto_plus_2018.txt"
    rows = path.read_text(encoding="utf-8").splitlines()[:4]
    assert ingest("\n".join(reversed(rows)) + "\n").document["inserted"] == 4
    rows[1], rows[2] = rows[1].replace("3304", "3303"), rows[2].replace("3303", "3304")
    ended = ingest("\n".join(rows) + "\n")
    assert ended.code == 1
    assert ended.document["invalid"]


def test_records_of_json_are_counted_from_one(ingest: Ingest) -> None:
    records = [
        '{"draw_date":"2017-11-04T00:00:00.000","winning_numbers":"12 14 26 48 51 13"}',
        '{"draw_date":"2017-11-02T00:00:00.000","winning_numbers":"12 14 26 48 51 13"}',
        '{"draw_date":"2017-11-01T00:00:00.000","winning_numbers":"12 14 26 48 51 13"}',
    ]
    ended = ingest("[" + "\n,".join(records) + "]", game="GAME_002", name="rows.json")
    assert ended.code == 1
    assert (ended.document["format"], ended.document["rows"], lines(ended.document)) == ("ny-json", 3, [2])


def test_a_bonus_among_the_mains_and_two_equal_stars(ingest: Ingest) -> None:
    same = ingest(HEAD + "2016-01-02,1 2 3 4 5 6,6\n", game="GAME_006")
    assert lines(same.document) == [2]
    stars = ingest(HEAD + "2017-01-03,1 2 3 4 5,6 6\n", game="GAME_005")
    assert lines(stars.document) == [2]
    none = ingest(HEAD + "2019-01-02,1 2 3 4 5,\n", game="GAME_004")
    assert (none.code, none.document["inserted"]) == (0, 1)


def test_what_cannot_be_read_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(GOOD, encoding="utf-8")
    (tmp_path / "noise").write_bytes(bytes(range(256)) * 64)
    (tmp_path / "what.csv").write_text("hello\nworld\n", encoding="utf-8")
    where = ("ingest", "--data-dir", tmp_path / "data", "--game", "GAME_001", "--json")
    for name in ("missing.csv", "noise", "what.csv", "."):
        said("universe: ", refused(*where, "--results", tmp_path / name))
    said("lottery-net", refused(*where, "--results", tmp_path / "rows.csv", "--format", "lottery-net"))
    refused(*where, "--results", tmp_path / "rows.csv", "--game", "GAME_999")
    refused("ingest", "--data-dir", tmp_path / "data", "--game", "GAME_001")
    assert not (tmp_path / "data").exists() or not list((tmp_path / "data").rglob("*.db"))


def test_ingest_fixes_neither_epoch_nor_pace(ingest: Ingest, tmp_path: Path) -> None:
    ingest(GOOD)
    (game,) = done("status", "--data-dir", tmp_path / "data")["games"]
    assert (game["phase"], game["draw_number"], game["draw_date"]) == ("bootstrap", 0, None)
    assert game["draws_per_logical_day"] is None
    document = done("simulate", "--data-dir", tmp_path / "data", "--draws", 5, "--epoch", "2001-01-01")
    assert document["draw_number"] == 5
