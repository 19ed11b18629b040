"""Every publishers' file of a shipped game: the document to the letter, from dates read by a regular expression."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.acceptance.client import connected
from tests.acceptance.program import done, universe
from tests.acceptance.rule import SHIPPED, read_normalised

CALENDAR = {  # format: how its rows show their date
    "csv": (r"(?m)^(\d{4}-\d\d-\d\d),", "%Y-%m-%d"),
    "ny-csv": (r"(?m)^(\d\d/\d\d/\d{4}),", "%m/%d/%Y"),
    "ny-json": (r'"draw_date":"(\d{4}-\d\d-\d\d)T', "%Y-%m-%d"),
    "calottery-text": (r"(?m)^\d+ +\w{3}\. (\w{3} \d\d, \d{4})", "%b %d, %Y"),
    "calottery-api": (r'(?s)"DrawDate": "(\d{4}-\d\d-\d\d)T', "%Y-%m-%d"),
    "texas-csv": (r"(?m)^[A-Z][A-Za-z ]+,(\d+,\d+,\d{4}),", "%m,%d,%Y"),
    "bclc-csv": (r'(?m)^"649",\d+,\d+,"(\d{4}-\d\d-\d\d)"', "%Y-%m-%d"),
    "uk-csv": (r"(?m)^(\d\d-\w{3}-\d{4}),", "%d-%b-%Y"),
}
FILES = [
    ("GAME_001", "raw/calottery_superlotto_plus_2018.txt", "calottery-text"),
    ("GAME_001", "normalised/superlotto_plus.csv", "csv"),
    ("GAME_002", "raw/ny_powerball.csv", "ny-csv"),
    ("GAME_002", "raw/ny_powerball_2025-05.csv", "ny-csv"),
    ("GAME_002", "raw/tx_powerball.csv", "texas-csv"),
    ("GAME_002", "raw/ny_powerball_socrata_2017.json", "ny-json"),
    ("GAME_002", "derived/ny_powerball_socrata.json", "ny-json"),
    ("GAME_002", "normalised/powerball.csv", "csv"),
    ("GAME_003", "raw/ny_mega_millions.csv", "ny-csv"),
    ("GAME_003", "raw/ny_mega_millions_2025-05.csv", "ny-csv"),
    ("GAME_003", "raw/tx_mega_millions.csv", "texas-csv"),
    ("GAME_003", "raw/calottery_mega_millions_2019.txt", "calottery-text"),
    ("GAME_003", "raw/calottery_mega_millions_2012.txt", "calottery-text"),
    ("GAME_003", "derived/ny_mega_millions_socrata.json", "ny-json"),
    ("GAME_003", "normalised/mega_millions.csv", "csv"),
    ("GAME_004", "raw/tx_cash_five.csv", "texas-csv"),
    ("GAME_004", "normalised/tx_cash_five.csv", "csv"),
    ("GAME_005", "raw/uk_euromillions_2015.csv", "uk-csv"),
    ("GAME_005", "normalised/euromillions.csv", "csv"),
    ("GAME_006", "raw/uk_lotto_2014.csv", "uk-csv"),
    ("GAME_006", "normalised/uk_lotto.csv", "csv"),
    ("GAME_007", "raw/bclc_649.csv", "bclc-csv"),
    ("GAME_007", "normalised/canada_649.csv", "csv"),
]


def dates_in(path: Path, format_: str) -> list[date]:
    pattern, written = CALENDAR[format_]
    text = path.read_text(encoding="utf-8")
    return [datetime.strptime(found, written).replace(tzinfo=UTC).date() for found in re.findall(pattern, text)]


def expected_document(game_id: str, format_: str, days: list[date]) -> dict[str, object]:
    game = SHIPPED[game_id]
    good = sorted(day for day in days if day >= game.since)
    missing = [day for day in game.dates(good[0], good[-1]) if day not in good] if good else []
    return {
        "game_id": game_id,
        "format": format_,
        "rows": len(days),
        "inserted": len(good),
        "already_present": 0,
        "before_matrix": len(days) - len(good),
        "conflicts": [],
        "invalid": [],
        "gaps": {"count": len(missing), "dates": [day.isoformat() for day in missing[:100]]},
        "first": good[0].isoformat() if good else None,
        "last": good[-1].isoformat() if good else None,
    }


@pytest.mark.parametrize(("game_id", "name", "format_"), FILES)
def test_a_publishers_file(shared: Path, tmp_path: Path, game_id: str, name: str, format_: str) -> None:
    path = shared / "results" / name
    document = done("ingest", "--data-dir", tmp_path, "--game", game_id, "--results", path)
    expected = expected_document(game_id, format_, dates_in(path, format_))
    assert {key: document[key] for key in expected} == expected


def test_a_file_with_hand_typed_rows(shared: Path, tmp_path: Path) -> None:
    path = shared / "results/raw/fdj_euromillions_2019.csv"
    document = done("ingest", "--data-dir", tmp_path, "--game", "GAME_005", "--results", path)
    days = list(SHIPPED["GAME_005"].dates(date(2016, 9, 27), date(2019, 5, 31)))
    assert document == {**document, **expected_document("GAME_005", "fdj-csv", days)}


def test_pages_of_one_feed_come_in_any_order(shared: Path, tmp_path: Path) -> None:
    folder = shared / "results/derived/calottery_drawgameapi_superlotto"
    inserted = 0
    for page in (3, 1, 7, 6, 2, 5, 4):
        document = done(
            "ingest", "--data-dir", tmp_path, "--game", "GAME_001", "--results", folder / f"page{page}.json"
        )
        assert (document["format"], document["invalid"]) == ("calottery-api", [])
        assert document["rows"] == document["inserted"] == {6: 7, 7: 0}.get(page, 20)
        inserted += document["inserted"]
    assert inserted == 107
    assert document["gaps"] == {"count": 0, "dates": []}


def test_two_publishers_agree_and_a_third_adds(shared: Path, tmp_path: Path) -> None:
    """What is stored is what the normalised file says; the row seen again is counted as present."""
    results = shared / "results"
    where = ("ingest", "--data-dir", tmp_path, "--game", "GAME_002", "--results")
    york = done(*where, results / "raw/ny_powerball.csv")
    texas = done(*where, results / "raw/tx_powerball.csv")
    assert texas["already_present"] == york["inserted"] == 1335
    assert texas["inserted"] == 1396 - 1335
    assert texas["gaps"] == {"count": 0, "dates": []}
    again = done(*where, results / "normalised/powerball.csv")
    assert (again["inserted"], again["already_present"], again["before_matrix"]) == (0, 1396, 592)
    real = read_normalised(results / "normalised/powerball.csv")
    with connected(
        "--data-dir", tmp_path, "--game", "GAME_002", "--epoch", "2030-01-02", log=tmp_path / "log"
    ) as client:
        stored = client.pages("get_real_results", "results", game_id="GAME_002", limit=100)
    assert [(e["draw_date"], tuple(e["main_numbers"]), tuple(e["bonus_numbers"])) for e in stored] == [
        (day.isoformat(), *ticket) for day, ticket in sorted(real.items(), reverse=True) if day >= date(2015, 10, 7)
    ]


def test_a_named_format_and_a_file_of_another_game(shared: Path, tmp_path: Path) -> None:
    path = shared / "results/normalised/korea_645.csv"
    ended = universe(
        "ingest", "--data-dir", tmp_path, "--game", "GAME_001", "--results", path, "--format", "csv", "--json"
    )
    assert ended.code == 1
    document = ended.document
    assert (document["rows"], document["inserted"], len(document["invalid"])) == (1238, 0, 1238)
    assert [fault["line"] for fault in document["invalid"]] == [*range(2, 1240)]
