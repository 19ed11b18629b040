"""Limit, epoch, pace, milestone: what is fixed, what may move, what is refused."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.acceptance.program import done, refused, said, universe

TEST = ("--mode", "test")


def test_a_limit_counts_over_the_life_of_the_universe(tmp_path: Path) -> None:
    where = ("run", *TEST, "--data-dir", tmp_path)
    first = done(*where, "--limit", 100)
    assert (first["draws_generated"], first["games"]["GAME_001"]["draw_number"]) == (100, 100)
    lower = done(*where, "--limit", 50)
    assert (lower["draws_generated"], lower["games"]["GAME_001"]["draw_number"]) == (0, 100)
    assert lower["games"]["GAME_001"]["halt_reason"] == "limit"
    raised = done(*where, "--limit", 150)
    assert (raised["draws_generated"], raised["games"]["GAME_001"]["draw_number"]) == (50, 150)
    assert done(*where)["games"]["GAME_001"]["draw_number"] == 10_000
    more = done(*where, "--game", "GAME_004", "--game", "GAME_001", "--limit", 10_010)
    assert {name: game["draw_number"] for name, game in more["games"].items()} == {
        "GAME_001": 10_010,
        "GAME_004": 10_010,
    }
    assert more["draws_generated"] == 10 + 10_010
    both = done(*where, "--limit", 10_020)
    assert (both["draws_generated"], sorted(both["games"])) == (20, ["GAME_001", "GAME_004"])


@pytest.mark.parametrize(
    "options",
    [
        (*TEST, "--limit", "0"),
        (*TEST, "--limit", "-1"),
        (*TEST, "--limit", "1000001"),
        (*TEST, "--limit", "ten"),
        (*TEST, "--rate", "0"),
        (*TEST, "--rate", "-5"),
        (*TEST, "--rate", "nan"),
        (*TEST, "--epoch", "2000-06-06"),
        (*TEST, "--epoch", "tomorrow"),
        (*TEST, "--draws-per-day", "1000001"),
        (*TEST, "--draws-per-day", "0"),
        (*TEST, "--game", "GAME_999"),
        ("--limit", "5"),
        ("--dry-run",),
        ("--rate", "5"),
        ("--draws-per-day", "224999"),
        ("--draws-per-day", "230001"),
        ("--mode", "staging"),
        ("--transport", "pigeon"),
        ("--no-such-option",),
        ("superfluous",),
    ],
    ids=" ".join,
)
def test_refused_options_leave_nothing(tmp_path: Path, options: tuple[str, ...]) -> None:
    data = tmp_path / "data"
    refused("run", "--data-dir", data, "--transport", "none", *options)
    assert not data.exists() or not list(data.rglob("*.db"))


def test_what_is_fixed_stays(tmp_path: Path) -> None:
    where = (*TEST, "--data-dir", tmp_path)
    done("simulate", *where, "--draws", 30, "--epoch", "2001-01-01", "--draws-per-day", 10)
    said("2001-01-01|epoch", refused("simulate", *where, "--draws", 1, "--epoch", "2001-01-02"))
    said("pace|per.day|10", refused("simulate", *where, "--draws", 1, "--draws-per-day", 11))
    refused("simulate", *where, "--draws", 1, "--max-draws", 5)
    document = done("simulate", *where, "--draws", 1, "--epoch", "2001-01-01", "--draws-per-day", 10)
    assert document["draw_number"] == 31
    (game,) = done("status", *where)["games"]
    assert (game["draw_date"], game["draws_per_logical_day"]) == ("2001-01-06", 10)
    refused("run", *where, "--limit", 40, "--epoch", "2002-01-01")


def test_simulate_answers_with_sums(tmp_path: Path) -> None:
    where = ("simulate", *TEST, "--data-dir", tmp_path)
    document = done(*where, "--game", "GAME_001", "--game", "GAME_004", "--draws", 500)
    keys = {"draws_generated", "draw_number", "seconds", "draws_per_second", "phase"}
    assert document.keys() >= keys | {"games"}
    assert document["draws_generated"] == document["draw_number"] == 1_000
    for game_id in ("GAME_001", "GAME_004"):
        assert document["games"][game_id].keys() >= keys
        assert document["games"][game_id]["draws_generated"] == 500
        assert document["games"][game_id]["draw_number"] == 500
    again = done(*where, "--draws", 10)
    assert (again["draws_generated"], again["draw_number"]) == (20, 1_020)
    one = done(*where, "--game", "GAME_004", "--draws", 10)
    assert (one["draws_generated"], one["draw_number"]) == (10, 520)


def test_a_draw_milestone_clips_halts_and_is_extended(tmp_path: Path) -> None:
    where = (*TEST, "--data-dir", tmp_path)
    clipped = done("simulate", *where, "--draws", 500, "--max-draws", 120)
    assert (clipped["draws_generated"], clipped["draw_number"], clipped["phase"]) == (120, 120, "halted")
    (game,) = done("status", *where)["games"]
    assert (game["phase"], game["halt_reason"], game["completion_percent"]) == ("halted", "max_draws", 100)
    assert game["milestone"] == {"max_draws": 120, "until": None}
    assert done("simulate", *where, "--draws", 5)["draws_generated"] == 0
    refused("extend", *where, "--game", "GAME_001")
    refused("extend", *where, "--game", "GAME_001", "--max-draws", 100)
    extended = universe("extend", *where, "--game", "GAME_001", "--max-draws", 130, "--json")
    assert extended.code == 0
    assert isinstance(extended.document, dict)
    assert done("simulate", *where, "--draws", 500)["draw_number"] == 130
    run = done("run", *where, "--limit", 1000)
    assert (run["games"]["GAME_001"]["draw_number"], run["games"]["GAME_001"]["halt_reason"]) == (130, "max_draws")


def test_a_milestone_date_is_the_last_draw_of_that_date(tmp_path: Path) -> None:
    where = (*TEST, "--data-dir", tmp_path)
    made = done("simulate", *where, "--draws", 99_999, "--draws-per-day", 10, "--milestone-date", "2000-06-12")
    assert (made["draw_number"], made["phase"]) == (40, "halted")  # 7 to 10 June, three days' draws on the 10th
    (game,) = done("status", *where)["games"]
    assert (game["draw_date"], game["halt_reason"]) == ("2000-06-10", "until")
    assert game["milestone"]["until"] == "2000-06-12"
    done("extend", *where, "--game", "GAME_001", "--milestone-date", "2000-06-14")
    assert done("simulate", *where, "--draws", 99_999)["draw_number"] == 80
    (game,) = done("status", *where)["games"]
    assert game["draw_date"] == "2000-06-14"


def test_simulate_until_a_date(tmp_path: Path) -> None:
    where = ("simulate", *TEST, "--data-dir", tmp_path)
    assert done(*where, "--until", "2000-06-13", "--draws-per-day", 10)["draw_number"] == 40
    assert done(*where, "--until", "2000-06-14")["draw_number"] == 80
    assert done(*where, "--until", "2000-06-10")["draws_generated"] == 0
    refused(*where, "--until", "someday")
    refused(*where)
    refused(*where, "--until", "2000-06-14", "--draws", 5)
    today = done("simulate", "--data-dir", tmp_path, "--until", "today")
    assert today["draws_generated"] >= 0


def test_the_cap_of_a_test_universe(tmp_path: Path) -> None:
    where = (*TEST, "--data-dir", tmp_path)
    made = done("simulate", *where, "--draws", 1_000_000_000, "--game", "GAME_004")
    assert (made["draws_generated"], made["draw_number"]) == (1_000_000, 1_000_000)
    assert done("simulate", *where, "--draws", 1)["draws_generated"] == 0
    assert done("verify", *where)["ok"] is True


def test_defaults_of_production(tmp_path: Path) -> None:
    before = datetime.now(UTC).date()
    assert done("simulate", "--data-dir", tmp_path, "--draws", 3)["draw_number"] == 3
    (game,) = done("status", "--data-dir", tmp_path)["games"]
    assert game["draws_per_logical_day"] == 227_500
    assert game["milestone"] == {"max_draws": 40_000_000, "until": None}
    assert game["draw_date"] >= before.isoformat()
    assert game["lag_logical_days"] in {0, 1}
    assert game["game_id"] == "GAME_001"
    refused("simulate", "--data-dir", tmp_path, "--draws", 1, "--epoch", "2000-06-07")


def test_modes_do_not_mix(tmp_path: Path) -> None:
    done("simulate", *TEST, "--data-dir", tmp_path, "--draws", 3)
    refused("status", "--data-dir", tmp_path, "--json")
    (tmp_path / "test").rename(tmp_path / "prod")
    said("test", refused("status", "--data-dir", tmp_path, "--json"))
    said("test", refused("simulate", "--data-dir", tmp_path, "--draws", 3))
    said("test", refused("run", "--data-dir", tmp_path, "--transport", "none"))


def test_mode_before_or_after_and_the_directory_from_the_environment(tmp_path: Path) -> None:
    environ = {"UNIVERSE_DATA_DIR": str(tmp_path)}
    assert done("--mode", "test", "simulate", "--draws", 3, **environ)["draw_number"] == 3
    assert done("simulate", "--mode", "test", "--draws", 3, **environ)["draw_number"] == 6
    assert done("--mode", "test", "--data-dir", tmp_path, "status")["games"][0]["draw_number"] == 6
    assert {path.name for path in tmp_path.iterdir()} == {"test"}
    home = {"XDG_DATA_HOME": str(tmp_path / "xdg"), "HOME": str(tmp_path / "home")}
    assert done("simulate", "--mode", "test", "--draws", 3, **home)["draw_number"] == 3
    assert list((tmp_path / "xdg").rglob("universe.db"))
