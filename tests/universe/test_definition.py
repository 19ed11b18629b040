"""Definitions as data: every fault is named with its place, what is read is what was written, and what may change."""

import json
import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from tests.strategies import games
from tests.universe.test_calendar import calendars
from universe.catalogue import find_game, games_in, shipped_games
from universe.definition import (
    definition_digest,
    definition_toml,
    forbidden_differences,
    game_from_data,
    game_from_json,
    game_from_toml,
    game_to_data,
    game_to_json,
)
from universe.errors import DefinitionError
from universe.game import Game, MovedDraw, Period

BASE: dict[str, Any] = {
    "id": "X",
    "since": "2020-01-01",
    "main": {"picked": 2, "size": 6},
    "schedule": [{"from": "2020-01-01", "days": ["Wed"]}],
}
GAME = game_from_data(BASE, source="base")
LEFT_OUT = object()


def changed(**keys: Any) -> dict[str, Any]:
    return {key: value for key, value in (BASE | keys).items() if value is not LEFT_OUT}


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"id": LEFT_OUT}, "game.id: missing"),
    ({"since": LEFT_OUT}, "game.since: missing"),
    ({"main": LEFT_OUT}, "game.main: missing"),
    ({"schedule": LEFT_OUT}, "game.schedule: missing"),
    ({"colour": "red"}, "game: unknown key colour"),
    ({"a\nb\x1b": "red"}, r"game: unknown key a\nb\x1b"),
    ({"id": ["x"] * 10_000}, "game.id: ['x', 'x', 'x', 'x', 'x', 'x', ...] is not a text"),
    ({"main": {"picked": 2, "size": 6, "red": 1}}, "game.main: unknown key red"),
    ({"id": 5}, "game.id: 5 is not a text"),
    ({"id": "a b"}, "game: 'id' must match"),
    ({"id": "a\n"}, "game: "),
    ({"id": "x" * 33}, "{1,32}"),
    ({"since": 5}, "game.since: 5 is not a date such as 2000-06-07"),
    ({"since": "tomorrow"}, "game.since: Invalid isoformat string: 'tomorrow'"),
    ({"since": "0001-01-01"}, "game.since: 0001-01-01 is not from 1900-01-01 to 9998-12-31"),
    ({"since": "9999-01-01"}, "game.since: 9999-01-01 is not from 1900-01-01 to 9998-12-31"),
    ({"since": "2020-01-02"}, "the first period starts 2020-01-01, the game 2020-01-02"),
    ({"main": 5}, "game.main: "),
    ({"main": {"picked": True, "size": 6}}, "game.main.picked: True is not a whole number"),
    ({"main": {"picked": 2.0, "size": 6}}, "game.main.picked: 2.0 is not a whole number"),
    ({"main": {"picked": 0, "size": 6}}, "game.main: 'picked' must be >= 1: 0"),
    ({"main": {"picked": 21, "size": 60}}, "game.main: 'picked' must be <= 20: 21"),
    ({"main": {"picked": 2, "size": 256}}, "game.main: 'size' must be <= 255: 256"),
    ({"main": {"picked": 3, "size": 2}}, "game.main: cannot pick 3 numbers out of 2"),
    ({"main": {"picked": 20, "size": 255}}, "outcomes are more than 9223372036854775807"),
    ({"bonus": {"size": 4}}, "game.bonus.picked: missing"),
    ({"bonus": {"picked": 1, "size": 0}}, "game.bonus: cannot pick 1 numbers out of 0"),
    ({"bonus": {"picked": 1, "rest_of_drum": False}}, "rest_of_drum is true or left out"),
    ({"bonus": {"picked": 1, "size": 4, "rest_of_drum": True}}, "game.bonus: unknown key size"),
    ({"bonus": {"picked": 3, "rest_of_drum": True}}, "game: a ticket cannot name 3 bonus numbers beside 2 of 6"),
    ({"schedule": []}, "'schedule' must be >= 1"),
    ({"schedule": "Wed"}, "game.schedule: 'Wed' is not a list"),
    ({"moved": [None] * 1_001}, "game.moved: 1001 entries are more than 1000"),
    ({"schedule": [{"from": "2020-01-01", "days": []}]}, "game.schedule[0]: "),
    (
        {"schedule": [{"from": "2020-01-01", "days": ["Wed", "Wed"]}]},
        "game.schedule[0]: a weekday is named twice in Wed Wed",
    ),
    ({"schedule": [{"from": "2020-01-01", "days": ["Mo"]}]}, "'Mo' is not one of Mon, Tue, Wed"),
    ({"schedule": [{"days": ["Mon"]}]}, "game.schedule[0].from: missing"),
    ({"schedule": [BASE["schedule"][0]] * 2}, "period 2020-01-01 does not start after period 2020-01-01"),
    ({"moved": [{"held": "2020-01-09"}]}, "game.moved[0].scheduled: missing"),
    ({"moved": [{"scheduled": "2020-01-09", "held": "2020-01-10"}]}, "no draw is scheduled on 2020-01-09"),
    ({"moved": [{"scheduled": "2020-01-08", "held": "2020-01-15"}]}, "a draw is already scheduled on 2020-01-15"),
    ({"moved": [{"scheduled": "2020-01-01", "held": "2019-12-31"}]}, "lies before the game's since 2020-01-01"),
    (
        {"moved": [{"scheduled": day, "held": "2020-01-09"} for day in ("2020-01-01", "2020-01-08")]},
        "two moved draws share a date",
    ),
]


@pytest.mark.parametrize(("keys", "words"), FAULTS, ids=[words[:60] for _, words in FAULTS])
def test_a_fault_is_named_with_its_place(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        game_from_data(changed(**keys), source="my.toml")
    assert str(caught.value).startswith("my.toml: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_faults_come_in_one_error() -> None:
    """A person should not have to mend a file one run at a time."""
    keys = changed(
        since="x",
        main={"picked": "1", "size": 4},
        schedule=[{"from": "2020-01-01", "days": ["Mo"]}, {"days": ["Mon"]}],
        moved=[{"held": 4}],
        extra=1,
    )
    places = ("game.since", "game.main.picked", "game.schedule[0].days[0]", "game.schedule[1].from")
    with pytest.raises(DefinitionError) as caught:
        game_from_data(keys, source="s")
    for place in (*places, "game.moved[0].scheduled", "game.moved[0].held", "unknown key extra"):
        assert place in str(caught.value)


@pytest.mark.parametrize("data", [None, 5, "text", [BASE]])
def test_what_is_no_table_is_no_definition(data: object) -> None:
    with pytest.raises(DefinitionError, match="a game definition is a table of keys"):
        game_from_data(data, source="s")


@pytest.mark.parametrize("keys", [{"main": 5}, {"main": [5, 47]}, {"bonus": 3}, {"schedule": "Wed"}])
def test_a_value_where_a_table_belongs_is_told_in_a_persons_words(keys: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError) as caught:
        game_from_data(changed(**keys), source="s")
    assert "object has no attribute" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"id = ", "Invalid value"),
        (b"\xff", "utf-8"),
        (b"id = 'X'\nid = 'Y'", "overwrite"),
        (b"id = " + b"[" * 100_000, "nested too deeply"),
        (b"id = " + b"9" * 5_000, "5000 digits"),
    ],
)
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "my.toml"
    path.write_bytes(content)
    with pytest.raises(DefinitionError) as caught:
        game_from_toml(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)


def test_a_path_that_is_none_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"x\\x00\.toml: embedded null byte"):
        game_from_toml(Path("x\0.toml"))


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "9" * 5_000, "\ufeff{}", "null"])
def test_a_damaged_stored_definition_is_our_own_error(text: str) -> None:
    with pytest.raises(DefinitionError, match="stored definition: ") as caught:
        game_from_json(text)
    assert str(caught.value).isprintable()


def test_the_first_faults_stand_for_a_thousand() -> None:
    with pytest.raises(DefinitionError, match=r"game\.moved\[19\]: not a table of keys; and 980 more$"):
        game_from_data(changed(moved=[1] * 1_000), source="s")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"none\.toml: No such file or directory"):
        game_from_toml(tmp_path / "none.toml")


@given(games() | calendars())
def test_json_gives_back_the_game(game: Game) -> None:
    assert game_from_json(game_to_json(game)) == game


@given(games() | calendars())
def test_toml_gives_back_the_game(game: Game) -> None:
    """`games show` prints a file that defines the same game."""
    assert game_from_data(tomllib.loads(definition_toml(game)), source="s") == game


@given(games())
def test_the_canonical_text_knows_no_order_of_keys_nor_defaults(game: Game) -> None:
    data = game_to_data(game)
    shuffled = {key: data[key] for key in reversed(data) if data[key] not in (None, [])}
    again = game_from_data(shuffled, source="s")
    assert game_to_json(again) == game_to_json(game)
    assert definition_digest(again) == definition_digest(game)
    assert game_to_json(game) == json.dumps(data, sort_keys=True, separators=(",", ":"))


def test_the_canonical_text_is_fixed() -> None:
    """It is stored and hashed: another one would make every universe's definition a different one."""
    text = (
        '{"bonus":{"picked":1,"rest_of_drum":true},"id":"GAME_007","main":{"picked":6,"size":49},"moved":[],'
        '"schedule":[{"days":["Wed","Sat"],"from":"1985-09-11"}],"since":"1985-09-11"}'
    )
    assert game_to_json(shipped_games()["GAME_007"]) == text


def later(game: Game, *, period: date | None = None, moved: tuple[date, date] | None = None) -> Game:
    """The same game with a period of Sundays, or a moved draw, added."""
    if period is not None:
        periods = sorted([*game.schedule, Period(start=period, days=("Sun",))], key=lambda one: one.start)
        game = attrs.evolve(game, schedule=tuple(periods))
    if moved is not None:
        game = attrs.evolve(game, moved=(*game.moved, MovedDraw(scheduled=moved[0], held=moved[1])))
    return game


NOW = date(2020, 1, 15)


def test_a_definition_equals_itself() -> None:
    assert forbidden_differences(GAME, GAME, after=NOW) == []
    assert forbidden_differences(GAME, GAME, after=None) == []


@pytest.mark.parametrize(
    "new",
    [
        later(GAME, period=date(2020, 1, 16)),
        later(GAME, moved=(date(2020, 1, 22), date(2020, 1, 16))),
        later(GAME, period=date(2021, 1, 1), moved=(date(2020, 1, 22), date(2020, 1, 23))),
    ],
)
def test_what_lies_after_the_current_draw_date_may_be_added(new: Game) -> None:
    assert forbidden_differences(GAME, new, after=NOW) == []
    assert forbidden_differences(GAME, new, after=None) != []


@pytest.mark.parametrize(
    ("new", "key"),
    [
        (later(GAME, period=NOW), "schedule"),
        (later(GAME, period=date(2020, 1, 14)), "schedule"),
        (later(GAME, moved=(NOW, date(2020, 1, 16))), "moved"),
        (later(GAME, moved=(date(2020, 1, 22), date(2020, 1, 14))), "moved"),
        (attrs.evolve(GAME, main=attrs.evolve(GAME.main, size=7)), "main"),
        (game_from_data(changed(bonus={"picked": 1, "size": 3}), source="s"), "bonus"),
        (attrs.evolve(GAME, game_id="Y"), "id"),
        (attrs.evolve(GAME, schedule=(Period(start=GAME.since, days=("Thu",)),)), "schedule"),
    ],
)
def test_any_other_change_is_shown_with_both_values(new: Game, key: str) -> None:
    (difference,) = forbidden_differences(GAME, new, after=NOW)
    was, now = (json.dumps(game_to_data(game)[key]) for game in (GAME, new))
    assert difference == f"{key} was {was}, now {now}"


def test_what_was_fixed_cannot_be_taken_away() -> None:
    """Not even what lies ahead: a definition grows, so that a revision never contradicts an earlier one."""
    fixed = later(GAME, period=date(2020, 2, 1), moved=(date(2020, 1, 22), date(2020, 1, 23)))
    assert [text.split()[0] for text in forbidden_differences(fixed, GAME, after=NOW)] == ["schedule", "moved"]


@given(calendars(), st.integers(0, 120), st.sets(st.integers(1, 3)), st.sets(st.integers(0, 2)))
def test_a_definition_that_may_grow_so_keeps_every_date_up_to_now(
    new: Game, days: int, new_periods: set[int], new_moves: set[int]
) -> None:
    """What the rule is for: draws already made keep their dates."""
    try:  # the older definition: the newer one without some of its periods and moved draws
        old = attrs.evolve(
            new,
            schedule=tuple(period for at, period in enumerate(new.schedule) if at not in new_periods),
            moved=tuple(move for at, move in enumerate(new.moved) if at not in new_moves),
        )
    except ValueError:  # what is left contradicts itself
        reject()
    now = old.since + timedelta(days=days)
    if not forbidden_differences(old, new, after=now):
        for day in (old.since + timedelta(days=n) for n in range(days + 1)):
            assert old.weekdays_on(day) == new.weekdays_on(day)
            assert old.moved_to.get(day) == new.moved_to.get(day)
            assert old.moved_from.get(day) == new.moved_from.get(day)


def test_two_files_of_one_game_in_a_folder_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text(definition_toml(GAME), encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"b\.toml: a second definition of X in one folder"):
        games_in(tmp_path)
    assert games_in(tmp_path / "none") == {}


def test_a_game_is_named_by_id_or_by_its_file(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(definition_toml(GAME), encoding="utf-8")
    assert find_game(str(path), {}) == GAME
    assert find_game("X", {"X": GAME}) == GAME
    with pytest.raises(DefinitionError, match=r"unknown game Y: known are A, X, or name a \.toml file"):
        find_game("Y", {"X": GAME, "A": GAME})
    with pytest.raises(DefinitionError, match=r"unknown game \\x1b\[31mx+…: known are X,"):
        find_game("\x1b[31m" + "x" * 100_000, {"X": GAME})
