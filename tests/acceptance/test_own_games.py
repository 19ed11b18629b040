"""Games of a user's own, and what may change in a definition once it has data."""

from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.client import connected
from tests.acceptance.conftest import TINY, TINY_TOML, Asked
from tests.acceptance.program import done, refused, said, universe
from tests.acceptance.rule import SHIPPED, Lottery, make

TEST = ("--mode", "test")


def test_the_shipped_games() -> None:
    games = {game["game_id"]: game for game in done("games", "list")}
    assert sorted(games) == sorted(SHIPPED)
    for game_id, game in SHIPPED.items():
        shown = games[game_id]
        assert shown["since"] == game.since.isoformat()
        assert (shown["main"]["picked"], shown["main"]["size"]) == game.main
        assert [(period["from"], " ".join(period["days"])) for period in shown["schedule"]] == [*game.periods]
        assert shown["outcomes"] == game.outcomes


def test_a_shown_game_is_a_start_for_ones_own(tmp_path: Path) -> None:
    shown = universe("games", "show", "GAME_006")
    assert shown.code == 0
    own = tmp_path / "own.toml"
    own.write_text(shown.out.replace("GAME_006", "OWN_6"), encoding="utf-8")
    assert universe("games", "validate", own).code == 0
    drawn = done("draw", own, "2026-11-21", 12)
    game = Lottery("OWN_6", (6, 59), (1, 59), True, SHIPPED["GAME_006"].periods)
    assert drawn["main_numbers"] == [*make(game, TINY.since.replace(2026, 11, 21), 12).main]


FAULTS = {
    "": "id",
    TINY_TOML.replace("picked = 2", "picked = 7"): "7",
    TINY_TOML.replace("picked = 2", "picked = 0"): "0|picked",
    TINY_TOML.replace("picked = 2", "picked = '2'"): "2",
    TINY_TOML.replace('"Mon"', '"Mom"'): "Mom",
    TINY_TOML.replace("TINY_1", "TINY|1"): "id",
    TINY_TOML.replace("TINY_1", "TÍNY"): "id",
    TINY_TOML.replace("TINY_1", ""): "id",
    TINY_TOML.replace("since = 2020-01-01", "since = 2019-01-01"): "since|schedule|2019|2020",
    TINY_TOML + "\nsurprise = 1\n": "surprise",
    TINY_TOML.replace("[[schedule]]", "[[other]]"): "schedule|other",
    "id = ": "value",
}


@pytest.mark.parametrize("number", range(len(FAULTS)))
def test_faults_of_a_definition_are_named(tmp_path: Path, number: int) -> None:
    text, about = [*FAULTS.items()][number]
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    said(about, refused("games", "validate", path))


def test_a_definition_in_the_data_directory_is_known_by_its_id(tmp_path: Path) -> None:
    (tmp_path / "games").mkdir()
    (tmp_path / "games" / "tiny.toml").write_text(TINY_TOML, encoding="utf-8")
    where = ("--data-dir", tmp_path)
    assert "TINY_1" in {game["game_id"] for game in done("games", "list", *where)}
    assert done("simulate", *TEST, *where, "--game", "TINY_1", "--draws", 20)["draw_number"] == 20
    shown = universe("draws", *TEST, *where, "--from", 20, "--to", 20, "--format", "csv").out.splitlines()
    draw = make(TINY, TINY.since, 20)
    main = " ".join(map(str, draw.main))
    assert shown[1] == f"TINY_1,20,2020-01-01,{draw.digest[:32]},{main},{draw.bonus[0]}"
    # The definition is in the universe now: it is not needed any more.
    (tmp_path / "games" / "tiny.toml").unlink()
    assert done("simulate", *TEST, *where, "--draws", 5)["draw_number"] == 25
    assert done("verify", *TEST, *where)["ok"] is True


def test_only_the_future_of_a_schedule_may_change(tmp_path: Path) -> None:
    path = tmp_path / "tiny.toml"
    where = (*TEST, "--data-dir", tmp_path / "data", "--game", path)

    def define(text: str) -> None:
        path.write_text(text, encoding="utf-8")

    define(TINY_TOML)
    done("simulate", *where, "--draws", 30, "--draws-per-day", 10)  # to 2020-01-03
    for changed, shown in (
        (TINY_TOML.replace("size = 6", "size = 7"), "7"),
        (TINY_TOML.replace("size = 3", "size = 4"), "4"),
        (TINY_TOML.replace('"Sun"', ""), "Sun"),
        (TINY_TOML + '\n[[schedule]]\nfrom = 2020-01-02\ndays = ["Mon"]\n', "2020-01-02"),
        (TINY_TOML + '\n[[schedule]]\nfrom = 2020-01-03\ndays = ["Mon"]\n', "2020-01-03"),
    ):
        define(changed)
        said(shown, refused("simulate", *where, "--draws", 1))
        said(shown, refused("run", *where, "--limit", 40, "--transport", "none"))
    later = TINY_TOML + '\n[[schedule]]\nfrom = 2020-01-05\ndays = ["Wed"]\n'
    define(later)
    assert done("simulate", *where, "--draws", 30)["draw_number"] == 60
    days = [
        line.split(",")[2]
        for line in universe("draws", *where, "--from", 1, "--to", 60, "--format", "csv").out.splitlines()[1:]
    ]
    assert days[::10] == ["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04", "2020-01-08", "2020-01-08"]
    define(TINY_TOML)
    said("2020-01-05", refused("simulate", *where, "--draws", 1))
    assert done("verify", *where[:-2])["ok"] is True


def test_a_rank_beyond_two_to_the_53_is_text(tmp_path: Path) -> None:
    path = tmp_path / "big.toml"
    path.write_text(
        TINY_TOML.replace("TINY_1", "BIG_1").replace("picked = 2, size = 6", "picked = 15, size = 80"), encoding="utf-8"
    )
    big = Lottery("BIG_1", (15, 80), (1, 3), False, TINY.periods)
    where = (*TEST, "--data-dir", tmp_path / "data")
    done("simulate", *where, "--game", path, "--draws", 50)
    made = make(big, TINY.since, 50)
    assert done("draw", path, "2020-01-01", 50)["rank"] == str(made.rank)
    with connected(*where, "--limit", 1, log=tmp_path / "log") as client:
        answer: Any = client.ask("verify_draw", draw_number=50)
        assert (answer["rank"], answer["main_numbers"]) == (str(made.rank), [*made.main])
        assert client.ask("get_latest_draws", limit=1)["draws"] == [made.document()]
    assert done("verify", *where, "--full")["ok"] is True


def test_an_own_game_is_served_beside_its_recount(tiny: Asked) -> None:
    (game,) = tiny.client.ask("get_universe_status")["games"]
    assert game["game_id"] == "TINY_1"
