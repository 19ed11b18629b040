"""What a statistician asks of the program, on real results: changes of rules, publishers' errors, hot numbers."""

from pathlib import Path

import pytest

from tests.acceptance.program import Ended, done, universe

FIVE_OF = """\
id = "{game_id}"
since = 1995-10-13
main = {{ picked = 5, size = 39 }}

[[schedule]]
from = 1995-10-13
days = ["Tue", "Fri"]

[[schedule]]
from = 1996-11-25
days = ["Mon", "Tue", "Thu", "Fri"]

[[schedule]]
from = 2002-07-31
days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
"""
TWO_DRUMS = """\
id = "OWN_70"
since = 2017-10-31
main = { picked = 5, size = 70 }
bonus = { picked = 1, size = 25 }

[[schedule]]
from = 2017-10-31
days = ["Tue", "Fri"]
"""


def ingested(folder: Path, game: object, results: Path, *options: str) -> Ended:
    return universe("ingest", "--data-dir", folder, "--game", game, "--results", results, *options, "--json")


def test_a_change_of_rules_inside_a_file_turns_up_as_such(tmp_path: Path, shared: Path) -> None:
    """Three matrices taken as one: the numbers that left are named with their dates, and nothing else is."""
    own = tmp_path / "own.toml"
    own.write_text(FIVE_OF.format(game_id="FIVE_39"), encoding="utf-8")
    assert ingested(tmp_path, own, shared / "results" / "raw" / "tx_cash_five.csv").code == 0
    found = done("fairness", "--data-dir", tmp_path, "--game", "FIVE_39")
    changes = [(change["numbers"], change["direction"], change["seen"]) for change in found["rule_changes"]]
    assert changes == [([38, 39], "left", "2002-07-19"), ([36, 37], "left", "2018-09-20")]
    assert [(day["weekday"], day["direction"]) for day in found["weekday_changes"]] == [
        ("Mon", "begins"), ("Thu", "begins"), ("Wed", "begins"), ("Sat", "begins"),
    ]  # fmt: skip  # a line of pairs
    assert found["global"] is None  # no synthetic draw yet


@pytest.mark.parametrize(
    ("game_id", "name"), [("GAME_001", "superlotto_plus"), ("GAME_004", "tx_cash_five"), ("GAME_005", "euromillions")]
)
def test_right_ranges_show_no_change(game_id: str, name: str, tmp_path: Path, shared: Path) -> None:
    assert ingested(tmp_path, game_id, shared / "results" / "normalised" / f"{name}.csv").code == 0
    assert done("fairness", "--data-dir", tmp_path, "--game", game_id)["rule_changes"] == []


def test_a_publishers_error_is_found_by_a_second_source(tmp_path: Path, shared: Path) -> None:
    own, raw = tmp_path / "own.toml", shared / "results" / "raw"
    own.write_text(TWO_DRUMS, encoding="utf-8")
    assert ingested(tmp_path, own, raw / "tx_mega_millions.csv", "--keep-valid").code == 0
    second = ingested(tmp_path, "OWN_70", raw / "ny_mega_millions.csv")
    assert second.code == 1
    assert [
        (conflict["draw_date"], conflict["stored"]["bonus_numbers"], conflict["offered"]["bonus_numbers"])
        for conflict in second.document["conflicts"]
    ] == [("2022-05-10", [9], [6])]
    assert done("fairness", "--data-dir", tmp_path, "--game", "OWN_70")["conflicts"] == 1


def test_hot_numbers_are_as_good_as_any_and_the_claim_is_refuted(tmp_path: Path, shared: Path) -> None:
    for game_id, name in (("GAME_001", "superlotto_plus"), ("GAME_004", "tx_cash_five")):
        assert ingested(tmp_path, game_id, shared / "results" / "normalised" / f"{name}.csv").code == 0
        played = done("backtest", "--data-dir", tmp_path, "--game", game_id, "--strategy", "hot", "--tickets", "10")
        assert played["efficiency_low"] < 1 < played["efficiency_high"]
        assert played["claim"]["factor"] == 2.11
        assert played["claim"]["log10_e"] > 3
        assert played["no_edge_log10_e"] < 3


def test_one_p_value_answers_for_all_tests(tmp_path: Path, shared: Path) -> None:
    """And it stays until draws make new histories: it is a figure of the universe, not of the moment."""
    results = shared / "results" / "normalised" / "superlotto_plus.csv"
    assert ingested(tmp_path, "GAME_001", results).code == 0
    asked = ("--data-dir", tmp_path, "--game", "GAME_001")
    done("simulate", *asked, "--draws", "400000")
    first, again = done("fairness", *asked), done("fairness", *asked)
    histories = 400_000 // 2_726
    assert first["history"]["draws"] == 2_726
    assert first["null"] == {"histories": histories, "draws_each": 2_726}
    assert first["global"]["floor"] == pytest.approx(1 / (histories + 1))
    assert first["global"]["p_value"] > 0.01
    assert again == first
    assert done("fairness", *asked, "--rebuild")["tests"] == first["tests"]
    assert {one["stream"] for one in first["evidence"]} == {"real", "synthetic"}
    assert not any(one["alarm"] for one in first["evidence"])
